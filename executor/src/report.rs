//! The one place where an error becomes a [`Report`]: a stable code, the fact, its causes, and what to do next. CLI,
//! MCP and programs show the same.

mod hint;
mod peer;

use std::time::Duration;

use rye_primitives::{HttpError, Part, StartError};
use rye_resolver::{Error as ResolveError, PassedOverReason, RefusedReason, WhyNot};
use rye_runtimes::document::Problem;
use serde::{Serialize, Serializer};

use crate::error::Error;

pub use hint::Hint;
pub(crate) use peer::peer_report;

/// An error as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What kind it is. Stable.
    pub code: Code,
    /// The fact.
    pub message: String,
    /// What lies behind it.
    pub causes: Vec<String>,
    /// What to do next.
    pub hints: Vec<Hint>,
    /// When it is worth another try.
    #[serde(
        rename = "retry_after_ms",
        skip_serializing_if = "Option::is_none",
        serialize_with = "milliseconds"
    )]
    pub retry_after: Option<Duration>,
    /// The causes again, where they stand in files: for those who can show the line.
    #[serde(skip)]
    pub problems: Vec<Problem>,
}

macro_rules! codes {
    ($($name:ident = $word:literal, $meaning:literal;)*) => {
        /// The stable codes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// Every code with its word and meaning, in the order of the reference.
            pub const ALL: &[(Code, &str, &str)] = &[$((Code::$name, $word, $meaning),)*];
        }
    };
}

codes! {
    InvalidId = "invalid_id", "what was given is not an id";
    ToolNotFound = "tool_not_found", "no space holds such a tool";
    RuntimeNotFound = "runtime_not_found", "an `executor_id` or claim names no runtime";
    InterpreterNotFound = "interpreter_not_found", "no interpreter was found in any place";
    CommandNotFound = "command_not_found", "a command is not on the child's `PATH`";
    AmbiguousId = "ambiguous_id", "a short id matches several tools";
    DuplicateId = "duplicate_id", "two files of one space have one id";
    ProtectedId = "protected_id", "a file on disk has an id of the core";
    NotAllowedSpace = "not_allowed_space", "an item delegates to a space it may not rely on";
    Cycle = "cycle", "a chain comes back to itself";
    ChainTooDeep = "chain_too_deep", "a chain has more than ten items";
    InvalidMetadata = "invalid_metadata", "the metadata of a tool is wrong";
    InvalidDescriptor = "invalid_descriptor", "a runtime or the way to run a tool is wrong";
    InvalidConfig = "invalid_config", "a `rye.toml` or `.env` file, or the project, is wrong";
    InvalidArguments = "invalid_arguments", "the arguments do not fit the parameters";
    ArgumentTooLarge = "argument_too_large", "an argument is larger than the system can pass";
    ArgumentLooksLikeOption = "argument_looks_like_option", "a value would be read as an option";
    UnknownVariable = "unknown_variable", "a `${NAME}` has neither value nor default";
    RefusedFile = "refused_file", "a file that cannot be trusted to be what it seems";
    NotExecutable = "not_executable", "what was found cannot be executed";
    BadInterpreterLine = "bad_interpreter_line", "a `#!` line names no interpreter that can run";
    BadCwd = "bad_cwd", "the working directory cannot be entered";
    SpawnFailed = "spawn_failed", "the system refused to start a process";
    TimedOut = "timed_out", "the time limit came first";
    Stopped = "stopped", "the caller stopped it";
    OutputLimit = "output_limit", "a result was larger than its limit";
    InvalidOutput = "invalid_output", "a result is not what was promised";
    HttpStatus = "http_status", "an HTTP server answered with an error";
    HttpTransport = "http_transport", "an HTTP exchange did not come to an answer";
    AddressRefused = "address_refused", "an HTTP host has an address that may not be reached";
    BodyTooLarge = "body_too_large", "the body of an HTTP answer is larger than its limit";
    ToolFailed = "tool_failed", "the tool ran and failed";
    ResourceExhausted = "resource_exhausted", "no process, memory or descriptor was left";
    Overloaded = "overloaded", "too many calls at once";
    IdempotencyConflict = "idempotency_conflict", "an idempotency key was given before for another call";
    SupervisorLost = "supervisor_lost", "the run was lost sight of";
    Internal = "internal", "a fault of rye's own";
}

impl Code {
    /// The word of the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(code, ..)| *code == self).map_or("internal", |(_, word, _)| word)
    }
}

