//! What became of a conversation with another MCP server, and what to do about it.

use super::{Code, Report, exchange_report, start_report};
use crate::harmless::written_out;
use crate::peer::{Aside, Failure};

/// How many of a server's last lines are told.
const LINES: usize = 8;

/// Why a server gave no result. What it wrote beside the protocol are the causes.
pub(crate) fn peer_report(failure: &Failure, aside: &Aside) -> Report {
    let new = |code| Report::new(code, failure.to_string());
    let report = match failure {
        Failure::Start(error) => start_report(error, failure.to_string()),
        Failure::Subreaper(_) => new(Code::ResourceExhausted),
        Failure::Exchange(error) => exchange_report(error),
        Failure::Status { status, said, .. } => {
            let report = new(Code::HttpStatus);
            let report = if said.is_empty() { report } else { report.cause(format!("it says: {said}")) };
            match status {
                401 | 403 => report.hint("look at the headers it is sent, and at the variables they use"),
                404 | 405 => report.hint("look at the URL: an MCP server often lies at `/mcp`"),
                429 => report.hint("call it less often"),
                _ => report,
            }
        }
        Failure::Ended { .. } => new(Code::ToolFailed)
            .shell_hint("run its command by hand: it must wait for lines on standard input"),
        Failure::BrokenOff { .. } => new(Code::HttpTransport),
        Failure::Refused { .. } => new(Code::ToolFailed),
        Failure::Revision { .. } => new(Code::InvalidOutput).hint("update one of the two"),
        Failure::Misspelled { .. } => new(Code::InvalidOutput),
        Failure::TooLong { .. } => new(Code::OutputLimit),
        Failure::TooMany { .. } => new(Code::OutputLimit),
        Failure::NeedsInput { .. } => new(Code::ToolFailed)
            .hint("let it ask for what it needs by parameters; here is nobody to ask while it runs"),
        Failure::TimedOut => new(Code::TimedOut).shell_hint_or(
            "raise `timeout` in `[config]`, or `--timeout S` before the tool's name",
            "raise `timeout` in `[config]`",
        ),
        Failure::Idle => new(Code::TimedOut).hint("raise `idle_timeout` in `[config]`"),
        Failure::Stopped => return new(Code::Stopped),
    };
    let report = match aside.garbage {
        0 => report,
        count => report.cause(format!("{count} of the lines it wrote are no messages of the protocol")),
    };
    // What a server that answers writes beside is its log.
    if let Failure::Refused { .. } = failure {
        return report;
    }
    let lines: Vec<&str> = aside.stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.len().saturating_sub(LINES);
    lines.iter().skip(last).fold(report, |report, line| {
        let line: String = line.chars().take(300).collect();
        report.cause(format!("stderr: {}", written_out(&line, &[])))
    })
}
