//! `rye mcp list`: the servers that were added, how each is reached, and what it was found to speak. Nothing is started.

use rye_executor::report::resolve_report;
use rye_executor::{Host, Report, Resolver, Space};
use serde::Serialize;

use super::known::{Known, servers};
use super::mark::Author;
use super::runtime_file::Said;
use crate::columns::{columns, cut, padded};
use crate::entry::ExitCode;
use crate::output::{Output, Style, plain_line, plural};

/// One server.
#[derive(Serialize)]
struct Row<'k> {
    name: &'k str,
    space: Space,
    path: String,
    #[serde(flatten)]
    said: &'k Said,
    /// How many tools it has here.
    tools: usize,
    /// Files that were edited since they were written.
    edited: usize,
    #[serde(skip)]
    how: String,
}

/// Lists the servers.
pub(super) fn overview(output: &Output, host: Host) -> Result<ExitCode, Report> {
    let (resolver, problems) = Resolver::new_to_look(host).map_err(|error| resolve_report(&error))?;
    let known = servers(&resolver)?;
    let rows = known.iter().map(Row::of).collect::<Result<Vec<_>, Report>>()?;
    if output.json {
        return Ok(output.print_json(&rows, ExitCode::SUCCESS));
    }
    if rows.is_empty() {
        output.note(Style::Yellow, "note", "no server was added yet");
        output.note(
            Style::Green,
            "hint",
            "`rye mcp add NAME -- COMMAND…` or `rye mcp add NAME --url URL` adds one",
        );
    }
    let widest = rows.iter().map(|row| columns(row.name)).max().unwrap_or(0);
    let counts: Vec<_> = rows.iter().map(|row| plural(row.tools, "tool")).collect();
    let count = counts.iter().map(|count| columns(count)).max().unwrap_or(0);
    let mut text = String::new();
    for space in [Space::Project, Space::User] {
        let of_space: Vec<_> = rows.iter().zip(&counts).filter(|(row, _)| row.space == space).collect();
        if !of_space.is_empty() {
            text.push_str(&format!("{}\n", output.styled(Style::Dim, space.word())));
        }
        for (row, tools) in of_space {
            let name = output.styled(Style::Bold, &padded(row.name, widest));
            let protocol = plain_line(row.said.protocol.as_deref().unwrap_or("not asked"));
            let begin = format!("  {name}  {}  {protocol:10}  ", padded(tools, count));
            let used = 2 + widest + 2 + count + 2 + columns(&protocol).max(10) + 2;
            let how = plain_line(&row.how);
            let how = output.width().map_or(how.clone(), |width| cut(&how, width.saturating_sub(used)));
            text.push_str(format!("{begin}{how}").trim_end());
            text.push('\n');
        }
    }
    let code = output.print(&text, ExitCode::SUCCESS);
    for problem in problems {
        output.note(Style::Yellow, "note", &problem.to_string());
    }
    Ok(code)
}

impl<'k> Row<'k> {
    fn of(known: &'k Known) -> Result<Self, Report> {
        let files = known.folder.files()?;
        let is_edited = |author: Author| usize::from(author == Author::Edited);
        Ok(Self {
            name: known.folder.name.as_str(),
            space: known.space(),
            path: known.folder.runtime_file().to_string_lossy().into_owned(),
            said: &known.said,
            tools: files.len(),
            edited: files.values().map(|seen| is_edited(seen.author)).sum::<usize>()
                + is_edited(known.seen.author),
            how: known.how(),
        })
    }
}
