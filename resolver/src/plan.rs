//! A [`Plan`] is everything that decides a run, written out: program, argv, environment with sources, limits. Making
//! one decides and does nothing.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rye_runtimes::ItemId;
use rye_runtimes::call::{OutputForm, Style};
use rye_tools::arguments::Arguments;
use rye_tools::schema::Schema;

use crate::chain::{Link, Resolution};
use crate::environment::ChildEnvironment;
use crate::files::SourceFile;
use crate::interpreter::Interpreter;

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
    /// `NAME` or `NAME=VALUE`: variables for the child.
    pub environment: Vec<(String, Option<OsString>)>,
    /// Who is at the other end of the child's descriptors.
    pub attachment: Attachment,
    /// Default time limits do not bind: a person at a terminal is there to end the run.
    pub unbounded_by_default: bool,
    /// The caller's standard input has been read already, or must not be handed on.
    pub withhold_stdin: bool,
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
    /// The chain.
    pub chain: Vec<Link>,
    /// How the tool is called.
    pub style: Style,
    /// What its output means.
    pub output: OutputForm,
    /// The process to run.
    pub process: ProcessPlan,
    /// The interpreters that were found.
    pub interpreters: Vec<Interpreter>,
    /// What the tool's result must fit, if it says so.
    pub output_schema: Option<Schema>,
    /// Who is at the other end of the descriptors.
    pub attachment: Attachment,
}

/// The process of a plan.
#[derive(Clone, Debug)]
pub struct ProcessPlan {
    /// The program, absolute.
    pub program: PathBuf,
    /// Its arguments, after the program's own name.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub environment: ChildEnvironment,
    /// Its working directory.
    pub cwd: PathBuf,
    /// Its standard input.
    pub stdin: StdinPlan,
    /// The request on the call's own descriptor, for functions.
    pub call: Option<FunctionCall>,
    /// The time limit and who set it; `None`: no limit.
    pub timeout: Option<(Duration, TimeoutSource)>,
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
/// The default grace.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(2);
/// The default bound of each captured stream, in bytes.
pub const DEFAULT_MAX_OUTPUT: usize = 1 << 20;
