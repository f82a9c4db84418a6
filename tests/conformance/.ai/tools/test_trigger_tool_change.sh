# /// rye
# description = "Adds a tool for a moment"
# [parameters]
# ///
added="$(dirname "$0")/added_for_a_moment.sh"
trap 'rm -f "$added"' EXIT
printf '# /// rye\n# description = "Soon gone"\n# ///\n' > "$added"
# Longer than the server waits for a group of changes to settle.
sleep 0.5
echo "changed"
