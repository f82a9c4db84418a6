//! The result envelope: an object whose only key is `mcp_result` is no data but a result for MCP clients, spelled as
//! the protocol spells it. A script prints it, a function returns it. What is misspelled is an error, never data.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::content::Content;

/// The one key.
pub(crate) const KEY: &str = "mcp_result";

/// What stands in an envelope.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Envelope {
    #[serde(default)]
    pub(crate) content: Vec<Content>,
    #[serde(default)]
    pub(crate) structured_content: Option<Value>,
    #[serde(default)]
    pub(crate) is_error: bool,
    #[serde(default, rename = "_meta")]
    pub(crate) meta: Map<String, Value>,
}

/// Reads an envelope; `None`: the value is ordinary data.
pub(crate) fn open(value: &Value) -> Option<Result<Envelope, String>> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let inner = object.get(KEY)?;
    // A list would be read as the members in their order.
    if !inner.is_object() {
        return Some(Err(format!("`{KEY}` is an object")));
    }
    let read = Envelope::deserialize(inner).map_err(|error| error.to_string()).and_then(|envelope| {
        let wrong = envelope
            .content
            .iter()
            .enumerate()
            .find_map(|(at, block)| Some(format!("content[{at}]: {}", block.problem()?)));
        wrong.map_or(Ok(envelope), Err)
    });
    Some(read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::open;

    #[test]
    fn an_envelope_is_told_from_data() {
        assert_eq!(open(&json!({"content": []})), None);
        assert_eq!(open(&json!({"mcp_result": {}, "more": 1})), None);
        assert_eq!(open(&json!("mcp_result")), None);
        let image = json!({"type": "image", "data": "QUJD", "mimeType": "image/png"});
        let envelope = open(&json!({"mcp_result": {"content": [image], "isError": true}})).unwrap().unwrap();
        assert!(envelope.is_error && envelope.content.len() == 1);
    }

    #[test]
    fn what_is_misspelled_is_an_error() {
        for (inner, told) in [
            (json!({"contents": []}), "contents"),
            (json!([]), "`mcp_result` is an object"),
            (json!({"content": [{"type": "picture"}]}), "picture"),
            (json!({"content": [{"type": "image", "data": "%", "mimeType": "image/png"}]}), "content[0]"),
            (json!({"content": [{"type": "resource", "resource": {"uri": "a:b"}}]}), "either"),
            (json!({"content": [{"type": "text", "text": "a", "mime": "b"}]}), "mime"),
            (
                json!({"content": [{"type": "text", "text": "a", "annotations": {"priority": 7}}]}),
                "`priority` is a number from 0 to 1",
            ),
        ] {
            let error = open(&json!({ "mcp_result": inner })).unwrap().unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
