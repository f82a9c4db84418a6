//! `rye explain`: every decision about a call, with the places tried. Nothing is started.

use std::fmt::Write;
use std::process::ExitCode;

use rye_executor::resolver::environment::EntrySource;
use rye_executor::resolver::{Action, ProcessPlan, StdinPlan};
use rye_executor::{Config, EndingKind, Executor, Host, Plan, Report, exit_codes};
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
            output.show_report(obstacle);
        }
    }
    let code = obstacle.map_or(0, |obstacle| exit_codes::of(obstacle.code, EndingKind::NotStarted));
    Ok(ExitCode::from(code))
}

fn as_json(plan: &Plan, obstacle: Option<&Report>) -> Value {
    let environment = plan.environment.iter().map(|(name, value, source)| {
        json!({ "name": name.to_string_lossy(), "value": shown_value(source, &value.to_string_lossy()), "source": source })
    });
    let mut explained = json!({
        "tool": plan.tool,
        "chain": plan.chain,
        "style": plan.style,
        "interpreters": plan.interpreters,
        "environment": environment.collect::<Vec<_>>(),
        "withheld": plan.environment.withheld.iter().map(|name| name.to_string_lossy()).collect::<Vec<_>>(),
        "timeout": plan.timeout.map(|(limit, source)| json!({ "seconds": limit.as_secs_f64(), "source": source })),
        "error": obstacle,
    });
    let action = match &plan.action {
        Action::Process(process) => json!({
            "command": command(process).collect::<Vec<_>>(),
            "cwd": process.cwd,
            "arguments": process.call.as_ref().map(|call| call.arguments.to_json()),
            "grace": process.grace.as_secs_f64(),
            "max_output": process.max_output,
        }),
        Action::Exchange(exchange) => json!({
            "method": exchange.method,
            "url": exchange.shown_url(),
            "headers": exchange.headers.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "retries": exchange.retries,
            "follow_redirects": exchange.follow_redirects,
            "max_body": exchange.max_body,
            "allow_hosts": exchange.allow_hosts,
        }),
    };
    if let (Value::Object(explained), Value::Object(action)) = (&mut explained, action) {
        explained.extend(action);
    }
    explained
}

/// The words of a command line, the program first.
fn command(process: &ProcessPlan) -> impl Iterator<Item = String> {
    let program = process.program.to_string_lossy().into_owned();
    std::iter::once(program).chain(process.shown_args.iter().cloned())
}

/// What came from the caller may be secret and is not repeated.
fn shown_value(source: &EntrySource, value: &str) -> Option<String> {
    match source {
        EntrySource::Caller | EntrySource::Asked(_) | EntrySource::DotEnv(_) => None,
        EntrySource::Interpreter(_) | EntrySource::Declared(_) | EntrySource::Call => Some(value.to_owned()),
        EntrySource::DeclaredFromVariable(_) => None,
    }
}

fn as_text(output: &Output, executor: &Executor, plan: &Plan) -> String {
    let host = executor.resolver().host();
    let mut text = format!("{}\n", output.styled(Style::Bold, plan.tool.as_str()));
    let head = |text: &mut String, name: &str| {
        let _ = writeln!(text, "{}", output.styled(Style::Dim, name));
    };
    head(&mut text, "chain");
    for link in &plan.chain {
        let path = link.path.as_ref().map(|path| host.shown(path)).unwrap_or_default();
        let hash = link.sha256.as_deref().and_then(|hash| hash.get(..12));
        let hash = hash.map(|hash| format!("sha256 {hash}…")).unwrap_or_default();
        let words =
            [link.id.as_str(), link.space.word(), &path, &hash].into_iter().filter(|word| !word.is_empty());
        let _ = writeln!(text, "  {}", words.collect::<Vec<_>>().join("  "));
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
    match &plan.action {
        Action::Process(process) => {
            head(&mut text, "command");
            for word in command(process) {
                let _ = writeln!(text, "  {}", shortened(&word));
            }
            let _ = writeln!(text, "  {} {}", output.styled(Style::Dim, "in"), host.shown(&process.cwd));
            if let Some(call) = &process.call {
                head(&mut text, "call");
                let arguments = shortened(&call.arguments.to_json().to_string());
                let _ = writeln!(text, "  {}({arguments})  on descriptor 3", call.function);
            }
        }
        Action::Exchange(exchange) => {
            head(&mut text, "exchange");
            let _ = writeln!(text, "  {} {}", exchange.method, exchange.shown_url());
            let names: Vec<_> = exchange.headers.iter().map(|(name, _)| name.as_str()).collect();
            let _ = writeln!(
                text,
                "  headers: {}",
                if names.is_empty() { "none".to_owned() } else { names.join(" ") }
            );
        }
    }
    environment(output, &mut text, plan);
    head(&mut text, "limits");
    let timeout = plan.timeout.map_or("none".to_owned(), |(limit, source)| {
        format!("{} s ({})", limit.as_secs_f64(), source.word())
    });
    match &plan.action {
        Action::Process(process) => {
            let (grace, kept) = (process.grace.as_secs_f64(), process.max_output);
            let _ = writeln!(
                text,
                "  timeout {timeout}, grace {grace} s, output kept {kept} bytes of each stream"
            );
            let stdin = match &process.stdin {
                StdinPlan::Null => "empty".to_owned(),
                StdinPlan::Caller => "yours".to_owned(),
                StdinPlan::Bytes(bytes) => format!("{} bytes", bytes.len()),
            };
            let _ = writeln!(text, "  standard input: {stdin}");
        }
        Action::Exchange(exchange) => {
            let (retries, kept) = (exchange.retries, exchange.max_body);
            let _ = writeln!(text, "  timeout {timeout}, {retries} retries, answer of at most {kept} bytes");
        }
    }
    text
}

fn environment(output: &Output, text: &mut String, plan: &Plan) {
    let environment = &plan.environment;
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
            EntrySource::Declared(place) | EntrySource::DeclaredFromVariable(place) => {
                format!("from {place}")
            }
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
