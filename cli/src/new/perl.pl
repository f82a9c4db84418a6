# /// rye
# description = "Greet somebody"
# [parameters.name]
# type = "string"
# description = "who is greeted"
# required = true
# [parameters.times]
# type = "integer"
# description = "how often"
# minimum = 1
# default = 1
# ///
use strict;
use warnings;

my $name  = $ENV{RYE_PARAM_NAME};
my $times = $ENV{RYE_PARAM_TIMES} // 1;

print "Hello, $name!\n" for 1 .. $times;
