//! Every item that a caller sees, with the problems of the broken ones: listing never fails because of a file.

use std::path::PathBuf;

use rye_runtimes::ItemId;
use rye_runtimes::document::Problem;
use rye_tools::{Item, PortableNames};

use crate::Resolver;
use crate::error::Error;
use crate::in_order::in_order;
use crate::item::{FoundItem, PassedOverReason};
use crate::locate::{core_items, read_files};
use crate::open_folder::OpenFolder;
use crate::spaces::{Root, Space, shadow};

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
        let is_runtime = |row: &Listed| row.item.as_ref().is_ok_and(FoundItem::is_runtime);
        names_of_tools(self.items.iter().map(|row| (&row.id, is_runtime(row))))
    }
}

/// The portable names in a listing, of rows that tell whether they are runtimes.
pub(crate) fn names_of_tools<'r>(rows: impl Iterator<Item = (&'r ItemId, bool)>) -> PortableNames {
    PortableNames::of(rows.filter(|(_, is_runtime)| !is_runtime).map(|(id, _)| id.clone()))
}

impl Resolver {
    /// Lists everything in every space, with all that a run would need of it. Reads each file once and starts nothing.
    /// [`Resolver::catalogue`] is for those who only show what there is.
    #[must_use]
    pub fn list(&self) -> Listing {
        let mut listing = Listing::default();
        for root in &self.spaces.roots {
            self.list_root(root, &mut listing);
        }
        let row = |(id, item)| Listed { id, space: Space::System, path: None, shadowed: false, item };
        listing.items.extend(core_items().map(row));
        shadow(listing.items.iter_mut().map(|row| (&row.id, &mut row.shadowed)));
        listing
    }

    fn list_root(&self, root: &Root, listing: &mut Listing) {
        let Some(tools) = &root.tools else { return };
        let found = self.candidates(root);
        listing.notes.extend(found.notes);
        listing.problems.extend(found.problems);
        let items = in_order(
            &found.list,
            || OpenFolder::of(tools),
            |open, candidate| {
                let sidecar = candidate.sidecar.as_ref().ok()?;
                let files = read_files(open, &candidate.path, sidecar.as_deref());
                Some(files.and_then(|files| self.item_of(root, &candidate.id, files, Item::read)))
            },
        );
        for (candidate, item) in found.list.into_iter().zip(items) {
            let item = match (candidate.sidecar, item) {
                (Err(error), _) | (_, Some(Err(error))) => Err(error),
                (Ok(_), Some(Ok(Ok(found)))) => {
                    if let Item::Tool(tool) = &found.item {
                        listing.notes.extend(tool.notes.iter().cloned());
                    }
                    Ok(found)
                }
                (Ok(_), Some(Ok(Err(reason)))) => {
                    if !matches!(reason, PassedOverReason::PythonModule | PassedOverReason::NodeModule) {
                        listing.notes.push(self.problem(&candidate.path, reason.to_string()));
                    }
                    continue;
                }
                (Ok(_), None) => continue,
            };
            let path = Some(candidate.path);
            listing.items.push(Listed { id: candidate.id, space: root.space, path, shadowed: false, item });
        }
    }
}
