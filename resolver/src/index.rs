//! What was read of a space's files, kept between listings. It is never believed about bytes: a row counts only while
//! the stamps of all files that made it are the same, and whatever is odd about the index makes it empty.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};

use crate::card::{Card, Offer};
use crate::claims::Claims;
use crate::files::{hexadecimal, sha256};
use crate::host::Host;
use crate::spaces::Space;
use crate::stamp::Stamp;

/// The form of the file. Changed with what a row holds.
const FORM: &str = "rye-index 2";
/// More than this is no index of ours.
const MOST_BYTES: u64 = 1 << 30;

/// How long the name of an index is.
const NAME_LENGTH: usize = 32;
/// An index that nobody used for so long belongs to a project that is gone, or can be made again.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// A writer that has not finished after so long never will.
const UNFINISHED: Duration = Duration::from_secs(60 * 60);

/// Where the index of one space lies, and what it must have been made from.
#[derive(Debug)]
pub(crate) struct IndexPlace {
    folder: PathBuf,
    name: String,
    made_by: String,
}

/// The stamps of the files that make a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowStamps {
    pub(crate) file: Stamp,
    pub(crate) sidecar: Option<Stamp>,
}

/// The text of an index; empty when there is none that counts.
#[derive(Debug, Default)]
pub(crate) struct IndexText {
    text: String,
    rows_begin: usize,
}

/// The rows of an index, by the path of their file.
#[derive(Debug, Default)]
pub(crate) struct Index<'i>(HashMap<&'i str, Row<'i>>);

/// One row, not yet read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'i> {
    stamps: &'i str,
    card: &'i str,
    /// Empty for what MCP clients do not get.
    offer: &'i str,
    line: &'i str,
}

impl IndexPlace {
    /// The place for the index of the space whose tools lie in `tools`, if anything may be kept.
    pub(crate) fn of(host: &Host, space: Space, tools: &Path, claims: &Claims) -> Option<Self> {
        let folder = host.cache.as_ref()?.join("index");
        let mut name = sha256(&[space.word().as_bytes(), tools.as_os_str().as_encoded_bytes()].concat());
        name.truncate(NAME_LENGTH);
        // The same version may be built twice and say different things.
        let made_by = [FORM, env!("CARGO_PKG_VERSION"), &host.build, &format!("{claims:?}")];
        Some(Self { folder, name, made_by: sha256(made_by.join("\n").as_bytes()) })
    }

    /// Reads the index.
    pub(crate) fn read(&self) -> IndexText {
        self.read_text().unwrap_or_default()
    }

    fn read_text(&self) -> Option<IndexText> {
        let folder = self.open_folder()?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut file = File::from(rustix::fs::openat(&folder, &self.name, flags, Mode::empty()).ok()?);
        let told = file.metadata().ok()?;
        if !told.is_file() || !is_ours(&told) || told.len() > MOST_BYTES {
            return None;
        }
        let mut text = String::with_capacity(usize::try_from(told.len()).ok()? + 1);
        file.read_to_string(&mut text).ok()?;
        let (head, rows) = text.split_once('\n')?;
        let rows_begin = head.len() + 1;
        (head == self.head(rows)).then_some(IndexText { text, rows_begin })
    }

    fn head(&self, rows: &str) -> String {
        format!("{FORM} {} {:08x}", self.made_by, crc32fast::hash(rows.as_bytes()))
    }

    /// Writes an index of these lines, whole or not at all. That it cannot be written is no error: the next listing
    /// reads the files again.
    pub(crate) fn write<'l>(&self, lines: impl Iterator<Item = &'l str>) {
        let mut rows = String::new();
        for line in lines {
            rows.push_str(line);
            rows.push('\n');
        }
        let _ = self.make_folder();
        let Some(folder) = self.open_folder() else { return };
        let mut random = [0; 8];
        if rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty()).is_err() {
            return;
        }
        let temporary = format!("{}.{}", self.name, hexadecimal(&random));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let Ok(file) = rustix::fs::openat(&folder, &temporary, flags, Mode::RUSR | Mode::WUSR) else {
            return;
        };
        let written = File::from(file).write_all(format!("{}\n{rows}", self.head(&rows)).as_bytes());
        let renamed =
            written.is_ok() && rustix::fs::renameat(&folder, &temporary, &folder, &self.name).is_ok();
        if !renamed {
            let _ = rustix::fs::unlinkat(&folder, &temporary, AtFlags::empty());
        }
        let _ = remove_old(&folder);
    }

    /// Makes the folder, for the caller alone. Root, in somebody's home, leaves nothing that its owner could not use.
    fn make_folder(&self) -> std::io::Result<()> {
        let there = self.folder.ancestors().find_map(|above| std::fs::metadata(above).ok());
        if there.is_some_and(|there| rustix::process::geteuid().is_root() && there.uid() != 0) {
            return Ok(());
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)
    }

    fn open_folder(&self) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let folder = File::from(rustix::fs::open(&self.folder, flags, Mode::empty()).ok()?);
        folder.metadata().is_ok_and(|told| is_ours(&told)).then_some(folder)
    }
}

