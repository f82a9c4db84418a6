//! The folder in which a server keeps its pipes: mode 0700, made when it is first needed, and gone with the server, or,
//! when that was killed, with the next one. Nothing is removed of it but what a server made: whatever a tool has put
//! there stays, and the folder with it.

use std::fs::{File, Permissions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

/// What the names begin with; a random part follows.
const PREFIX: &str = "rye-mcp-";
/// What the names of pipes begin with.
const PIPE: &str = "report-";
/// A folder without an owner has to be so old: a new one is without for a moment.
const ABANDONED: Duration = Duration::from_secs(60);

/// A folder that may not be there yet.
#[derive(Debug)]
pub(crate) struct Scratch {
    parent: PathBuf,
    folder: Mutex<Option<Folder>>,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Locked for as long as the server lives, however it ends.
    _lock: File,
}

impl Scratch {
    /// Below a folder for temporary files.
    pub(crate) fn below(parent: PathBuf) -> Self {
        Self { parent, folder: Mutex::new(None) }
    }

    /// The path of a pipe that is not there yet.
    pub(crate) fn pipe(&self, name: u64) -> std::io::Result<PathBuf> {
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        let there = folder.take().filter(|folder| folder.path.is_dir());
        let there = match there {
            Some(there) => there,
            None => Folder::make(&self.parent)?,
        };
        Ok(folder.insert(there).path.join(format!("{PIPE}{name}")))
    }
}

impl Folder {
    fn make(parent: &Path) -> std::io::Result<Self> {
        let parents = parent.to_owned();
        // Nobody waits for it, and nobody misses it where there is no thread for it.
        let _ = std::thread::Builder::new().spawn(move || remove_abandoned(&parents));
        // Others may neither read what tools tell nor write in its place.
        let mut builder = tempfile::Builder::new();
        let made = builder.prefix(PREFIX).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)?;
        let lock = open(made.path())?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { path: made.keep(), _lock: lock })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The pipes are gone by now.
        let _ = std::fs::remove_dir(&self.path);
    }
}

fn open(folder: &Path) -> std::io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(folder, flags, Mode::empty())?))
}

/// Removes what servers that were killed have left.
fn remove_abandoned(parent: &Path) {
    for entry in parent.read_dir().into_iter().flatten().flatten() {
        if !entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            continue;
        }
        let Ok(lock) = open(&entry.path()) else { continue };
        let Ok(found) = lock.metadata() else { continue };
        let age = found.modified().ok().and_then(|made| made.elapsed().ok()).unwrap_or_default();
        let is_ours = found.uid() == rustix::process::geteuid().as_raw();
        if !is_ours || age < ABANDONED || flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            continue;
        }
        for pipe in entry.path().read_dir().into_iter().flatten().flatten() {
            let is_pipe = pipe.file_type().is_ok_and(|kind| kind.is_fifo());
            if is_pipe && pipe.file_name().to_string_lossy().starts_with(PIPE) {
                let _ = std::fs::remove_file(pipe.path());
            }
        }
        let _ = std::fs::remove_dir(entry.path());
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::PermissionsExt;
    use std::time::SystemTime;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::{ABANDONED, Scratch, open, remove_abandoned};

    #[test]
    fn what_a_server_made_goes_and_what_others_made_stays() {
        let parent = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let folder = parent.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            mknodat(CWD, folder.join("report-0"), FileType::Fifo, Mode::RUSR, 0).unwrap();
            folder
        };
        let old = |folder: &std::path::Path| {
            open(folder).unwrap().set_modified(SystemTime::now() - ABANDONED * 2).unwrap();
        };
        let (abandoned, new, filled) = (make("rye-mcp-old"), make("rye-mcp-new"), make("rye-mcp-filled"));
        File::create(filled.join("of a tool")).unwrap();
        let other = make("other");
        [&abandoned, &filled, &other].into_iter().for_each(|folder| old(folder));
        let scratch = Scratch::below(parent.path().to_owned());
        let pipe = scratch.pipe(7).unwrap();
        let live = pipe.parent().unwrap();
        old(live);
        remove_abandoned(parent.path());
        assert!(!abandoned.exists() && new.join("report-0").exists() && other.join("report-0").exists());
        assert!(filled.join("of a tool").exists() && !filled.join("report-0").exists());
        assert_eq!(live.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        // Where it was removed meanwhile, another takes its place.
        std::fs::remove_dir(live).unwrap();
        let again = scratch.pipe(8).unwrap();
        assert!(again.parent().unwrap().is_dir());
        drop(scratch);
        assert!(!again.parent().unwrap().exists());
    }
}