impl Report {
    /// A report without causes and hints.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            retry_after: None,
            problems: Vec::new(),
        }
    }

    /// The same with one more cause.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// The same with one more hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(Hint::from(hint.into()));
        self
    }

    /// The same with one more hint, for somebody at a shell.
    #[must_use]
    pub fn shell_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(Hint::at_a_shell(hint.into(), None));
        self
    }

    /// The same with one more hint, for somebody at a shell, and another one for everybody else.
    #[must_use]
    pub fn shell_hint_or(mut self, hint: impl Into<String>, otherwise: &str) -> Self {
        self.hints.push(Hint::at_a_shell(hint.into(), Some(otherwise)));
        self
    }

    /// The hints for those who have no shell to type a command in.
    pub fn hints_without_shell(&self) -> impl Iterator<Item = &str> {
        self.hints.iter().filter_map(Hint::without_shell)
    }

    fn problems(mut self, problems: &[Problem]) -> Self {
        for problem in problems {
            self.causes.push(problem.to_string());
            self.hints.extend(problem.hint.clone().map(Hint::from));
        }
        self.hints = each_once(self.hints);
        self.problems = problems.to_vec();
        self
    }
}

impl Error {
    /// What it is and what to do about it.
    #[must_use]
    pub fn report(&self) -> Report {
        let new = |code| Report::new(code, self.to_string());
        match self {
            Self::Resolve(error) => resolve_report(error),
            Self::Start { source, .. } => start_report(source, self.to_string()),
            Self::NoVersion { program, .. } => {
                new(Code::SpawnFailed).shell_hint(format!("run `{} --version` by hand", program.display()))
            }
            Self::Overloaded { retry_after, .. } => {
                let report = Report { retry_after: Some(*retry_after), ..new(Code::Overloaded) };
                report.hint(format!("try again in about {} s", in_tenths(*retry_after)))
            }
            Self::KeyTaken { .. } => new(Code::IdempotencyConflict)
                .hint("give each call a key of its own, and its key again only to ask for the same call"),
            Self::Shared(error) => error.report(),
            Self::StartedTwice { .. } => new(Code::Internal).hint("make a plan for each run"),
            Self::StoppedInQueue | Self::Left | Self::ShuttingDown => new(Code::Stopped),
            Self::TimedOutInQueue { .. } => {
                new(Code::TimedOut).hint("raise the time limit, or call less at once")
            }
            Self::Panicked { .. } => {
                new(Code::Internal).hint("its place in the program stands on standard error")
            }
            Self::Subreaper(_) => new(Code::ResourceExhausted),
        }
    }
}

