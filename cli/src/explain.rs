//! `rye explain`: every decision about a call, with the places tried. Nothing is started.

use std::fmt::Write;
use std::process::ExitCode;

use rye_executor::resolver::StdinPlan;
use rye_executor::resolver::environment::EntrySource;
use rye_executor::{Config, Executor, Host, Plan, Report};
use serde_json::{Value, json};

use crate::arguments::RunWords;
use crate::output::{Output, Style};
use crate::run::{Call, read_call};

/// Explains a call.
pub(crate) fn explain(output: &Output, host: Host, words: &RunWords) -> Result<ExitCode, Report> {
    let executor = Executor::new(host, Config::default()).map_err(|error| error.report())?;
    let invocation = match read_call(output, &executor, words)? {
        Call::Help(text) => {
            output.print(&text);
            return Ok(ExitCode::SUCCESS);
        }
        Call::Invocation(invocation) => invocation,
    };
    let plan = executor.plan(&invocation).map_err(|error| error.report())?;
    let obstacle = executor.check(&plan).err().map(|error| error.report());
    if output.json {
        output.print_json(&as_json(&plan, obstacle.as_ref()));
    } else {
        output.print(&as_text(output, &executor, &plan));
        if let Some(obstacle) = &obstacle {
            return Ok(output.report(obstacle));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(plan: &Plan, obstacle: Option<&Report>) -> Value {
    let process = &plan.process;
    let environment = process.environment.iter().map(|(name, value, source)| {
        json!({ "name": name.to_string_lossy(), "value": shown_value(source, &value.to_string_lossy()), "source": source })
    });
    json!({
        "tool": plan.tool,
        "chain": plan.chain,
        "style": plan.style,
        "interpreters": plan.interpreters,
        "command": std::iter::once(process.program.as_os_str())
            .chain(process.args.iter().map(std::ffi::OsString::as_os_str))
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>(),
        "cwd": process.cwd,
        "environment": environment.collect::<Vec<_>>(),
        "withheld": process.environment.withheld.iter().map(|name| name.to_string_lossy()).collect::<Vec<_>>(),
        "arguments": process.call.as_ref().map(|call| call.arguments.to_json()),
        "timeout": process.timeout.map(|(limit, source)| json!({ "seconds": limit.as_secs_f64(), "source": source })),
        "grace": process.grace.as_secs_f64(),
        "max_output": process.max_output,
        "error": obstacle,
    })
}

/// What came from the caller may be secret and is not repeated.
fn shown_value(source: &EntrySource, value: &str) -> Option<String> {
    match source {
        EntrySource::Caller | EntrySource::Asked(_) | EntrySource::DotEnv(_) => None,
        EntrySource::Interpreter(_) | EntrySource::Declared(_) | EntrySource::Call => Some(value.to_owned()),
    }
}

fn as_text(output: &Output, executor: &Executor, plan: &Plan) -> String {
    let process = &plan.process;
    let host = executor.resolver().host();
    let mut text = format!("{}\n", output.styled(Style::Bold, plan.tool.as_str()));
    let head = |text: &mut String, name: &str| {
        let _ = writeln!(text, "{}", output.styled(Style::Dim, name));
    };
    head(&mut text, "chain");
    for link in &plan.chain {
        let path = link.path.as_ref().map(|path| host.shown(path)).unwrap_or_default();
        let hash =
            link.sha256.as_deref().and_then(|hash| hash.get(..12)).map(|hash| format!("sha256 {hash}…"));
        let _ = writeln!(
            text,
            "{}",
            format!("  {}  {}  {path}  {}", link.id, link.space.word(), hash.unwrap_or_default()).trim_end()
        );
    }
    for found in &plan.interpreters {
        head(&mut text, &found.resource);
        for tried in &found.trail.0 {
            let _ = writeln!(text, "  {}  {}: {}", tried.path.display(), tried.source, tried.reason);
        }
        let taken = output.styled(Style::Green, &found.path.display().to_string());
        let var = found.var.as_ref().map(|var| format!(" as ${{{var}}}")).unwrap_or_default();
        let _ = writeln!(text, "  {taken}  {}: taken{var}", found.source);
    }
    head(&mut text, "command");
    let words = std::iter::once(process.program.as_os_str())
        .chain(process.args.iter().map(std::ffi::OsString::as_os_str));
    for word in words {
        let _ = writeln!(text, "  {}", shortened(&word.to_string_lossy()));
    }
    let _ = writeln!(text, "  {} {}", output.styled(Style::Dim, "in"), host.shown(&process.cwd));
    if let Some(call) = &process.call {
        head(&mut text, "call");
        let _ = writeln!(
            text,
            "  {}({})  on descriptor 3",
            call.function,
            shortened(&call.arguments.to_json().to_string())
        );
    }
    environment(output, &mut text, plan);
    head(&mut text, "limits");
    let timeout = process.timeout.map_or("none".to_owned(), |(limit, source)| {
        format!(
            "{} s ({})",
            limit.as_secs_f64(),
            serde_json::to_value(source)
                .ok()
                .and_then(|word| word.as_str().map(str::to_owned))
                .unwrap_or_default()
        )
    });
    let _ = writeln!(
        text,
        "  timeout {timeout}, grace {} s, output kept {} bytes of each stream",
        process.grace.as_secs_f64(),
        process.max_output
    );
    let stdin = match &process.stdin {
        StdinPlan::Null => "empty".to_owned(),
        StdinPlan::Caller => "yours".to_owned(),
        StdinPlan::Bytes(bytes) => format!("{} bytes", bytes.len()),
    };
    let _ = writeln!(text, "  standard input: {stdin}");
    text
}

fn environment(output: &Output, text: &mut String, plan: &Plan) {
    let environment = &plan.process.environment;
    let _ = writeln!(text, "{}", output.styled(Style::Dim, "environment"));
    let mut inherited = Vec::new();
    for (name, value, source) in environment.iter() {
        let name = name.to_string_lossy();
        let from = match source {
            EntrySource::Caller => {
                inherited.push(name.into_owned());
                continue;
            }
            EntrySource::Asked(by) => format!("from you, asked by {by}"),
            EntrySource::DotEnv(path) => format!("from {}", path.display()),
            EntrySource::Interpreter(resource) => format!("from {resource}"),
            EntrySource::Declared(place) => format!("from {place}"),
            EntrySource::Call => "from the call".to_owned(),
        };
        let value =
            shown_value(source, &value.to_string_lossy()).map(|value| format!("={}", shortened(&value)));
        let _ = writeln!(text, "  {name}{}  {}", value.unwrap_or_default(), output.styled(Style::Dim, &from));
    }
    let _ = writeln!(text, "  from you, by default: {}", inherited.join(" "));
    let withheld: Vec<_> = environment.withheld.iter().map(|name| name.to_string_lossy()).collect();
    if !withheld.is_empty() {
        let _ = writeln!(text, "  withheld ({}): {}", withheld.len(), withheld.join(" "));
    }
}

/// A word on one line, and not a long one.
fn shortened(word: &str) -> String {
    let line: String = word.chars().take(100).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if word.chars().nth(100).is_some() { format!("{line}… ({} bytes)", word.len()) } else { line }
}
