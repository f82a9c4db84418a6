//! What the end of a process means for the tool: its result, or why there is none.

use std::time::Duration;

use rye_primitives::{Captured, Ending as ProcessEnding, Phases, ProcessEnd, Reply};
use rye_resolver::{Attachment, Link, Plan, hexadecimal};
use rye_runtimes::call::{OutputForm, Style};
use rye_tools::arguments::ArgumentProblem;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::artifacts::keep;
use crate::outcome::{Ending, EndingKind, Outcome};
use crate::report::{Code, Report};
use crate::timings::{Stage, Timings};

/// The outcome of a run.
pub(crate) fn outcome(plan: &Plan, mut end: ProcessEnd) -> Outcome {
    let kind = match end.ending {
        ProcessEnding::Exited { code } => EndingKind::Exited { code },
        ProcessEnding::Signaled { signal } => EndingKind::Signaled { signal },
        ProcessEnding::TimedOut | ProcessEnding::Idle => EndingKind::TimedOut,
        ProcessEnding::Stopped => EndingKind::Stopped,
        ProcessEnding::Lost => EndingKind::Lost,
    };
    let result = match plan.style {
        Style::Function => function_result(plan, &end.reply, kind),
        // A server's tool is judged by its answer (`peer/verdict.rs`), and never comes here.
        Style::Script | Style::Command | Style::Mcp => output_result(plan, &end.stdout, kind),
    };
    let (data, failure) = match result {
        Ok(data) => {
            let broken = broken_promise(plan, data.as_deref());
            (data, broken)
        }
        Err(failure) => (failure.data, Some(*failure.report)),
    };
    let ending = Ending {
        idle: (end.ending == ProcessEnding::Idle).then(|| idle_limit(plan)).flatten(),
        escalated: end.escalated,
        leaked_processes: end.leaked_processes,
        ..kind.into()
    };
    // A limit that was reached says more than what the tool made of it.
    let error = ended_early(plan, &ending).or(failure).map(|report| withheld_hint(plan, report));
    let mut chain = plan.chain.clone();
    chain.iter_mut().for_each(Link::look_again);
    let (stdout, stderr) = (end.stdout.text(), end.stderr.text());
    let artifacts = [keep("stdout", &mut end.stdout), keep("stderr", &mut end.stderr)];
    let sha256 = |captured: &Captured| captured.sha256.as_ref().map(|digest| hexadecimal(digest));
    Outcome {
        success: error.is_none(),
        data,
        error,
        ending,
        stdout_bytes: end.stdout.total,
        stderr_bytes: end.stderr.total,
        stdout_sha256: sha256(&end.stdout),
        stderr_sha256: sha256(&end.stderr),
        artifacts: artifacts.into_iter().flatten().collect(),
        stdout,
        stderr,
        duration: end.duration,
        supervision: Some(end.supervision),
        chain,
        timings: plan.timings.then(|| timings(end.phases)),
        ..Outcome::empty(&plan.tool.to_string(), &plan.run_id)
    }
}

fn timings(phases: Phases) -> Timings {
    let Phases { start, leader, rest } = phases;
    Timings { stages: vec![(Stage::Start, start), (Stage::Run, leader), (Stage::End, rest)] }
}

/// A failure, with what the tool said nevertheless.
struct Failure {
    report: Box<Report>,
    data: Option<Box<RawValue>>,
}

impl From<Report> for Failure {
    fn from(report: Report) -> Self {
        Self { report: Box::new(report), data: None }
    }
}

type Judged = Result<Option<Box<RawValue>>, Failure>;

/// What is wrong with a result by the tool's own `output_schema`.
pub(crate) fn broken_promise(plan: &Plan, data: Option<&RawValue>) -> Option<Report> {
    let schema = plan.output_schema.as_ref()?;
    let passed_through = plan.process().is_some() && plan.style != Style::Function;
    if plan.attachment == Attachment::Caller && passed_through {
        return None;
    }
    // A number beyond 64 bits is exact in the data and rounded here, where only its type counts.
    let value =
        data.and_then(|data| serde_json::from_str(data.get()).ok()).unwrap_or(serde_json::Value::Null);
    let problems = schema.problems(&value);
    if problems.is_empty() {
        return None;
    }
    let report = Report::new(
        Code::InvalidOutput,
        format!("the result of `{}` does not fit its `output_schema`", plan.tool),
    );
    Some(problems.iter().fold(report, |report, problem| report.cause(problem.to_string())))
}

