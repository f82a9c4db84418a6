//! `rye explain`: every decision about a call, with the places tried. Nothing is started.

use std::sync::Arc;
use std::time::Duration;

use rye_executor::resolver::environment::{ChildEnvironment, EntrySource};
use rye_executor::resolver::{
    Action, ExchangePlan, Interpreter, Outline, PeerPlan, PeerReach, ProcessPlan, StdinPlan, TimeoutSource,
};
use rye_executor::runtimes::call::Style as CallStyle;
use rye_executor::tools::arguments::ArgumentProblem;
use rye_executor::{Config, EndingKind, Executor, Host, Link, Plan, Report, ToolId, exit_codes};
use serde_json::{Value, json};

use crate::arguments::RunWords;
use crate::entry::ExitCode;
use crate::output::{Output, Style, plain_line};
use crate::run::{Call, read_call};
use crate::tree::Branch;

/// Explains a call.
pub(crate) fn explain(output: &Output, host: Host, words: &RunWords) -> Result<ExitCode, Report> {
    let executor = Executor::new(host, Config::default()).map_err(|error| error.report())?;
    let invocation = match read_call(output, &executor, words)? {
        Call::Help(text) => return Ok(output.print(&text, ExitCode::SUCCESS)),
        Call::Invocation(invocation) => invocation,
        Call::Misfit(misfit) => {
            let (resolution, options) = (Arc::clone(&misfit.resolution), misfit.options.clone());
            let outline = executor.outline(resolution, options).map_err(|error| error.report())?;
            // Who gives nothing asks about the tool, and not about a call of it.
            let is_call = words.words.len() > 1 || words.params.is_some();
            let (missing, obstacle) =
                if is_call { (Vec::new(), Some(misfit.report())) } else { (misfit.problems, None) };
            return Ok(show(output, &executor, &Explained::of_outline(&outline, missing), obstacle.as_ref()));
        }
    };
    let plan = executor.plan(&invocation).map_err(|error| error.report())?;
    let obstacle = executor.check(&plan).err().map(|error| error.report());
    Ok(show(output, &executor, &Explained::of_plan(&plan), obstacle.as_ref()))
}

/// What can be said of a call.
struct Explained<'e> {
    tool: &'e ToolId,
    chain: &'e [Link],
    style: CallStyle,
    interpreters: &'e [Interpreter],
    environment: &'e ChildEnvironment,
    timeout: Option<(Duration, TimeoutSource)>,
    idle_timeout: Option<(Duration, TimeoutSource)>,
    /// Nothing, where arguments are missing.
    action: Option<&'e Action>,
    missing: Vec<ArgumentProblem>,
}

impl<'e> Explained<'e> {
    fn of_plan(plan: &'e Plan) -> Self {
        Self {
            tool: &plan.tool,
            chain: &plan.chain,
            style: plan.style,
            interpreters: &plan.interpreters,
            environment: &plan.environment,
            timeout: plan.timeout,
            idle_timeout: plan.idle_timeout,
            action: Some(&plan.action),
            missing: Vec::new(),
        }
    }

    fn of_outline(outline: &'e Outline, missing: Vec<ArgumentProblem>) -> Self {
        Self {
            tool: &outline.tool,
            chain: &outline.chain,
            style: outline.style,
            interpreters: &outline.interpreters,
            environment: &outline.environment,
            timeout: outline.timeout,
            idle_timeout: outline.idle_timeout,
            action: None,
            missing,
        }
    }
}

/// Shows it, and what would keep the call from starting.
fn show(
    output: &Output,
    executor: &Executor,
    explained: &Explained<'_>,
    obstacle: Option<&Report>,
) -> ExitCode {
    let code = obstacle.map_or(0, |obstacle| exit_codes::of(obstacle.code, EndingKind::NotStarted));
    let code = ExitCode::from(code);
    if output.json {
        return output.print_json(&as_json(explained, obstacle), code);
    }
    let code = output.print(&as_text(output, executor, explained), code);
    if let Some(obstacle) = obstacle {
        output.show_report(obstacle);
    }
    code
}

fn as_json(plan: &Explained<'_>, obstacle: Option<&Report>) -> Value {
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
        "timeout": plan.timeout.map(limit_json),
        "idle_timeout": plan.idle_timeout.map(limit_json),
        "missing": plan.missing,
        "error": obstacle,
    });
    let action = match plan.action {
        None => return explained,
        Some(Action::Process(process)) => process_json(process),
        Some(Action::Exchange(exchange)) => exchange_json(exchange),
        Some(Action::Peer(peer)) => peer_json(peer),
    };
    if let (Value::Object(explained), Value::Object(action)) = (&mut explained, action) {
        explained.extend(action);
    }
    explained
}

