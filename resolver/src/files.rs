//! Files of a space, read once, and the rule by which they are trusted: what is no regular file, writable by anyone or
//! somebody else's is refused unread.

use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::open_folder::OpenFolder;
use crate::stamp::Stamp;

/// How large a file of a space may be, in bytes.
pub const MAX_FILE_SIZE: u64 = 16 << 20;

/// A file that was read once.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path, links of the space's root followed.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What the system said of the file before it was read; none where a link led to it.
    pub(crate) stamp: Option<Stamp>,
}

/// A file that rye does not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is refused: {reason}", .path.display())]
pub struct RefusedFile {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: RefusedReason,
}

/// Why a file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedReason {
    /// A symbolic link, of the file or of a folder above it, leads out of `tools/`.
    #[error("a symbolic link leads out of `{}`", .0.display())]
    LeadsOut(PathBuf),
    /// A symbolic link to nothing.
    #[error("its symbolic link leads to nothing")]
    LeadsNowhere,
    /// A directory, FIFO, device or socket.
    #[error("it is {0}, not a file")]
    NotAFile(&'static str),
    /// Writable by everyone.
    #[error("anyone may write `{}`", .0.display())]
    AnyoneMayWrite(PathBuf),
    /// Owned by neither the caller nor root.
    #[error("`{}` belongs to user {owner}, who is neither the caller nor root", .path.display())]
    ForeignOwner {
        /// The file or folder.
        path: PathBuf,
        /// The user it belongs to.
        owner: u32,
    },
    /// A function travels with its path as JSON, which is Unicode.
    #[error("its path is not UTF-8, and a function is called with it")]
    PathNotUtf8,
    /// Beyond [`MAX_FILE_SIZE`].
    #[error("it has more than {MAX_FILE_SIZE} bytes")]
    TooLarge,
    /// It could not be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// The `tools/` folder of a space on disk.
#[derive(Clone, Debug)]
pub struct ToolsFolder {
    /// The space's root: `.ai`.
    pub(crate) root: PathBuf,
    /// The folder up to which everything is checked.
    pub(crate) top: PathBuf,
    /// Whose files count beside the caller's and root's.
    pub(crate) trusted: Option<u32>,
    /// The folder, links followed.
    pub(crate) path: PathBuf,
}

impl ToolsFolder {
    /// The folder `tools` of a space's root, if it is there. `top`: the folder up to which everything is checked.
    #[must_use]
    pub fn of(root: &Path, top: &Path, trusted: Option<u32>) -> Option<Self> {
        let path = root.join("tools").canonicalize().ok()?;
        Some(Self { top: top.canonicalize().ok()?, root: root.canonicalize().ok()?, path, trusted })
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a file below the folder. `None`: there is no such file.
    ///
    /// # Errors
    /// The file is there and is refused.
    pub fn read(&self, below: &Path) -> Result<Option<SourceFile>, RefusedFile> {
        OpenFolder::of(self).read(below)
    }

    /// Whether its files count at all: nobody but the caller and root, or a trusted owner, may put one there.
    ///
    /// # Errors
    /// Why not.
    pub fn check_trust(&self) -> Result<(), RefusedReason> {
        OpenFolder::of(self).judge_itself()
    }
}

/// Reads a small file that is no tool, such as `rye.toml`, `.env` or a version file, under the same rule of kind, owner
/// and mode. `None`: there is no such file.
///
/// # Errors
/// The file is there and is refused.
pub(crate) fn read_plain(path: &Path, trusted: Option<u32>) -> Result<Option<Vec<u8>>, RefusedFile> {
    let refuse = |reason| RefusedFile { path: path.to_owned(), reason };
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(descriptor) => {
            let (bytes, _) = read_checked(path, &std::fs::File::from(descriptor), trusted).map_err(refuse)?;
            Ok(Some(bytes))
        }
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(error) => Err(refuse(RefusedReason::Unreadable(io::Error::from(error).to_string()))),
    }
}

/// Reads a file once more, to show a line of it: a link is not followed, and what would be refused is none.
#[must_use]
pub fn read_to_show(path: &Path) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    let file = std::fs::File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    read_checked(path, &file, None).ok().map(|(bytes, _)| bytes)
}

/// Reads an open file, judged by what the system says of it before its first byte is read.
pub(crate) fn read_checked(
    path: &Path,
    file: &std::fs::File,
    trusted: Option<u32>,
) -> Result<(Vec<u8>, Stamp), RefusedReason> {
    let unreadable = |error: io::Error| RefusedReason::Unreadable(error.to_string());
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(RefusedReason::NotAFile(kind_of(&metadata)));
    }
    check_owner(path, metadata.mode(), metadata.uid(), trusted)?;
    if metadata.len() > MAX_FILE_SIZE {
        return Err(RefusedReason::TooLarge);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    file.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_SIZE {
        return Err(RefusedReason::TooLarge);
    }
    Ok((bytes, Stamp::of(&metadata)))
}

/// Whether what has this mode and owner may be relied on.
pub(crate) fn check_owner(
    path: &Path,
    mode: u32,
    owner: u32,
    trusted: Option<u32>,
) -> Result<(), RefusedReason> {
    if mode & 0o002 != 0 {
        return Err(RefusedReason::AnyoneMayWrite(path.to_owned()));
    }
    if !trusted_user(owner) && trusted != Some(owner) {
        return Err(RefusedReason::ForeignOwner { path: path.to_owned(), owner });
    }
    Ok(())
}

/// Whether something belongs to the caller or to root.
pub(crate) fn trusted_owner(metadata: &std::fs::Metadata) -> bool {
    trusted_user(metadata.uid())
}

fn trusted_user(user: u32) -> bool {
    user == 0 || user == rustix::process::geteuid().as_raw()
}

fn kind_of(metadata: &std::fs::Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// What stands at a path now; `None`: no file that could be a tool's.
pub(crate) fn read_again(path: &Path) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = std::fs::File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let mut bytes = Vec::new();
    file.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The SHA-256 of bytes, in lower-case hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
