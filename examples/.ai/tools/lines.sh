#!/usr/bin/env bash
# /// rye
# description = "Count the lines of a file"
# annotations.read_only = true
# [parameters.path]
# type = "string"
# description = "file to count"
# required = true
# ///
wc -l < "$RYE_PARAM_PATH"
