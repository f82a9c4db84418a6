//! What there is, for those who choose among many: a card for each item. What was read once is not read again while
//! nothing shows that a file was touched; with or without that memory a catalogue says the same.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rye_runtimes::ItemId;
use rye_runtimes::document::Problem;
use rye_tools::search::Document;
use rye_tools::{Item, PortableNames};

use crate::Resolver;
use crate::candidates::Candidate;
use crate::card::{Card, Kind};
use crate::error::Error;
use crate::in_order::in_order;
use crate::index::{Index, IndexPlace, RowStamps, line_of};
use crate::list::names_of_tools;
use crate::locate::{core_items, read_files};
use crate::open_folder::OpenFolder;
use crate::spaces::{Root, Space, shadow};

/// One item of a catalogue.
#[derive(Debug)]
pub struct Catalogued {
    /// Its id.
    pub id: ItemId,
    /// Where it comes from.
    pub space: Space,
    /// Its file; none for what is embedded.
    pub path: Option<PathBuf>,
    /// Whether an item of a space before it has the same id.
    pub shadowed: bool,
    /// What is said of it, or why it cannot be used.
    pub card: Result<Card, Error>,
}

impl Catalogued {
    /// What a search looks at. What is broken is found by its id.
    #[must_use]
    pub fn document(&self) -> Document<'_> {
        match &self.card {
            Ok(card) => Document {
                id: self.id.as_str(),
                title: card.title.as_deref(),
                description: card.description.as_deref(),
                tags: &card.tags,
                parameters: card.parameters(),
            },
            Err(_) => Document { id: self.id.as_str(), ..Document::default() },
        }
    }

    /// Whether it is a tool that is offered: no runtime, not hidden, and first of its id. What is broken counts.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        let tool = self.card.as_ref().is_ok_and(|card| card.kind == Kind::Tool && !card.hidden);
        !self.shadowed && (tool || self.card.is_err())
    }
}

/// A catalogue.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// Tools and runtimes, by space, then by id.
    pub items: Vec<Catalogued>,
    /// Files and names that break a rule of the spaces.
    pub problems: Vec<Problem>,
}

impl Catalogue {
    /// The tools that are offered, each with what a search looks at.
    #[must_use]
    pub fn offered(&self) -> (Vec<&Catalogued>, Vec<Document<'_>>) {
        let offered: Vec<_> = self.items.iter().filter(|item| item.is_offered()).collect();
        let documents = in_order(&offered, || (), |(), item| item.document());
        (offered, documents)
    }

    /// The names of the tools at doors that know no `/`, as [`crate::Listing::portable_names`] gives them.
    #[must_use]
    pub fn portable_names(&self) -> PortableNames {
        let is_runtime = |row: &Catalogued| row.card.as_ref().is_ok_and(|card| card.kind == Kind::Runtime);
        names_of_tools(self.items.iter().map(|row| (&row.id, is_runtime(row))))
    }
}

/// What is known of one candidate.
#[derive(Debug, Default)]
struct Known<'i> {
    /// None: neither tool nor runtime.
    card: Option<Result<Card, Error>>,
    /// Its line for the index, if it may be kept.
    line: Option<Cow<'i, str>>,
}

impl Resolver {
    /// What every space holds. Starts nothing; reads the files that [`crate::Host::cache`] has nothing about, and
    /// keeps there what it read.
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        let mut catalogue = Catalogue::default();
        for root in &self.spaces.roots {
            self.catalogue_root(root, &mut catalogue);
        }
        for (id, item) in core_items() {
            let card = item.map(|found| Card::of(&found.item)).transpose();
            let row = |card| Catalogued { id, space: Space::System, path: None, shadowed: false, card };
            catalogue.items.extend(card.map(row));
        }
        shadow(catalogue.items.iter_mut().map(|row| (&row.id, &mut row.shadowed)));
        catalogue
    }

    fn catalogue_root(&self, root: &Root, catalogue: &mut Catalogue) {
        let Some(tools) = &root.tools else { return };
        let found = self.candidates(root);
        catalogue.problems.extend(found.problems);
        let place = IndexPlace::of(&self.host, root.space, tools.path(), &self.claims);
        let text = place.as_ref().map(IndexPlace::read).unwrap_or_default();
        let index = text.rows();
        let began = SystemTime::now();
        let known = in_order(
            &found.list,
            || OpenFolder::of(tools),
            |open, candidate| {
                remembered(&index, open, candidate)
                    .unwrap_or_else(|| self.looked_up(root, open, candidate, began))
            },
        );
        if let Some(place) = place {
            let fresh = known.iter().any(|known| matches!(known.line, Some(Cow::Owned(_))));
            let lines = || known.iter().filter_map(|known| known.line.as_deref());
            if fresh || lines().count() != index.len() {
                place.write(lines());
            }
        }
        for (candidate, known) in found.list.into_iter().zip(known) {
            let card = candidate.sidecar.err().map(Err).or(known.card);
            let (id, space, path) = (candidate.id, root.space, Some(candidate.path));
            catalogue.items.extend(card.map(|card| Catalogued { id, space, path, shadowed: false, card }));
        }
    }

    /// Reads the files of a candidate. What is wrong is not remembered.
    fn looked_up<'i>(
        &self,
        root: &Root,
        open: &OpenFolder<'_>,
        candidate: &Candidate,
        began: SystemTime,
    ) -> Known<'i> {
        let Ok(sidecar) = &candidate.sidecar else { return Known::default() };
        let files = match read_files(open, &candidate.path, sidecar.as_deref()) {
            Ok(Ok(files)) => files,
            Ok(Err(_)) => return Known::default(),
            Err(error) => return Known { card: Some(Err(error)), line: None },
        };
        let stamps = files.stamps().filter(|stamps| stamps.are_settled(began));
        let card = match self.item_of(root, &candidate.id, Ok(files), Item::read) {
            Ok(Ok(found)) => Card::of(&found.item),
            Ok(Err(_)) => None,
            Err(error) => return Known { card: Some(Err(error)), line: None },
        };
        let path = below(open, &candidate.path);
        let line = stamps.zip(path).and_then(|(stamps, path)| line_of(path, &stamps, card.as_ref()));
        Known { card: card.map(Ok), line: line.map(Cow::Owned) }
    }
}

/// What the index knows of a candidate whose files have not changed.
fn remembered<'i>(index: &Index<'i>, open: &OpenFolder<'_>, candidate: &Candidate) -> Option<Known<'i>> {
    let path = below(open, &candidate.path)?;
    let row = index.find(path)?;
    let file = open.stamp(Path::new(path))?;
    let sidecar = match candidate.sidecar.as_ref().ok()? {
        Some(sidecar) => Some(open.stamp(Path::new(below(open, sidecar)?))?),
        None => None,
    };
    let card = row.card(&RowStamps { file, sidecar })?;
    Some(Known { card: card.map(Ok), line: Some(Cow::Borrowed(row.line())) })
}

fn below<'p>(open: &OpenFolder<'_>, path: &'p Path) -> Option<&'p str> {
    path.strip_prefix(open.path()).ok()?.to_str()
}
