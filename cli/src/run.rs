//! `rye run`: words to arguments, one run, its result on standard output.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

use clap::CommandFactory;
use rye_executor::report::resolve_report;
use rye_executor::resolver::Error as ResolveError;
use rye_executor::tools::arguments::ArgumentProblem;
use rye_executor::tools::usage::usage;
use rye_executor::tools::words::{WordsOutcome, read_words, unread_words};
use rye_executor::{
    Attachment, CallOptions, Code, Config, Error, Executor, Host, Invocation, Link, Outcome, Report,
    Resolution, Stage, StageClock, ToolId,
};
use serde_json::{Map, Value};

use crate::arguments::{CommandLine, RunCall, RunWords};
use crate::entry::ExitCode;
use crate::host::artifact_config;
use crate::output::{Output, Style, plain};
use crate::{signals, timings};

/// Runs a tool and gives the exit code that stands for it. `begun`: when rye did.
pub(crate) fn run(
    output: &Output,
    mut host: Host,
    call: &RunCall,
    begun: Instant,
) -> Result<ExitCode, Report> {
    host.single_run = true;
    host.subreaper = true;
    let mut clock = StageClock::new(Stage::Read, begun);
    let mut known = Known { tool: tool_word(&call.words).to_string_lossy().into_owned(), ..Known::default() };
    let attempt = attempt(output, host, call, &mut clock, &mut known);
    let mut ended = match attempt {
        Ok(Attempt::Help(text)) => {
            return Ok(output.print(&text, ExitCode::SUCCESS));
        }
        Ok(Attempt::Ended(ended)) => *ended,
        Err(report) => signals::Ended {
            outcome: Outcome::not_started(&known.tool, &known.run_id, known.chain, report),
            received: None,
        },
    };
    if call.timings {
        // A call that never became a run has none of its own.
        ended.outcome.timings.get_or_insert_default();
        clock.run_ends(&mut ended.outcome);
    }
    Ok(finish(output, &ended, &mut clock))
}

/// What is known of a call when it does not become a run.
#[derive(Default)]
struct Known {
    tool: String,
    run_id: String,
    chain: Vec<Link>,
}

/// How a run went, or the help that was asked for.
enum Attempt {
    Help(String),
    Ended(Box<signals::Ended>),
}

fn attempt(
    output: &Output,
    host: Host,
    call: &RunCall,
    clock: &mut StageClock,
    known: &mut Known,
) -> Result<Attempt, Report> {
    clock.begin(Stage::Configure);
    // What a person sees as it comes is kept nowhere.
    let artifacts = output.json.then(|| artifact_config(&host)).flatten();
    let config = Config { artifacts, ..Config::default() };
    let executor = Executor::new(host, config).map_err(|error| error.report())?;
    clock.begin(Stage::Resolve);
    let resolution = resolve(&executor, &call.words, "run")?;
    (known.tool, known.chain) = (resolution.id.to_string(), resolution.links.clone());
    clock.begin(Stage::Arguments);
    let mut invocation = match read_arguments(output, &executor, &call.words, resolution)? {
        Call::Help(text) => return Ok(Attempt::Help(text)),
        Call::Invocation(invocation) => invocation,
        Call::Misfit(misfit) => return Err(misfit.report()),
    };
    invocation.options.timings = call.timings;
    clock.begin(Stage::Plan);
    let plan = executor.plan(&invocation).map_err(|error| error.report())?;
    clock.plan_ends(&plan);
    known.run_id.clone_from(&plan.run_id);
    let ended =
        event_loop()?.block_on(signals::run_to_end(&executor, plan)).map_err(|error| error.report())?;
    Ok(Attempt::Ended(Box::new(ended)))
}

/// What a run, or a question to a program, needs to wait.
pub(crate) fn event_loop() -> Result<tokio::runtime::Runtime, Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    runtime.map_err(|error| {
        Report::new(Code::ResourceExhausted, format!("the event loop cannot start: {error}"))
    })
}

/// What was asked for with the words of a call.
pub(crate) enum Call {
    /// The tool's own help.
    Help(String),
    /// A call.
    Invocation(Box<Invocation>),
    /// Arguments that do not fit.
    Misfit(Box<Misfit>),
}

