//! `rye mcp refresh`: each server is asked again, and its files follow what it lists. A server that does not answer
//! changes nothing and holds no other up.

use std::time::Duration;

use rye_executor::{Config, EndingKind, Executor, Host, Report, exit_codes};
use serde_json::{Value, json};

use super::ask::Door;
use super::known::{Known, server, servers};
use super::mark::Author;
use super::sync::{Changes, Wanted};
use super::tool_file::Via;
use super::words::RefreshWords;
use super::{runtime_file, told};
use crate::entry::ExitCode;
use crate::output::{Output, Style, plain_line};

/// Asks one server again, or every one.
pub(super) fn refresh(output: &Output, mut host: Host, words: &RefreshWords) -> Result<ExitCode, Report> {
    host.subreaper = true;
    let executor = Executor::new(host, Config::default()).map_err(|error| error.report())?;
    let known = match &words.name {
        Some(name) => vec![server(executor.resolver(), name)?],
        None => servers(executor.resolver())?,
    };
    if known.is_empty() && !output.json {
        output.note(Style::Dim, "note", "no server was added; `rye mcp add` adds one");
    }
    let mut rows = Vec::new();
    let mut code = ExitCode::SUCCESS;
    for known in &known {
        match one(output, &executor, known, words.timeout, words.dry_run) {
            Ok(refreshed) if output.json => rows.push(refreshed.as_json()),
            Ok(refreshed) => code = refreshed.show(output, code),
            Err(report) => {
                let failed = exit_codes::of(report.code, EndingKind::NotStarted);
                // Of several, none stands for the others.
                code = ExitCode::from(if words.name.is_some() { failed } else { exit_codes::TOOL_FAILED });
                if output.json {
                    rows.push(json!({ "name": known.folder.name.as_str(), "space": known.space(), "error": report }));
                } else {
                    let name = plain_line(known.folder.name.as_str());
                    output.show_report(&Report { message: format!("{name}: {}", report.message), ..report });
                }
            }
        }
    }
    if output.json {
        return Ok(output.print_json(&rows, code));
    }
    Ok(code)
}

/// What was done for one server, or would be.
struct Refreshed<'k> {
    known: &'k Known,
    wanted: Wanted,
    changes: Changes,
    told: String,
    protocol: String,
    is_dry: bool,
    /// The runtime's file was edited, and says another revision than the server speaks.
    outdated: bool,
}

fn one<'k>(
    output: &Output,
    executor: &Executor,
    known: &'k Known,
    limit: Option<Duration>,
    is_dry: bool,
) -> Result<Refreshed<'k>, Report> {
    let folder = &known.folder;
    let runtime = folder.name.runtime();
    let via = Via::Runtime { id: &runtime, is_http: known.is_http() };
    let door = Door::plan(executor, known.space(), folder.name.as_str(), via)?;
    door.announce(output);
    let listed = door.list(limit)?;
    let wanted = Wanted::of(via, &listed)?;
    let changes = wanted.changes(&folder.files()?);
    let is_ours = known.seen.author == Author::Rye;
    let renewed = std::str::from_utf8(&known.seen.bytes).ok().filter(|_| is_ours);
    let renewed = renewed.and_then(|text| runtime_file::renewed(text, &folder.name, &listed));
    if !is_dry {
        if let Some(text) = renewed.filter(|text| text.as_bytes() != known.seen.bytes) {
            folder.write(&folder.runtime_file(), &text)?;
        }
        wanted.apply(&changes, folder)?;
    }
    Ok(Refreshed {
        known,
        wanted,
        changes,
        told: told::introduced(&listed),
        outdated: !is_ours && known.said.protocol.as_ref().is_some_and(|said| *said != listed.protocol),
        protocol: listed.protocol,
        is_dry,
    })
}

impl Refreshed<'_> {
    fn as_json(&self) -> Value {
        json!({
            "name": self.known.folder.name.as_str(),
            "space": self.known.space(),
            "protocol": self.protocol,
            "tools": self.wanted.tools.len(),
            "changes": self.changes,
            "losses": self.wanted.losses().map(|(file, loss)| json!({ "file": file, "loss": loss })).collect::<Vec<_>>(),
            "passed_over": self.wanted.passed_over,
            "written": !self.is_dry,
        })
    }

    /// Shows it, and gives the exit code: this one, unless it could not be shown.
    fn show(&self, output: &Output, code: ExitCode) -> ExitCode {
        let Changes { added, changed, removed, unchanged, kept } = &self.changes;
        let counts = [
            (added.len(), "new"),
            (changed.len(), "changed"),
            (removed.len(), "gone"),
            (*unchanged, "as before"),
        ];
        let counts =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let counts = if counts.is_empty() { "no tools".to_owned() } else { counts };
        let name = output.styled(Style::Bold, self.known.folder.name.as_str());
        let mut text = format!("{name}: {counts}; {}\n", self.told);
        for (mark, segments) in [("+", added), ("~", changed), ("-", removed)] {
            segments.iter().for_each(|segment| text.push_str(&format!("  {mark} {}\n", plain_line(segment))));
        }
        let code = output.print(&text, code);
        for kept in kept {
            let id = format!("{}/{}", self.known.folder.name.runtime(), kept.file);
            output.note(Style::Yellow, "note", &format!("{id} is kept: {}", kept.why));
        }
        if self.outdated {
            let fact =
                format!("its file names another revision than {}, and is kept: it was edited", self.protocol);
            output.note(Style::Yellow, "note", &fact);
        }
        told::passed_over(output, &self.wanted.passed_over);
        told::losses(output, &self.known.folder.name, &self.wanted);
        code
    }
}
