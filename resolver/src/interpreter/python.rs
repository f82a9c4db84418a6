//! Where a Python may be (`venv_python`), nearest first.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rye_runtimes::env_config::Group;

use super::versions::installed_or_place;
use super::{Candidate, Search};

const PYTHONS: [&str; 2] = ["bin/python3", "bin/python"];

impl Search<'_> {
    /// The candidates of one group. Built only when every group before it had none.
    pub(super) fn python(&self, group: Group) -> Vec<Candidate> {
        match group {
            Group::Project => self.project_python(),
            Group::User => self.user_python(),
            Group::System => {
                let folders = ["/usr/bin", "/usr/local/bin", "/opt/python/bin"];
                let fixed = folders
                    .iter()
                    .map(|folder| Candidate::new(group, "system", Path::new(folder).join("python3")));
                fixed.chain(self.on_path(OsStr::new("python3"), Some(group), "PATH")).collect()
            }
        }
    }

    fn project_python(&self) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        if let Some(project) = self.project {
            for folder in [".venv", ".virtualenv", "venv"] {
                candidates.extend(pythons_in(
                    Group::Project,
                    &format!("project {folder}"),
                    &project.join(folder),
                ));
            }
        }
        if let Some(active) = self.host.variable("VIRTUAL_ENV").filter(|path| Path::new(path).is_absolute()) {
            candidates.extend(pythons_in(Group::Project, "VIRTUAL_ENV", &PathBuf::from(active)));
        }
        candidates
    }

    fn user_python(&self) -> Vec<Candidate> {
        let Some(home) = &self.host.home else { return Vec::new() };
        let mut candidates = Vec::new();
        for folder in [".venv", ".virtualenv"] {
            candidates.extend(pythons_in(Group::User, &format!("user {folder}"), &home.join(folder)));
        }
        let wanted = self.wanted_version(&[".python-version"]);
        let installed = installed_or_place(&home.join(".pyenv/versions"), wanted.as_deref());
        for version in installed {
            candidates.extend(pythons_in(Group::User, "pyenv", &version));
        }
        candidates
    }
}

fn pythons_in(group: Group, source: &str, folder: &Path) -> impl Iterator<Item = Candidate> {
    PYTHONS.iter().map(move |python| Candidate::new(group, source, folder.join(python)))
}