/// Removes what nobody will use: indexes that were not read or written for long, and temporary files of writers that
/// were killed. What has no name of ours stays.
fn remove_old(folder: &File) -> rustix::io::Result<()> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        let is_name =
            |text: &str, length| text.len() == length && text.bytes().all(|c| c.is_ascii_hexdigit());
        let limit = match name.split_once('.') {
            None if is_name(name, NAME_LENGTH) => UNUSED,
            Some((index, random)) if is_name(index, NAME_LENGTH) && is_name(random, 16) => UNFINISHED,
            _ => continue,
        };
        let Ok(file) = rustix::fs::openat(
            folder,
            name,
            OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            Mode::empty(),
        ) else {
            continue;
        };
        let Ok(told) = File::from(file).metadata() else { continue };
        let used = [told.accessed(), told.modified()].into_iter().filter_map(Result::ok).max();
        let unused = used.and_then(|used| used.elapsed().ok());
        if told.is_file() && is_ours(&told) && unused.is_some_and(|unused| unused > limit) {
            let _ = rustix::fs::unlinkat(folder, name, AtFlags::empty());
        }
    }
    Ok(())
}

/// Whether something belongs to the caller, and nobody else may write it.
fn is_ours(told: &std::fs::Metadata) -> bool {
    told.uid() == rustix::process::geteuid().as_raw() && told.mode() & 0o022 == 0
}

impl IndexText {
    /// Its rows.
    pub(crate) fn rows(&self) -> Index<'_> {
        let rows = self.text.get(self.rows_begin..).unwrap_or_default();
        Index(rows.lines().filter_map(row).collect())
    }
}

fn row(line: &str) -> Option<(&str, Row<'_>)> {
    let (path, rest) = line.split_once('\t')?;
    let (stamps, rest) = rest.split_once('\t')?;
    let (card, offer) = rest.split_once('\t')?;
    Some((path, Row { stamps, card, offer, line }))
}

impl<'i> Index<'i> {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The row of a file.
    pub(crate) fn find(&self, path: &str) -> Option<Row<'i>> {
        self.0.get(path).copied()
    }
}

impl<'i> Row<'i> {
    /// Its card, if it was made from files of these stamps; `Some(None)` for one that is neither tool nor runtime.
    pub(crate) fn card(&self, stamps: &RowStamps) -> Option<Option<Card>> {
        if self.stamps != stamps.to_string() {
            return None;
        }
        let mut card: Option<Card> = serde_json::from_str(self.card).ok()?;
        if let Some(card) = &mut card {
            card.offer = (!self.offer.is_empty()).then(|| Offer::kept(self.offer));
        }
        Some(card)
    }

    /// The line it was read from.
    pub(crate) fn line(&self) -> &'i str {
        self.line
    }
}

impl RowStamps {
    /// Whether all files were last changed long enough before `moment`.
    pub(crate) fn are_settled(&self, moment: SystemTime) -> bool {
        self.file.is_settled(moment) && self.sidecar.is_none_or(|sidecar| sidecar.is_settled(moment))
    }
}

impl std::fmt::Display for RowStamps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.sidecar {
            Some(sidecar) => write!(f, "{}+{sidecar}", self.file),
            None => self.file.fmt(f),
        }
    }
}

/// The line of a row.
pub(crate) fn line_of(path: &str, stamps: &RowStamps, card: Option<&Card>) -> Option<String> {
    // A path with a tab or a line end has no id, and so no row.
    let offer = card.and_then(|card| card.offer.as_ref()).map_or("", Offer::text);
    let card = serde_json::to_string(&card).ok()?;
    // In JSON both are escaped.
    Some(format!("{path}\t{stamps}\t{card}\t{offer}"))
}
