//! A conversation over HTTP: every message is a request of its own, and its answer is one message or a stream of them.
//! It ends by its deadline; a session that nobody else will use is ended with it.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rye_primitives::{
    HttpAnswer, HttpAuth, HttpBody, HttpClient, HttpRequest, Pulse, SseEvent, SseReader, SseTooLong,
};
use tokio::time::{sleep, timeout};

use super::failure::Failure;
use super::mirrored::{Mirrored, header_value};
use super::revision::STATELESS;
use super::session::{Session, Sessions};
use super::stdio::PROBE;
use super::talk::{Act, Outgoing, Reached, Talk, short};
use super::teller::Teller;
use crate::run::RunStopper;

/// How often a stream that broke off is taken up again.
const MAX_RESUMES: u32 = 5;
/// How long to wait before that when the server does not say.
const PAUSE: Duration = Duration::from_secs(1);
/// For the words that nobody waits for: that a call is cancelled, that a session is over.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long the end of a stream is waited for that has said all.
const LAST: Duration = Duration::from_millis(20);
/// Of an answer that is no message, as much is looked at.
const MAX_SAID: usize = 300;

/// A server, and how requests reach it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) client: Arc<HttpClient>,
    /// URL, headers, credentials and limits of every request.
    pub(crate) base: HttpRequest,
    /// The arguments that stand in the head too.
    pub(crate) mirrored: Vec<Mirrored>,
    /// A second call does no more than the first.
    pub(crate) repeatable: bool,
    /// How long all of it may take.
    pub(crate) limit: Option<Duration>,
    /// How long the server may say nothing.
    pub(crate) idle: Option<Duration>,
    pub(crate) pulse: Pulse,
    /// Where sessions are kept for the next call; none: there will be none.
    pub(crate) sessions: Option<Arc<Sessions>>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Over {
    pub(crate) reached: Result<Reached, Failure>,
    /// The status of the last answer.
    pub(crate) status: Option<u16>,
    pub(crate) garbage: u64,
}

