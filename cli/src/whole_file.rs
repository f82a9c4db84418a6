//! A file of rye's making is there whole or not at all: it is written under another name beside its place, and takes
//! that place by renaming. Whoever is killed on the way leaves a file that nobody reads, and that the next writer in
//! that folder removes.

use std::fs::{File, Permissions};
use std::io::{Error, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

/// What the names begin with until the file is whole; a random part follows.
const PREFIX: &str = ".rye-";
const RANDOM: usize = 6;
/// A writer that has not finished after so long never will, though a clock may have jumped by a day.
const UNFINISHED: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// A file that is not in its place yet. Dropping it leaves nothing.
#[derive(Debug)]
pub(crate) struct WholeFile(NamedTempFile);

impl WholeFile {
    /// Writes a file beside its place. Its mode is as `mode` and the umask have it.
    pub(crate) fn write(path: &Path, text: &str, mode: u32) -> Result<Self, Error> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        remove_unfinished(folder);
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).rand_bytes(RANDOM).permissions(Permissions::from_mode(mode));
        let mut new = builder.tempfile_in(folder)?;
        new.write_all(text.as_bytes())?;
        Ok(Self(new))
    }

    /// The file, to be given an owner or a mode.
    pub(crate) fn file(&self) -> &File {
        self.0.as_file()
    }

    /// Waits until the disk has it: for what nobody could write again. A disk that fails to is an error, and what was
    /// in the file's place stays.
    pub(crate) fn sync(self) -> Result<Self, Error> {
        self.0.as_file().sync_all()?;
        Ok(self)
    }

    /// Puts it in the place of whatever is there.
    pub(crate) fn replace(self, path: &Path) -> Result<(), Error> {
        self.0.persist(path).map(drop).map_err(|error| error.error)
    }

    /// Puts it in its place unless something is there.
    pub(crate) fn create(self, path: &Path) -> Result<(), Error> {
        self.0.persist_noclobber(path).map(drop).map_err(|error| error.error)
    }
}

/// Removes what killed writers left.
fn remove_unfinished(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if !random
            .is_some_and(|random| random.len() == RANDOM && random.bytes().all(|c| c.is_ascii_alphanumeric()))
        {
            continue;
        }
        let Ok(found) = entry.metadata() else { continue };
        let is_ours = found.is_file() && found.uid() == rustix::process::geteuid().as_raw();
        let age = found.modified().ok().and_then(|made| made.elapsed().ok());
        if is_ours && age.is_some_and(|age| age > UNFINISHED) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::PermissionsExt;
    use std::time::SystemTime;

    use super::{UNFINISHED, WholeFile};

    #[test]
    fn it_is_there_whole_or_not_at_all_and_clears_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let names = || {
            let all = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string());
            let mut all: Vec<_> = all.map(Result::unwrap).collect();
            all.sort();
            all
        };
        let old = SystemTime::now() - UNFINISHED * 2;
        for (name, made) in [(".rye-abc123", old), (".rye-new123", SystemTime::now()), (".rye-notes.md", old)]
        {
            File::create(folder.path().join(name)).unwrap().set_modified(made).unwrap();
        }
        let new = WholeFile::write(&path, "one", 0o600).unwrap();
        assert!(!path.exists());
        drop(new);
        assert_eq!(names(), [".rye-new123", ".rye-notes.md"]);
        let write = |text| WholeFile::write(&path, text, 0o600).unwrap().sync().unwrap();
        write("two").create(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(write("three").create(&path).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        write("three").replace(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"three");
        assert_eq!(names(), [".rye-new123", ".rye-notes.md", "file"]);
    }
}