/// What a resolver's error is and what to do about it.
#[must_use]
pub fn resolve_report(error: &ResolveError) -> Report {
    let new = |code| Report::new(code, error.to_string());
    match error {
        ResolveError::InvalidId(_) => new(Code::InvalidId).shell_hint(
            "an id is a path below `tools/` without extension, such as `demo/hello`; `rye list` shows them",
        ),
        ResolveError::ToolNotFound { .. } => not_found_report(error),
        ResolveError::RuntimeNotFound { instead, nearest, .. } => {
            let mut report = new(Code::RuntimeNotFound);
            report
                .causes
                .extend(instead.map(|what| format!("under that name there is {what}, not a runtime")));
            report.hints.extend(nearest.as_ref().map(|word| Hint::from(format!("did you mean `{word}`?"))));
            report.shell_hint(
                "`rye list --all` shows the runtimes there are; one is a file `.ai/tools/runtimes/NAME.toml`",
            )
        }
        ResolveError::NoProject { path } if path.file_name().is_some_and(|name| name == ".ai") => {
            let above = path.parent().map_or_else(|| "..".to_owned(), |above| above.display().to_string());
            new(Code::InvalidConfig).hint(format!("name the folder above: `--project {above}`"))
        }
        ResolveError::NoProject { .. } => new(Code::InvalidConfig)
            .hint("name the folder that holds `.ai/`, or make one: `mkdir -p .ai/tools`"),
        ResolveError::Ambiguous { candidates, .. } => {
            let report = new(Code::AmbiguousId);
            candidates
                .iter()
                .fold(report, |report, id| report.cause(id.to_string()))
                .hint("write the whole id")
        }
        ResolveError::Duplicate { files, .. } => {
            let report =
                files.iter().fold(new(Code::DuplicateId), |r, file| r.cause(file.display().to_string()));
            report.hint("rename one of them")
        }
        ResolveError::Protected { .. } => new(Code::ProtectedId).hint("move the file out of `rye/core/`"),
        ResolveError::NotAllowedSpace { .. } => new(Code::NotAllowedSpace).hint(
            "a user item may use user and system items, a system item only system items; move one of the two",
        ),
        ResolveError::Cycle { .. } => {
            new(Code::Cycle).hint("let one `executor_id` name a primitive: `subprocess`")
        }
        ResolveError::ChainTooDeep { .. } => {
            new(Code::ChainTooDeep).hint("let a runtime nearer the tool name `subprocess`")
        }
        ResolveError::InvalidMetadata { problems, .. } => new(Code::InvalidMetadata).problems(problems),
        ResolveError::InvalidDescriptor { problems } => new(Code::InvalidDescriptor).problems(problems),
        ResolveError::InvalidConfig { problems } => new(Code::InvalidConfig).problems(problems),
        ResolveError::Refused(refused) => new(Code::RefusedFile).hint(match &refused.reason {
            RefusedReason::AnyoneMayWrite(path) => format!("`chmod o-w {}`", path.display()),
            RefusedReason::ForeignOwner { path, .. } => {
                format!("`chown` `{}` to yourself, if you trust it", path.display())
            }
            RefusedReason::LeadsOut(_) => "copy the file in, or link to something below `tools/`".to_owned(),
            RefusedReason::LeadsNowhere => "correct the link, or remove it".to_owned(),
            RefusedReason::NotAFile(_) => "a tool is a regular file".to_owned(),
            RefusedReason::PathNotUtf8 => "rename the folder, or call the tool as a script".to_owned(),
            RefusedReason::TooLarge => "a tool is a program text; keep data beside it".to_owned(),
            RefusedReason::Unreadable(_) => "look at its mode and its folders' modes".to_owned(),
        }),
        ResolveError::InvalidArguments { id, problems } => {
            let mut report = new(Code::InvalidArguments);
            for problem in problems {
                report.causes.push(problem.to_string());
                report.hints.extend(problem.hint.clone().map(Hint::from));
            }
            report.hints = each_once(report.hints);
            report.shell_hint(format!("`rye run {id} --help` shows what it takes"))
        }
        ResolveError::LooksLikeOption { parameter, .. } => new(Code::ArgumentLooksLikeOption).hint(format!(
            "put `\"--\"` before the item in `args`, or say `allow_dash = true` in `[parameters.{parameter}]`"
        )),
        ResolveError::UnknownVariable { name, .. } => new(Code::UnknownVariable).hint(format!(
            "set `{name}` in the environment or a `.env` file, or write a default: `${{{name}:-…}}`"
        )),
        ResolveError::InterpreterNotFound { trail, install, .. } => {
            let mut report = new(Code::InterpreterNotFound);
            report.causes.extend(trail.to_string().lines().map(str::to_owned));
            if trail.0.iter().any(|tried| tried.reason == WhyNot::Shim) {
                report = report.hint("install the version that the version manager's files name");
            }
            match install {
                Some(install) => report.hint(format!("install it: {install}")),
                None => report
                    .hint("install it, or name where it is: `search`, `paths`, `fallback` of the resource"),
            }
        }
        ResolveError::CommandNotFound { searched, command, .. } => {
            let report = searched.iter().fold(new(Code::CommandNotFound), |report, folder| {
                report.cause(format!("not in {}", folder.display()))
            });
            report.hint(format!("install `{command}`, or name it by its path"))
        }
    }
}

fn milliseconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)).serialize(serializer)
}

/// In seconds, no finer than anybody waits.
fn in_tenths(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10.0).ceil() / 10.0
}

/// Several problems may have one cure.
fn each_once(hints: Vec<Hint>) -> Vec<Hint> {
    let mut seen = std::collections::HashSet::new();
    hints.into_iter().filter(|hint| seen.insert(hint.clone())).collect()
}

