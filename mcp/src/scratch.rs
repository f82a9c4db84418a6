//! The folder in which a server keeps what lives no longer than itself: mode 0700, made when it is first needed, and
//! gone with the server.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Mutex;

use tempfile::TempDir;

/// A folder that may not be there yet.
#[derive(Debug)]
pub(crate) struct Scratch {
    parent: PathBuf,
    folder: Mutex<Option<TempDir>>,
}

impl Scratch {
    /// Below a folder for temporary files.
    pub(crate) fn below(parent: PathBuf) -> Self {
        Self { parent, folder: Mutex::new(None) }
    }

    /// The folder.
    pub(crate) fn path(&self) -> std::io::Result<PathBuf> {
        let mut folder = self.folder.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(folder) = folder.as_ref().map(TempDir::path).filter(|path| path.is_dir()) {
            return Ok(folder.to_owned());
        }
        // Others may neither read what tools print nor write in its place.
        let mut builder = tempfile::Builder::new();
        let made =
            builder.prefix("rye-mcp-").permissions(Permissions::from_mode(0o700)).tempdir_in(&self.parent)?;
        Ok(folder.insert(made).path().to_owned())
    }
}
