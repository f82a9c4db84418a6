//! A command line that could not be read, as a report. What clap says in paragraphs becomes a fact and hints.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use rye_executor::{Code, Report, Resolver, ToolId};

use crate::host;

/// The flag that says where tools are.
const PROJECT: &str = "--project";

/// What clap says, in the form of every other error.
pub(crate) fn report(error: &clap::Error) -> Report {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim).skip_while(|line| line.is_empty());
    // The first paragraph is the fact. What it is about, if that is a list, stands below it line by line.
    let mut fact = String::new();
    let mut hints = Vec::new();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let is_list = line.starts_with('[') && line.ends_with(']');
        match (is_list, fact.is_empty()) {
            (true, _) => hints.push(line.trim_matches(['[', ']']).to_owned()),
            (false, true) => fact.push_str(line.strip_prefix("error: ").unwrap_or(line)),
            (false, false) => fact.extend([" ", line]),
        }
    }
    let others = lines.filter(|line| !line.is_empty());
    hints.extend(others.map(|line| line.strip_prefix("tip: ").unwrap_or(line).to_owned()));
    hints.into_iter().fold(Report::new(Code::InvalidArguments, fact), Report::hint)
}

/// Whether the verb is one whose every answer is an outcome.
pub(crate) fn gives_an_outcome(words: &[OsString]) -> bool {
    let mut words = words.iter().skip(1).filter_map(|word| word.to_str());
    let mut verbs = Vec::new();
    while let Some(word) = words.next() {
        match word {
            PROJECT => drop(words.next()),
            flag if flag.starts_with('-') => {}
            verb => verbs.push(verb),
        }
    }
    matches!(verbs.as_slice(), ["run", ..] | ["mcp", "call", ..])
}

/// A tool that was named where a verb is wanted.
pub(crate) fn tool_for_a_verb(error: &clap::Error, words: &[OsString]) -> Option<ToolId> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let id: ToolId = word.parse().ok()?;
    let host = host::capture(project(words).as_deref()).ok()?;
    let (resolver, _) = Resolver::new_to_look(host).ok()?;
    resolver.resolve(&id).ok().map(|_| id)
}

/// The project that is named before the verb.
fn project(words: &[OsString]) -> Option<PathBuf> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == PROJECT {
            return words.next().map(PathBuf::from);
        }
        let value = word.to_str().and_then(|word| word.strip_prefix(PROJECT)?.strip_prefix('='));
        if let Some(value) = value {
            return Some(PathBuf::from(value));
        }
    }
    None
}

/// How such a tool is called.
pub(crate) fn run_it(tool: &ToolId) -> String {
    format!("`rye run {tool}` runs the tool")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::Parser;

    use super::{gives_an_outcome, report};
    use crate::arguments::CommandLine;

    #[test]
    fn what_is_missing_belongs_to_the_fact() {
        for (line, fact, hint) in [
            ("show", "the following required arguments were not provided: <TOOL>", "Usage: rye show <TOOL>"),
            ("list --nope", "unexpected argument '--nope' found", "Usage: rye list [OPTIONS] [PREFIX]"),
            ("lst", "unrecognized subcommand 'lst'", "a similar subcommand exists: 'list'"),
            ("completions", "the following required arguments were not provided: <SHELL>", "Usage: rye"),
            ("completions x", "invalid value 'x' for '<SHELL>'", "possible values: bash"),
        ] {
            let error = CommandLine::try_parse_from(["rye"].into_iter().chain(line.split(' '))).unwrap_err();
            let report = report(&error);
            assert_eq!(report.message, fact, "{line}");
            assert!(report.hints.iter().any(|told| told.contains(hint)), "{line}: {:?}", report.hints);
        }
    }

    #[test]
    fn runs_alone_give_outcomes() {
        for (line, wanted) in [
            ("rye --json run --nope", true),
            ("rye --project run --json list --nope", false),
            ("rye --json mcp call", true),
            ("rye --json show", false),
            ("rye --json", false),
        ] {
            let words: Vec<_> = line.split(' ').map(OsString::from).collect();
            assert_eq!(gives_an_outcome(&words), wanted, "{line}");
        }
    }
}
