//! Envelopes: what is none is data, and what is in one reaches a client block by block.

use rye_executor::tools::json;
use serde_json::Value;

use crate::content::Content;
use crate::edge::{self, Era};
use crate::envelope::{KEY, open};
use crate::reply::Reply;

/// Any JSON as what a tool returned, and as what stands in an envelope.
pub fn envelope(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(value) = json::parse(text) else { return };
    let is_envelope = value.as_object().is_some_and(|object| object.len() == 1 && object.contains_key(KEY));
    assert_eq!(open(&value).is_some(), is_envelope);
    let inner = if is_envelope { value[KEY].clone() } else { value };
    let wrapped = serde_json::json!({ KEY: inner });
    match open(&wrapped).unwrap() {
        Err(told) => assert!(!told.is_empty()),
        Ok(envelope) => {
            let given = inner.as_object().unwrap();
            assert_eq!(given.get("isError").map_or(Some(false), Value::as_bool), Some(envelope.is_error));
            let reply = Reply {
                content: envelope.content,
                structured: envelope.structured_content,
                is_error: envelope.is_error,
                meta: envelope.meta,
                wholes: Vec::new(),
            };
            [Era::Session, Era::Stateless].into_iter().for_each(|era| reaches_a_client(&reply, era));
        }
    }
}

fn reaches_a_client(reply: &Reply, era: Era) {
    let result = edge::call_result(reply.clone(), era);
    assert_eq!(result.content.len(), reply.content.len(), "a block is lost");
    for (block, own) in result.content.iter().zip(&reply.content) {
        let own_json = serde_json::to_value(own).unwrap();
        assert_eq!(serde_json::from_value::<Content>(own_json.clone()).ok().as_ref(), Some(own));
        let sent: Value = serde_json::from_str(&serde_json::to_string(block).unwrap()).unwrap();
        assert_eq!(rounded(sent), rounded(own_json));
    }
    assert!(!reply.is_error || result.structured_content.is_none());
    let data = result.structured_content.as_ref();
    assert!(data.is_none() || data == reply.structured.as_ref());
    assert!(era == Era::Stateless || data.is_none_or(Value::is_object));
    let line = serde_json::to_string(&result).unwrap();
    assert!(!line.contains('\n'));
}

/// The library keeps the priority of a block, a hint between 0 and 1, with fewer digits.
fn rounded(mut block: Value) -> Value {
    if let Some(priority) = block.pointer_mut("/annotations/priority") {
        *priority = priority.as_f64().map(|priority| format!("{priority:.5}")).into();
    }
    block
}
