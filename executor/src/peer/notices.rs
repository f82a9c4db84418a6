//! What a server tells while it works: how far it is, and what it logs. Everything else it says is passed over.

use serde_json::Value;

use super::talk::short;
use crate::run::RunEvent;

/// What a notification says. `token`: that of the call that is on.
pub(crate) fn notice(method: &str, params: &Value, token: Option<u64>) -> Option<RunEvent> {
    match method {
        "notifications/progress" => {
            // Another call's progress may still come in a session.
            let theirs = params.get("progressToken")?.as_u64();
            if theirs.is_none() || theirs != token {
                return None;
            }
            Some(RunEvent::Progress {
                done: params.get("progress")?.as_f64()?,
                total: params.get("total").and_then(Value::as_f64),
                message: params.get("message").and_then(Value::as_str).map(short),
            })
        }
        "notifications/message" => {
            let text = match params.get("data")? {
                Value::String(text) => short(text),
                other => short(&other.to_string()),
            };
            let level = params.get("level").and_then(Value::as_str).unwrap_or("info");
            let logger = params.get("logger").and_then(Value::as_str).map(short);
            Some(RunEvent::Log { level: short(level), logger, text })
        }
        _ => None,
    }
}
