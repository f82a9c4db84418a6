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

name = ENV.fetch("RYE_PARAM_NAME")
times = Integer(ENV.fetch("RYE_PARAM_TIMES", "1"))

times.times { puts "Hello, #{name}!" }
