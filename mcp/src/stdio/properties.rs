//! Messages on a pipe: the same lines however they come, each judged by itself, and nothing passes the gate that could
//! upset a session.
#![allow(clippy::unwrap_used, clippy::panic, reason = "they are tests")]

use std::collections::HashSet;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use rmcp::model::{JsonRpcMessage, RequestId};
use rye_executor::tools::json;
use serde_json::Value;
use tokio::io::{AsyncRead, ReadBuf};

use super::gate::{Gate, Verdict};
use super::lines::{Line, Lines};
use super::wire::Pending;
use crate::exact::request_id;

/// A size of pieces, then all that a client writes.
pub fn framing(bytes: &[u8]) {
    let Some((size, stream)) = bytes.split_first() else { return };
    let lines = lines(stream, usize::from(*size).max(1));
    assert_eq!(lines, lines_of(stream));
    let mut session = Session::default();
    lines.iter().for_each(|line| session.take(line));
}

/// A stream that is always ready with a piece.
struct Pieces<'s> {
    rest: &'s [u8],
    size: usize,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let (piece, rest) = self.rest.split_at(self.size.min(self.rest.len()).min(into.remaining()));
        into.put_slice(piece);
        self.rest = rest;
        Poll::Ready(Ok(()))
    }
}

fn lines(stream: &[u8], size: usize) -> Vec<Vec<u8>> {
    let mut lines = Lines::new(Pieces { rest: stream, size });
    let mut all = Vec::new();
    loop {
        match pin!(lines.next()).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Line::Text(line)) => all.push(line),
            Poll::Ready(Line::End) => return all,
            other => panic!("{other:?}"),
        }
    }
}

/// All lines but those that say nothing.
fn lines_of(stream: &[u8]) -> Vec<Vec<u8>> {
    let says_something = |line: &&[u8]| !line.iter().all(u8::is_ascii_whitespace);
    stream.split(|byte| *byte == b'\n').filter(says_something).map(<[u8]>::to_vec).collect()
}

/// What a session is known to have.
#[derive(Default)]
struct Session {
    gate: Gate,
    pending: Pending,
    on: HashSet<RequestId>,
    has_begun: bool,
    takes_batches: bool,
}

impl Session {
    fn take(&mut self, line: &[u8]) {
        let verdicts = self.gate.judge(line, &self.pending);
        let text = std::str::from_utf8(line).ok();
        let Some(value) = text.and_then(|text| json::parse(text).ok()) else {
            assert!(matches!(verdicts.as_slice(), [Verdict::Answer(_) | Verdict::Ignore(_)]), "{verdicts:?}");
            // What is no JSON for anybody is not answered.
            let is_json =
                text.is_some_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
            assert!(is_json || matches!(verdicts.as_slice(), [Verdict::Ignore(_)]), "{verdicts:?}");
            return;
        };
        match &value {
            Value::Array(messages) if self.takes_batches && !messages.is_empty() => {
                assert_eq!(verdicts.len(), messages.len());
                messages.iter().zip(&verdicts).for_each(|(message, verdict)| self.judged(message, verdict));
            }
            Value::Array(_) => {
                let [Verdict::Answer(answer)] = verdicts.as_slice() else { panic!("{verdicts:?}") };
                assert!(
                    matches!(&**answer, JsonRpcMessage::Error(error) if error.id.is_none()),
                    "{answer:?}"
                );
            }
            message => {
                let [verdict] = verdicts.as_slice() else { panic!("{verdicts:?}") };
                self.judged(message, verdict);
            }
        }
    }

    fn judged(&mut self, message: &Value, verdict: &Verdict) {
        let id = message.get("id").and_then(request_id);
        let method = message.get("method").and_then(Value::as_str);
        let is_notice =
            message.get("jsonrpc") == Some(&"2.0".into()) && message.get("id").is_none() && method.is_some();
        match verdict {
            Verdict::Ignore(reason) => assert!(!reason.is_empty() && (id.is_none() || method.is_none())),
            Verdict::Answer(answer) => {
                assert!(!is_notice, "a notification is answered: {message}");
                let JsonRpcMessage::Error(error) = &**answer else { panic!("{answer:?}") };
                assert!(error.id.is_none() || error.id == id, "{answer:?} to {message}");
                assert!(
                    error.id.as_ref().is_none_or(|id| !self.on.contains(id)),
                    "answered in place of another"
                );
                assert!(!serde_json::to_string(answer).unwrap().contains('\n'));
            }
            Verdict::Deliver(delivered) => {
                self.delivered(message, method, id, &serde_json::to_value(delivered).unwrap())
            }
        }
        if is_notice
            && method == Some("notifications/cancelled")
            && let Some(id) = message["params"].get("requestId").and_then(request_id)
        {
            self.on.remove(&id);
        }
        self.on.iter().for_each(|id| assert!(self.pending.contains(id), "{id} is forgotten"));
    }

    fn delivered(&mut self, message: &Value, method: Option<&str>, id: Option<RequestId>, delivered: &Value) {
        assert_eq!(message["jsonrpc"], "2.0");
        assert_eq!(
            (delivered.get("method"), delivered.get("id")),
            (message.get("method"), message.get("id"))
        );
        assert!(method.is_some());
        let params = &message["params"];
        if method == Some("tools/call") {
            assert_eq!(
                delivered["params"].get("arguments"),
                params.get("arguments").filter(|some| !some.is_null())
            );
            assert_eq!(delivered["params"]["name"], params["name"]);
        }
        let Some(id) = id else { return };
        let is_stateless = params["_meta"].get("io.modelcontextprotocol/protocolVersion").is_some();
        if method == Some("initialize") {
            self.has_begun = true;
            let revision = params.get("protocolVersion").and_then(Value::as_str);
            self.takes_batches = revision.map_or(self.takes_batches, |revision| revision == "2025-03-26");
        }
        assert!(self.has_begun || is_stateless || method == Some("ping"), "{message} before its session");
        assert!(params.is_null() || params.is_object(), "{message}");
        assert!(self.on.insert(id), "two requests of one id are on: {message}");
    }
}
