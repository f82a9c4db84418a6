//! Long outputs, kept whole: one file for each content, named by its SHA-256, for the owner alone. Whatever is kept goes
//! again by age and by the size of all, so that nobody has to look after it.

use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use rustix::fs::{Mode, OFlags};
use rye_primitives::{Captured, SPILL_PREFIX, Spill, Spilled};
use rye_resolver::{hexadecimal, sha256};
use serde::Serialize;

/// How many bytes of a stream wait in memory for their file.
const MAX_INLINE: usize = 1 << 20;
/// How old an artifact gets.
const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How many bytes all of them have, but for the newest.
const MAX_TOTAL: u64 = 1 << 30;
/// How old a file may be that is still being written: more than a clock may jump by.
const MAX_GROWING: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// What is too old or too much stays for so long at the most, or until so many bytes have come.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
const SWEEP_BYTES: u64 = 16 << 20;
/// The same for the first artifact of a process.
const SWEEP_FIRST_BYTES: u64 = 64 << 10;
/// The file whose time is that of the last sweep.
const SWEPT: &str = ".swept";
/// What follows the name of an artifact that holds only the beginning.
const CUT: &str = "-cut";

/// Where artifacts are, and what becomes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactConfig {
    /// The folder.
    pub folder: PathBuf,
    /// A stream of no more bytes than this is no artifact.
    pub inline: usize,
    /// How many bytes one has at most.
    pub max_size: u64,
}

impl ArtifactConfig {
    /// Artifacts below a folder for state: of more than 6 KiB, with 64 MiB at most.
    #[must_use]
    pub fn below(state: &Path) -> Self {
        Self { folder: state.join("artifacts"), inline: 6 << 10, max_size: 64 << 20 }
    }

    /// With what a `rye.toml` says: no more memory than [`MAX_INLINE`], and no more of the disk than there was.
    pub(crate) fn limited(self, inline: Option<u64>, max_size: Option<u64>) -> Self {
        let inline = inline.map_or(self.inline, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let max_size = max_size.map_or(self.max_size, |bytes| bytes.min(self.max_size));
        Self { inline: inline.min(MAX_INLINE), max_size, ..self }
    }

    pub(crate) fn spill(&self) -> Spill {
        Spill { folder: self.folder.clone(), after: self.inline, cap: self.max_size }
    }
}

/// The whole of a stream of one run, or of a text that came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Artifact {
    /// `stdout`, `stderr`, or `result`.
    pub stream: &'static str,
    /// What `rye artifacts show` takes.
    pub id: String,
    /// How many bytes are kept.
    pub bytes: u64,
    /// Less is kept than the stream had.
    pub truncated: bool,
    /// The file; `None`: it could not be kept.
    pub path: Option<PathBuf>,
    /// Why it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Artifact {
    /// Opens the file to be read.
    ///
    /// # Errors
    /// It could not be kept, is gone by now, or something else stands in its place.
    pub fn open(&self) -> Result<File, Error> {
        match &self.path {
            Some(path) => open(path),
            None => Err(ErrorKind::NotFound.into()),
        }
    }
}

/// Makes an artifact of what was written of a stream.
pub(crate) fn keep(stream: &'static str, captured: &mut Captured) -> Option<Artifact> {
    let spilled = std::mem::take(&mut captured.spilled);
    if matches!(spilled, Spilled::No) {
        return None;
    }
    settle(stream, hexadecimal(&captured.sha256?), captured.total, spilled)
}

/// Makes an artifact of a text that no stream had.
pub(crate) fn keep_text(stream: &'static str, text: &str, config: &ArtifactConfig) -> Option<Artifact> {
    settle(stream, sha256(text.as_bytes()), text.len() as u64, config.spill().write(text.as_bytes()))
}

/// Gives a file that was written its name. What is too old or too much goes.
fn settle(stream: &'static str, id: String, total: u64, spilled: Spilled) -> Option<Artifact> {
    let failed = |problem: String| Artifact {
        stream,
        id: id.clone(),
        bytes: 0,
        truncated: true,
        path: None,
        problem: Some(problem),
    };
    match spilled {
        Spilled::No => None,
        Spilled::Failed { reason } => Some(failed(reason)),
        Spilled::Kept { file, bytes } => {
            let truncated = bytes < total;
            let id = if truncated { format!("{id}{CUT}") } else { id.clone() };
            let path = file.with_file_name(&id);
            // What can be neither renamed nor removed goes by its age.
            if let Err(error) = file.persist(&path) {
                return Some(failed(error.error.to_string()));
            }
            if let Some(folder) = path.parent() {
                sweep_if_due(folder, bytes, SystemTime::now());
            }
            Some(Artifact { stream, id, bytes, truncated, path: Some(path), problem: None })
        }
    }
}

/// An artifact that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The SHA-256 of the whole output; where only its beginning is kept, `-cut` follows.
    pub id: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it was made, or made again, in seconds since 1970.
    pub made: u64,
    /// The file.
    pub path: PathBuf,
}

impl Kept {
    /// Opens it to be read.
    ///
    /// # Errors
    /// It is gone, or something else stands in its place.
    pub fn open(&self) -> Result<File, Error> {
        open(&self.path)
    }

    /// Removes it.
    ///
    /// # Errors
    /// The system refuses.
    pub fn remove(&self) -> Result<(), Error> {
        std::fs::remove_file(&self.path)
    }
}

fn open(path: &Path) -> Result<File, Error> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let found = file.metadata()?;
    if !is_own_file(&found) {
        return Err(Error::new(ErrorKind::InvalidData, "no regular file of yours"));
    }
    Ok(file)
}

