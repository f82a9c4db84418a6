//! What may come in: each line is one message that fits JSON-RPC and the moment, or is answered here. Nothing that
//! passes can upset the library: no batch, no odd id, no id twice, no call before its session began.

use rmcp::model::{
    CallToolRequest, ClientJsonRpcMessage, ClientRequest, ErrorCode, ErrorData, RequestId,
    ServerJsonRpcMessage,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::lines::Ends;
use super::wire::Pending;
use crate::exact::{REVISION_KEY, Unread, id_between, odd_cursor, odd_meta, read, request_id};

/// What is done with a message.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It goes on.
    Deliver(Box<ClientJsonRpcMessage>),
    /// It is answered at once.
    Answer(Box<ServerJsonRpcMessage>),
    /// It is passed over; a person may want to know why.
    Ignore(String),
}

/// What is known of the session.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// `initialize` was asked for, and with which revision.
    revision: Option<String>,
}

/// The one revision that allows several messages in one line.
const WITH_BATCHES: &str = "2025-03-26";

impl Gate {
    /// Judges a line.
    pub(super) fn judge(&mut self, line: &[u8], pending: &Pending) -> Vec<Verdict> {
        let value = match read(line) {
            Ok(value) => value,
            Err(Unread::Inexact { id, reason }) => {
                let id = free(id, pending);
                return vec![answer(id, ErrorData::invalid_params(reason, None))];
            }
            // To what is not JSON no answer finds its way, and an answer might come back as more of it.
            Err(Unread::NotUtf8) => return ignored("a line that is not UTF-8 was passed over".to_owned()),
            Err(Unread::NotJson(why)) => {
                return ignored(format!("a line that is not JSON was passed over: {why}"));
            }
        };
        match value {
            Value::Array(messages)
                if self.revision.as_deref() == Some(WITH_BATCHES) && !messages.is_empty() =>
            {
                messages.into_iter().map(|message| self.message(message, pending)).collect()
            }
            Value::Array(_) => vec![refused(None, "several messages in one line")],
            message => vec![self.message(message, pending)],
        }
    }

    /// Judges a line that is too long to be read, by its ends.
    pub(super) fn judge_ends(ends: &Ends, pending: &Pending) -> Verdict {
        let id = free(id_between(&ends.head, &ends.tail), pending);
        refused(id, "a message has at most 16 MiB")
    }

    fn message(&mut self, message: Value, pending: &Pending) -> Verdict {
        let Value::Object(object) = &message else { return refused(None, "a message is an object") };
        let id = match object.get("id").map(request_id) {
            Some(None) => return refused(None, "`id` must be a string or an integer"),
            known => known.flatten(),
        };
        let own = free(id.clone(), pending);
        if object.get("jsonrpc").is_none_or(|version| version != "2.0") {
            return refused(own, "`jsonrpc` must be \"2.0\"");
        }
        let Some(method) = object.get("method") else {
            // We ask a client for nothing, so that it has nothing to answer.
            let is_answer = object.contains_key("result") || object.contains_key("error");
            return if is_answer {
                Verdict::Ignore("an answer to nothing was passed over".to_owned())
            } else {
                refused(own, "there is no `method`")
            };
        };
        let Some(method) = method.as_str().map(str::to_owned) else {
            return refused(own, "`method` must be a string");
        };
        let params = object.get("params").and_then(Value::as_object);
        match id {
            None => {
                if method == "notifications/cancelled"
                    && let Some(id) = params.and_then(|params| request_id(params.get("requestId")?))
                {
                    pending.remove(&id);
                }
                deliver(message).unwrap_or_else(|reason| {
                    Verdict::Ignore(format!("a notification was passed over: {reason}"))
                })
            }
            Some(id) => self.request(id, &method, message, pending),
        }
    }

