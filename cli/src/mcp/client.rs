//! The clients that rye knows: where each keeps its configuration, and in which language. A place is only named here;
//! nothing is read.

use std::path::{Path, PathBuf};

use rye_executor::Host;

use super::entry::{Entry, Fault, Seen};
use super::{json_text, toml_text};

/// A program that starts MCP servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Client {
    ClaudeCode,
    Cursor,
    Codex,
}

/// A file in which a client looks for servers.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) client: Client,
    pub(super) file: PathBuf,
    /// It belongs to a project and may be shared, instead of to the user alone.
    pub(super) is_shared: bool,
    /// Whether the client seems to be on this machine.
    pub(super) is_used: bool,
}

impl Client {
    pub(super) const ALL: [Self; 3] = [Self::ClaudeCode, Self::Cursor, Self::Codex];

    /// The word for it on a command line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Cursor => "cursor",
            Self::Codex => "codex",
        }
    }

    /// The user's own file. `None`: there is no home directory.
    pub(super) fn of_user(self, host: &Host) -> Option<Place> {
        let home = host.home.as_deref();
        let named = |name| host.variable(name).filter(|path| !path.is_empty());
        let named = |name| named(name).map(|path| host.working_directory.join(path));
        let (file, folder) = match self {
            Self::ClaudeCode => match named("CLAUDE_CONFIG_DIR") {
                Some(folder) => (folder.join(".claude.json"), folder),
                None => (home?.join(".claude.json"), home?.join(".claude")),
            },
            Self::Cursor => (home?.join(".cursor/mcp.json"), home?.join(".cursor")),
            Self::Codex => {
                let folder = named("CODEX_HOME").or_else(|| Some(home?.join(".codex")))?;
                (folder.join("config.toml"), folder)
            }
        };
        let is_used = is_there(&file) || is_there(&folder);
        Some(Place { client: self, file, is_shared: false, is_used })
    }

    /// The file of a project.
    pub(super) fn of_project(self, project: &Path, host: &Host) -> Place {
        let file = project.join(match self {
            Self::ClaudeCode => ".mcp.json",
            Self::Cursor => ".cursor/mcp.json",
            Self::Codex => ".codex/config.toml",
        });
        let is_used = is_there(&file) || self.of_user(host).is_some_and(|place| place.is_used);
        Place { client: self, file, is_shared: true, is_used }
    }

    /// The start of what this client replaces in a command before it runs it.
    pub(super) fn replaces(self) -> Option<&'static str> {
        match self {
            Self::ClaudeCode | Self::Cursor => Some("${"),
            Self::Codex => None,
        }
    }

    /// How many lines stand before and after the entry in a file of nothing else, and how far it is indented.
    pub(super) fn around(self) -> (usize, &'static str) {
        match self {
            Self::ClaudeCode | Self::Cursor => (2, "    "),
            Self::Codex => (0, ""),
        }
    }

    /// What stands under rye's name in a text of this client's.
    pub(super) fn find(self, text: &str) -> Result<Option<Seen>, Fault> {
        match self {
            Self::ClaudeCode | Self::Cursor => json_text::find(text),
            Self::Codex => toml_text::find(text),
        }
    }

    /// The text with the entry in it, everything else as it was.
    pub(super) fn with(self, text: &str, entry: &Entry) -> Result<String, Fault> {
        let text = match self {
            Self::ClaudeCode | Self::Cursor => json_text::with(text, entry),
            Self::Codex => toml_text::with(text, entry),
        }?;
        // What is written is what will be read, whatever the words hold.
        let is_kept = self.find(&text)?.is_some_and(|seen| seen.is(entry));
        if is_kept { Ok(text) } else { Err(Fault::of("the entry does not survive being written")) }
    }

    /// The text without the entry.
    pub(super) fn without(self, text: &str) -> Result<String, Fault> {
        match self {
            Self::ClaudeCode | Self::Cursor => json_text::without(text),
            Self::Codex => toml_text::without(text),
        }
    }
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
