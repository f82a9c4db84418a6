//! rye's command line: the only reader of environment, working directory and terminal. It captures them once and
//! hands them to the executor.

mod arguments;
mod check;
mod explain;
mod host;
mod list;
mod output;
mod run;
mod show;
mod signals;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Command, CommandLine};
use crate::output::Output;

fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // To a closed pipe nothing can be said, and nothing needs to be.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { rye_executor::exit_codes::USAGE } else { 0 });
        }
    };
    let output = Output::of_terminal(line.json);
    let host = match host::capture(line.project.as_deref()) {
        Ok(host) => host,
        Err(report) => return output.report(&report),
    };
    let code = match line.command {
        Command::Run(run) => run::run(&output, host, &run),
        Command::List(list) => list::list(&output, host, &list),
        Command::Show(show) => show::show(&output, host, &show),
        Command::Explain(explain) => explain::explain(&output, host, &explain),
        Command::Check(check) => check::check(&output, host, &check),
    };
    code.unwrap_or_else(|report| output.report(&report))
}
