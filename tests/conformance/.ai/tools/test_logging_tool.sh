# /// rye
# description = "Writes log lines to whoever asks for them"
# [parameters]
# ///
echo "log info logged by a script" > "${RYE_REPORT:-/dev/null}"
echo "log warning and once more" > "${RYE_REPORT:-/dev/null}"
echo "logged"
