# /// rye
# description = "Find the largest files below a folder"
# annotations.read_only = true
# [parameters.path]
# type = "string"
# description = "folder to look through"
# default = "."
# [parameters.count]
# type = "integer"
# description = "how many"
# minimum = 1
# default = 10
# ///
use strict;
use warnings;
use File::Find;

my $path = $ENV{RYE_PARAM_PATH} // ".";
my $count = $ENV{RYE_PARAM_COUNT} // 10;
-d $path or die "no folder $path\n";

my %size;
find({ no_chdir => 1, wanted => sub { $size{$_} = -s _ if lstat $_ and -f _ } }, $path);
my @largest = sort { $size{$b} <=> $size{$a} || $a cmp $b } keys %size;
splice @largest, $count if @largest > $count;
printf "%d\t%s\n", $size{$_}, $_ for @largest;
