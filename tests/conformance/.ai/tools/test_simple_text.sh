# /// rye
# description = "Gives a text"
# [parameters]
# ///
echo "This is a simple text response for testing."
