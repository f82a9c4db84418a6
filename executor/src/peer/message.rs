//! One message of JSON-RPC, as a server sends it. What is none is `None`: garbage ends no conversation.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// What a server may send.
#[derive(Debug)]
pub(crate) enum Message {
    /// An answer to a request of ours; `id` is `None` when the server could not read it.
    Answer { id: Option<u64>, answer: Answer },
    /// A request of the server's.
    Request { id: Value, method: String, params: Value },
    /// A notification.
    Notification { method: String, params: Value },
}

/// The result as it was written, numbers and all, or why there is none.
pub(crate) type Answer = Result<Box<RawValue>, Refusal>;

/// An error of JSON-RPC.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Refusal {
    #[serde(default)]
    pub(crate) code: i64,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) data: Value,
}

#[derive(Deserialize)]
struct Fields {
    jsonrpc: Option<String>,
    /// Absent, or whatever stands there, `null` as well.
    #[serde(default, deserialize_with = "present")]
    id: Option<Value>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
    result: Option<Box<RawValue>>,
    error: Option<Refusal>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Message {
    /// Reads a line or a body: one message, or the batch of them that revision 2025-03-26 allows. Empty: it is none.
    pub(crate) fn read(bytes: &[u8]) -> Vec<Self> {
        match bytes.trim_ascii_start().first() {
            Some(b'{') => Self::read_one(bytes).into_iter().collect(),
            Some(b'[') => serde_json::from_slice::<Vec<Box<RawValue>>>(bytes)
                .unwrap_or_default()
                .iter()
                .filter_map(|one| Self::read_one(one.get().as_bytes()))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn read_one(bytes: &[u8]) -> Option<Self> {
        let fields: Fields = serde_json::from_slice(bytes).ok()?;
        if fields.jsonrpc.as_deref() != Some("2.0") {
            return None;
        }
        let Fields { id, method, params, result, error, .. } = fields;
        match (method, id) {
            (Some(method), Some(id)) => Some(Self::Request { id, method, params }),
            (Some(method), None) => Some(Self::Notification { method, params }),
            (None, id) => {
                let answer = match (result, error) {
                    (_, Some(refusal)) => Err(refusal),
                    (Some(result), None) => Ok(result),
                    (None, None) => return None,
                };
                let id = id.filter(|id| !id.is_null());
                // Every id of ours is a number; another one answers nobody.
                let id = match id {
                    Some(id) => Some(id.as_u64()?),
                    None => None,
                };
                Some(Self::Answer { id, answer })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    fn shown(text: &str) -> String {
        Message::read(text.as_bytes())
            .iter()
            .map(|message| match message {
                Message::Answer { id, answer: Ok(result) } => format!("{id:?}={}", result.get()),
                Message::Answer { id, answer: Err(refusal) } => format!("{id:?}!{}", refusal.code),
                Message::Request { id, method, .. } => format!("{id}?{method}"),
                Message::Notification { method, .. } => format!("!{method}"),
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn messages_are_told_from_garbage() {
        for (text, want) in [
            (r#"{"jsonrpc":"2.0","id":1,"result":{"n":1.10}}"#, r#"Some(1)={"n":1.10}"#),
            (r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#, "Some(1)!-32601"),
            (r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}"#, "None!-32700"),
            (r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}"#, "None!-32700"),
            (r#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#, r#""a"?ping"#),
            (r#"{"jsonrpc":"2.0","method":"notifications/message","params":[]}"#, "!notifications/message"),
            (r#"[{"jsonrpc":"2.0","id":1,"result":1},3,{"jsonrpc":"2.0","method":"m"}]"#, "Some(1)=1 !m"),
            (r#"{"jsonrpc":"2.0","id":"1","result":{}}"#, ""),
            (r#"{"jsonrpc":"2.0","id":1.5,"result":{}}"#, ""),
            (r#"{"jsonrpc":"1.0","id":1,"result":{}}"#, ""),
            (r#"{"id":1,"result":{}}"#, ""),
            (r#"{"jsonrpc":"2.0","id":1}"#, ""),
            (r#"{"jsonrpc":"2.0","id":1,"error":"text"}"#, ""),
            ("Server started on port 3", ""),
            ("{", ""),
            ("[[[", ""),
            ("", ""),
            ("null", ""),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(shown(&deep), "");
    }
}
