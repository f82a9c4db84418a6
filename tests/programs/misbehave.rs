//! A program with a bad habit for each word: what a tool under test does wrong. It says `ready` when it is.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::process::ExitCode;

fn main() -> ExitCode {
    let habit = std::env::args().nth(1).unwrap_or_default();
    match habit.as_str() {
        "environment" => {
            for (name, value) in std::env::vars_os() {
                println!("{}={}", name.to_string_lossy(), value.to_string_lossy());
            }
            ExitCode::SUCCESS
        }
        other => {
            println!("no such habit: {other}");
            ExitCode::from(64)
        }
    }
}
