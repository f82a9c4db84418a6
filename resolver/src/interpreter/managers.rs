//! Version managers, by their folders and files alone: nothing of theirs is ever started.

use std::path::{Path, PathBuf};

use super::Search;
use super::versions::{first_word, installed, installed_or_place, text_of, tool_versions};

/// A manager of one language, by whose files the wanted version is known.
#[derive(Clone, Copy, Debug)]
struct Manager {
    /// The last folder of its root, with or without a dot.
    root: &'static str,
    /// The file in a project that names the version.
    file: &'static str,
    /// The file below its root that names the default.
    default: &'static str,
}

/// Managers that keep `shims/` beside `versions/VERSION/bin/`.
const ONE_LANGUAGE: [Manager; 4] = [
    Manager { root: "pyenv", file: ".python-version", default: "version" },
    Manager { root: "rbenv", file: ".ruby-version", default: "version" },
    Manager { root: "nodenv", file: ".node-version", default: "version" },
    Manager { root: "plenv", file: ".perl-version", default: "version" },
];

/// Managers of many languages, which keep `shims/` beside `installs/TOOL/VERSION/bin/`.
const MANY_LANGUAGES: [&str; 2] = ["asdf", "mise"];

/// Whether a path lies in a version manager's folder of stand-ins.
pub(crate) fn is_shim(path: &Path) -> bool {
    let folder = path.parent();
    folder.and_then(Path::file_name).is_some_and(|name| name == "shims")
        || folder.is_some_and(|folder| folder.ends_with(".volta/bin"))
}

impl Search<'_> {
    /// The version that files such as `.python-version` name, the nearest above the project first.
    pub(super) fn wanted_version(&self, files: &[&str]) -> Option<String> {
        self.project_folders().find_map(|folder| files.iter().find_map(|file| first_word(&folder.join(file))))
    }

    /// The project and every folder above it; for a tool that the project does not concern, the caller's home alone:
    /// the working directory may be anybody's.
    fn project_folders(&self) -> impl Iterator<Item = &Path> {
        let project = self.project.filter(|_| self.project_counts);
        let home = self.host.home.as_deref().filter(|_| project.is_none());
        project.into_iter().flat_map(Path::ancestors).chain(home)
    }

    /// The executable that a shim stands for: the version that the manager's files name, from its own folder.
    pub(super) fn behind_shim(&self, shim: &Path) -> Option<PathBuf> {
        let name = Path::new(shim.file_name()?);
        let root = shim.parent()?.parent()?;
        let root_name = root.file_name()?.to_str()?.trim_start_matches('.');
        if root_name == "volta" {
            return self.volta(root).into_iter().map(|version| version.join("bin").join(name)).next();
        }
        if let Some(manager) = ONE_LANGUAGE.iter().find(|manager| manager.root == root_name) {
            let version =
                self.wanted_version(&[manager.file]).or_else(|| first_word(&root.join(manager.default)))?;
            let versions = installed(&root.join("versions"), Some(&version));
            return versions.into_iter().map(|version| version.join("bin").join(name)).next();
        }
        MANY_LANGUAGES
            .contains(&root_name)
            .then(|| self.behind_tool_versions(&root.join("installs"), name))?
    }

    /// The first version that `.tool-versions` names and that has the executable. Of each tool only the nearest file
    /// counts.
    fn behind_tool_versions(&self, installs: &Path, name: &Path) -> Option<PathBuf> {
        let mut named: Vec<(String, Vec<String>)> = Vec::new();
        for (tool, versions) in self.tool_version_files().flat_map(|file| tool_versions(&file)) {
            if named.iter().all(|(known, _)| *known != tool) {
                named.push((tool, versions));
            }
        }
        named
            .into_iter()
            .flat_map(|(tool, versions)| {
                let folder = installs.join(tool);
                versions.into_iter().flat_map(move |version| installed(&folder, Some(&version)))
            })
            .map(|version| version.join("bin").join(name))
            .find(|path| path.is_file())
    }

    /// Where `.tool-versions` may be, the nearest first and the caller's own last.
    fn tool_version_files(&self) -> impl Iterator<Item = PathBuf> {
        let own = self.host.home.as_deref();
        self.project_folders().chain(own).map(|folder| folder.join(".tool-versions"))
    }

    /// What asdf or mise has of one tool: the wanted version alone, else all.
    pub(super) fn tool_installs(&self, installs: &Path, tools: &[&str]) -> Vec<PathBuf> {
        let wanted = self
            .tool_version_files()
            .flat_map(|file| tool_versions(&file))
            .find(|(tool, _)| tools.contains(&tool.as_str()))
            .and_then(|(_, versions)| versions.into_iter().next());
        let found: Vec<_> =
            tools.iter().flat_map(|tool| installed(&installs.join(tool), wanted.as_deref())).collect();
        match tools.first() {
            Some(tool) if found.is_empty() => installed_or_place(&installs.join(tool), wanted.as_deref()),
            _ => found,
        }
    }

    /// Volta's nodes: the one that `package.json` pins, else the default, else all.
    pub(super) fn volta(&self, root: &Path) -> Vec<PathBuf> {
        let read =
            |file: PathBuf| -> Option<serde_json::Value> { serde_json::from_str(&text_of(&file)?).ok() };
        let text =
            |value: serde_json::Value, pointer: &str| Some(value.pointer(pointer)?.as_str()?.to_owned());
        let pinned =
            self.project_folders().find_map(|folder| text(read(folder.join("package.json"))?, "/volta/node"));
        let wanted = pinned.or_else(|| text(read(root.join("tools/user/platform.json"))?, "/node/runtime"));
        installed_or_place(&root.join("tools/image/node"), wanted.as_deref())
    }
}
