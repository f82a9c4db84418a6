//! The three spaces, and which of them may see which. The system space is embedded; the other two are folders.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rye_runtimes::ItemId;

use crate::error::Error;
use crate::files::{ToolsFolder, trusted_owner};
use crate::host::Host;

/// Where an item comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Space {
    /// `<project>/.ai/`
    Project,
    /// `$RYE_USER_SPACE`, else `~/.ai/`
    User,
    /// Embedded in the binary.
    System,
}

/// Marks the rows of a listing, given by space, whose id a row before them has.
pub(crate) fn shadow<'r>(rows: impl Iterator<Item = (&'r ItemId, &'r mut bool)>) {
    let mut seen = HashSet::new();
    for (id, shadowed) in rows {
        *shadowed = !seen.insert(id);
    }
}

impl Space {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::User => "user",
            Self::System => "system",
        }
    }
}

/// A space on disk.
#[derive(Clone, Debug)]
pub struct Root {
    /// Which one.
    pub space: Space,
    /// Its folder: `.ai`.
    pub path: PathBuf,
    /// Its `tools/`, if there is one.
    pub tools: Option<ToolsFolder>,
    /// A user whose files count beside the caller's and root's: the owner of a project that was named.
    pub trusted: Option<u32>,
}

/// The spaces that a caller sees.
#[derive(Clone, Debug)]
pub struct Spaces {
    /// The project: the folder that holds `.ai/`.
    pub project: Option<PathBuf>,
    /// The spaces on disk, in the order of their precedence.
    pub roots: Vec<Root>,
    /// A project that was passed over because it belongs to another user.
    pub foreign_project: Option<PathBuf>,
}

impl Spaces {
    /// Finds the spaces of a caller.
    ///
    /// # Errors
    /// The caller named a project that has no `.ai/`.
    pub fn find(host: &Host) -> Result<Self, Error> {
        let mut foreign_project = None;
        let project = match &host.project {
            Some(named) => Some(named_project(host, named)?),
            None => nearest_project(host, &mut foreign_project),
        };
        let named = host.project.is_some();
        let mut roots = Vec::with_capacity(2);
        if let Some(project) = &project {
            let path = project.join(".ai");
            // Who names a project trusts whom it belongs to.
            let owner = std::fs::metadata(&path).ok().map(|metadata| metadata.uid());
            let trusted = owner.filter(|_| named);
            roots.push(Root {
                space: Space::Project,
                tools: ToolsFolder::of(&path, project, trusted),
                path,
                trusted,
            });
        }
        if let Some(path) = host.user_space.clone().filter(|path| path.is_dir()) {
            roots.push(Root {
                space: Space::User,
                tools: ToolsFolder::of(&path, &path, None),
                path,
                trusted: None,
            });
        }
        Ok(Self { project, roots, foreign_project })
    }
}

impl Spaces {
    /// The same spaces, and the folders of tools that they have now.
    pub(crate) fn seen_again(&self) -> Self {
        let mut spaces = self.clone();
        for root in &mut spaces.roots {
            let top = self.project.as_ref().filter(|_| root.space == Space::Project).unwrap_or(&root.path);
            root.tools = ToolsFolder::of(&root.path, top, root.trusted);
        }
        spaces
    }
}

fn named_project(host: &Host, named: &Path) -> Result<PathBuf, Error> {
    let path = host.working_directory.join(named);
    let path = path.canonicalize().unwrap_or(path);
    if path.join(".ai").is_dir() { Ok(path) } else { Err(Error::NoProject { path }) }
}

fn nearest_project(host: &Host, foreign: &mut Option<PathBuf>) -> Option<PathBuf> {
    let user = host.user_space.as_ref().and_then(|path| path.canonicalize().ok());
    for folder in host.working_directory.ancestors() {
        let candidate = folder.join(".ai");
        let Ok(metadata) = std::fs::metadata(&candidate) else { continue };
        if !metadata.is_dir() || (user.is_some() && candidate.canonicalize().ok() == user) {
            continue;
        }
        if trusted_owner(&metadata) {
            return Some(folder.to_owned());
        }
        foreign.get_or_insert(candidate);
    }
    None
}
