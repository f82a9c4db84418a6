//! What a server answers when it is started exactly as an entry says: in `/`, with no terminal, as clients do.

use std::time::Duration;

use rye_executor::{Conversation, Host, converse};
use serde_json::{Value, json};

use super::entry::{Entry, Seen};

/// How long a server may take to answer both questions.
const LIMIT: Duration = Duration::from_secs(5);
/// How many bytes of an answer are read.
const MAX_ANSWER: usize = 32 << 20;

/// What a server answered.
#[derive(Clone, Debug, serde::Serialize)]
pub(super) struct Answer {
    pub(super) server: String,
    pub(super) version: String,
    /// How many tools it lists.
    pub(super) tools: usize,
    /// There are more than it lists at once.
    pub(super) has_more: bool,
}

/// Starts it, asks and ends it. What went wrong is one line.
pub(super) async fn probe(entry: &Entry, seen: &Seen, host: &Host) -> Result<Answer, String> {
    let own = seen.environment.iter().map(|(name, value)| (name.into(), value.into()));
    let hello = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": { "name": "rye mcp doctor", "version": env!("CARGO_PKG_VERSION") },
    });
    let questions = [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {} }),
    ];
    let conversation = Conversation {
        program: (&entry.command).into(),
        args: entry.args.iter().map(Into::into).collect(),
        environment: host.environment.iter().cloned().chain(own).collect(),
        said: questions.iter().map(|question| format!("{question}\n")).collect::<String>().into_bytes(),
        limit: LIMIT,
        max_answer: MAX_ANSWER,
    };
    let answered = converse(conversation, host).await.map_err(|error| error.report().message)?;
    let lines = answered.stdout.split(|byte| *byte == b'\n');
    let messages: Vec<Value> = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let result = |id: u64| {
        let answer = messages.iter().find(|message| message.get("id") == Some(&json!(id)));
        answer.and_then(|answer| answer.get("result"))
    };
    let (Some(hello), Some(list)) = (result(1), result(2)) else {
        let what = if result(1).is_some() { "tools/list" } else { "initialize" };
        let said = answered.stderr.lines().map(str::trim).find(|line| !line.is_empty());
        let said = said.map(|line| format!("; it says: {line}")).unwrap_or_default();
        return Err(format!("it does not answer `{what}` within {} s{said}", LIMIT.as_secs()));
    };
    let text = |key: &str| {
        let told = hello.get("serverInfo").and_then(|told| told.get(key)).and_then(Value::as_str);
        told.unwrap_or_default().to_owned()
    };
    Ok(Answer {
        server: text("name"),
        version: text("version"),
        tools: list.get("tools").and_then(Value::as_array).map_or(0, Vec::len),
        has_more: list.get("nextCursor").is_some(),
    })
}
