# /// rye
# description = "Add up a column of a CSV file"
# annotations.read_only = true
# [parameters.path]
# type = "string"
# description = "file to read"
# required = true
# [parameters.column]
# type = "integer"
# description = "which, from 1"
# minimum = 1
# default = 1
# ///
BEGIN {
    FS = ","
    path = ENVIRON["RYE_PARAM_PATH"]
    column = ("RYE_PARAM_COLUMN" in ENVIRON) ? ENVIRON["RYE_PARAM_COLUMN"] : 1
    while ((status = (getline < path)) > 0) total += $column
    if (status < 0) {
        print "cannot read " path > "/dev/stderr"
        exit 1
    }
    print total + 0
}