fn not_found_report(error: &ResolveError) -> Report {
    let ResolveError::ToolNotFound { id, searched, passed_over, nearest, foreign_project } = error else {
        return Report::new(Code::Internal, error.to_string());
    };
    let mut report = Report::new(Code::ToolNotFound, error.to_string());
    for file in passed_over {
        report.causes.push(format!("{} {}", file.path.display(), file.reason));
        report.hints.push(Hint::from(match file.reason {
            PassedOverReason::PythonModule => "give it a function `main`, or a `# /// rye` block".to_owned(),
            PassedOverReason::NodeModule => "let it `export default` a function, or `main`".to_owned(),
            PassedOverReason::PlainToml { primitive: Some(primitive) } => {
                format!("add `executor_id = \"{primitive}\"` at its top")
            }
            PassedOverReason::PlainToml { primitive: None } => {
                "add `executor_id = \"subprocess\"` and a `[config]`".to_owned()
            }
            PassedOverReason::NotExecutable => format!("`chmod +x {}`", file.path.display()),
            PassedOverReason::NoInterpreterLine => {
                "begin it with a `#!` line, or add a runtime that claims its extension".to_owned()
            }
            PassedOverReason::HiddenInterpreterLine => {
                "save it as UTF-8 without a byte order mark".to_owned()
            }
            PassedOverReason::Runtime => "give a tool the line `executor_id`, and run the tool".to_owned(),
            PassedOverReason::Unlisted => "move it out of that folder".to_owned(),
        }));
    }
    if searched.is_empty() {
        report.causes.push("there is no `.ai/` in this folder or above it, and no user space".to_owned());
        report = report
            .shell_hint(format!("`rye new {id}` makes one here; for a script of yours, `mkdir -p .ai/tools`"))
            .shell_hint("or name a project with `--project`");
    }
    report.causes.extend(searched.iter().map(|folder| format!("not in {}", folder.display())));
    if let Some(foreign) = foreign_project {
        report.causes.push(format!("{} belongs to another user", foreign.display()));
        report = report.shell_hint("name it with `--project` if you trust it");
    }
    report.hints.extend(nearest.iter().map(|near| {
        let stem = id.as_str().rsplit_once('.').map(|(stem, _)| stem);
        if stem == Some(near.as_str()) || stem == Some(near.last_segment()) {
            Hint::at_a_shell(format!("ids have no extension: `rye run {near}`"), None)
        } else {
            Hint::from(format!("did you mean `{near}`?"))
        }
    }));
    report.shell_hint("`rye list` shows every tool")
}

fn start_report(error: &StartError, message: String) -> Report {
    let new = |code| Report::new(code, message.clone());
    match error {
        StartError::ProgramNotFound { .. } => {
            new(Code::CommandNotFound).hint("install it, or name another `command`")
        }
        StartError::NotExecutable { program, .. } => new(Code::NotExecutable)
            .hint(format!("`chmod +x {}`, and begin a script with a `#!` line", program.display())),
        StartError::BadInterpreterLine { .. } => new(Code::BadInterpreterLine)
            .hint("correct the `#!` line; a file with Windows line ends needs `dos2unix` first"),
        StartError::CwdNotFound { .. } | StartError::BadCwd { .. } => {
            new(Code::BadCwd).hint("make the folder, or change `cwd` in `[config]`")
        }
        StartError::NulByte { .. } => {
            new(Code::InvalidArguments).hint("no command line can carry a NUL character")
        }
        StartError::BadEnvName { .. } => {
            new(Code::InvalidDescriptor).hint("a name has no `=` and is not empty")
        }
        StartError::ArgumentTooLarge { part, .. } => too_large(new(Code::ArgumentTooLarge), Some(part)),
        StartError::ArgumentsTooLarge { .. } => too_large(new(Code::ArgumentTooLarge), None),
        StartError::ResourceExhausted { .. } => {
            new(Code::ResourceExhausted).hint("try again when less is running")
        }
        _ => new(Code::SpawnFailed),
    }
}

/// What an exchange's error is and what to do about it.
pub(crate) fn exchange_report(error: &HttpError) -> Report {
    let new = |code| Report::new(code, error.to_string());
    match error {
        HttpError::InvalidRequest { .. } => new(Code::InvalidArguments)
            .hint("look at `[config]` of the tool, and at the values it was called with"),
        HttpError::AddressRefused { host, .. } => new(Code::AddressRefused).hint(format!(
            "if it is meant, name the host: `allow_hosts = [\"{host}\"]` in `[config]` or `rye.toml`"
        )),
        HttpError::TimedOut { .. } => {
            let hint = "raise `timeout` in `[config]`, or `--timeout S` before the tool's name";
            new(Code::TimedOut).shell_hint_or(hint, "raise `timeout` in `[config]`")
        }
        HttpError::RedirectRefused { .. } => {
            new(Code::HttpTransport).hint("name the last address as `url`, or say `follow_redirects = false`")
        }
        HttpError::BodyTooLarge { .. } => new(Code::BodyTooLarge).hint("raise `max_body` in `[config]`"),
        _ => new(Code::HttpTransport).hint("look at `url` in `[config]`, and whether the server answers"),
    }
}

fn too_large(report: Report, part: Option<&Part>) -> Report {
    let report = match part {
        Some(Part::Variable { name }) if name.as_encoded_bytes().starts_with(b"RYE_PARAM_") => {
            report.cause("a script gets its arguments in variables unless it says otherwise")
        }
        _ => report,
    };
    report.hint("pass it on standard input: `parameters = \"stdin\"` in `[call]`; or pass the path of a file")
}
