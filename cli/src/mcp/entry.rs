//! What a client's configuration says about rye: how to start it. An entry of the same name that starts something else
//! is somebody else's, and stays as it is.

use std::path::{Path, PathBuf};

use rye_executor::{Code, Host, Report};

/// The name under which clients know rye. They put it before the names of its tools.
pub(super) const NAME: &str = "rye";

/// How a client starts rye.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Entry {
    pub(super) command: String,
    pub(super) args: Vec<String>,
}

/// What stands under rye's name, whoever wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// `None`: it starts no program.
    pub(super) entry: Option<Entry>,
    pub(super) environment: Vec<(String, String)>,
    /// Its `type` says that it is no program.
    pub(super) is_remote: bool,
}

/// Why a text cannot be read or changed.
#[derive(Debug)]
pub(super) struct Fault {
    /// Line and column, from 1.
    pub(super) place: Option<(usize, usize)>,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn of(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into() }
    }
}

impl Entry {
    /// This program, for a project or for the user's own tools alone.
    pub(super) fn new(host: &Host, project: Option<&Path>) -> Result<Self, Report> {
        let program = program(host)?;
        let text = |path: &Path| {
            path.to_str().map(ToOwned::to_owned).ok_or_else(|| {
                let fact =
                    format!("`{}` is not UTF-8, and a client's file can hold nothing else", path.display());
                Report::new(Code::InvalidArguments, fact).hint("rename the folder, or name another project")
            })
        };
        let project = project.map(text).transpose()?;
        let args = project.into_iter().flat_map(|project| ["--project".to_owned(), project]);
        Ok(Self { command: text(&program)?, args: args.chain(["mcp".to_owned()]).collect() })
    }

    /// The words of the command line.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.command).chain(&self.args).map(String::as_str)
    }

    /// Whether it starts a program of rye's name as an MCP server.
    pub(super) fn is_ours(&self) -> bool {
        Path::new(&self.command).file_name().is_some_and(|name| name == NAME)
            && self.args.iter().any(|word| word == "mcp")
    }

    /// The project that it names.
    pub(super) fn project(&self) -> Option<&Path> {
        let mut words = self.args.iter();
        words.find_map(|word| word.strip_prefix("--project=").map(Path::new)).or_else(|| {
            let at = self.args.iter().position(|word| word == "--project")?;
            self.args.get(at + 1).map(Path::new)
        })
    }
}

impl Seen {
    /// Whether it says this and nothing has to be written.
    pub(super) fn is(&self, entry: &Entry) -> bool {
        self.entry.as_ref() == Some(entry) && !self.is_remote
    }

    pub(super) fn is_ours(&self) -> bool {
        !self.is_remote && self.entry.as_ref().is_some_and(Entry::is_ours)
    }
}

/// This program by the name that stays when a new version is installed: as `PATH` has it, links not followed.
fn program(host: &Host) -> Result<PathBuf, Report> {
    let own = std::env::current_exe().map_err(|error| {
        Report::new(Code::Internal, format!("the path of this program is not known: {error}"))
    })?;
    let on_path = host.on_path(NAME).into_iter();
    Ok(on_path.into_iter().find(|path| same_file(path, &own)).unwrap_or(own))
}

/// Whether two paths lead to one file.
pub(super) fn same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some_and(|one| real(other) == Some(one))
}
