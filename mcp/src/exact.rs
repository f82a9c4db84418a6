//! A message read exactly or not at all: a number that is rounded on its way would be another argument, and the
//! library rounds.

use std::fmt;

use rmcp::model::{ErrorData, RequestId};
use rye_executor::tools::json;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Why a message cannot be read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It is no text.
    NotUtf8,
    /// It is no JSON, for the reason told.
    NotJson(String),
    /// It is, and cannot be kept exactly.
    Inexact { id: Option<RequestId>, reason: String },
}

/// Reads a message.
pub(crate) fn read(text: &[u8]) -> Result<Value, Unread> {
    let text = std::str::from_utf8(text).map_err(|_| Unread::NotUtf8)?;
    json::parse(text).map_err(|error| match serde_json::from_str::<OnlyId>(text) {
        Ok(OnlyId { id }) => {
            Unread::Inexact { id: id.as_ref().and_then(request_id), reason: error.reason.to_string() }
        }
        Err(_) => Unread::NotJson(error.to_string()),
    })
}

/// What the library takes for a request whose cursor does not fit: it would give the first page.
pub(crate) fn odd_cursor(method: &str, params: Option<&Map<String, Value>>) -> Option<ErrorData> {
    let cursor = params.and_then(|params| params.get("cursor"))?;
    let is_odd = method.ends_with("/list") && !cursor.is_string();
    is_odd.then(|| ErrorData::invalid_params("`cursor` must be a string", None))
}

/// Where a request says which revision it speaks.
pub(crate) const REVISION_KEY: &str = "io.modelcontextprotocol/protocolVersion";

/// What the library takes for no `_meta` at all: a request that names its revision in a way nobody can read would be
/// one of a session that never began.
pub(crate) fn odd_meta(params: Option<&Map<String, Value>>) -> Option<ErrorData> {
    let refused = |message: String| Some(ErrorData::invalid_params(message, None));
    match params?.get("_meta")? {
        Value::Object(meta) if meta.get(REVISION_KEY).is_none_or(Value::is_string) => None,
        Value::Object(_) => refused(format!("`{REVISION_KEY}` in `_meta` must be a string")),
        Value::Null => None,
        _ => refused("`_meta` must be an object".to_owned()),
    }
}

/// What is needed to refuse a message that is JSON and cannot be kept exactly.
#[derive(serde::Deserialize)]
struct OnlyId {
    id: Option<Value>,
}

/// The id of a message of which only the ends are known, if it stands in one of them as the message's own.
pub(crate) fn id_between(head: &[u8], tail: &[u8]) -> Option<RequestId> {
    let mut id = None;
    // It is an error in any case: the text breaks off.
    let _ = FirstId(&mut id).deserialize(&mut serde_json::Deserializer::from_slice(head));
    id.as_ref().and_then(request_id).or_else(|| last_id(tail))
}

/// Reads an object as far as it goes, and keeps its `id`.
struct FirstId<'i>(&'i mut Option<Value>);

impl<'de> DeserializeSeed<'de> for FirstId<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FirstId<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "id" {
                *self.0 = Some(map.next_value()?);
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// The id that a message ends with: `…,"id":7}`. One brace closes the message itself, so that it is nobody else's.
fn last_id(tail: &[u8]) -> Option<RequestId> {
    let tail = tail.trim_ascii_end().strip_suffix(b"}")?;
    let start = tail.windows(4).rposition(|word| word == b"\"id\"")?;
    let (before, after) = (tail.get(..start)?.trim_ascii_end(), tail.get(start + 4..)?);
    let value = after.trim_ascii_start().strip_prefix(b":")?;
    // A quotation mark that is escaped stands in a string.
    let is_key = before.ends_with(b",") && !value.contains(&b'\\');
    let value = is_key.then(|| serde_json::from_slice::<Value>(value).ok())??;
    request_id(&value)
}

/// An id, if it is one.
pub(crate) fn request_id(value: &Value) -> Option<RequestId> {
    match value {
        Value::String(text) => Some(RequestId::String(text.as_str().into())),
        Value::Number(number) => number.as_i64().map(RequestId::Number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::RequestId;

    use super::id_between;

    #[test]
    fn an_id_is_found_at_either_end_of_what_is_too_long() {
        let seven = Some(RequestId::Number(7));
        for (head, tail, id) in [
            (r#"{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":"xx"#, r#"xx"}}"#, seven.clone()),
            (r#"{"params":{"id":5,"a":"xx"#, r#"xx"},"jsonrpc":"2.0","id":7}"#, seven.clone()),
            (r#"{"params":{"a":"xx"#, r#"xx"}, "id" : 7 } "#, seven),
            (r#"{"params":{"a":"xx"#, r#"xx"},"id":"b"}"#, Some(RequestId::String("b".into()))),
            // An id of something else is none.
            (r#"{"params":{"id":5,"a":"xx"#, r#"xx"}}"#, None),
            (r#"{"params":{"a":"xx"#, r#"xx","id":5}}"#, None),
            (r#"{"method":"xx"#, r#"xx,\"id\":5}"}"#, None),
            (r#"["xx"#, r#"xx"]"#, None),
            ("xx", "xx", None),
        ] {
            assert_eq!(id_between(head.as_bytes(), tail.as_bytes()), id, "{head} … {tail}");
        }
    }
}