/// How long the tool may say nothing.
pub(crate) fn idle_limit(plan: &Plan) -> Option<Duration> {
    plan.idle_timeout.map(|(limit, _)| limit)
}

pub(crate) fn ended_early(plan: &Plan, ending: &Ending) -> Option<Report> {
    match (ending.kind, ending.idle) {
        (EndingKind::TimedOut, Some(idle)) => {
            let message =
                format!("`{}` was ended: it had said nothing for {} s", plan.tool, idle.as_secs_f64());
            Some(Report::new(Code::TimedOut, message).shell_hint_or(
                "let it print how far it is, or raise it for one call with `--idle-timeout S`, or in `[config]` with `idle_timeout`",
                "let it print how far it is, or raise `idle_timeout` in `[config]`",
            ))
        }
        (EndingKind::TimedOut, None) => {
            let limit = plan.timeout.map_or(0.0, |(limit, _)| limit.as_secs_f64());
            let message = format!("`{}` was ended at its time limit of {limit} s", plan.tool);
            Some(Report::new(Code::TimedOut, message).shell_hint_or(
                "raise it for one call with `--timeout S` before the tool's name, or in `[config]` with `timeout`",
                "ask for less at once, or raise `timeout` in `[config]`",
            ))
        }
        (EndingKind::Stopped, _) => Some(Report::new(Code::Stopped, format!("`{}` was stopped", plan.tool))),
        (EndingKind::Lost, _) => Some(Report::new(
            Code::SupervisorLost,
            format!(
                "`{}` was lost sight of: its keeper was killed, and it was ended with all it started",
                plan.tool
            ),
        )),
        _ => None,
    }
}

/// How a process that failed did so.
fn failed(plan: &Plan, kind: EndingKind) -> Option<Report> {
    let how = match kind {
        EndingKind::Exited { code: 0 } => return None,
        EndingKind::Exited { code } => format!("exited with code {code}"),
        EndingKind::Signaled { signal } => format!("was killed by signal {signal}{}", signal_name(signal)),
        _ => "did not come to its end".to_owned(),
    };
    Some(Report::new(Code::ToolFailed, format!("`{}` {how}", plan.tool)))
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        3 => " (SIGQUIT)",
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        24 => " (SIGXCPU)",
        25 => " (SIGXFSZ)",
        31 => " (SIGSYS)",
        _ => "",
    }
}

/// What a bootstrap writes: exactly one of the two.
#[derive(Deserialize)]
struct FunctionReply {
    #[serde(default, deserialize_with = "present")]
    result: Option<Box<RawValue>>,
    error: Option<FunctionError>,
}

/// A `null` that is written is a result; serde would take it for an absent one.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct FunctionError {
    #[serde(rename = "type")]
    kind: String,
    message: String,
    /// The argument, or the place in it (`when[0]`), that is why the function was not called.
    #[serde(default)]
    argument: Option<String>,
    /// What led to it, nearest first.
    #[serde(default)]
    causes: Vec<String>,
    #[serde(default)]
    traceback: Vec<Frame>,
}

#[derive(Deserialize)]
struct Frame {
    file: String,
    line: u32,
    function: String,
    text: String,
}

fn function_result(plan: &Plan, reply: &Reply, kind: EndingKind) -> Judged {
    let line = match reply {
        Reply::Complete(line) => line,
        Reply::TooLarge { limit } => {
            return Err(Report::new(
                Code::OutputLimit,
                format!("the result of `{}` has more than {limit} bytes", plan.tool),
            )
            .hint("write it to a file and return the path")
            .into());
        }
        // A bootstrap answers whatever the function does, `sys.exit(0)` included.
        Reply::NotAsked | Reply::None => {
            let report = failed(plan, kind).unwrap_or_else(|| {
                Report::new(Code::InvalidOutput, format!("`{}` ended without a result", plan.tool))
                    .hint("let the function return; `os._exit` and the like end it before it can answer")
            });
            return Err(report.into());
        }
        Reply::Partial(_) => {
            let report = failed(plan, kind).unwrap_or_else(|| {
                Report::new(Code::InvalidOutput, format!("the result of `{}` is cut short", plan.tool))
            });
            return Err(report.into());
        }
    };
    let reply: FunctionReply = serde_json::from_slice(line).map_err(|error| {
        Report::new(
            Code::InvalidOutput,
            format!("the reply of `{}` is not what was promised: {error}", plan.tool),
        )
    })?;
    match (reply.result, reply.error) {
        (_, Some(error)) => Err(function_report(plan, error).into()),
        (Some(result), None) if result.get() == "null" => Ok(None),
        (result, None) => Ok(result),
    }
}

