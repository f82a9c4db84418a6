//! The files below `tools/` that may be items, by their names and kinds alone. No file is opened.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rye_runtimes::{InvalidId, ItemId};

use crate::Resolver;
use crate::item::UNLISTED_FOLDERS;
use crate::spaces::{Root, Space};

/// An id that a path gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownId {
    /// Where it comes from.
    pub space: Space,
    /// The id.
    pub id: ItemId,
}

impl Resolver {
    /// The ids of tools as far as their paths tell, by space. No file is read: some may be modules, hidden or broken.
    #[must_use]
    pub fn ids(&self) -> Vec<KnownId> {
        let mut ids = Vec::new();
        for root in &self.spaces.roots {
            let runtimes = root.tools.as_ref().map(|tools| tools.path().join("runtimes"));
            let is_runtime = |path: &Path| {
                path.parent() == runtimes.as_deref() && path.extension().is_some_and(|known| known == "toml")
            };
            let files = self.files_in(root).into_iter().filter(|(_, path)| !is_runtime(path));
            ids.extend(files.filter_map(|(id, _)| Some(KnownId { id: id.ok()?, space: root.space })));
        }
        ids.sort();
        ids.dedup();
        ids
    }

    /// The ids of tools in one space, without reading their files.
    pub(crate) fn ids_in(&self, root: &Root) -> Vec<ItemId> {
        let mut ids: Vec<_> = self.files_in(root).into_iter().filter_map(|(id, _)| id.ok()).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// Every file that may be an item, with the id that its path gives. Sorted.
    pub(crate) fn files_in(&self, root: &Root) -> Vec<(Result<ItemId, InvalidId>, PathBuf)> {
        let Some(tools) = &root.tools else { return Vec::new() };
        let listed = |entry: &walkdir::DirEntry| {
            let name = entry.file_name().to_string_lossy();
            let unlisted = entry.file_type().is_dir() && UNLISTED_FOLDERS.contains(&&*name);
            entry.depth() == 0 || !(name.starts_with(['_', '.']) || unlisted)
        };
        let walk = walkdir::WalkDir::new(tools.path()).sort_by_file_name().into_iter().filter_entry(listed);
        walk.filter_map(Result::ok)
            .filter(|entry| !entry.file_type().is_dir())
            .filter(|entry| self.may_be_item(root, entry))
            .filter_map(|entry| {
                let below = entry.path().strip_prefix(tools.path()).ok()?.with_extension("");
                let id = below.to_string_lossy().parse();
                Some((id, entry.into_path()))
            })
            .collect()
    }

    /// Whether a file is worth a row: a claimed extension, TOML, or executable. Data beside tools is not.
    fn may_be_item(&self, root: &Root, entry: &walkdir::DirEntry) -> bool {
        let extension = entry.path().extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| extension == "toml" || self.claims.claims(extension, root.space))
            || entry
                .path()
                .metadata()
                .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    }
}