/// Arguments that do not fit a tool.
pub(crate) struct Misfit {
    pub(crate) resolution: Arc<Resolution>,
    pub(crate) options: CallOptions,
    pub(crate) problems: Vec<ArgumentProblem>,
}

impl Misfit {
    pub(crate) fn report(self) -> Report {
        let (id, problems) = (self.resolution.id.clone(), self.problems);
        resolve_report(&ResolveError::InvalidArguments { id, problems })
    }
}

/// The word that names the tool.
pub(crate) fn tool_word(words: &RunWords) -> &OsStr {
    words.words.first().map_or(OsStr::new(""), OsString::as_os_str)
}

/// Reads the id of a tool that a verb is given.
pub(crate) fn tool_id(word: &OsStr, verb: &str) -> Result<ToolId, Report> {
    let word = word.to_string_lossy();
    if word.starts_with("--") && word.len() > 2 {
        let report = Report::new(Code::InvalidArguments, format!("`{word}` is not a flag of rye's"));
        let known = flags_of(verb);
        return Err(match rye_executor::runtimes::nearest(&word, known.iter().map(String::as_str)) {
            Some(near) => report.hint(format!("did you mean `{near}`?")),
            None => report.hint(format!("before the tool's name there may be {}", known.join(", "))),
        });
    }
    let parsed = word.parse::<ToolId>();
    parsed.map_err(|error| resolve_report(&error.into()))
}

/// rye's own flags of a verb.
fn flags_of(verb: &str) -> Vec<String> {
    let line = CommandLine::command();
    let own = line.find_subcommand(verb).into_iter().flat_map(clap::Command::get_arguments);
    let flags = own.chain(line.get_arguments()).filter_map(|flag| flag.get_long());
    flags.chain(["help"]).map(|flag| format!("--{flag}")).collect()
}

/// Resolves the tool and reads its arguments, for `rye explain`.
pub(crate) fn read_call(output: &Output, executor: &Executor, words: &RunWords) -> Result<Call, Report> {
    read_arguments(output, executor, words, resolve(executor, words, "explain")?)
}

fn resolve(executor: &Executor, words: &RunWords, verb: &str) -> Result<Arc<Resolution>, Report> {
    let id = tool_id(tool_word(words), verb)?;
    executor.resolve(&id).map_err(|error| error.report())
}

pub(crate) fn read_arguments(
    output: &Output,
    executor: &Executor,
    words: &RunWords,
    resolution: Arc<Resolution>,
) -> Result<Call, Report> {
    let options = options(output, words)?;
    let misfit =
        |resolution, options, problems| Ok(Call::Misfit(Box::new(Misfit { resolution, options, problems })));
    let own = words.words.get(1..).unwrap_or_default();
    let mut arguments = params(words)?;
    let tool = &resolution.tool;
    let mut problems = Vec::new();
    if tool.unread_words {
        if !own.is_empty() || words.params.is_none() {
            match unread_words(own) {
                Ok(read) => arguments.extend(read),
                Err(problem) => return misfit(resolution, options, vec![problem]),
            }
        }
    } else {
        match read_words(&tool.parameters, &arguments, own) {
            WordsOutcome::Help => return Ok(Call::Help(help(&resolution))),
            WordsOutcome::Arguments(read) => {
                arguments.extend(read.arguments);
                problems = read.problems;
            }
        }
    }
    match executor.invoke(Arc::clone(&resolution), arguments, options.clone()) {
        Ok(invocation) if problems.is_empty() => Ok(Call::Invocation(Box::new(invocation))),
        Ok(_) => misfit(resolution, options, problems),
        Err(Error::Resolve(error)) => match *error {
            // What a word did wrong is told once, and first.
            ResolveError::InvalidArguments { problems: more, .. } => {
                let known: Vec<_> = problems.iter().map(|problem| problem.path.clone()).collect();
                problems.extend(more.into_iter().filter(|problem| !known.contains(&problem.path)));
                misfit(resolution, options, problems)
            }
            other => Err(resolve_report(&other)),
        },
        Err(error) => Err(error.report()),
    }
}

