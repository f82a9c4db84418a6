//! One conversation with an MCP server, from the client's side: messages in, messages out, and in the end a result or
//! a failure. It touches nothing and waits for nothing; whatever a server says, what is held stays within bounds.

mod said;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::input::Input;
use super::listed::{Listed, Page};
use super::message::{Answer, Message, Refusal};
use super::notices::notice;
use super::revision::{Era, STATELESS, WITH_HANDSHAKE};
use crate::harmless::written_out;
use crate::run::RunEvent;
pub(crate) use said::Outgoing;

/// How often a server may ask back within one call.
const MAX_ROUNDS: u32 = 10;
/// `UnsupportedProtocolVersion`
const UNSUPPORTED_REVISION: i64 = -32022;
/// `MethodNotFound`
pub(crate) const UNKNOWN_METHOD: i64 = -32601;

/// What a conversation is for.
#[derive(Clone, Debug)]
pub(crate) enum Goal {
    /// To learn what tools there are.
    List,
    /// To call one.
    Call { tool: String, arguments: Map<String, Value> },
}

/// What was reached.
#[derive(Debug)]
pub(crate) enum Reached {
    Listed(Box<Listed>),
    /// The result of the call, as it was written.
    Called(Box<RawValue>),
}

/// What is to be done next.
#[derive(Debug)]
pub(crate) enum Act {
    Send(Outgoing),
    /// Something to tell whoever waits.
    Tell(RunEvent),
    /// The conversation is over.
    End(Result<Reached, Failure>),
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    NotBegun,
    /// `server/discover`; `again` when the server has refused our revision once.
    Discover {
        again: bool,
    },
    Initialize,
    List,
    Call,
    Over,
}

/// One conversation.
#[derive(Debug)]
pub(crate) struct Talk {
    goal: Goal,
    input: Input,
    era: Option<Era>,
    stage: Stage,
    has_session: bool,
    has_begun_again: bool,
    /// Unique within a session, which several conversations may share.
    ids: Arc<AtomicU64>,
    /// The request that is unanswered.
    awaited: u64,
    /// A probe that was given up, and whether it was answered well after all.
    late_probe: Option<(u64, bool)>,
    listed: Listed,
    rounds: u32,
    /// Messages that answered nothing, and lines that were none.
    garbage: u64,
}

impl Talk {
    /// A conversation with a server of which nothing, or the revision, is known.
    pub(crate) fn new(goal: Goal, input: Input, revision: Option<&str>) -> Self {
        Self {
            goal,
            input,
            era: revision.and_then(Era::of),
            stage: Stage::NotBegun,
            has_session: false,
            has_begun_again: false,
            ids: Arc::new(AtomicU64::new(1)),
            awaited: 0,
            late_probe: None,
            listed: Listed::default(),
            rounds: 0,
            garbage: 0,
        }
    }

    /// What was found in an earlier conversation holds: the revision, and the session if there is one.
    pub(crate) fn take_up(&mut self, revision: &str, ids: Arc<AtomicU64>, has_session: bool) {
        (self.era, self.ids, self.has_session) = (Era::of(revision), ids, has_session);
    }

    /// The server has forgotten the session: all is said again, once.
    pub(crate) fn begin_again(&mut self) -> bool {
        let may = !self.has_begun_again && !matches!(self.stage, Stage::NotBegun | Stage::Over);
        if may {
            (self.has_begun_again, self.has_session, self.stage) = (true, false, Stage::NotBegun);
            self.ids = Arc::new(AtomicU64::new(1));
            self.listed = Listed::default();
        }
        may
    }

    /// The arguments of the call.
    pub(crate) fn arguments(&self) -> Option<&Map<String, Value>> {
        match &self.goal {
            Goal::List => None,
            Goal::Call { arguments, .. } => Some(arguments),
        }
    }

    /// The first words, once.
    pub(crate) fn begin(&mut self) -> Vec<Act> {
        if self.stage != Stage::NotBegun {
            return Vec::new();
        }
        match (self.era, &self.goal) {
            // Only the answer to this tells who the server is.
            (None, _) | (Some(Era::Stateless), Goal::List) => vec![self.discover(false)],
            (Some(Era::Stateless), Goal::Call { .. }) => self.ask_goal(),
            (Some(Era::Handshake(_)), _) if self.has_session => self.ask_goal(),
            (Some(Era::Handshake(_)), _) => vec![self.initialize()],
        }
    }

    /// Whether the server is still being asked which era it is of.
    pub(crate) fn is_probing(&self) -> bool {
        matches!(self.stage, Stage::Discover { .. })
    }

    /// A conversation with the same goal, for a server that ended when it was asked for its era: of the older era,
    /// some take every first word but one for a mistake that they cannot survive.
    pub(crate) fn without_question(&self) -> Option<Self> {
        let Self { goal, input, .. } = self;
        self.is_probing().then(|| Self::new(goal.clone(), *input, Some(WITH_HANDSHAKE[0])))
    }

