//! A [`Plan`] is everything that decides a run, written out: program, argv, environment with sources, limits. Making
//! one decides and does nothing.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rye_runtimes::ItemId;
use rye_runtimes::call::{OutputForm, Style};
use rye_tools::ToolLimits;
use rye_tools::arguments::Arguments;
use rye_tools::schema::Schema;
use serde_json::{Map, Value};

use crate::chain::Link;
use crate::environment::ChildEnvironment;
use crate::files::SourceFile;
use crate::idempotency::{IdempotencyKey, Once};
use crate::interpreter::Interpreter;
use crate::resolution::Resolution;

/// A tool that has been given arguments that fit.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The tool and its chain.
    pub resolution: Arc<Resolution>,
    /// The arguments, checked.
    pub arguments: Arguments,
    /// What the caller says about this call.
    pub options: CallOptions,
}

/// What a caller says about one call, beside its arguments.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// The call's own time limit; zero means none.
    pub timeout: Option<Duration>,
    /// The call's own limit on silence; zero means none. It is refused where nothing of the tool is heard.
    pub idle_timeout: Option<Duration>,
    /// Who calls, as whoever made the executor tells his callers apart; all who do not say are one. It has turns of its
    /// own, and keys.
    pub caller: Option<Arc<str>>,
    /// Asked for again by the same caller under the same key, the call is not run again: its run's outcome is given.
    pub idempotency_key: Option<IdempotencyKey>,
    /// `NAME` or `NAME=VALUE`: variables for the child.
    pub environment: Vec<(String, Option<OsString>)>,
    /// Who is at the other end of the child's descriptors.
    pub attachment: Attachment,
    /// Default time limits do not bind: a person at a terminal is there to end the run.
    pub unbounded_by_default: bool,
    /// The caller's standard input has been read already, or must not be handed on.
    pub withhold_stdin: bool,
    /// The outcome tells where the time went.
    pub timings: bool,
}

/// Who is at the other end of the child's descriptors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Attachment {
    /// rye: output is captured, standard input is empty.
    #[default]
    Captured,
    /// The person who called: the child has the caller's descriptors, session and terminal.
    Caller,
}

/// One run, decided.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The tool.
    pub tool: ItemId,
    /// The run's own id.
    pub run_id: String,
    /// Who calls.
    pub caller: Option<Arc<str>>,
    /// The call is to be run once.
    pub once: Option<Once>,
    /// The chain.
    pub chain: Vec<Link>,
    /// How the tool is called.
    pub style: Style,
    /// What its output means.
    pub output: OutputForm,
    /// What the primitive is asked to do.
    pub action: Action,
    /// The time limit and who set it; `None`: no limit.
    pub timeout: Option<(Duration, TimeoutSource)>,
    /// How long it may say nothing, and who set that; `None`: for ever.
    pub idle_timeout: Option<(Duration, TimeoutSource)>,
    /// The environment of the run: a process gets it; templates were filled from it.
    pub environment: ChildEnvironment,
    /// The interpreters that were found.
    pub interpreters: Vec<Interpreter>,
    /// What the tool's result must fit, if it says so.
    pub output_schema: Option<Schema>,
    /// How many calls of the tool may be on and may wait.
    pub limits: ToolLimits,
    /// Who is at the other end of the descriptors.
    pub attachment: Attachment,
    /// The outcome tells where the time went.
    pub timings: bool,
    /// How long interpreters were looked for.
    pub search: Duration,
}

/// What of a plan holds whatever the arguments are.
#[derive(Clone, Debug)]
pub struct Outline {
    /// The tool.
    pub tool: ItemId,
    /// The chain.
    pub chain: Vec<Link>,
    /// How the tool is called.
    pub style: Style,
    /// The time limit and who set it; `None`: no limit.
    pub timeout: Option<(Duration, TimeoutSource)>,
    /// How long it may say nothing, and who set that; `None`: for ever.
    pub idle_timeout: Option<(Duration, TimeoutSource)>,
    /// The environment of a run, without what is filled from arguments.
    pub environment: ChildEnvironment,
    /// The interpreters that were found.
    pub interpreters: Vec<Interpreter>,
}

/// What a primitive is asked to do.
#[derive(Clone, Debug)]
pub enum Action {
    /// Run a process.
    Process(Box<ProcessPlan>),
    /// Make an HTTP exchange.
    Exchange(Box<ExchangePlan>),
    /// Have another MCP server call its tool.
    Peer(Box<PeerPlan>),
}

/// A call of another MCP server's tool.
#[derive(Clone, Debug)]
pub struct PeerPlan {
    /// The server.
    pub reach: PeerReach,
    /// Its name for the tool.
    pub tool: String,
    /// What it is given.
    pub arguments: Map<String, Value>,
    /// The revision of the protocol that it was found to speak; none: it is asked.
    pub protocol: Option<String>,
    /// A form that it asks for is answered with the defaults it declares.
    pub answers_with_defaults: bool,
    /// A second call does no more than the first.
    pub repeatable: bool,
    /// The arguments that a request's head carries too: what follows `Mcp-Param-`, and the way to the argument.
    pub mirrored: Vec<(String, Vec<String>)>,
}

