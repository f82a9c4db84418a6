//! A program with a bad habit for each word: what a tool under test does wrong. It says `ready` when it is.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]
#![expect(clippy::disallowed_methods, reason = "it shows what environment it has")]

mod family;
mod on_terminal;
mod streams;
mod told;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (habit, rest) = words.split_first().map_or(("", [].as_slice()), |(habit, rest)| (*habit, rest));
    match habit {
        "environment" => {
            for (name, value) in std::env::vars_os() {
                println!("{}={}", name.to_string_lossy(), value.to_string_lossy());
            }
            ExitCode::SUCCESS
        }
        "exit" => ExitCode::from(number(rest)),
        "abort" => std::process::abort(),
        "stay" => family::stay(rest),
        "daemon" => family::daemon(rest),
        "family" => family::family(rest),
        "stop-self" => family::stop_self(),
        "count-signals" => family::count_signals(),
        "on-terminal" => on_terminal::on_terminal(rest),
        "storm" => family::storm(rest),
        "flood" => streams::flood(rest),
        "drip" => streams::drip(rest),
        "pour-both" => streams::pour_both(number(rest)),
        "read-stdin" => streams::read_stdin(),
        "descriptors" => streams::descriptors(),
        "told" => told::told(),
        other => {
            println!("no such habit: {other}");
            ExitCode::from(64)
        }
    }
}

fn number(words: &[&str]) -> u8 {
    words.first().and_then(|word| word.parse().ok()).unwrap_or_default()
}