fn help(resolution: &Arc<Resolution>) -> String {
    let tool = &resolution.tool;
    plain(&usage(resolution.id.as_str(), tool.description.as_deref(), &tool.parameters))
}

fn options(output: &Output, words: &RunWords) -> Result<CallOptions, Report> {
    let mut environment = Vec::new();
    for word in &words.environment {
        let bytes = word.as_encoded_bytes();
        let at = bytes.iter().position(|&byte| byte == b'=');
        let name =
            std::str::from_utf8(bytes.get(..at.unwrap_or(bytes.len())).unwrap_or_default()).unwrap_or("");
        if name.is_empty() {
            let message = "`--env` names no variable";
            return Err(
                Report::new(Code::InvalidArguments, message).hint("write `--env NAME` or `--env NAME=VALUE`")
            );
        }
        let value = at.map(|at| {
            use std::os::unix::ffi::OsStrExt;
            OsStr::from_bytes(bytes.get(at + 1..).unwrap_or_default()).to_owned()
        });
        environment.push((name.to_owned(), value));
    }
    Ok(CallOptions {
        timeout: words.timeout,
        idle_timeout: words.idle_timeout,
        environment,
        attachment: if output.json { Attachment::Captured } else { Attachment::Caller },
        unbounded_by_default: !output.json && output.on_terminal,
        withhold_stdin: words.params.as_deref() == Some(OsStr::new("-")),
        timings: false,
        ..CallOptions::default()
    })
}

/// The arguments of `--params`.
fn params(words: &RunWords) -> Result<Map<String, Value>, Report> {
    let Some(given) = &words.params else { return Ok(Map::new()) };
    let wrong = |message: String| {
        Report::new(Code::InvalidArguments, format!("`--params`: {message}"))
            .hint("give one JSON object, `@FILE`, or `-` for standard input")
    };
    let text = match given.to_str() {
        None => return Err(wrong("not UTF-8".to_owned())),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
            text
        }
        Some(text) => match text.strip_prefix('@') {
            Some(path) => {
                std::fs::read_to_string(path).map_err(|error| wrong(format!("`{path}`: {error}")))?
            }
            None => text.to_owned(),
        },
    };
    match rye_executor::tools::json::parse(&text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(wrong("not a JSON object".to_owned())),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Shows the outcome and gives the exit code.
pub(crate) fn finish(output: &Output, ended: &signals::Ended, clock: &mut StageClock) -> ExitCode {
    let outcome = &ended.outcome;
    if output.json {
        return output.print_json(outcome, ExitCode::from(ended.exit_code()));
    }
    let mut code = ExitCode::from(ended.exit_code());
    if let Some(data) = &outcome.data
        && outcome.success
    {
        code = output.print(&shown(output, data.get()), code);
    }
    if let Some(error) = &outcome.error
        && !ended.expected()
    {
        output.show_report(error);
    }
    let leaked = outcome.ending.leaked_processes;
    if leaked > 0 {
        let (noun, verb) = if leaked == 1 { ("process", "was") } else { ("processes", "were") };
        let note = format!("{leaked} {noun} that it had left behind {verb} ended");
        output.note(Style::Yellow, "note", &note);
    }
    for path in outcome.chain.iter().filter(|link| link.changed).filter_map(|link| link.path.as_ref()) {
        output.note(Style::Yellow, "note", &format!("{} changed while it ran", path.display()));
    }
    if outcome.timings.is_some() {
        // Nothing follows: the stage that is on ends.
        clock.begin(Stage::Report);
        output.tell(&timings::table(clock.timings()));
    }
    ended.die_as_the_tool_did();
    code
}

/// A result as a person or a pipe gets it: a string as it is, everything else as JSON.
fn shown(output: &Output, raw: &str) -> String {
    let mut text = match serde_json::from_str::<Value>(raw) {
        Ok(Value::String(text)) => text,
        _ if output.stdout_is_terminal => rye_executor::tools::json::indent(raw),
        _ => raw.to_owned(),
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
