//! `rye mcp`: every tool of the caller's spaces, served to MCP clients on standard input and output, or over HTTP.
//!
//! The protocol's two descriptors are moved away before anything else happens: from then on descriptor 0 is empty and
//! descriptor 1 is standard error, so that nothing that prints or reads can touch the wire.

use std::io::{ErrorKind, IsTerminal};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio::{dup2_stdin, dup2_stdout, stderr, stdin, stdout};
use rye_executor::tools::ToolLimits;
use rye_executor::{CallerLimits, Code, Config, Executor, Host, Report};
use rye_mcp::{Closing, Door, HttpOptions, SessionLimits, Stage, Streams, serve_http, serve_stdio};

use super::token;
use crate::arguments::McpWords;
use crate::entry::ExitCode;
use crate::host::artifact_config;
use crate::output::{Output, Style};
use crate::run::event_loop;
use crate::signals::{Received, Watch};

/// Where the protocol's descriptors go: clear of every number that a program uses by habit.
const CLEAR: i32 = 10;
/// How many calls may wait, and how many of them may be of one tool, or over HTTP of one client.
const QUEUE: usize = 1024;
const TOOL_QUEUE: usize = 256;
const CALLER_QUEUE: usize = 512;

/// Serves until the clients go or a signal comes.
pub(super) fn serve_clients(output: &Output, host: Host, words: &McpWords) -> Result<ExitCode, Report> {
    match words.http {
        Some(address) => over_http(output, host, address, words.no_token),
        None => over_stdio(output, host),
    }
}

fn over_stdio(output: &Output, host: Host) -> Result<ExitCode, Report> {
    if std::io::stdin().is_terminal() {
        let text =
            "this speaks the Model Context Protocol: a client starts it and talks to it; Ctrl-D ends it";
        output.note(Style::Yellow, "note", text);
    }
    // There is one client.
    let executor = executor(host, CallerLimits::default())?;
    let (input, wire) = move_away().map_err(|error| {
        Report::new(Code::Internal, format!("standard input and output cannot be moved: {error}"))
    })?;
    serve(output, executor, |door| serve_stdio(door, Streams { input, output: wire }))
}

fn over_http(output: &Output, host: Host, address: SocketAddr, no_token: bool) -> Result<ExitCode, Report> {
    let is_local = address.ip().is_loopback();
    let token = if is_local || no_token { None } else { Some(token::load(&host)?) };
    let caller = CallerLimits { queue: Some(CALLER_QUEUE), ..CallerLimits::default() };
    let executor = executor(host, caller)?;
    let listener = TcpListener::bind(address).map_err(|error| no_listener(address, &error))?;
    let bound = listener.local_addr().unwrap_or(address);
    output.note(Style::Green, "listening", &format!("http://{bound}/mcp"));
    match &token {
        Some(token) if token.is_new => {
            output.note(Style::Green, "token", &token.text);
            output.note(Style::Dim, "note", &format!("it is kept in {}", token.path.display()));
        }
        Some(token) => {
            output.note(Style::Dim, "note", &format!("clients need the token in {}", token.path.display()));
        }
        None if !is_local => {
            output.note(Style::Yellow, "note", "anybody who reaches this address may run every tool");
        }
        None => {}
    }
    let token = token.map(|token| token.text);
    serve(output, executor, |door| {
        let sessions = SessionLimits::default();
        serve_http(door, HttpOptions { listener, token, local_hosts_only: is_local, sessions })
    })
}

/// The address that was asked for cannot be had.
fn no_listener(address: SocketAddr, error: &std::io::Error) -> Report {
    let free = SocketAddr::new(address.ip(), 0);
    match error.kind() {
        ErrorKind::AddrInUse => {
            Report::new(Code::InvalidArguments, format!("`{address}` is in use by another program"))
                .hint(format!("`ss -ltnp 'sport = :{}'` shows which", address.port()))
                .hint(format!("name another port, or let the system choose one: `rye mcp --http {free}`"))
        }
        ErrorKind::AddrNotAvailable => {
            Report::new(Code::InvalidArguments, format!("`{address}` is no address of this machine"))
                .hint("`ip address` shows those that are")
        }
        ErrorKind::PermissionDenied => {
            Report::new(Code::InvalidArguments, format!("`{address}` may not be listened at: {error}"))
                .hint("ports below 1024 are for root: name a higher one")
        }
        _ => Report::new(Code::ResourceExhausted, format!("`{address}` cannot be listened at: {error}")),
    }
}

fn executor(mut host: Host, caller: CallerLimits) -> Result<Executor, Report> {
    host.subreaper = true;
    // A tool whose calls pile up leaves room for the calls of others.
    let tool = ToolLimits { queue: Some(TOOL_QUEUE), ..ToolLimits::default() };
    let artifacts = artifact_config(&host);
    let config = Config { queue: QUEUE, tool, caller, artifacts, ..Config::default() };
    Executor::new(host, config).map_err(|error| error.report())
}

/// Serves until it is over, and moves on to the end when signals come.
fn serve<F, S>(output: &Output, executor: Executor, start: F) -> Result<ExitCode, Report>
where
    F: FnOnce(Arc<Door>) -> S,
    S: Future<Output = Result<(), rye_mcp::Error>>,
{
    let closing = Closing::default();
    let log = *output;
    let person = Box::new(move |text: &str| log.note(Style::Yellow, "note", text));
    let door = Door::new(executor, std::env::temp_dir(), closing.clone(), person);
    let runtime = event_loop()?;
    let (served, received) = runtime.block_on(until_over(start(door), &closing));
    // A read of a terminal or a file that is still on would hold the end up.
    runtime.shutdown_background();
    served.map_err(|error| Report::new(Code::Internal, error.to_string()))?;
    Ok(received.map_or(ExitCode::SUCCESS, |received| ExitCode::from(received.exit_code())))
}

async fn until_over(
    serve: impl Future<Output = Result<(), rye_mcp::Error>>,
    closing: &Closing,
) -> (Result<(), rye_mcp::Error>, Option<Received>) {
    let mut signals = Watch::new();
    let mut received = None;
    let mut serve = std::pin::pin!(serve);
    loop {
        tokio::select! {
            served = &mut serve => return (served, received),
            got = signals.next() => for got in got {
                let stage = if received.is_some() { Stage::Forced } else { Stage::Ending };
                received.get_or_insert(got);
                closing.advance(stage);
            },
        }
    }
}

/// Takes the protocol's descriptors and puts harmless ones in their place.
fn move_away() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let input = fcntl_dupfd_cloexec(stdin(), CLEAR)?;
    let output = fcntl_dupfd_cloexec(stdout(), CLEAR)?;
    let nothing = rustix::fs::open("/dev/null", rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty())?;
    dup2_stdin(&nothing)?;
    dup2_stdout(stderr())?;
    Ok((input, output))
}