/// What is kept in a folder, the newest first. A folder that is not there holds nothing.
///
/// # Errors
/// It cannot be read.
pub fn list(folder: &Path) -> Result<Vec<Kept>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(newest_first(entries.filter_map(|entry| Kept::of(&entry.ok()?)).collect()))
}

fn newest_first(mut kept: Vec<Kept>) -> Vec<Kept> {
    kept.sort_by(|one, other| other.made.cmp(&one.made).then_with(|| one.id.cmp(&other.id)));
    kept
}

impl Kept {
    /// `None`: it is none of ours, or is gone by now.
    fn of(entry: &std::fs::DirEntry) -> Option<Self> {
        let id = entry.file_name().into_string().ok()?;
        let digits = id.strip_suffix(CUT).unwrap_or(&id);
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let found = entry.metadata().ok()?;
        let made = found.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let kept = Self { id, bytes: found.len(), made: made.as_secs(), path: entry.path() };
        is_own_file(&found).then_some(kept)
    }
}

fn is_own_file(found: &Metadata) -> bool {
    found.is_file() && found.uid() == rustix::process::geteuid().as_raw()
}

/// Sweeps when nobody has for a while, or when much was written since: to look at all of many files takes long.
fn sweep_if_due(folder: &Path, written: u64, now: SystemTime) {
    /// What this process has written since it swept. Nobody knows what others wrote before the first: that one is soon too
    /// much.
    static WRITTEN: AtomicU64 = AtomicU64::new(SWEEP_BYTES - SWEEP_FIRST_BYTES);
    let mark = folder.join(SWEPT);
    let swept = mark.metadata().and_then(|found| found.modified());
    // A time that is still to come is no time at which anybody swept.
    let is_recent =
        swept.is_ok_and(|swept| now.duration_since(swept).is_ok_and(|since| since < SWEEP_INTERVAL));
    if is_recent && WRITTEN.fetch_add(written, Ordering::Relaxed).saturating_add(written) < SWEEP_BYTES {
        return;
    }
    WRITTEN.store(0, Ordering::Relaxed);
    // Without the mark the next one sweeps too.
    let _ = File::create(&mark).and_then(|file| file.set_modified(now));
    sweep(folder, now);
}

/// Removes what is too old, then the oldest of what is too much. Another process may do the same meanwhile.
fn sweep(folder: &Path, now: SystemTime) {
    let age = |made: SystemTime| now.duration_since(made).unwrap_or_default();
    let mut artifacts = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(SPILL_PREFIX) {
            artifacts.extend(Kept::of(&entry));
            continue;
        }
        let made = entry.metadata().and_then(|found| found.modified());
        if made.is_ok_and(|made| age(made) > MAX_GROWING) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    let mut total = 0;
    for (number, kept) in newest_first(artifacts).iter().enumerate() {
        total += kept.bytes;
        let is_old = age(SystemTime::UNIX_EPOCH + Duration::from_secs(kept.made)) > MAX_AGE;
        if is_old || (number > 0 && total > MAX_TOTAL) {
            let _ = kept.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::ErrorKind;
    use std::time::{Duration, SystemTime};

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::{
        Kept, MAX_AGE, MAX_GROWING, MAX_TOTAL, SPILL_PREFIX, SWEEP_BYTES, SWEEP_INTERVAL, list, sweep,
        sweep_if_due,
    };

    #[test]
    fn what_is_old_or_too_much_goes_and_what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let make = |name: &str, size: u64, age: Duration| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_len(size).unwrap();
            file.set_modified(now - age).unwrap();
        };
        let id = |digit: char| digit.to_string().repeat(64);
        make(&id('a'), MAX_TOTAL, Duration::from_secs(1));
        make(&id('b'), 1, Duration::from_secs(2));
        make(&format!("{}-cut", id('c')), 1, MAX_AGE + Duration::from_secs(1));
        make("notes.txt", 1, MAX_AGE * 2);
        make(&format!("{SPILL_PREFIX}old"), 1, MAX_GROWING * 2);
        make(&format!("{SPILL_PREFIX}new"), 1, Duration::ZERO);
        std::os::unix::fs::symlink("notes.txt", folder.path().join(id('d'))).unwrap();
        let pipe = folder.path().join(id('f'));
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let kept = Kept { id: id('f'), bytes: 0, made: 0, path: pipe };
        assert_eq!(kept.open().unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(list(folder.path()).unwrap().len(), 3);
        sweep(folder.path(), now);
        let left: Vec<_> = list(folder.path()).unwrap().into_iter().map(|kept| kept.id).collect();
        assert_eq!(left, [id('a')]);
        let names = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 5, "the file, the link, the pipe, the notes and what grows");
        make(&id('e'), 1, Duration::ZERO);
        sweep(folder.path(), now);
        assert_eq!(list(folder.path()).unwrap().len(), 1, "the newest stays, whatever its size");
    }

    #[test]
    fn it_is_swept_now_and_then_and_when_much_has_come() {
        let folder = tempfile::tempdir().unwrap();
        let begun = SystemTime::now();
        let old = folder.path().join("a".repeat(64));
        let make_old = || File::create(&old).unwrap().set_modified(begun - MAX_AGE * 2).unwrap();
        let sweeps = |written: u64, now: SystemTime| {
            make_old();
            sweep_if_due(folder.path(), written, now);
            !old.exists()
        };
        assert!(sweeps(1, begun), "nobody ever has");
        assert!(!sweeps(1, begun + SWEEP_INTERVAL / 2));
        assert!(sweeps(1, begun + SWEEP_INTERVAL));
        assert!(!sweeps(SWEEP_BYTES / 2, begun + SWEEP_INTERVAL));
        assert!(sweeps(SWEEP_BYTES / 2, begun + SWEEP_INTERVAL));
        assert!(sweeps(1, begun), "the clock was set back");
    }
}
