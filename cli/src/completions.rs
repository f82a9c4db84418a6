//! `rye completions SHELL` prints a few lines for a shell, which ask `rye __complete` at each TAB. What it proposes
//! comes from the command line's own definition, from paths, and from the one tool that is named; nothing is executed.
//!
//! Our own and not `clap_complete`'s dynamic engine: that one completes a word alone, and here the words after TOOL
//! depend on all before them; it also wants to look at every start of rye.

mod ids;
mod line;
mod shell;

use std::ffi::OsString;

use clap::{Command, CommandFactory};
use rye_executor::tools::completion::{Candidate, Completion, complete as complete_call};
use rye_executor::{Host, Resolver, ToolId};

use crate::arguments::{CommandLine, CompleteWords};
use crate::entry::ExitCode;
use crate::host;
use crate::mcp::names_in;
use crate::output::Output;
use line::{Line, Wanted};
pub(crate) use shell::Shell;

/// Prints the lines for a shell.
pub(crate) fn script(output: &Output, shell: Shell) -> ExitCode {
    if output.json {
        let script = serde_json::json!({ "shell": shell.word(), "script": shell.script() });
        return output.print_json(&script, ExitCode::SUCCESS);
    }
    output.print(shell.script(), ExitCode::SUCCESS)
}

/// Prints what may stand in the place of the last word. A failure has nobody to be told to.
pub(crate) fn complete(output: &Output, host: Host, words: &CompleteWords) -> ExitCode {
    let typed = shell::Typed::read(words.shell, &words.words);
    let command = CommandLine::command();
    let line = Line::read(&command, &typed.before, &typed.current);
    let host = match &line.project {
        Some(project) => host::capture(Some(project.as_ref())).unwrap_or(host),
        None => host,
    };
    let completion = propose(&command, host, &line, &typed.current);
    let folders = matches!(&line.wanted, Wanted::Folder);
    output.print(&typed.answer(&completion, folders), ExitCode::SUCCESS)
}

fn propose(command: &Command, host: Host, line: &Line<'_>, current: &str) -> Completion {
    match &line.wanted {
        Wanted::Nothing => Completion::default(),
        Wanted::Path | Wanted::Folder => Completion { candidates: Vec::new(), files: true },
        Wanted::Words(candidates) => {
            let fits = |candidate: &&Candidate| candidate.word.starts_with(current);
            Completion { candidates: candidates.iter().filter(fits).cloned().collect(), files: false }
        }
        Wanted::Variable => {
            let names = host.environment.iter().filter_map(|(name, _)| name.to_str());
            let names = names.filter(|name| name.starts_with(current));
            let mut names: Vec<_> =
                names.map(|name| Candidate { word: name.to_owned(), says: None }).collect();
            names.sort_by(|one, other| one.word.cmp(&other.word));
            Completion { candidates: names, files: false }
        }
        Wanted::Tool => {
            let resolver = looking(host);
            let ids = resolver.as_ref().map(Resolver::ids).unwrap_or_default();
            // The file of a server is no tool; its tools lie below.
            let servers = resolver.as_ref().map(names_in).unwrap_or_default();
            let is_server =
                |id: &str| id.strip_prefix("mcp/").is_some_and(|id| servers.iter().any(|name| name == id));
            let ids = ids.iter().map(|known| known.id.as_str()).filter(|id| !is_server(id));
            let mut completion = ids::complete(ids, current);
            if current.is_empty() && completion.candidates.is_empty() {
                completion.candidates = line::flags(command, line.verb, "--");
            }
            completion
        }
        Wanted::Server => {
            let names = looking(host).as_ref().map(names_in).unwrap_or_default().into_iter();
            let names = names.filter(|name| name.starts_with(current));
            Completion {
                candidates: names.map(|word| Candidate { word, says: None }).collect(),
                files: false,
            }
        }
        Wanted::OfTool(tool, before) => of_tool(host, tool, before, current).unwrap_or_default(),
    }
}

/// What the tool that is named takes. Its file is read, as its own help would read it.
fn of_tool(host: Host, tool: &str, before: &[String], current: &str) -> Option<Completion> {
    let id: ToolId = tool.parse().ok()?;
    let resolution = looking(host)?.resolve(&id).ok()?;
    if resolution.tool.unread_words {
        return Some(Completion { candidates: Vec::new(), files: true });
    }
    Some(complete_call(&resolution.tool.parameters, before, current))
}

/// A configuration that is wrong keeps nobody from typing.
fn looking(host: Host) -> Option<Resolver> {
    Resolver::new_to_look(host).ok().map(|(resolver, _)| resolver)
}

/// A word as text: what is not UTF-8 is in no id and no flag.
fn text(word: &OsString) -> String {
    word.to_string_lossy().into_owned()
}
