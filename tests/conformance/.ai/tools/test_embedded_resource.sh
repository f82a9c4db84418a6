# /// rye
# description = "Gives a resource with its text"
# [parameters]
# ///
cat <<'END'
{"mcp_result": {"content": [{"type": "resource", "resource": {
  "uri": "test://embedded-resource",
  "mimeType": "text/plain",
  "text": "This is an embedded resource content."
}}]}}
END
