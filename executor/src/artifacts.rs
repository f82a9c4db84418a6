//! Long outputs, kept whole: one file for each content, named by its SHA-256, for the owner alone. Whatever is kept goes
//! again by age and by the size of all, so that nobody has to look after it.

use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
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
    let id = hexadecimal(&captured.sha256?);
    settle(stream, id, captured.total, std::mem::take(&mut captured.spilled))
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
        Spilled::Kept { path: growing, bytes } => {
            let truncated = bytes < total;
            let id = if truncated { format!("{id}{CUT}") } else { id.clone() };
            let path = growing.with_file_name(&id);
            if let Err(error) = std::fs::rename(&growing, &path) {
                // What can be neither renamed nor removed goes by its age.
                let _ = std::fs::remove_file(&growing);
                return Some(failed(error.to_string()));
            }
            if let Some(folder) = path.parent() {
                sweep(folder, SystemTime::now());
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
    let mut kept: Vec<Kept> = entries.filter_map(|entry| Kept::of(&entry.ok()?)).collect();
    kept.sort_by(|one, other| other.made.cmp(&one.made).then_with(|| one.id.cmp(&other.id)));
    Ok(kept)
}

impl Kept {
    /// `None`: it is none of ours, or is gone by now.
    fn of(entry: &std::fs::DirEntry) -> Option<Self> {
        let id = entry.file_name().into_string().ok()?;
        let digits = id.strip_suffix(CUT).unwrap_or(&id);
        let is_id = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let found = entry.metadata().ok()?;
        let made = found.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let kept = Self { id, bytes: found.len(), made: made.as_secs(), path: entry.path() };
        (is_id && is_own_file(&found)).then_some(kept)
    }
}

fn is_own_file(found: &Metadata) -> bool {
    found.is_file() && found.uid() == rustix::process::geteuid().as_raw()
}

/// Removes what is too old, then the oldest of what is too much. Another process may do the same meanwhile.
fn sweep(folder: &Path, now: SystemTime) {
    let age = |made: SystemTime| now.duration_since(made).unwrap_or_default();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_growing = entry.file_name().to_string_lossy().starts_with(SPILL_PREFIX);
        let made = entry.metadata().and_then(|found| found.modified());
        if is_growing && made.is_ok_and(|made| age(made) > MAX_GROWING) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    let mut total = 0;
    for (number, kept) in list(folder).unwrap_or_default().iter().enumerate() {
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

    use super::{Kept, MAX_AGE, MAX_GROWING, MAX_TOTAL, SPILL_PREFIX, list, sweep};

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
}