/// Where another MCP server is.
#[derive(Clone, Debug)]
pub enum PeerReach {
    /// A program, which is started.
    Process(Box<ProcessPlan>),
    /// A URL; what is asked is the body.
    Exchange(Box<ExchangePlan>),
}

impl Plan {
    /// The process to run, if that is what it is.
    #[must_use]
    pub fn process(&self) -> Option<&ProcessPlan> {
        match &self.action {
            Action::Process(process) => Some(process),
            Action::Exchange(_) => None,
            Action::Peer(peer) => match &peer.reach {
                PeerReach::Process(process) => Some(process),
                PeerReach::Exchange(_) => None,
            },
        }
    }
}

/// The HTTP exchange of a plan. Headers, body and credentials may be secret: it is never printed whole.
#[derive(Clone)]
pub struct ExchangePlan {
    /// `GET` and its like.
    pub method: String,
    /// The URL, arguments encoded.
    pub url: String,
    /// The URL as it may be shown: `${NAME}` is not filled.
    pub shown_url: String,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// What is added to the query, encoded later.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: ExchangeBody,
    /// Credentials.
    pub auth: Option<ExchangeAuth>,
    /// How often to try again.
    pub retries: u32,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// How many decoded bytes the answer may have.
    pub max_body: usize,
    /// Hosts whose addresses may be special.
    pub allow_hosts: Vec<String>,
    /// The proxy.
    pub proxy: Option<String>,
}

impl std::fmt::Debug for ExchangePlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExchangePlan")
            .field("method", &self.method)
            .field("url", &self.shown_url())
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl ExchangePlan {
    /// The URL as it may be shown: without user and query.
    #[must_use]
    pub fn shown_url(&self) -> String {
        let plain = self.shown_url.split(['?', '#']).next().unwrap_or_default();
        match plain.split_once("://") {
            Some((scheme, rest)) => {
                let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
                let host = authority.rsplit('@').next().unwrap_or_default();
                format!("{scheme}://{host}{path}")
            }
            None => plain.to_owned(),
        }
    }
}

/// The body of a planned exchange.
#[derive(Clone, PartialEq)]
pub enum ExchangeBody {
    /// None.
    Empty,
    /// JSON.
    Json(serde_json::Value),
    /// `application/x-www-form-urlencoded`
    Form(Vec<(String, String)>),
    /// Text.
    Text(String),
}

/// The credentials of a planned exchange.
#[derive(Clone, PartialEq, Eq)]
pub enum ExchangeAuth {
    /// `Authorization: Bearer TOKEN`
    Bearer {
        /// The token.
        token: String,
    },
    /// A header of its own.
    ApiKey {
        /// The header's name.
        header: String,
        /// The key.
        value: String,
    },
    /// `Authorization: Basic …`
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
}

/// The process of a plan.
#[derive(Clone, Debug)]
pub struct ProcessPlan {
    /// The program, absolute.
    pub program: PathBuf,
    /// Its arguments, after the program's own name.
    pub args: Vec<OsString>,
    /// The same as they may be shown: `${NAME}` is not filled, because it may be secret.
    pub shown_args: Vec<String>,
    /// Its working directory.
    pub cwd: PathBuf,
    /// Its standard input.
    pub stdin: StdinPlan,
    /// The request on the call's own descriptor, for functions.
    pub call: Option<FunctionCall>,
    /// From the request to end to the kill.
    pub grace: Duration,
    /// Whether what the tool started may outlive a normal exit.
    pub leave_running: bool,
    /// How many bytes of each stream are kept.
    pub max_output: usize,
}

/// Standard input of a planned process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StdinPlan {
    /// Nothing.
    Null,
    /// The caller's.
    Caller,
    /// These bytes.
    Bytes(Vec<u8>),
}

/// Who set a time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeoutSource {
    /// The call.
    Call,
    /// The tool.
    Tool,
    /// `rye.toml`, the runtime or rye itself.
    Default,
}

impl TimeoutSource {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Tool => "tool",
            Self::Default => "default",
        }
    }
}

/// A call of a function over its own descriptor.
#[derive(Clone, Debug)]
pub struct FunctionCall {
    /// The file whose bytes are executed.
    pub file: Arc<SourceFile>,
    /// The function; in Node `default`, which stands for whichever of the known names is exported.
    pub function: &'static str,
    /// The parameters whose annotated type is not what JSON gives.
    pub converts: Vec<String>,
    /// Its arguments.
    pub arguments: Arguments,
    /// The name of the module, which follows the id.
    pub module: String,
    /// The folders that come before site-packages: the tool's own, then the space's `tools/`.
    pub import_folders: Vec<PathBuf>,
    /// The project, for `execute`.
    pub project: Option<PathBuf>,
}

/// The default time limit.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);
/// The default time limit of an exchange.
pub const DEFAULT_EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);
/// The default number of further attempts of an exchange.
pub const DEFAULT_RETRIES: u32 = 2;
/// The default bound of an answer's body, in bytes.
pub const DEFAULT_MAX_BODY: usize = 10 << 20;
/// The default grace.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(2);
/// The default bound of each captured stream, in bytes.
pub const DEFAULT_MAX_OUTPUT: usize = 1 << 20;
