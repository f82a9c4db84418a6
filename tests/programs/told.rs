//! What a program is told by whoever starts it: its words, its parameters in the environment, its standard input.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]
#![expect(clippy::disallowed_methods, reason = "it shows what environment it has")]

use std::io::Read;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

/// Says it as one JSON object. What is not UTF-8 is none.
pub(crate) fn told() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(2).map(|word| word.into_string().ok()).collect();
    let variables: Map<String, Value> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, json!(value.into_string().ok()))))
        .filter(|(name, _)| name.starts_with("RYE_PARAM_"))
        .collect();
    let mut input = String::new();
    let input = std::io::stdin().lock().read_to_string(&mut input).ok().map(|_| input);
    println!("{}", json!({ "words": words, "variables": variables, "input": input }));
    ExitCode::SUCCESS
}