    /// Whether the server was told that it may ask, and may do so of its own accord.
    pub(crate) fn may_be_asked(&self) -> bool {
        self.input == Input::Defaults && matches!(self.era, Some(Era::Handshake(_)))
    }

    /// The revision that is spoken.
    pub(crate) fn revision(&self) -> Option<&'static str> {
        self.era.map(Era::revision)
    }

    /// The ids of this session.
    pub(crate) fn ids(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.ids)
    }

    /// How much came that answered nothing.
    pub(crate) fn garbage(&self) -> u64 {
        self.garbage
    }

    /// The method that is unanswered.
    pub(crate) fn method(&self) -> &'static str {
        match self.stage {
            Stage::NotBegun | Stage::Initialize => "initialize",
            Stage::Discover { .. } => "server/discover",
            Stage::List => "tools/list",
            Stage::Call | Stage::Over => "tools/call",
        }
    }

    /// The server keeps silent when asked for its era: then it is of the older one.
    pub(crate) fn unanswered(&mut self) -> Vec<Act> {
        if !self.is_probing() {
            return Vec::new();
        }
        self.late_probe = Some((self.awaited, false));
        vec![self.initialize()]
    }

    /// What tells the server that its answer is not wanted any more; `None`: it owes none that may be cancelled.
    pub(crate) fn cancel(&mut self) -> Option<Outgoing> {
        let is_on = matches!(self.stage, Stage::List | Stage::Call);
        self.stage = Stage::Over;
        is_on.then(|| {
            let params = json!({ "requestId": self.awaited, "reason": "stopped" });
            self.notification("notifications/cancelled", params)
        })
    }

    /// Takes what a server sent, which may be anything.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Vec<Act> {
        let messages = Message::read(bytes);
        if messages.is_empty() && !bytes.trim_ascii().is_empty() {
            self.garbage += 1;
        }
        messages.into_iter().flat_map(|message| self.hear_message(message)).collect()
    }

    fn hear_message(&mut self, message: Message) -> Vec<Act> {
        if self.stage == Stage::Over {
            return Vec::new();
        }
        match message {
            Message::Answer { id, answer } => {
                if let Some((probe, went_well)) = &mut self.late_probe
                    && id == Some(*probe)
                {
                    *went_well = answer.is_ok();
                    if let Ok(result) = &answer {
                        // Its name is known by that, its revision not yet.
                        self.listed.introduce("", &serde_json::from_str(result.get()).unwrap_or_default());
                    }
                    return Vec::new();
                }
                // Who cannot read a request cannot say which: the one that is unanswered is meant.
                if id.is_some_and(|id| id != self.awaited) || (id.is_none() && answer.is_ok()) {
                    self.garbage += 1;
                    return Vec::new();
                }
                self.answered(answer)
            }
            Message::Request { id, method, params } => vec![Act::Send(self.reply(&id, &method, &params))],
            Message::Notification { method, params } => {
                let token = (self.stage == Stage::Call).then_some(self.awaited);
                notice(&method, &params, token).map(Act::Tell).into_iter().collect()
            }
        }
    }

    fn answered(&mut self, answer: Answer) -> Vec<Act> {
        match (self.stage, answer) {
            (Stage::Discover { .. }, Ok(result)) => self.discovered(&result),
            (Stage::Discover { again }, Err(refusal)) => self.not_discovered(again, &refusal),
            (Stage::Initialize, Ok(result)) => self.initialized(&result),
            (Stage::Initialize, Err(refusal)) => {
                // A server of the newer era alone says so.
                let is_stateless = named(&refusal).contains(&STATELESS.to_owned())
                    || self.late_probe.is_some_and(|(_, went_well)| went_well);
                if is_stateless && self.listed.protocol.is_empty() {
                    self.era = Some(Era::Stateless);
                    STATELESS.clone_into(&mut self.listed.protocol);
                    return self.ask_goal();
                }
                self.refused(refusal)
            }
            // A server without tools need not know the question.
            (Stage::List, Err(refusal)) if refusal.code == UNKNOWN_METHOD && self.listed.tools.is_empty() => {
                self.end(Ok(Reached::Listed(Box::default())))
            }
            (Stage::List, Ok(result)) => self.page(&result),
            (Stage::Call, Ok(result)) => self.called(result),
            (Stage::List | Stage::Call, Err(refusal)) => self.refused(refusal),
            (Stage::NotBegun | Stage::Over, _) => Vec::new(),
        }
    }

    fn discovered(&mut self, result: &RawValue) -> Vec<Act> {
        let result: Value = serde_json::from_str(result.get()).unwrap_or_default();
        let named = texts(result.get("supportedVersions"));
        match Era::best(named.iter().map(String::as_str)) {
            Some(Era::Stateless) => {
                self.era = Some(Era::Stateless);
                self.listed.introduce(STATELESS, &result);
                self.ask_goal()
            }
            Some(era @ Era::Handshake(_)) => {
                self.era = Some(era);
                vec![self.initialize()]
            }
            // A server of the older era may answer anything to a question that it does not know.
            None if named.is_empty() => vec![self.initialize()],
            None => self.end(Err(Failure::Revision { named: listed(&named) })),
        }
    }

    fn not_discovered(&mut self, again: bool, refusal: &Refusal) -> Vec<Act> {
        if refusal.code != UNSUPPORTED_REVISION {
            return vec![self.initialize()];
        }
        let named = named(refusal);
        match Era::best(named.iter().map(String::as_str)) {
            Some(Era::Stateless) if !again => vec![self.discover(true)],
            Some(era @ Era::Handshake(_)) => {
                self.era = Some(era);
                vec![self.initialize()]
            }
            _ => self.end(Err(Failure::Revision { named: listed(&named) })),
        }
    }

    fn initialized(&mut self, result: &RawValue) -> Vec<Act> {
        let result: Value = serde_json::from_str(result.get()).unwrap_or_default();
        let revision = result.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
        let Some(era @ Era::Handshake(known)) = Era::of(revision) else {
            return self.end(Err(Failure::Revision { named: listed(&[revision.to_owned()]) }));
        };
        self.era = Some(era);
        self.listed.introduce(known, &result);
        let mut acts = vec![Act::Send(self.notification("notifications/initialized", json!({})))];
        acts.extend(self.ask_goal());
        acts
    }

    fn page(&mut self, result: &RawValue) -> Vec<Act> {
        match self.listed.take(result) {
            Ok(Page::Last) => {
                let listed = std::mem::take(&mut self.listed);
                self.end(Ok(Reached::Listed(Box::new(listed))))
            }
            Ok(Page::More { cursor }) => vec![self.ask_page(Some(cursor))],
            Err(failure) => self.end(Err(failure)),
        }
    }

    fn called(&mut self, result: Box<RawValue>) -> Vec<Act> {
        let read: Value = serde_json::from_str(result.get()).unwrap_or_default();
        match read.get("resultType").and_then(Value::as_str) {
            None | Some("complete") => self.end(Ok(Reached::Called(result))),
            Some("input_required") => self.asked_back(&read),
            Some(other) => {
                let what = format!("its kind is `{}`", short(other));
                self.end(Err(Failure::Misspelled { method: "tools/call".to_owned(), what }))
            }
        }
    }

    /// The newer era's way to ask for input: the call is made again, with the answers.
    fn asked_back(&mut self, result: &Value) -> Vec<Act> {
        let empty = Map::new();
        let requests = result.get("inputRequests").and_then(Value::as_object).unwrap_or(&empty);
        let mut responses = Map::new();
        for (key, request) in requests {
            let method = request.get("method").and_then(Value::as_str).unwrap_or_default();
            let params = request.get("params").unwrap_or(&Value::Null);
            let Some(answer) = self.input.answer(method, params) else {
                return self.end(Err(Failure::NeedsInput { asked: asked(method, params) }));
            };
            responses.insert(key.clone(), answer);
        }
        self.rounds += 1;
        if self.rounds > MAX_ROUNDS {
            let asked = format!("more than {MAX_ROUNDS} times");
            return self.end(Err(Failure::NeedsInput { asked }));
        }
        let state = result.get("requestState").filter(|state| !state.is_null()).cloned();
        vec![self.ask_call(responses, state)]
    }

    fn refused(&mut self, refusal: Refusal) -> Vec<Act> {
        let Refusal { code, message, .. } = refusal;
        let method = self.method().to_owned();
        self.end(Err(Failure::Refused { method, code, message: short(&message) }))
    }

    fn end(&mut self, end: Result<Reached, Failure>) -> Vec<Act> {
        self.stage = Stage::Over;
        vec![Act::End(end)]
    }
}

/// The revisions that a refusal names.
fn named(refusal: &Refusal) -> Vec<String> {
    texts(refusal.data.get("supported"))
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).take(20).map(str::to_owned).collect()
}

fn listed(named: &[String]) -> String {
    let named: Vec<_> = named.iter().map(|name| format!("`{}`", short(name))).collect();
    if named.is_empty() { "none".to_owned() } else { named.join(", ") }
}

/// What a server wants to know, in its own words.
fn asked(method: &str, params: &Value) -> String {
    let message = params.get("message").and_then(Value::as_str).unwrap_or_default();
    format!("{}{}{}", short(method), if message.is_empty() { "" } else { ": " }, short(message))
}

/// A stranger's text as part of a message: harmless and not long.
pub(crate) fn short(text: &str) -> String {
    short_to(text, 2000)
}

/// The same, of at most so many bytes before it was made harmless.
pub(crate) fn short_to(text: &str, most: usize) -> String {
    let cut = text.get(..text.floor_char_boundary(most)).unwrap_or_default();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{more}", written_out(cut, &['\n', '\t']))
}

#[cfg(test)]
mod tests;
