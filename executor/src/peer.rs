//! Other MCP servers: what tools they have, and calls of them. A server is a program that speaks on its standard input
//! and output, or a URL. One [`list`] or [`call`] is one connection; when it is over, nothing of a program is left.
//!
//! Both eras of the protocol are spoken. Unless [`Terms::protocol`] says which revision the server was found to speak,
//! it is asked (`server/discover`); any error, or silence, means that it begins with `initialize`.
//!
//! What a server says is data of a stranger: bounded, never executed, and harmless where it is part of a message.

mod failure;
mod http;
mod input;
mod listed;
mod message;
mod mirrored;
mod notices;
mod revision;
mod session;
mod stdio;
mod talk;
mod teller;
mod verdict;
mod work;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rye_primitives::{
    Attachment, HostLookup, HttpClient, HttpRequest, Output, Process, ProcessLimits, ProcessRequest, Pulse,
    Scope, Stdin, Supervision, become_subreaper, start,
};
use rye_resolver::{DEFAULT_RETRIES, Host};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::artifacts::Artifact;
use crate::converse::marked;
use crate::outcome::{Ending, EndingKind, Outcome};
use crate::report::{Code, Report, peer_report};
use crate::run::{RunEvent, RunStopper};

pub(crate) use failure::Failure;
pub use input::Input;
pub use listed::Listed;
pub use mirrored::Mirrored;
pub(crate) use session::Sessions;
pub(crate) use stdio::MAX_LINE;
use talk::{Goal, Reached, Talk};
use teller::Teller;
pub use verdict::Besides;
pub(crate) use work::PeerWork;

/// The revisions of the protocol that are spoken, the newest first.
pub const REVISIONS: [&str; 5] = {
    let [first, second, third, fourth] = revision::WITH_HANDSHAKE;
    [revision::STATELESS, first, second, third, fourth]
};

/// Where a server is. Values of the environment and of headers may be secret: they are never shown.
#[derive(Clone)]
#[non_exhaustive]
pub enum Address {
    /// A program that speaks on its standard input and output.
    Command {
        /// An absolute path.
        program: PathBuf,
        /// Its arguments.
        args: Vec<OsString>,
        /// Its whole environment; later ones win.
        environment: Vec<(OsString, OsString)>,
        /// Its working directory.
        folder: PathBuf,
    },
    /// A server that is on already.
    Url {
        /// `http` or `https`.
        url: String,
        /// Sent with every request, in order.
        headers: Vec<(String, String)>,
        /// Hosts that may have a special address, such as `127.0.0.1`.
        allow_hosts: Vec<String>,
        /// The proxy.
        proxy: Option<String>,
    },
}

/// What holds for one connection.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How long all of it may take.
    pub limit: Duration,
    /// The revision that the server was found to speak before; `None`: it is asked.
    pub protocol: Option<String>,
    /// What is done when the server asks back.
    pub input: Input,
    /// Where progress and log of the server go; nobody waits for a reader.
    pub events: Option<mpsc::Sender<RunEvent>>,
    /// Ends it before its time.
    pub stopper: RunStopper,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            limit: Duration::from_secs(60),
            protocol: None,
            input: Input::Refused,
            events: None,
            stopper: RunStopper::default(),
        }
    }
}

/// A call of a server's tool.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The server's name for it.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// The arguments that an HTTP request carries in its head as well (see [`Mirrored::of_schema`]).
    pub mirrored: Vec<Mirrored>,
}

/// Asks a server for its tools. Needs a Tokio runtime with I/O and time. Makes this process a subreaper when `host`
/// asks.
///
/// # Errors
/// It could not be started or reached, or did not answer as the protocol says.
pub async fn list(address: &Address, host: &Host, terms: Terms) -> Result<Listed, Report> {
    let met = meet(address, Goal::List, Vec::new(), host, terms).await;
    match met.reached {
        Ok(Reached::Listed(mut listed)) => {
            if matches!(address, Address::Url { .. }) {
                listed.pass_over_what_no_request_can_carry();
            }
            Ok(*listed)
        }
        Ok(Reached::Called(_)) => Err(Report::new(Code::Internal, "a list was asked for")),
        Err(failure) => Err(peer_report(&failure, &met.aside)),
    }
}

