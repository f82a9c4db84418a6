//! What a front end captured of the world, once. The library reads none of it by itself.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::interpreter::{all_on_path, is_shim};

/// The caller's surroundings.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// The caller's whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The caller's working directory, absolute.
    pub working_directory: PathBuf,
    /// The caller's home directory.
    pub home: Option<PathBuf>,
    /// The root of the user space, such as `~/.ai`.
    pub user_space: Option<PathBuf>,
    /// A project named by the caller, instead of the nearest one above the working directory.
    pub project: Option<PathBuf>,
    /// Where what can be made again may be kept, such as what was read of many files; none: nowhere. A run neither
    /// reads nor writes it.
    pub cache: Option<PathBuf>,
    /// What tells the caller's build from others of its version: what one build kept in `cache`, no other believes.
    /// Empty: the version says it all.
    pub build: String,
    /// Whether this process may become the reaper of everything that its runs leave behind.
    pub subreaper: bool,
    /// Whether this process does nothing but one run, so that every new child belongs to that run.
    pub single_run: bool,
}

impl Host {
    /// A variable of the caller's environment; the last one of that name counts.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.environment.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str())
    }

    /// A path as it is shown: relative when it lies below the working directory. Below `/` everything lies: that is
    /// where a service is started, and nobody who reads its words is there.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        match path.strip_prefix(&self.working_directory) {
            Ok(below) if !below.as_os_str().is_empty() && self.working_directory.parent().is_some() => {
                below.display().to_string()
            }
            _ => path.display().to_string(),
        }
    }

    /// Every executable of that name on the caller's `PATH`, in order.
    #[must_use]
    pub fn on_path(&self, name: &str) -> Vec<PathBuf> {
        let path = self.variable("PATH");
        path.into_iter().flat_map(|path| all_on_path(OsStr::new(name), path)).collect()
    }

    /// The folders of version managers' shims on the caller's `PATH`.
    #[must_use]
    pub fn shim_folders(&self) -> Vec<PathBuf> {
        let folders = self.variable("PATH").map(|path| std::env::split_paths(path).collect());
        let folders: Vec<PathBuf> = folders.unwrap_or_default();
        folders.into_iter().filter(|folder| is_shim(&folder.join("x")) && folder.is_dir()).collect()
    }
}