fn function_report(plan: &Plan, error: FunctionError) -> Report {
    let report = match &error.argument {
        Some(argument) => {
            let problem = ArgumentProblem::new(argument, error.message);
            Report::new(Code::InvalidArguments, format!("the arguments do not fit `{}`", plan.tool))
                .cause(problem.to_string())
                .shell_hint(format!("`rye run {} --help` shows what it takes", plan.tool))
        }
        None => {
            let colon = if error.message.is_empty() { "" } else { ": " };
            Report::new(Code::ToolFailed, format!("{}{colon}{}", error.kind, error.message))
        }
    };
    let causes = error.causes.into_iter().chain(error.traceback.iter().map(Frame::shown));
    causes.fold(report, Report::cause)
}

impl Frame {
    fn shown(&self) -> String {
        let Self { file, line, function, text } = self;
        let text = if text.is_empty() { String::new() } else { format!(": {}", text.trim()) };
        format!("{file}:{line} in {function}{text}")
    }
}

fn output_result(plan: &Plan, stdout: &Captured, kind: EndingKind) -> Judged {
    if plan.attachment == Attachment::Caller {
        // The caller has it already.
        return failed(plan, kind).map_or(Ok(None), |report| Err(report.into()));
    }
    let data = match parse_output(plan.output, stdout) {
        Ok(data) => data,
        // A tool that failed need not have kept its promise about the form of its output.
        Err(failure) if failed(plan, kind).is_none() => {
            return Err(Failure { data: text_data(stdout), ..failure });
        }
        Err(_) => text_data(stdout),
    };
    match failed(plan, kind) {
        None => Ok(data),
        Some(report) => Err(Failure { report: Box::new(report), data }),
    }
}

fn parse_output(form: OutputForm, stdout: &Captured) -> Judged {
    if form == OutputForm::Text {
        return Ok(text_data(stdout));
    }
    if !stdout.is_complete() {
        return match form {
            OutputForm::Json => Err(Report::new(
                Code::OutputLimit,
                format!("the output has {} bytes, more than are kept", stdout.total),
            )
            .hint("raise `max_output` in `[config]`")
            .into()),
            _ => Ok(text_data(stdout)),
        };
    }
    let bytes = stdout.bytes();
    let trimmed = bytes.trim_ascii();
    let parsed = std::str::from_utf8(trimmed)
        .map_err(|error| error.to_string())
        .and_then(|text| serde_json::from_str::<Box<RawValue>>(text).map_err(|error| error.to_string()));
    match (parsed, form) {
        (Ok(value), OutputForm::Json) => Ok(Some(value)),
        (Ok(value), _) if matches!(trimmed.first(), Some(b'{' | b'[')) => Ok(Some(value)),
        (Err(error), OutputForm::Json) => {
            let report = Report::new(Code::InvalidOutput, format!("the output is not JSON: {error}"));
            let hint =
                "print one JSON value and nothing else on stdout, or declare `output = \"text\"` in `[call]`";
            Err(report.hint(hint).into())
        }
        _ => Ok(text_data(stdout)),
    }
}

fn text_data(stdout: &Captured) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(&stdout.text()).ok()
}

/// A run that failed may have missed a variable that rye did not pass: say so once, by number.
fn withheld_hint(plan: &Plan, report: Report) -> Report {
    let withheld = plan.environment.withheld.len();
    if report.code != Code::ToolFailed || withheld == 0 {
        return report;
    }
    report.shell_hint(format!(
        "{withheld} of your variables were not passed on (`rye explain {}` names them); `--env NAME` passes one",
        plan.tool
    ))
}
