//! A message read exactly or not at all: a number that is rounded on its way would be another argument, and the
//! library rounds.

use rmcp::model::{ErrorData, RequestId};
use rye_executor::tools::json;
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

/// What is needed to refuse a message that is JSON and cannot be kept exactly.
#[derive(serde::Deserialize)]
struct OnlyId {
    id: Option<Value>,
}

/// An id, if it is one.
pub(crate) fn request_id(value: &Value) -> Option<RequestId> {
    match value {
        Value::String(text) => Some(RequestId::String(text.as_str().into())),
        Value::Number(number) => number.as_i64().map(RequestId::Number),
        _ => None,
    }
}
