//! `rye list`: every tool, one line each, by space; on a terminal by folder too. Broken files show their problem.

use std::collections::BTreeMap;

use rye_executor::runtimes::document::Problem;
use rye_executor::{Config, Executor, Host, Report, Space};

use crate::arguments::ListWords;
use crate::columns::columns;
use crate::entry::ExitCode;
use crate::output::{Output, Style};
use crate::row::Row;

/// A name in more columns does not push the others' words aside.
const WIDEST_NAME: usize = 32;

/// What is said where there is nothing, and what to do about it.
pub(crate) const NO_TOOLS: (&str, &str) =
    ("there are no tools yet", "`rye new hello` makes one; or put a script in `.ai/tools/`");

/// Lists the tools.
pub(crate) fn list(output: &Output, host: Host, words: &ListWords) -> Result<ExitCode, Report> {
    let executor = Executor::new(host, Config::default()).map_err(|error| error.report())?;
    let catalogue = executor.catalogue();
    let prefix = words.prefix.as_deref().unwrap_or_default();
    let shown = catalogue
        .items
        .iter()
        .filter(|item| (words.all || item.is_offered()) && item.id.as_str().starts_with(prefix));
    let rows: Vec<_> = shown.map(Row::of).collect();
    if output.json {
        return Ok(output.print_raw_json(&rows, ExitCode::SUCCESS));
    }
    let widest = rows.iter().map(|row| row.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for space in [Space::Project, Space::User, Space::System] {
        let rows: Vec<_> = rows.iter().filter(|row| row.space == space).collect();
        if !rows.is_empty() {
            text.push_str(&output.styled(Style::Dim, space.word()));
            text.push('\n');
            match output.width() {
                Some(width) => by_folder(output, &rows, width, &mut text),
                None => by_id(output, rows, widest, &mut text),
            }
        }
    }
    let nothing = match prefix {
        _ if !text.is_empty() => None,
        // A file that is there and is no tool tells its own story.
        "" if !catalogue.problems.is_empty() => None,
        "" => Some(NO_TOOLS),
        _ => Some((&*format!("no tool's id begins with `{prefix}`"), "`rye list` shows them all")),
    };
    if let Some((fact, hint)) = nothing {
        output.note(Style::Yellow, "note", fact);
        output.note(Style::Green, "hint", hint);
    }
    let code = output.print(&text, ExitCode::SUCCESS);
    // What was not asked for has its own listing.
    let resolver = executor.resolver();
    let wanted = |problem: &&Problem| {
        let mut roots = resolver.spaces().roots.iter().map(|root| root.path.join("tools").join(prefix));
        prefix.is_empty() || roots.any(|path| problem.place.file.starts_with(&resolver.host().shown(&path)))
    };
    for problem in catalogue.problems.iter().filter(wanted) {
        output.note(Style::Yellow, "note", &problem.to_string());
    }
    Ok(code)
}

/// Whole ids, for programs that read lines.
fn by_id(output: &Output, rows: Vec<&Row<'_>>, column: usize, text: &mut String) {
    rows.into_iter().for_each(|row| text.push_str(&row.line(output, 2, row.id, column)));
}

/// For people: what has no folder, then each folder with its names.
fn by_folder(output: &Output, rows: &[&Row<'_>], width: usize, text: &mut String) {
    let mut folders: BTreeMap<&str, Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows {
        folders.entry(row.parts().0).or_default().push(row);
    }
    for (folder, rows) in folders {
        let indent = if folder.is_empty() { 2 } else { 4 };
        if !folder.is_empty() {
            text.push_str(&format!("  {}\n", output.styled(Style::Dim, folder)));
        }
        let names = rows.iter().map(|row| columns(row.parts().1));
        let column = names.filter(|&name| name <= WIDEST_NAME.min(width / 2)).max().unwrap_or(0);
        rows.iter().for_each(|row| text.push_str(&row.line(output, indent, row.parts().1, column)));
    }
}
