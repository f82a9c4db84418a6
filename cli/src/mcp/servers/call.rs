//! `rye mcp call`: one tool of a server that is only typed, called as `rye run` calls a tool: words by its schema, all
//! problems at once, the same result and the same exit code.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::time::Instant;

use rye_executor::peer::Listed;
use rye_executor::report::resolve_report;
use rye_executor::{
    Code, Config, Executor, Hint, Host, Invocation, Outcome, Report, Stage, StageClock, ToolId,
};
use serde_json::{Map, Value};

use super::ask::{Door, resolve};
use super::names::segments;
use super::reach::Reach;
use super::tool_file::{Via, name_of, write};
use super::tools::{TYPED, is_url, space_of};
use super::words::CallWords;
use crate::arguments::RunWords;
use crate::entry::ExitCode;
use crate::output::Output;
use crate::run::{Call, event_loop, finish, read_arguments};
use crate::signals::{Ended, run_to_end};

/// The typed words, told apart.
struct Typed {
    url: Option<OsString>,
    command: Vec<OsString>,
    tool: OsString,
    words: Vec<OsString>,
}

/// Calls a tool.
pub(super) fn call(output: &Output, mut host: Host, words: &CallWords) -> Result<ExitCode, Report> {
    host.subreaper = true;
    let typed = Typed::read(&words.words)?;
    let reach = Reach::read(typed.url.as_ref(), &typed.command, &words.reach)?;
    let executor = Executor::new(host, Config::default()).map_err(|error| error.report())?;
    let mut clock = StageClock::new(Stage::Read, Instant::now());
    let ended = match attempt(output, &executor, words, &typed, &reach) {
        Ok(Attempt::Help(text)) => {
            return Ok(output.print(&text, ExitCode::SUCCESS));
        }
        Ok(Attempt::Ended(ended)) => *ended,
        Err(report) => {
            let outcome = Outcome::not_started(&typed.tool.to_string_lossy(), "", Vec::new(), report);
            Ended { outcome, received: None }
        }
    };
    Ok(finish(output, &ended, &mut clock))
}

/// How a call went, or the help that was asked for.
enum Attempt {
    Help(String),
    Ended(Box<Ended>),
}

fn attempt(
    output: &Output,
    executor: &Executor,
    words: &CallWords,
    typed: &Typed,
    reach: &Reach,
) -> Result<Attempt, Report> {
    let space = space_of(executor);
    let via = Via::Reach { reach, protocol: None, is_here: true };
    let listed = Door::plan(executor, space, TYPED, via)?.list(words.reach.timeout)?;
    let name = typed.tool.to_string_lossy();
    let tool = find(&listed, &name)?;
    let via = Via::Reach { reach, protocol: Some(&listed.protocol), is_here: true };
    let refuse = |why: String| Report::new(Code::InvalidMetadata, format!("it cannot be called: {why}"));
    let written = write(via, tool).map_err(refuse)?;
    let resolution = resolve(executor, space, id_of(&name)?, written.item)?;
    let run = RunWords {
        timeout: words.reach.timeout,
        idle_timeout: None,
        params: words.params.clone(),
        environment: Vec::new(),
        words: std::iter::once(typed.tool.clone()).chain(typed.words.iter().cloned()).collect(),
    };
    let own_help = |report: Report| {
        let hints = report.hints.into_iter().filter(|hint| !hint.starts_with("`rye run "));
        let hints =
            hints.chain([Hint::from("`--help` after the tool's name shows what it takes".to_owned())]);
        Report { hints: hints.collect(), ..report }
    };
    let invocation: Box<Invocation> = match read_arguments(output, executor, &run, Arc::clone(&resolution)) {
        Ok(Call::Help(text)) => return Ok(Attempt::Help(text)),
        Ok(Call::Invocation(invocation)) => invocation,
        Ok(Call::Misfit(misfit)) => return Err(own_help(misfit.report())),
        Err(report) if report.code == Code::InvalidArguments => return Err(own_help(report)),
        Err(report) => return Err(report),
    };
    let plan = executor.plan(&invocation).map_err(|error| error.report())?;
    let ended = event_loop()?.block_on(run_to_end(executor, plan)).map_err(|error| error.report())?;
    Ok(Attempt::Ended(Box::new(ended)))
}

/// The tool of a name in a list.
fn find<'l>(listed: &'l Listed, name: &str) -> Result<&'l Map<String, Value>, Report> {
    let known = |tool: &'l Map<String, Value>| name_of(tool).ok();
    listed.tools.iter().find(|tool| known(tool) == Some(name)).ok_or_else(|| {
        let report = Report::new(Code::ToolNotFound, format!("the server has no tool `{name}`"));
        let report = match listed.passed_over.iter().find(|(passed, _)| passed == name) {
            Some((_, why)) => report.cause(format!("it lists one that cannot be called: {why}")),
            None => report,
        };
        let report = match rye_executor::runtimes::nearest(name, listed.tools.iter().filter_map(known)) {
            Some(near) => report.hint(format!("did you mean `{near}`?")),
            None => report,
        };
        report.hint("`rye mcp tools` with the same words shows every tool")
    })
}

/// The id under which its run is known.
fn id_of(name: &str) -> Result<ToolId, Report> {
    let segment = segments(std::iter::once(name)).remove(name).unwrap_or_default();
    segment.parse().map_err(|error| resolve_report(&rye_executor::resolver::Error::InvalidId(error)))
}

impl Typed {
    /// `URL TOOL WORD…`, or `TOOL WORD… -- COMMAND…`.
    fn read(words: &[OsString]) -> Result<Self, Report> {
        let missing = |what: &str| {
            Err(Report::new(Code::InvalidArguments, format!("no {what} is named"))
                .hint("`rye mcp call URL TOOL [WORD]…`, or `rye mcp call TOOL [WORD]… -- COMMAND…`"))
        };
        let (first, rest) = match words {
            [] => return missing("tool"),
            [first, rest @ ..] => (first, rest),
        };
        if is_url(&first.to_string_lossy()) {
            let [tool, words @ ..] = rest else { return missing("tool") };
            return Ok(Self {
                url: Some(first.clone()),
                command: Vec::new(),
                tool: tool.clone(),
                words: words.to_vec(),
            });
        }
        let at = rest.iter().position(|word| word == OsStr::new("--"));
        let (words, command) = match at.and_then(|at| rest.split_at_checked(at)) {
            Some((words, command)) => (words, command.get(1..).unwrap_or_default()),
            None => (rest, [].as_slice()),
        };
        if command.is_empty() {
            return missing("server");
        }
        Ok(Self { url: None, command: command.to_vec(), tool: first.clone(), words: words.to_vec() })
    }
}
