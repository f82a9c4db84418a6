//! Finds the file of an id. Only the candidate paths of the wanted id are looked at, so the cost does not grow
//! with the number of tools, and a broken file elsewhere does no harm.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, OFlags, statat};
use rye_runtimes::ItemId;
use rye_runtimes::core::{core_claims, core_file, core_files};
use rye_runtimes::document::Problem;
use rye_tools::{Item, ToolFile, hides_interpreter_line};

use crate::Resolver;
use crate::claims::Claims;
use crate::error::Error;
use crate::files::{SourceFile, ToolsFolder};
use crate::index::RowStamps;
use crate::item::{FoundItem, PassedOver, PassedOverReason, UNLISTED_FOLDERS};
use crate::open_folder::OpenFolder;
use crate::spaces::{Root, Space};

/// What a search in one space gave.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// The item.
    pub(crate) found: Option<FoundItem>,
    /// Files of that name that are no tools.
    pub(crate) passed_over: Vec<PassedOver>,
}

/// An item of the system space, as `read` understands its file.
fn core_item(
    id: &ItemId,
    read: impl FnOnce(&ToolFile<'_>) -> Result<Item, Vec<Problem>>,
) -> Result<Option<FoundItem>, Error> {
    let Some(core) = core_file(id) else { return Ok(None) };
    let source = ToolFile {
        file: Arc::from(core.file),
        extension: Some("toml"),
        bytes: core.text.as_bytes(),
        sidecar: None,
    };
    let item = read(&source).map_err(|problems| Error::InvalidDescriptor { problems })?;
    let id = id.clone();
    Ok(Some(FoundItem { id, space: Space::System, item, file: None, sidecar: None, runs_itself: false }))
}

/// Every item of the system space.
pub(crate) fn core_items() -> impl Iterator<Item = (ItemId, Result<FoundItem, Error>)> {
    core_files().iter().filter_map(|file| {
        let id: ItemId = file.id.parse().ok()?;
        let item = core_item(&id, Item::read).transpose()?;
        Some((id, item))
    })
}

impl Resolver {
    /// Looks for an id in the system space.
    pub(crate) fn in_core(&self, id: &ItemId) -> Result<Option<FoundItem>, Error> {
        core_item(id, |file| self.understood.read(file))
    }

    /// Looks for an id in one space on disk.
    pub(crate) fn in_root(&self, root: &Root, id: &ItemId) -> Result<Search, Error> {
        let claims = &self.claims;
        let mut search = Search::default();
        let Some(tools) = &root.tools else { return Ok(search) };
        if id.is_protected() {
            return match paths_of(tools, claims, id).into_iter().next() {
                Some(file) => Err(Error::Protected { id: id.clone(), file }),
                None => Ok(search),
            };
        }
        if id.as_str().split('/').rev().skip(1).any(|folder| UNLISTED_FOLDERS.contains(&folder)) {
            let path = tools.path().join(id.as_str());
            search.passed_over.push(PassedOver { path, reason: PassedOverReason::Unlisted });
            return Ok(search);
        }
        let (mut scripts, sidecars): (Vec<_>, Vec<_>) = paths_of(tools, claims, id)
            .into_iter()
            .partition(|path| path.extension().is_none_or(|extension| extension != "toml"));
        scripts.retain(|path| match self_running(claims, root.space, path) {
            Ok(()) => true,
            Err(reason) => {
                // What is data beside tools does not become one by its mode.
                let is_data = reason == PassedOverReason::NotExecutable && lacks_interpreter_line(path);
                let reason = if is_data { PassedOverReason::NoInterpreterLine } else { reason };
                search.passed_over.push(PassedOver { path: path.clone(), reason });
                false
            }
        });
        if scripts.len() > 1 {
            return Err(Error::Duplicate { id: id.clone(), files: scripts });
        }
        let (file, sidecar) = match (scripts.pop(), sidecars.into_iter().next()) {
            (Some(script), sidecar) => (script, sidecar),
            (None, Some(alone)) => (alone, None),
            (None, None) => return Ok(search),
        };
        let files = read_files(&OpenFolder::of(tools), &file, sidecar.as_deref())?;
        match self.item_of(root, id, files, |file| self.understood.read(file))? {
            Ok(found) => search.found = Some(found),
            Err(reason) => search.passed_over.push(PassedOver { path: file, reason }),
        }
        Ok(search)
    }

    /// What the files of an item say, as `read` understands them. `Ok(Err(_))`: the file is no tool.
    pub(crate) fn item_of(
        &self,
        root: &Root,
        id: &ItemId,
        files: Result<ItemFiles, PassedOverReason>,
        read: impl FnOnce(&ToolFile<'_>) -> Result<Item, Vec<Problem>>,
    ) -> Result<Result<FoundItem, PassedOverReason>, Error> {
        let ItemFiles { source, sidecar } = match files {
            Ok(files) => files,
            Err(reason) => return Ok(Err(reason)),
        };
        let extension = source.path.extension().and_then(|extension| extension.to_str());
        let runs_itself = extension
            .is_none_or(|extension| extension != "toml" && !self.claims.claims(extension, root.space));
        if runs_itself && !source.bytes.starts_with(b"#!") {
            let is_hidden = hides_interpreter_line(&source.bytes);
            return Ok(Err(if is_hidden {
                PassedOverReason::HiddenInterpreterLine
            } else {
                PassedOverReason::NoInterpreterLine
            }));
        }
        let shown = |file: &SourceFile| -> Arc<str> { Arc::from(self.host.shown(&file.path)) };
        let tool_file = ToolFile {
            file: shown(&source),
            extension,
            bytes: &source.bytes,
            sidecar: sidecar.as_ref().map(|sidecar| (shown(sidecar), sidecar.bytes.as_slice())),
        };
        let item = match read(&tool_file) {
            Ok(Item::Other(reason)) => return Ok(Err(reason.into())),
            Ok(item) => item,
            Err(problems) => return Err(Error::InvalidMetadata { id: id.clone(), problems }),
        };
        let (file, sidecar) = (Some(Arc::new(source)), sidecar.map(Arc::new));
        Ok(Ok(FoundItem { id: id.clone(), space: root.space, item, file, sidecar, runs_itself }))
    }
}

/// Whether a regular file can be read and does not begin with `#!`.
fn lacks_interpreter_line(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(2).read_to_end(&mut head));
    read.is_ok() && head != b"#!"
}

/// The files of an item, read.
#[derive(Debug)]
pub(crate) struct ItemFiles {
    source: SourceFile,
    sidecar: Option<SourceFile>,
}

impl ItemFiles {
    /// The stamps of all of them; none where a link led to one.
    pub(crate) fn stamps(&self) -> Option<RowStamps> {
        let sidecar = match &self.sidecar {
            Some(sidecar) => Some(sidecar.stamp?),
            None => None,
        };
        Some(RowStamps { file: self.source.stamp?, sidecar })
    }
}

/// Reads the files of an item. `Ok(Err(_))`: there is none.
pub(crate) fn read_files(
    tools: &OpenFolder<'_>,
    file: &Path,
    sidecar: Option<&Path>,
) -> Result<Result<ItemFiles, PassedOverReason>, Error> {
    let read = |path: &Path| -> Result<Option<SourceFile>, Error> {
        Ok(tools.read(path.strip_prefix(tools.path()).unwrap_or(path))?)
    };
    // Gone since it was seen: the same as not executable, which is what a reader can do about it.
    let Some(source) = read(file)? else { return Ok(Err(PassedOverReason::NotExecutable)) };
    Ok(Ok(ItemFiles { source, sidecar: sidecar.map(read).transpose()?.flatten() }))
}

/// The paths in the folder that have the id: by the claimed extensions, or, when none of those is there, by
/// whatever stands beside it under that name.
fn paths_of(tools: &ToolsFolder, claims: &Claims, id: &ItemId) -> Vec<PathBuf> {
    let stem = tools.path().join(id.as_str());
    let Some((folder, name)) = stem.parent().zip(stem.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    // Without a descriptor to spare it takes longer, and is no reason to find nothing.
    let opened = rustix::fs::open(folder, flags, Mode::empty()).ok();
    let there = |name: &str| match &opened {
        Some(opened) => statat(opened, name, AtFlags::SYMLINK_NOFOLLOW).is_ok(),
        None => folder.join(name).symlink_metadata().is_ok(),
    };
    let mut extensions: Vec<_> =
        core_claims().iter().map(|(extension, _)| *extension).chain(claims.extensions()).collect();
    extensions.sort_unstable();
    extensions.dedup();
    let names = extensions.into_iter().chain(["toml"]).map(|extension| format!("{name}.{extension}"));
    let mut paths: Vec<_> = names.filter(|name| there(name)).map(|name| folder.join(name)).collect();
    // A folder of that name is where `id/…` lies, and no candidate.
    if stem.extension().is_none() && there(name) && !stem.is_dir() {
        paths.push(stem.clone());
    }
    if paths.is_empty() {
        paths = beside(&stem);
    }
    paths
}

/// Files with that stem and an extension that nobody claims.
fn beside(stem: &Path) -> Vec<PathBuf> {
    let Some((folder, name)) = stem.parent().zip(stem.file_name()) else { return Vec::new() };
    let Ok(entries) = folder.read_dir() else { return Vec::new() };
    let mut paths: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.file_stem() == Some(name) && !path.is_dir())
        .collect();
    paths.sort();
    paths
}

/// Whether a file can be run: by a runtime that claims it, or by itself.
pub(crate) fn self_running(claims: &Claims, space: Space, path: &Path) -> Result<(), PassedOverReason> {
    if path
        .extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| claims.claims(extension, space))
    {
        return Ok(());
    }
    match path.metadata() {
        // Anything else is looked at, and refused with its reason, when it is opened.
        Ok(metadata) if metadata.is_file() && metadata.permissions().mode() & 0o111 == 0 => {
            Err(PassedOverReason::NotExecutable)
        }
        _ => Ok(()),
    }
}
