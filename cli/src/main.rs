//! rye's command line: the only reader of environment, working directory and terminal. It captures them once and
//! hands them to the executor.

#![cfg_attr(all(target_env = "gnu", not(test)), no_main)]

mod arguments;
mod artifacts;
mod check;
mod columns;
mod completions;
mod doctor;
mod drawing;
mod entry;
mod explain;
mod host;
mod list;
mod mcp;
mod new;
mod output;
mod row;
mod run;
mod runtimes;
mod schema;
mod search;
mod show;
mod signals;
mod timings;
mod tree;
mod usage;
mod veil;
mod whole_file;

use std::ffi::OsString;
use std::time::Instant;

use rye_executor::{Code, Outcome, exit_codes};

use crate::arguments::{Command, CommandLine};
use crate::entry::ExitCode;
use crate::output::{Output, Style};

fn main() -> ExitCode {
    let begun = Instant::now();
    let words: Vec<_> = std::env::args_os().collect();
    let line = match CommandLine::read(&words) {
        Ok(line) => line,
        Err(error) => return not_read(&error, &words),
    };
    let output = Output::of_terminal(line.everywhere.json);
    let host = match host::capture(line.everywhere.project.as_deref()) {
        Ok(host) => host,
        Err(report) => return output.report(&report),
    };
    let code = match line.command {
        Command::Run(run) => run::run(&output, host, &run, begun),
        Command::List(list) => list::list(&output, host::with_build(host), &list),
        Command::Search(search) => search::search(&output, host::with_build(host), &search),
        Command::Show(show) => show::show(&output, host, &show),
        Command::Explain(explain) => explain::explain(&output, host, &explain),
        Command::Check(check) => check::check(&output, host, &check),
        Command::Schema(schema) => schema::schema(&output, host, &schema),
        Command::Mcp(mcp) => mcp::mcp(&output, host, &mcp),
        Command::New(new) => new::new(&output, host, &new),
        Command::Runtimes => runtimes::runtimes(&output, host),
        Command::Doctor => doctor::doctor(&output, host),
        Command::Artifacts(verb) => artifacts::artifacts(&output, &host, &verb),
        Command::Completions(completions) => Ok(completions::script(&output, completions.shell)),
        Command::Complete(complete) => Ok(completions::complete(&output, host, &complete)),
    };
    code.unwrap_or_else(|report| {
        let code = output.report(&report);
        let stopped = Some(report.code).filter(|code| *code == Code::Stopped);
        stopped.and_then(|_| signals::exit_code_of_a_stop()).map_or(code, ExitCode::from)
    })
}

/// The words could not be read, or help was asked for.
fn not_read(error: &clap::Error, words: &[OsString]) -> ExitCode {
    if !error.use_stderr() {
        return Output::of_terminal(false).written(error.print(), ExitCode::SUCCESS);
    }
    let code = ExitCode::from(exit_codes::USAGE);
    let tool = usage::tool_for_a_verb(error, words);
    if !words.iter().any(|word| word == "--json") {
        let _ = error.print();
        if let Some(tool) = tool {
            Output::of_terminal(false).note(Style::Green, "hint", &usage::run_it(&tool));
        }
        return code;
    }
    let mut report = usage::report(error);
    report.hints.splice(0..0, tool.map(|tool| usage::run_it(&tool).into()));
    let output = Output::of_terminal(true);
    if !usage::gives_an_outcome(words) {
        return output.report(&report);
    }
    output.print_json(&Outcome::not_started("", "", Vec::new(), report), code)
}