/// Calls a server's tool. Needs what [`list`] needs. Whatever goes wrong is told in the outcome.
pub async fn call(address: &Address, call: Call, host: &Host, terms: Terms) -> Outcome {
    let begun = Instant::now();
    let Call { tool, arguments, mirrored } = call;
    let goal = Goal::Call { tool: tool.clone(), arguments };
    let met = meet(address, goal, mirrored, host, terms).await;
    let duration = begun.elapsed();
    let (data, error) = match met.reached {
        Ok(Reached::Called(result)) => match verdict::verdict(&result) {
            Ok(verdict) => (verdict.data, verdict.failed.map(|told| Report::new(Code::ToolFailed, told))),
            Err(failure) => (None, Some(peer_report(&failure, &met.aside))),
        },
        Ok(Reached::Listed(_)) => (None, Some(Report::new(Code::Internal, "a call was asked for"))),
        Err(failure) => (None, Some(peer_report(&failure, &met.aside))),
    };
    Outcome {
        success: error.is_none(),
        data,
        error,
        ending: met.ending,
        stderr: met.aside.stderr,
        stderr_bytes: met.aside.stderr_bytes,
        stderr_sha256: met.aside.stderr_sha256,
        artifacts: met.aside.artifact.into_iter().collect(),
        supervision: met.aside.supervision,
        duration,
        ..Outcome::empty(&tool, "")
    }
}

/// What is told beside a failure.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// What the server wrote to standard error, as far as it was kept.
    pub(crate) stderr: String,
    /// How much that was.
    pub(crate) stderr_bytes: u64,
    /// Of all of it.
    pub(crate) stderr_sha256: Option<String>,
    /// All of it, where it is long.
    pub(crate) artifact: Option<Artifact>,
    /// By what its family was held together; `None`: it is no program of ours.
    pub(crate) supervision: Option<Supervision>,
    /// Lines on its standard output that were no messages.
    pub(crate) garbage: u64,
}

/// What came of one connection.
struct Met {
    reached: Result<Reached, Failure>,
    ending: Ending,
    aside: Aside,
}

impl Met {
    fn never(failure: Failure) -> Self {
        Self { reached: Err(failure), ending: EndingKind::NotStarted.into(), aside: Aside::default() }
    }
}

async fn meet(address: &Address, goal: Goal, mirrored: Vec<Mirrored>, host: &Host, terms: Terms) -> Met {
    let teller = Teller::into_channel(terms.events);
    let talk = Talk::new(goal, terms.input, terms.protocol.as_deref());
    match address {
        Address::Command { program, args, environment, folder } => {
            if host.subreaper
                && let Err(error) = become_subreaper()
            {
                return Met::never(Failure::Subreaper(error));
            }
            let request = Request { program, args, environment, folder, limit: terms.limit };
            match request.start(terms.limit) {
                Ok(process) => {
                    let restart = |elapsed| request.start(request.limit.saturating_sub(elapsed));
                    stdio::converse(process, talk, &terms.stopper, &teller, restart).await.into()
                }
                Err(failure) => Met::never(failure),
            }
        }
        Address::Url { url, headers, allow_hosts, proxy } => {
            let mut base = HttpRequest::new("POST", url);
            base.headers.clone_from(headers);
            base.allow_hosts.clone_from(allow_hosts);
            base.proxy.clone_from(proxy);
            (base.limits.max_body, base.limits.retries) = (stdio::MAX_LINE, DEFAULT_RETRIES);
            let client = Arc::new(HttpClient::new(HostLookup::System));
            let limit = Some(terms.limit);
            let site = http::Site {
                client,
                base,
                mirrored,
                repeatable: false,
                limit,
                idle: None,
                pulse: Pulse::default(),
                sessions: None,
            };
            http::converse(site, talk, &terms.stopper, &teller).await.into()
        }
    }
}

/// A server that is to be started.
struct Request<'r> {
    program: &'r PathBuf,
    args: &'r [OsString],
    environment: &'r [(OsString, OsString)],
    folder: &'r PathBuf,
    limit: Duration,
}

impl Request<'_> {
    fn start(&self, limit: Duration) -> Result<Process, Failure> {
        let (environment, mark) = marked(self.program, self.environment.to_vec());
        start(ProcessRequest {
            program: self.program.clone(),
            args: self.args.to_vec(),
            env: environment,
            cwd: self.folder.clone(),
            attachment: Attachment::Captured,
            stdin: Stdin::Wire,
            stdout: Output::Capture,
            stderr: Output::Capture,
            call: None,
            limits: ProcessLimits {
                timeout: Some(limit),
                max_reply: stdio::MAX_LINE,
                ..ProcessLimits::default()
            },
            leave_running: false,
            scope: Scope::Shared { mark },
            cgroups: None,
            spill: None,
            pulse: Pulse::default(),
        })
        .map_err(Failure::Start)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { program, folder, .. } => out
                .debug_struct("Command")
                .field("program", program)
                .field("folder", folder)
                .finish_non_exhaustive(),
            Self::Url { headers, allow_hosts, .. } => out
                .debug_struct("Url")
                .field("headers", &headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
                .field("allow_hosts", allow_hosts)
                .finish_non_exhaustive(),
        }
    }
}