fn limit_json((limit, source): (Duration, TimeoutSource)) -> Value {
    json!({ "seconds": limit.as_secs_f64(), "source": source })
}

fn process_json(process: &ProcessPlan) -> Value {
    json!({
        "command": command(process).collect::<Vec<_>>(),
        "cwd": process.cwd.to_string_lossy(),
        "arguments": process.call.as_ref().map(|call| call.arguments.to_json()),
        "grace": process.grace.as_secs_f64(),
        "max_output": process.max_output,
    })
}

fn exchange_json(exchange: &ExchangePlan) -> Value {
    json!({
        "method": exchange.method,
        "url": exchange.shown_url(),
        "headers": exchange.headers.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "retries": exchange.retries,
        "follow_redirects": exchange.follow_redirects,
        "max_body": exchange.max_body,
        "allow_hosts": exchange.allow_hosts,
    })
}

fn peer_json(peer: &PeerPlan) -> Value {
    let mut explained = match &peer.reach {
        PeerReach::Process(process) => process_json(process),
        PeerReach::Exchange(exchange) => exchange_json(exchange),
    };
    explained["server_tool"] = peer.tool.clone().into();
    explained["protocol"] = peer.protocol.clone().into();
    explained["arguments"] = Value::Object(peer.arguments.clone());
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

fn as_text(output: &Output, executor: &Executor, plan: &Explained<'_>) -> String {
    let host = executor.resolver().host();
    let mut tree = Branch::head(plan.tool.as_str());
    let chain = plan.chain.iter().map(|link| {
        let path = link.path.as_ref().map(|path| host.shown(path)).unwrap_or_default();
        let hash = link.sha256.as_ref().and_then(|hash| hash.as_str().get(..12));
        let hash = hash.map(|hash| format!("sha256 {hash}…")).unwrap_or_default();
        let link = Branch::text(&link.id).cell(Some(Style::Dim), link.space.word()).cell(None, &path);
        link.cell(Some(Style::Dim), &hash)
    });
    tree.push(below("chain", chain));
    for found in plan.interpreters {
        let tried = found.trail.0.iter().map(|tried| {
            let reason = format!("{}: {}", tried.source, tried.reason);
            Branch::text(&host.shown(&tried.path)).cell(Some(Style::Dim), &reason)
        });
        let var = found.var.as_ref().map(|var| format!(" as ${{{var}}}")).unwrap_or_default();
        let taken = Branch::default()
            .cell(Some(Style::Green), &host.shown(&found.path))
            .cell(None, &format!("{}: taken{var}", found.source));
        tree.push(below(&found.resource, tried.chain([taken])));
    }
    match plan.action {
        None => {}
        Some(Action::Process(process)) => {
            push_command(&mut tree, host, "command", process);
            if let Some(call) = &process.call {
                let arguments = shortened(&call.arguments.to_json().to_string());
                let call = Branch::text(&format!("{}({arguments})", call.function));
                tree.push(below("call", [call.cell(Some(Style::Dim), "over a descriptor of its own")]));
            }
        }
        Some(Action::Exchange(exchange)) => {
            let request = Branch::text(&format!("{} {}", exchange.method, exchange.shown_url()));
            tree.push(below("exchange", [request, headers(exchange)]));
        }
        Some(Action::Peer(peer)) => {
            match &peer.reach {
                PeerReach::Process(process) => push_command(&mut tree, host, "MCP server", process),
                PeerReach::Exchange(exchange) => {
                    let address = Branch::text(&exchange.shown_url());
                    tree.push(below("MCP server", [address, headers(exchange)]));
                }
            }
            let arguments = shortened(&Value::Object(peer.arguments.clone()).to_string());
            let known = peer.protocol.as_deref().map_or("it is asked which".to_owned(), plain_line);
            let call = Branch::text(&plain_line(&format!("{}({arguments})", peer.tool)));
            tree.push(below("its tool", [call.cell(Some(Style::Dim), &format!("protocol: {known}"))]));
        }
    }
    tree.push(environment(host, plan.environment));
    tree.push(below("limits", limits(plan)));
    if !plan.missing.is_empty() {
        let missing = plan.missing.iter().map(|problem| Branch::text(&plain_line(&problem.to_string())));
        tree.push(below("missing for a call", missing));
    }
    tree.drawn(output)
}

/// The names alone: a value may be secret.
fn headers(exchange: &ExchangePlan) -> Branch {
    let names: Vec<_> = exchange.headers.iter().map(|(name, _)| name.as_str()).collect();
    Branch::text(&format!("headers: {}", if names.is_empty() { "none".to_owned() } else { names.join(" ") }))
}

fn push_command(tree: &mut Branch, host: &Host, head: &str, process: &ProcessPlan) {
    tree.push(below(head, command(process).map(|word| Branch::text(&shortened(&word)))));
    tree.push(Branch::head("in").cell(None, &host.shown(&process.cwd)));
}

/// A heading with what belongs below it, in columns.
fn below(name: &str, branches: impl IntoIterator<Item = Branch>) -> Branch {
    let mut head = Branch::head(name);
    branches.into_iter().for_each(|branch| head.push(branch));
    head.aligned(40)
}

fn limits(plan: &Explained<'_>) -> Vec<Branch> {
    let shown =
        |(limit, source): (Duration, TimeoutSource)| format!("{} s ({})", limit.as_secs_f64(), source.word());
    let mut timeout = plan.timeout.map_or("none".to_owned(), shown);
    if let Some(idle) = plan.idle_timeout {
        timeout.push_str(&format!(", of silence {}", shown(idle)));
    }
    let action = match plan.action {
        None => return vec![Branch::text(&format!("timeout {timeout}"))],
        Some(Action::Peer(peer)) => match &peer.reach {
            PeerReach::Process(process) => Ok((process, "the protocol".to_owned())),
            PeerReach::Exchange(exchange) => Err(exchange),
        },
        Some(Action::Process(process)) => {
            let stdin = match &process.stdin {
                StdinPlan::Null => "empty".to_owned(),
                StdinPlan::Caller => "yours".to_owned(),
                StdinPlan::Bytes(bytes) => format!("{} bytes", bytes.len()),
            };
            Ok((process, stdin))
        }
        Some(Action::Exchange(exchange)) => Err(exchange),
    };
    match action {
        Ok((process, stdin)) => {
            let (grace, kept) = (process.grace.as_secs_f64(), process.max_output);
            vec![
                Branch::text(&format!("timeout {timeout}, grace {grace} s")),
                Branch::text(&format!("output kept {kept} bytes of each stream")),
                Branch::text(&format!("standard input: {stdin}")),
            ]
        }
        Err(exchange) => {
            let (retries, kept) = (exchange.retries, exchange.max_body);
            vec![
                Branch::text(&format!("timeout {timeout}, {retries} retries")),
                Branch::text(&format!("answer of at most {kept} bytes")),
            ]
        }
    }
}

fn environment(host: &Host, environment: &ChildEnvironment) -> Branch {
    let mut head = Branch::head("environment");
    let mut inherited = Vec::new();
    for (name, value, source) in environment.iter() {
        let name = name.to_string_lossy();
        let from = match source {
            EntrySource::Caller => {
                inherited.push(name.into_owned());
                continue;
            }
            EntrySource::Asked(by) => format!("from you, asked by {by}"),
            EntrySource::DotEnv(path) => format!("from {}", host.shown(path)),
            EntrySource::Interpreter(resource) => format!("from {resource}"),
            EntrySource::Declared(place) | EntrySource::DeclaredFromVariable(place) => {
                format!("from {place}")
            }
            EntrySource::Call => "from the call".to_owned(),
        };
        let value =
            shown_value(source, &value.to_string_lossy()).map(|value| format!("={}", shortened(&value)));
        let entry = Branch::text(&format!("{name}{}", value.unwrap_or_default()));
        head.push(entry.cell(Some(Style::Dim), &from));
    }
    if !inherited.is_empty() {
        head.push(Branch::text(&format!("from you, by default: {}", inherited.join(" "))));
    }
    let withheld: Vec<_> = environment.withheld.iter().map(|name| name.to_string_lossy()).collect();
    if !withheld.is_empty() {
        let count = format!("withheld ({}):", withheld.len());
        head.push(Branch::default().cell(Some(Style::Yellow), &format!("{count} {}", withheld.join(" "))));
    }
    head
}

/// A word on one line, and not a long one.
fn shortened(word: &str) -> String {
    let line: String = word.chars().take(100).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if word.chars().nth(100).is_some() { format!("{line}… ({} bytes)", word.len()) } else { line }
}
