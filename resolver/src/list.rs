//! Every item that a caller sees, with the problems of the broken ones: listing never fails because of a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rye_runtimes::core::core_files;
use rye_runtimes::document::{Place, Problem};
use rye_runtimes::{InvalidId, ItemId};
use rye_tools::{Item, PortableNames};
use std::sync::Arc;

use crate::Resolver;
use crate::error::Error;
use crate::item::{FoundItem, PassedOverReason, UNLISTED_FOLDERS};
use crate::locate::{in_core, read_item, self_running};
use crate::spaces::{Root, Space};

/// One row of a listing.
#[derive(Debug)]
pub struct Listed {
    /// Its id.
    pub id: ItemId,
    /// Where it comes from.
    pub space: Space,
    /// Its file; none for what is embedded.
    pub path: Option<PathBuf>,
    /// Whether an item of a space before it has the same id.
    pub shadowed: bool,
    /// What it is, or why it cannot be used.
    pub item: Result<FoundItem, Error>,
}

/// A listing.
#[derive(Debug, Default)]
pub struct Listing {
    /// Tools and runtimes, by space, then by id.
    pub items: Vec<Listed>,
    /// Files in `tools/` that are no items, each with its reason: notes, not errors.
    pub notes: Vec<Problem>,
    /// Files and names that break a rule of the spaces.
    pub problems: Vec<Problem>,
}

impl Listing {
    /// The names of the tools at doors that know no `/`. Tools that are hidden or broken have theirs too: no name
    /// changes when a file is mended.
    #[must_use]
    pub fn portable_names(&self) -> PortableNames {
        let is_runtime = |row: &&Listed| row.item.as_ref().is_ok_and(FoundItem::is_runtime);
        PortableNames::of(self.items.iter().filter(|row| !is_runtime(row)).map(|row| row.id.clone()))
    }
}

/// An id that a path gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownId {
    /// The id.
    pub id: ItemId,
    /// Where it comes from.
    pub space: Space,
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
        ids.dedup();
        ids
    }

    /// Lists everything in every space. Reads each file once and starts nothing.
    #[must_use]
    pub fn list(&self) -> Listing {
        let mut listing = Listing::default();
        for root in &self.spaces.roots {
            self.list_root(root, &mut listing);
        }
        for file in core_files() {
            let Ok(id) = file.id.parse::<ItemId>() else { continue };
            if let Some(item) = in_core(&id).transpose() {
                listing.items.push(Listed { id, space: Space::System, path: None, shadowed: false, item });
            }
        }
        let mut seen = BTreeSet::new();
        for row in &mut listing.items {
            row.shadowed = !seen.insert(row.id.clone());
        }
        listing
    }

    /// The ids of tools in one space, without reading their files.
    pub(crate) fn ids_in(&self, root: &Root) -> Vec<ItemId> {
        let mut ids: Vec<_> = self.files_in(root).into_iter().filter_map(|(id, _)| id.ok()).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    fn list_root(&self, root: &Root, listing: &mut Listing) {
        let mut by_id: BTreeMap<ItemId, Vec<PathBuf>> = BTreeMap::new();
        for (id, path) in self.files_in(root) {
            match id {
                Ok(id) => by_id.entry(id).or_default().push(path),
                Err(error) => listing.problems.push(self.problem(&path, error.to_string())),
            }
        }
        self.report_case_collisions(&by_id, listing);
        for (id, files) in by_id {
            self.list_item(root, &id, files, listing);
        }
    }

    fn list_item(&self, root: &Root, id: &ItemId, files: Vec<PathBuf>, listing: &mut Listing) {
        let Some(tools) = &root.tools else { return };
        let is_toml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml");
        let (mut sidecars, mut scripts): (Vec<_>, Vec<_>) = files.into_iter().partition(is_toml);
        scripts.retain(|path| match self_running(&self.claims, root.space, path) {
            Ok(()) => true,
            Err(reason) => {
                listing.notes.push(self.problem(path, reason.to_string()));
                false
            }
        });
        let sidecar = sidecars.pop();
        let first = scripts.first().or(sidecar.as_ref()).cloned();
        let item = if id.is_protected() {
            first.clone().map(|file| Err(Error::Protected { id: id.clone(), file }))
        } else if scripts.len() > 1 {
            Some(Err(Error::Duplicate { id: id.clone(), files: scripts }))
        } else if let Some(script) = scripts.first() {
            self.read_row(root, tools, id, script, sidecar.as_deref(), listing)
        } else if let Some(alone) = &sidecar {
            self.read_row(root, tools, id, alone, None, listing)
        } else {
            None
        };
        if let Some(item) = item {
            let (id, space) = (id.clone(), root.space);
            listing.items.push(Listed { id, space, path: first, shadowed: false, item });
        }
    }

    fn read_row(
        &self,
        root: &Root,
        tools: &crate::files::ToolsFolder,
        id: &ItemId,
        file: &Path,
        sidecar: Option<&Path>,
        listing: &mut Listing,
    ) -> Option<Result<FoundItem, Error>> {
        match read_item(&self.host, root, tools, &self.claims, id, file, sidecar) {
            Ok(Ok(found)) => {
                if let Item::Tool(tool) = &found.item {
                    listing.notes.extend(tool.notes.iter().cloned());
                }
                Some(Ok(found))
            }
            Ok(Err(PassedOverReason::PythonModule | PassedOverReason::NodeModule)) => None,
            Ok(Err(reason)) => {
                listing.notes.push(self.problem(file, reason.to_string()));
                None
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// Every file that may be an item, with the id that its path gives. Sorted.
    fn files_in(&self, root: &Root) -> Vec<(Result<ItemId, InvalidId>, PathBuf)> {
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
        use std::os::unix::fs::PermissionsExt;
        let extension = entry.path().extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| extension == "toml" || self.claims.claims(extension, root.space))
            || entry
                .path()
                .metadata()
                .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    }

    fn report_case_collisions(&self, by_id: &BTreeMap<ItemId, Vec<PathBuf>>, listing: &mut Listing) {
        let mut folded: BTreeMap<String, &ItemId> = BTreeMap::new();
        for (id, files) in by_id {
            if let Some(first) = folded.insert(id.as_str().to_ascii_lowercase(), id)
                && let Some(file) = files.first()
            {
                let message = format!("the id `{id}` differs from `{first}` only by case");
                listing.problems.push(self.problem(file, message).hint("rename one of the two files"));
            }
        }
    }

    fn problem(&self, path: &Path, message: String) -> Problem {
        Problem::new(&Place::start_of(&Arc::from(self.host.shown(path))), message)
    }
}
