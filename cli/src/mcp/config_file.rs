//! A client's configuration file, replaced whole or not at all: a new file takes its place by renaming, with the same
//! mode and owner. A link stays a link, and a file that the client has changed meanwhile is left to it.

use std::fs::{Metadata, Permissions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rye_executor::{Code, Report};

use crate::whole_file::WholeFile;

/// No client's file is larger.
const MAX_SIZE: u64 = 64 << 20;

/// A file as it was read.
#[derive(Debug)]
pub(super) struct ConfigFile {
    /// Where it really lies.
    path: PathBuf,
    /// `None`: it is not there yet.
    bytes: Option<Vec<u8>>,
    pub(super) text: String,
}

impl ConfigFile {
    /// Reads it, if it is there.
    pub(super) fn read(path: &Path) -> Result<Self, Report> {
        if path.symlink_metadata().is_err() {
            return Ok(Self { path: path.to_owned(), bytes: None, text: String::new() });
        }
        let path = path.canonicalize().map_err(|error| unusable(path, "cannot be followed", &error))?;
        let bytes = read(&path)?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.split(|byte| *byte == b'\n').count();
            Report::new(Code::InvalidConfig, format!("`{}:{line}` is not UTF-8", path.display()))
                .hint("repair the file first: rye changes nothing in it")
        })?;
        Ok(Self { text: text.to_owned(), path, bytes: Some(bytes) })
    }

    /// Puts a new text in its place. A new file is for its owner alone unless it is shared.
    pub(super) fn replace(&self, text: &str, is_shared: bool) -> Result<(), Report> {
        let failed = |error: std::io::Error| unusable(&self.path, "cannot be written", &error);
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        if self.bytes.is_none() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let before = self.path.metadata().ok();
        if before.as_ref().is_some_and(|before| before.mode() & 0o222 == 0) {
            let fact = format!("`{}` is read-only", self.path.display());
            return Err(Report::new(Code::RefusedFile, fact).hint("`chmod u+w` it if rye may change it"));
        }
        let new = WholeFile::write(&self.path, text, 0o600).map_err(failed)?;
        match &before {
            Some(before) => take_after(new.file(), before).map_err(failed)?,
            None if is_shared => {
                new.file().set_permissions(Permissions::from_mode(0o644)).map_err(failed)?;
            }
            None => {}
        }
        let new = new.sync().map_err(failed)?;
        let now = before.map(|_| read(&self.path)).transpose()?;
        if now != self.bytes {
            let fact = format!("`{}` was changed by somebody else meanwhile", self.path.display());
            return Err(
                Report::new(Code::InvalidConfig, fact).hint("try again, best while the client is closed")
            );
        }
        let done = if self.bytes.is_some() { new.replace(&self.path) } else { new.create(&self.path) };
        done.map_err(failed)
    }
}

/// Gives a new file the owner and the mode of the old one.
fn take_after(new: &std::fs::File, old: &Metadata) -> std::io::Result<()> {
    let own = new.metadata()?;
    if (own.uid(), own.gid()) != (old.uid(), old.gid()) {
        std::os::unix::fs::fchown(new, Some(old.uid()), Some(old.gid()))?;
    }
    new.set_permissions(Permissions::from_mode(old.mode() & 0o7777))
}

/// A regular file of a bearable size. A FIFO in its place is not waited for.
fn read(path: &Path) -> Result<Vec<u8>, Report> {
    let failed = |error: std::io::Error| unusable(path, "cannot be read", &error);
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(nonblocking).open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(Report::new(Code::RefusedFile, format!("`{}` is not a regular file", path.display())));
    }
    let mut bytes = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(Report::new(Code::RefusedFile, format!("`{}` is larger than 64 MiB", path.display())));
    }
    Ok(bytes)
}

fn unusable(path: &Path, what: &str, error: &std::io::Error) -> Report {
    Report::new(Code::RefusedFile, format!("`{}` {what}: {error}", path.display()))
        .hint("look at its owner, its mode and the folder that it lies in")
}