    fn request(&mut self, id: RequestId, method: &str, message: Value, pending: &Pending) -> Verdict {
        if pending.contains(&id) {
            return refused(None, &format!("a request with the id `{id}` is on already"));
        }
        if message.get("params").is_some_and(|params| !params.is_object()) {
            return answer(Some(id), ErrorData::invalid_params("`params` must be an object", None));
        }
        let params = message.get("params").and_then(Value::as_object);
        if let Some(error) = odd_cursor(method, params).or_else(|| odd_meta(params)) {
            return answer(Some(id), error);
        }
        let revision = params.and_then(|params| params.get("protocolVersion")?.as_str());
        let revision = revision.filter(|_| method == "initialize").map(str::to_owned);
        if method != "initialize" && self.revision.is_none() && method != "ping" && !names_revision(params) {
            let message =
                format!("no session was begun with `initialize`, and `_meta` does not say `{REVISION_KEY}`");
            return answer(Some(id), ErrorData::invalid_params(message, None));
        }
        let call = as_call(&id, method, &message);
        match call.map_or_else(|| deliver(message), |call| Ok(Verdict::Deliver(Box::new(call)))) {
            Ok(verdict) => {
                pending.insert(&id);
                self.revision = revision.or(self.revision.take());
                verdict
            }
            Err(reason) => refused(Some(id), &reason),
        }
    }
}

/// An id for an answer to a request that is refused; none where the client would take it for the answer to another, which
/// is on.
fn free(id: Option<RequestId>, pending: &Pending) -> Option<RequestId> {
    id.filter(|id| !pending.contains(id))
}

fn names_revision(params: Option<&Map<String, Value>>) -> bool {
    params.is_some_and(|params| params.get("_meta").is_some_and(|meta| meta.get(REVISION_KEY).is_some()))
}

/// A call, which is most of what comes. The library reads it the same, once it has tried to read each other request there is.
fn as_call(id: &RequestId, method: &str, message: &Value) -> Option<ClientJsonRpcMessage> {
    let is_answer = message.get("result").is_some() || message.get("error").is_some();
    if method != "tools/call" || is_answer {
        return None;
    }
    let call = CallToolRequest::deserialize(message).ok()?;
    Some(ClientJsonRpcMessage::request(ClientRequest::CallToolRequest(call), id.clone()))
}

fn deliver(message: Value) -> Result<Verdict, String> {
    serde_json::from_value(message)
        .map(|message| Verdict::Deliver(Box::new(message)))
        .map_err(|error| error.to_string())
}

fn ignored(reason: String) -> Vec<Verdict> {
    vec![Verdict::Ignore(reason)]
}

fn refused(id: Option<RequestId>, reason: &str) -> Verdict {
    answer(id, ErrorData::new(ErrorCode::INVALID_REQUEST, reason.to_owned(), None))
}

fn answer(id: Option<RequestId>, error: ErrorData) -> Verdict {
    Verdict::Answer(Box::new(ServerJsonRpcMessage::error(error, id)))
}

#[cfg(test)]
mod tests {
    use rmcp::model::ClientJsonRpcMessage;
    use serde_json::{Value, json};

    use super::{Verdict, as_call, deliver};
    use crate::exact::request_id;

    fn both(message: &Value) -> (Option<ClientJsonRpcMessage>, Option<ClientJsonRpcMessage>) {
        let id = request_id(&message["id"]).unwrap();
        let delivered = match deliver(message.clone()) {
            Ok(Verdict::Deliver(message)) => Some(*message),
            _ => None,
        };
        (as_call(&id, message["method"].as_str().unwrap(), message), delivered)
    }

    #[test]
    fn a_call_is_read_as_the_library_reads_it() {
        let meta = json!({ "progressToken": 7, "rye/idempotency-key": "k", "traceparent": "00-1-2-01" });
        for (id, params) in [
            (json!(1), json!({ "name": "say" })),
            (json!("a"), json!({ "name": "say", "arguments": {} })),
            (
                json!(2),
                json!({ "name": "say", "arguments": { "a": [1, 2.5, null, { "b": "ä" }] }, "_meta": meta }),
            ),
            (json!(3), json!({ "name": "say", "arguments": null, "_meta": {}, "more": true })),
            (json!(4), json!({ "name": "say", "task": { "ttl": 1000 } })),
        ] {
            let message = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
            let (call, delivered) = both(&message);
            assert!(call.is_some(), "{message}");
            assert_eq!(format!("{call:?}"), format!("{delivered:?}"));
            assert_eq!(serde_json::to_value(&call).unwrap(), serde_json::to_value(&delivered).unwrap());
        }
    }

    #[test]
    fn what_is_no_call_is_left_to_the_library() {
        for message in [
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {} }),
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": 1 } }),
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "x", "arguments": [] } }),
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call" }),
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "x" }, "result": {} }),
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "x" }, "error": null }),
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "name": "x" } }),
        ] {
            assert!(both(&message).0.is_none(), "{message}");
        }
    }
}
