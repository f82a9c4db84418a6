//! From what a server lists to the files of its folder: what is new is added, what changed is written anew, what is gone
//! is removed. Only files that nobody edited are touched; every other is kept, and told.

use std::collections::BTreeMap;

use rye_executor::Report;
use rye_executor::peer::Listed;
use serde::Serialize;

use super::folder::{Seen, ServerFolder};
use super::mark::Author;
use super::names::segments;
use super::tool_file::{Via, Written, name_of, write};

/// A server with more tools is not taken: no listing would be of use to anybody.
pub(super) const MOST_TOOLS: usize = 5_000;
/// More bytes than all files of a server may have.
const MOST_BYTES: usize = 64 << 20;

/// The files that a server's list asks for, by their segments.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) tools: BTreeMap<String, WantedTool>,
    /// What is in the list and becomes no file.
    pub(super) passed_over: Vec<PassedOver>,
}

/// One file.
#[derive(Debug)]
pub(super) struct WantedTool {
    /// The server's name.
    pub(super) name: String,
    pub(super) written: Written,
}

/// A tool that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct PassedOver {
    pub(super) name: String,
    pub(super) why: String,
}

/// What becomes of the files, by their segments.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Changes {
    pub(super) added: Vec<String>,
    pub(super) changed: Vec<String>,
    pub(super) removed: Vec<String>,
    pub(super) unchanged: usize,
    /// Files of a person's own, each with what the server would have there.
    pub(super) kept: Vec<Kept>,
}

/// A file that stays as a person made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Kept {
    pub(super) file: String,
    pub(super) why: &'static str,
}

impl Wanted {
    /// Writes the files, in memory.
    pub(super) fn of(via: Via<'_>, listed: &Listed) -> Result<Self, Report> {
        let too_much = |what: String| {
            Err(Report::new(rye_executor::Code::OutputLimit, what)
                .hint("a server that asks for less can be added; this one can be called: `rye mcp call`"))
        };
        if listed.tools.len() > MOST_TOOLS {
            return too_much(format!("it lists {} tools, and {MOST_TOOLS} are taken", listed.tools.len()));
        }
        let mut wanted = Self::default();
        for (name, why) in &listed.passed_over {
            wanted.pass(name, why);
        }
        let mut tools = BTreeMap::new();
        for tool in &listed.tools {
            match name_of(tool) {
                Ok(name) => drop(tools.entry(name).or_insert(tool)),
                Err(why) => wanted.pass("", &why),
            }
        }
        let mut bytes = 0;
        let segments = segments(tools.keys().copied());
        for (name, tool) in tools {
            match (segments.get(name), write(via, tool)) {
                (Some(segment), Ok(written)) => {
                    bytes += written.text.len();
                    if bytes > MOST_BYTES {
                        return too_much(format!("its tools are more than {} MiB of text", MOST_BYTES >> 20));
                    }
                    let tool = WantedTool { name: name.to_owned(), written };
                    wanted.tools.insert(segment.clone(), tool);
                }
                (_, Err(why)) => wanted.pass(name, &why),
                (None, _) => {}
            }
        }
        Ok(wanted)
    }

    fn pass(&mut self, name: &str, why: &str) {
        self.passed_over.push(PassedOver { name: name.to_owned(), why: why.to_owned() });
    }

    /// What of the server's words is not in the files, tool by tool.
    pub(super) fn losses(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tools.iter().flat_map(|(segment, tool)| {
            tool.written.losses.iter().map(|loss| (segment.as_str(), loss.as_str()))
        })
    }

    /// What is to be done where these files are.
    pub(super) fn changes(&self, there: &BTreeMap<String, Seen>) -> Changes {
        let mut changes = Changes::default();
        let mut keep = |segment: &str, why| changes.kept.push(Kept { file: segment.to_owned(), why });
        for (segment, tool) in &self.tools {
            match there.get(segment) {
                None => changes.added.push(segment.clone()),
                Some(seen) if seen.bytes == tool.written.text.as_bytes() => changes.unchanged += 1,
                Some(Seen { author: Author::Rye, .. }) => changes.changed.push(segment.clone()),
                Some(Seen { author: Author::Edited, .. }) => keep(segment, "it was edited"),
                Some(Seen { author: Author::Somebody, .. }) => {
                    keep(segment, "it was not written by `rye mcp`")
                }
            }
        }
        for (segment, seen) in there.iter().filter(|(segment, _)| !self.tools.contains_key(*segment)) {
            match seen.author {
                Author::Rye => changes.removed.push(segment.clone()),
                Author::Edited => keep(segment, "it was edited; the server no longer has the tool"),
                Author::Somebody => {}
            }
        }
        changes
    }

    /// Does it.
    pub(super) fn apply(&self, changes: &Changes, folder: &ServerFolder) -> Result<(), Report> {
        for segment in changes.added.iter().chain(&changes.changed) {
            if let Some(tool) = self.tools.get(segment) {
                folder.write(&folder.file(segment), &tool.written.text)?;
            }
        }
        changes.removed.iter().try_for_each(|segment| folder.remove(&folder.file(segment)))
    }
}
