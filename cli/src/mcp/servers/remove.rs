//! `rye mcp remove`: the files of a server go, all or none. What a person edited goes only by force, and what was never
//! written here stays whatever is asked.

use rye_executor::report::resolve_report;
use rye_executor::{Code, Host, Report, Resolver};
use serde_json::json;

use super::known::server;
use super::mark::Author;
use super::words::RemoveWords;
use crate::entry::ExitCode;
use crate::output::{Output, Style, plural};

/// Takes a server away.
pub(super) fn remove(output: &Output, host: Host, words: &RemoveWords) -> Result<ExitCode, Report> {
    let (resolver, _) = Resolver::new_to_look(host).map_err(|error| resolve_report(&error))?;
    let known = server(&resolver, &words.name)?;
    let folder = &known.folder;
    let tools = folder.files()?.into_iter().map(|(segment, seen)| (folder.file(&segment), seen.author));
    let mut files: Vec<_> = tools.collect();
    files.push((folder.runtime_file(), known.seen.author));
    let shown = |author: Author| {
        let of = files.iter().filter(move |(_, one)| *one == author);
        of.map(|(path, _)| resolver.host().shown(path)).collect::<Vec<_>>()
    };
    // A runtime that somebody wrote by hand is theirs as well.
    let (edited, foreign) = (shown(Author::Edited), shown(Author::Somebody));
    let is_by_hand = known.seen.author == Author::Somebody;
    if is_by_hand || !edited.is_empty() && !words.force {
        let name = folder.name.as_str();
        let (fact, hint) = match is_by_hand {
            true => ("was not written by `rye mcp`", "remove its file yourself".to_owned()),
            false => {
                ("has files that were edited", format!("`rye mcp remove --force {name}` removes them too"))
            }
        };
        let report = Report::new(Code::RefusedFile, format!("the server `{name}` {fact}")).hint(hint);
        let causes = if is_by_hand { vec![resolver.host().shown(&folder.runtime_file())] } else { edited };
        return Err(causes.into_iter().fold(report, Report::cause));
    }
    // The runtime goes last: as long as it is there, all of this can be asked for again.
    let removed: Vec<_> = files.iter().filter(|(_, author)| *author != Author::Somebody).collect();
    removed.iter().try_for_each(|(path, _)| folder.remove(path))?;
    folder.remove_empty();
    if output.json {
        let removed: Vec<_> = removed.iter().map(|(path, _)| path.to_string_lossy()).collect();
        let told = json!({ "name": folder.name.as_str(), "space": known.space(), "removed": removed, "kept": foreign });
        return Ok(output.print_json(&told, ExitCode::SUCCESS));
    }
    let name = output.styled(Style::Bold, folder.name.as_str());
    let code =
        output.print(&format!("removed {name}: {}\n", plural(removed.len(), "file")), ExitCode::SUCCESS);
    for path in foreign {
        output.note(Style::Yellow, "note", &format!("{path} is kept: it was not written by `rye mcp`"));
    }
    Ok(code)
}
