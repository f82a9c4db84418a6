//! The files of one server: its runtime, and a folder with a file for each tool. A file is only ever replaced or
//! removed as it was written here; what a person edited or made stays, and nothing outside the folder is touched.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rye_executor::resolver::{MAX_FILE_SIZE, UNLISTED_FOLDERS};
use rye_executor::{Code, Report, Resolver, Space, ToolId};

use super::mark::{Author, author};
use crate::whole_file::WholeFile;

/// The folder of all servers, in `tools/`.
pub(super) const SERVERS: &str = "mcp";
/// The longest name of a server: with it, every id of its tools is short enough.
const MOST_NAME: usize = 40;

/// A name that a server may have here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ServerName(String);

impl ServerName {
    /// Reads a name.
    pub(super) fn read(word: &std::ffi::OsStr) -> Result<Self, Report> {
        let text = word.to_string_lossy();
        let refuse = |why: &str| {
            let shown: String = text.chars().take(60).collect();
            Err(Report::new(Code::InvalidId, format!("`{shown}` cannot name a server: {why}"))
                .hint("a name has letters, digits, `-` and `_`, and at most 40 of them: `github`"))
        };
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || !text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
            refuse("it is not one plain word")
        } else if text.len() > MOST_NAME {
            refuse("it is too long")
        } else if UNLISTED_FOLDERS.contains(&&*text) {
            refuse("no tools are in a folder of that name")
        } else {
            Ok(Self(text.into_owned()))
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of its runtime.
    pub(super) fn runtime(&self) -> String {
        format!("{SERVERS}/{}", self.0)
    }
}

/// Where the files of a server lie.
#[derive(Clone, Debug)]
pub(super) struct ServerFolder {
    pub(super) space: Space,
    pub(super) name: ServerName,
    /// The space's `tools/`.
    tools: PathBuf,
}

/// A file that is there.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) author: Author,
    pub(super) bytes: Vec<u8>,
}

impl ServerFolder {
    pub(super) fn new(space: Space, tools: &Path, name: ServerName) -> Self {
        Self { space, name, tools: tools.to_owned() }
    }

    /// The runtime's file.
    pub(super) fn runtime_file(&self) -> PathBuf {
        self.tools.join(SERVERS).join(format!("{}.toml", self.name.0))
    }

    /// The folder of the tools.
    pub(super) fn path(&self) -> PathBuf {
        self.tools.join(SERVERS).join(&self.name.0)
    }

    /// The file of a tool.
    pub(super) fn file(&self, segment: &str) -> PathBuf {
        self.path().join(format!("{segment}.toml"))
    }

    /// Refuses a name that somebody has, in whatever letters.
    pub(super) fn check_free(&self, resolver: &Resolver) -> Result<(), Report> {
        let Ok(entries) = self.tools.join(SERVERS).read_dir() else { return Ok(()) };
        let mut names: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        names.sort();
        let alike = |path: &&PathBuf| {
            path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case(&self.name.0))
                && !(path.is_dir() && path.read_dir().is_ok_and(|mut entries| entries.next().is_none()))
        };
        let Some(there) = names.iter().find(alike) else { return Ok(()) };
        let fact = format!("`{}` is there already: `{}`", self.name.0, resolver.host().shown(there));
        let hint = match self.runtime_file().is_file() {
            true => format!(
                "`rye mcp refresh {0}` asks it again; `rye mcp remove {0}` takes it away",
                self.name.0
            ),
            false => "choose another name, or remove what is there".to_owned(),
        };
        Err(Report::new(Code::DuplicateId, fact).hint(hint))
    }

    /// The files of tools that are there, by their segments.
    pub(super) fn files(&self) -> Result<BTreeMap<String, Seen>, Report> {
        let folder = self.path();
        let entries = match folder.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(failed(&folder, "cannot be read", &error)),
        };
        self.check_inside()?;
        let mut files = BTreeMap::new();
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some(segment) = name.strip_suffix(".toml").filter(|name| !name.starts_with(['.', '_']))
            else {
                continue;
            };
            if let Some(seen) = Seen::read(&path).map_err(|error| failed(&path, "cannot be read", &error))? {
                files.insert(segment.to_owned(), seen);
            }
        }
        Ok(files)
    }

    /// The runtime's file, if it is there.
    pub(super) fn runtime(&self) -> Result<Option<Seen>, Report> {
        let path = self.runtime_file();
        Seen::read(&path).map_err(|error| failed(&path, "cannot be read", &error))
    }

    /// Writes a file of the server, whole or not at all.
    pub(super) fn write(&self, path: &Path, text: &str) -> Result<(), Report> {
        let failed = |error: io::Error| failed(path, "cannot be written", &error);
        let folder = path.parent().unwrap_or(&self.tools);
        let make = |folder: &Path| std::fs::DirBuilder::new().recursive(true).mode(0o755).create(folder);
        make(&self.tools).map_err(failed)?;
        self.check_inside()?;
        make(folder).map_err(failed)?;
        let new = WholeFile::write(path, text, 0o600).map_err(failed)?;
        // Never more than the owner may write, whatever the umask: rye would refuse to run it.
        new.file().set_permissions(Permissions::from_mode(0o644)).map_err(failed)?;
        // A disk that loses it loses what `refresh` brings again.
        new.replace(path).map_err(failed)
    }

    /// Removes a file of the server.
    pub(super) fn remove(&self, path: &Path) -> Result<(), Report> {
        self.check_inside()?;
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed(path, "cannot be removed", &error))
            }
            _ => Ok(()),
        }
    }

    /// Removes the folders that are empty now.
    pub(super) fn remove_empty(&self) {
        // One that holds something else stays.
        let _ = std::fs::remove_dir(self.path());
        let _ = std::fs::remove_dir(self.tools.join(SERVERS));
    }

    /// A link on the way may not lead out of the space.
    fn check_inside(&self) -> Result<(), Report> {
        let real =
            |path: &Path| path.canonicalize().map_err(|error| failed(path, "cannot be followed", &error));
        let tools = real(&self.tools)?;
        for folder in [self.tools.join(SERVERS), self.path()] {
            if folder.symlink_metadata().is_ok() && !real(&folder)?.starts_with(&tools) {
                let fact =
                    format!("`{}` is a link that leads out of `{}`", folder.display(), tools.display());
                return Err(Report::new(Code::RefusedFile, fact).hint("put a folder in its place"));
            }
        }
        Ok(())
    }
}

impl Seen {
    /// A regular file of bearable size; anything else is somebody's, and is not looked into.
    fn read(path: &Path) -> io::Result<Option<Self>> {
        let metadata = match path.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !metadata.is_file() || metadata.len() > MAX_FILE_SIZE {
            return Ok(Some(Self { author: Author::Somebody, bytes: Vec::new() }));
        }
        let bytes = std::fs::read(path)?;
        Ok(Some(Self { author: author(&bytes), bytes }))
    }
}

/// The id of a tool of a server.
pub(super) fn tool_id(name: &ServerName, segment: &str) -> Result<ToolId, Report> {
    let id = format!("{}/{segment}", name.runtime());
    id.parse()
        .map_err(|error: rye_executor::runtimes::InvalidId| Report::new(Code::InvalidId, error.to_string()))
}

fn failed(path: &Path, what: &str, error: &io::Error) -> Report {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::ResourceExhausted,
        _ => Code::RefusedFile,
    };
    Report::new(code, format!("`{}` {what}: {error}", path.display()))
        .hint("look at its owner, its mode and the folder that it lies in")
}