/// Holds the conversation.
pub(crate) async fn converse(mut site: Site, talk: Talk, stopper: &RunStopper, teller: &Teller) -> Over {
    // What a server needs of these is ours to say.
    site.base.headers.retain(|(name, _)| !is_ours(name));
    // The deadline holds for all requests together, and for streams, too.
    site.base.limits.timeout = None;
    let (limit, idle, pulse) = (site.limit, site.idle, site.pulse.clone());
    pulse.beat();
    let mut held = Held {
        talk,
        teller,
        session: None,
        is_shared: false,
        aside: None,
        status: None,
        queue: VecDeque::new(),
        site,
    };
    let begun = Instant::now();
    let deadline = async {
        match limit {
            Some(limit) => sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let silence = async {
        match idle {
            Some(idle) => pulse.stops(idle).await,
            None => std::future::pending().await,
        }
    };
    let reached = tokio::select! {
        biased;
        () = stopper.asked() => Err(Failure::Stopped),
        reached = held.converse() => reached,
        () = deadline => Err(Failure::TimedOut),
        () = silence => Err(Failure::Idle),
    };
    let left = limit.map_or(FAREWELL, |limit| limit.saturating_sub(begun.elapsed()).min(FAREWELL));
    let patience = if matches!(reached, Err(Failure::Stopped)) { left / 4 } else { left };
    // Who ran into the deadline says farewell all the same, but briefly.
    let _ = timeout(patience.max(FAREWELL / 10), held.part(&reached)).await;
    Over { reached, status: held.status, garbage: held.talk.garbage() }
}

/// Headers that decide what a message is; two opinions on them would be a mistake.
fn is_ours(name: &str) -> bool {
    const OURS: [&str; 4] = ["accept", "accept-encoding", "content-type", "last-event-id"];
    let name = name.to_ascii_lowercase();
    OURS.contains(&name.as_str()) || name.starts_with("mcp-")
}

/// A conversation that is on.
struct Held<'h> {
    site: Site,
    talk: Talk,
    teller: &'h Teller,
    session: Option<Session>,
    /// Others use the session as well.
    is_shared: bool,
    /// The stream on which the server may ask what belongs to no request of ours.
    aside: Option<(HttpAnswer, SseReader)>,
    status: Option<u16>,
    queue: VecDeque<Act>,
}

/// How a stream of events went on.
enum Streamed {
    /// There is something to do next, or it is over.
    Heard,
    /// It broke off before that.
    Broken,
}

impl Held<'_> {
    async fn converse(&mut self) -> Result<Reached, Failure> {
        if let Some(sessions) = &self.site.sessions
            && let Some(known) = sessions.find(&self.site.base)
        {
            self.talk.take_up(known.revision, Arc::clone(&known.ids), known.id.is_some());
            (self.session, self.is_shared) = (Some(known), true);
        }
        let acts = self.talk.begin();
        self.queue.extend(acts);
        loop {
            match self.queue.pop_front() {
                None => return Err(self.broken_off()),
                Some(Act::End(reached)) => return reached,
                Some(Act::Tell(event)) => self.teller.tell(event),
                Some(Act::Send(message)) if message.is_request => self.ask(&message).await?,
                Some(Act::Send(message)) => self.say(&message).await,
            }
        }
    }

    /// Sends something that owes no answer. A server that does not take it shows so by what comes next.
    async fn say(&mut self, message: &Outgoing) {
        let request = self.request(message);
        let _ = self.site.client.open(&request).await;
    }

    async fn ask(&mut self, message: &Outgoing) -> Result<(), Failure> {
        if !self.talk.is_probing() {
            return self.ask_patiently(message).await;
        }
        // Silence is an answer, too.
        match timeout(PROBE, self.ask_patiently(message)).await {
            Ok(asked) => asked,
            Err(_) => {
                let acts = self.talk.unanswered();
                self.queue.extend(acts);
                Ok(())
            }
        }
    }

    async fn ask_patiently(&mut self, message: &Outgoing) -> Result<(), Failure> {
        let request = self.request(message);
        if message.method == Some("tools/call") && self.talk.may_be_asked() {
            self.listen().await;
        }
        let client = Arc::clone(&self.site.client);
        let answer = self.meanwhile(client.open(&request)).await.map_err(Failure::Exchange)?;
        self.site.pulse.beat();
        let status = answer.status();
        self.status = Some(status);
        if message.method == Some("initialize") {
            self.remember(&answer);
        }
        if status >= 400 {
            return self.take_refusal(answer, message).await;
        }
        let kind = answer.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "text/event-stream" => self.take_stream(answer).await,
            _ => {
                let body = answer.whole().await.map_err(Failure::Exchange)?;
                let acts = self.talk.hear(&body);
                if acts.is_empty() {
                    let what = format!("it is no message, but `{}` with status {status}", short(&kind));
                    let method = self.talk.method().to_owned();
                    return Err(Failure::Misspelled { method, what });
                }
                self.queue.extend(acts);
                Ok(())
            }
        }
    }

    /// Opens the session's own stream, where the server has one.
    async fn listen(&mut self) {
        let Some(id) = self.session.as_ref().and_then(|session| session.id.as_deref()) else { return };
        if self.aside.is_none() {
            let request = self.head("GET", "text/event-stream", Some(id));
            let opened = timeout(PROBE, self.site.client.open(&request)).await;
            let opened = opened.ok().and_then(Result::ok).filter(|answer| answer.status() == 200);
            self.aside = opened.map(|answer| (answer, SseReader::new(self.site.base.limits.max_body)));
        }
    }

    /// Waits for something, and answers what the server asks on its own stream meanwhile.
    async fn meanwhile<T>(&mut self, wait: impl Future<Output = T>) -> T {
        let mut wait = pin!(wait);
        loop {
            let Some((stream, reader)) = &mut self.aside else { return wait.await };
            let piece = tokio::select! {
                biased;
                done = &mut wait => return done,
                piece = stream.piece() => piece,
            };
            self.site.pulse.beat();
            match piece.ok().flatten().map(|piece| reader.push(&piece)) {
                Some(Ok(events)) => self.take_events(&events).await,
                Some(Err(SseTooLong { before })) => {
                    self.aside = None;
                    self.take_events(&before).await;
                }
                None => self.aside = None,
            }
        }
    }

    async fn take_events(&mut self, events: &[SseEvent]) {
        for event in events.iter().filter(|event| event.kind == "message" && !event.data.is_empty()) {
            for act in self.talk.hear(event.data.as_bytes()) {
                match act {
                    Act::Tell(event) => self.teller.tell(event),
                    // What it asked is answered while it waits for it.
                    Act::Send(message) if message.method.is_none() => self.say(&message).await,
                    act => self.queue.push_back(act),
                }
            }
        }
    }

    /// The session that the server gave, if it gave one that a header can carry.
    fn remember(&mut self, answer: &HttpAnswer) {
        let id = answer.header("mcp-session-id");
        let id =
            id.filter(|id| !id.is_empty() && id.len() <= 1024 && id.bytes().all(|b| b.is_ascii_graphic()));
        let ids = self.talk.ids();
        (self.session, self.is_shared) = (Some(Session { id, revision: "", ids }), false);
    }

    async fn take_refusal(&mut self, answer: HttpAnswer, message: &Outgoing) -> Result<(), Failure> {
        let status = answer.status();
        let body = answer.whole().await.unwrap_or_default();
        let had_session = self.session.as_ref().is_some_and(|session| session.id.is_some());
        if status == 404 && had_session && self.talk.begin_again() {
            // The server has forgotten the session, and did nothing.
            if let (Some(sessions), Some(session)) = (&self.site.sessions, self.session.take()) {
                sessions.forget(&self.site.base, &session);
            }
            let acts = self.talk.begin();
            self.queue.extend(acts);
            return Ok(());
        }
        let is_locked = matches!(status, 401 | 403 | 407 | 429);
        let acts = if is_locked { Vec::new() } else { self.talk.hear(&body) };
        let acts = if acts.is_empty() && !is_locked { self.talk.unanswered() } else { acts };
        if acts.is_empty() {
            let said = String::from_utf8_lossy(body.get(..MAX_SAID.min(body.len())).unwrap_or_default());
            let method = message.method.unwrap_or_default().to_owned();
            return Err(Failure::Status { method, status, said: short(said.trim()) });
        }
        self.queue.extend(acts);
        Ok(())
    }

    /// Reads events until there is something to do; a stream that breaks off is taken up where it did.
    async fn take_stream(&mut self, mut answer: HttpAnswer) -> Result<(), Failure> {
        let mut reader = SseReader::new(self.site.base.limits.max_body);
        let mut resumes = 0;
        loop {
            let broken = match self.read_stream(&mut answer, &mut reader).await {
                Ok(Streamed::Heard) => return Ok(()),
                Ok(Streamed::Broken) => self.broken_off(),
                Err(failure @ Failure::Exchange(_)) => failure,
                Err(failure) => return Err(failure),
            };
            let from = reader.last_id().map(str::to_owned);
            let (Some(from), Some(session)) = (from, &self.session) else { return Err(broken) };
            if resumes == MAX_RESUMES || self.talk.revision() == Some(STATELESS) {
                return Err(broken);
            }
            resumes += 1;
            sleep(reader.retry().map_or(PAUSE, Duration::from_millis)).await;
            let mut request = self.head("GET", "text/event-stream", session.id.as_deref());
            request.headers.push(("Last-Event-ID".to_owned(), from));
            let again = self.site.client.open(&request).await.map_err(Failure::Exchange)?;
            if again.status() != 200 {
                return Err(broken);
            }
            answer = again;
            reader.begin_again();
        }
    }

    async fn read_stream(
        &mut self,
        answer: &mut HttpAnswer,
        reader: &mut SseReader,
    ) -> Result<Streamed, Failure> {
        while let Some(piece) = self.meanwhile(answer.piece()).await.map_err(Failure::Exchange)? {
            self.site.pulse.beat();
            let limit = self.site.base.limits.max_body;
            let (events, is_too_long) = match reader.push(&piece) {
                Ok(events) => (events, false),
                Err(SseTooLong { before }) => (before, true),
            };
            self.take_events(&events).await;
            if !self.queue.is_empty() {
                // A stream that has come to its end leaves a connection for what comes next.
                let _ = timeout(LAST, answer.piece()).await;
                return Ok(Streamed::Heard);
            }
            if is_too_long {
                return Err(Failure::TooLong { limit });
            }
        }
        Ok(Streamed::Broken)
    }

    /// What is said at the end: that the answer is not wanted, that the session is over. Or the session is kept.
    async fn part(&mut self, reached: &Result<Reached, Failure>) {
        self.aside = None;
        let is_given_up = matches!(reached, Err(Failure::Stopped | Failure::TimedOut | Failure::Idle));
        // In the newer era the end of the connection says it.
        if is_given_up
            && let Some(cancel) = self.talk.cancel()
            && cancel.revision != Some(STATELESS)
        {
            self.say(&cancel).await;
        }
        let Some(revision) = self.talk.revision() else { return };
        let session = self.session.take();
        let ids = self.talk.ids();
        let mut session = session.unwrap_or(Session { id: None, revision, ids });
        session.revision = revision;
        let worth_keeping = matches!(reached, Ok(_) | Err(Failure::Refused { .. }));
        if self.is_shared {
            // What was known may hold no more.
            if !worth_keeping
                && !is_given_up
                && let Some(sessions) = &self.site.sessions
            {
                sessions.forget(&self.site.base, &session);
            }
            return;
        }
        let unkept = match &self.site.sessions {
            Some(sessions) if worth_keeping => sessions.keep(&self.site.base, session),
            _ => Some((self.site.base.clone(), session)),
        };
        if let Some((to, Session { id: Some(id), revision, .. })) = unkept {
            let _ = self.site.client.open(&end_of(&to, revision, &id)).await;
        }
    }

    fn broken_off(&self) -> Failure {
        Failure::BrokenOff { method: self.talk.method().to_owned() }
    }

    fn request(&self, message: &Outgoing) -> HttpRequest {
        let id = self.session.as_ref().and_then(|session| session.id.as_deref());
        let mut request = self.head("POST", "application/json, text/event-stream", id);
        request.body = HttpBody::Json(message.text.clone().into_bytes());
        request.repeatable = match message.method {
            Some("tools/call") => self.site.repeatable,
            Some("server/discover" | "initialize" | "tools/list") => true,
            _ => false,
        };
        let headers = &mut request.headers;
        if message.revision == Some(STATELESS) {
            let method = message.method.map(|method| ("Mcp-Method".to_owned(), method.to_owned()));
            headers.extend(method);
            if let Some(tool) = &message.tool {
                headers.push(("Mcp-Name".to_owned(), header_value(tool)));
                let arguments = self.talk.arguments();
                let mirrored = self.site.mirrored.iter();
                headers.extend(mirrored.filter_map(|one| one.of_arguments(arguments?)));
            }
        }
        request
    }

    fn head(&self, method: &str, accept: &str, session: Option<&str>) -> HttpRequest {
        let mut request = self.site.base.clone();
        method.clone_into(&mut request.method);
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        // A stream that is decoded could not be read as it comes.
        request.headers.extend([header("Accept", accept), header("Accept-Encoding", "identity")]);
        request.headers.extend(self.talk.revision().map(|revision| header("MCP-Protocol-Version", revision)));
        request.headers.extend(session.map(|id| header("Mcp-Session-Id", id)));
        request
    }
}

/// The request that ends a session.
pub(super) fn end_of(base: &HttpRequest, revision: &str, id: &str) -> HttpRequest {
    let mut request = HttpRequest { method: "DELETE".to_owned(), body: HttpBody::Empty, ..base.clone() };
    request.limits.retries = 0;
    request.headers.push(("MCP-Protocol-Version".to_owned(), revision.to_owned()));
    request.headers.push(("Mcp-Session-Id".to_owned(), id.to_owned()));
    request
}

/// Whether two requests go to one server as one caller.
pub(super) fn is_same(one: &HttpRequest, other: &HttpRequest) -> bool {
    let credentials = |request: &HttpRequest| -> Option<HttpAuth> { request.auth.clone() };
    one.url == other.url
        && one.headers == other.headers
        && one.query == other.query
        && one.proxy == other.proxy
        && one.allow_hosts == other.allow_hosts
        && credentials(one) == credentials(other)
}
