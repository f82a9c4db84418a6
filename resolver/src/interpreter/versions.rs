//! Version managers, by their folders and files alone: nothing of theirs is ever started.

use std::path::{Path, PathBuf};

use super::Search;

impl Search<'_> {
    /// The version that a file such as `.python-version` names, nearest to the project first.
    pub(super) fn wanted_version(&self, file: &str) -> Option<String> {
        let start = self.project.filter(|_| self.project_counts).unwrap_or(&self.host.working_directory);
        start.ancestors().find_map(|folder| first_word(&folder.join(file)))
    }

    /// The executable that a shim stands for: the version that the manager's files name, from its versions.
    pub(super) fn behind_shim(&self, shim: &Path) -> Option<PathBuf> {
        let name = shim.file_name()?;
        let root = shim.parent()?.parent()?;
        let file = match root.file_name()?.to_str()? {
            ".pyenv" | "pyenv" => ".python-version",
            _ => return None,
        };
        let version = self.wanted_version(file).or_else(|| first_word(&root.join("version")))?;
        let versions = root.join("versions");
        installed(&versions, Some(&version)).first().map(|folder| folder.join("bin").join(name))
    }
}

/// Whether a path lies in a version manager's folder of stand-ins.
pub(super) fn is_shim(path: &Path) -> bool {
    path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "shims")
}

/// The folders of installed versions: the wanted one alone, else releases, highest first, then the rest.
pub(super) fn installed(versions: &Path, wanted: Option<&str>) -> Vec<PathBuf> {
    let Ok(entries) = versions.read_dir() else { return Vec::new() };
    let names: Vec<_> =
        entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok()).collect();
    if let Some(wanted) = wanted {
        // `3.11` means the newest 3.11.x, as the manager itself has it.
        let mut fitting: Vec<_> =
            names.iter().filter(|name| *name == wanted || name.starts_with(&format!("{wanted}."))).collect();
        fitting.sort_by_key(|name| (*name != wanted, std::cmp::Reverse(release(name))));
        return fitting.into_iter().map(|name| versions.join(name)).collect();
    }
    let mut names: Vec<_> = names.into_iter().map(|name| (release(&name), name)).collect();
    names.sort_by(|a, b| b.cmp(a));
    names.into_iter().map(|(_, name)| versions.join(name)).collect()
}

/// The numbers of a plain release such as `3.12.1`; `None`, which sorts below, for anything else.
fn release(name: &str) -> Option<Vec<u64>> {
    name.strip_prefix('v').unwrap_or(name).split('.').map(|part| part.parse().ok()).collect()
}

fn first_word(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    line.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::release;

    #[test]
    fn releases_sort_by_number_and_above_everything_else() {
        assert!(release("3.12.1") > release("3.9.18"));
        assert!(release("v22.1.0") > release("v20.0.0"));
        assert!(release("3.8.0") > release("3.13.0rc1"));
        assert!(release("3.8.0") > release("pypy3.10-7.3"));
    }
}
