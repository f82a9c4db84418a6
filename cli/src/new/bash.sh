#!/usr/bin/env bash
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
set -euo pipefail

for ((time = 0; time < ${RYE_PARAM_TIMES:-1}; time++)); do
  printf 'Hello, %s!\n' "$RYE_PARAM_NAME"
done
