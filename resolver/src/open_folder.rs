//! A `tools/` folder held open while files of it are read: each folder on the way is judged once, however many files
//! it holds. What cannot be trusted to be what it seems is refused unread.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::files::{RefusedFile, RefusedReason, SourceFile, ToolsFolder, check_owner, read_checked};
use crate::stamp::Stamp;

/// The folder, open.
#[derive(Debug)]
pub(crate) struct OpenFolder<'t> {
    tools: &'t ToolsFolder,
    descriptor: Result<OwnedFd, Errno>,
    /// Folders with what is to be said about them and those above.
    judged: RefCell<BTreeMap<OsString, Result<(), RefusedReason>>>,
    /// The same of the space's root and of the folder up to which everything is judged.
    ends: OnceCell<Result<(), RefusedReason>>,
}

/// A file that was opened.
struct Opened {
    descriptor: OwnedFd,
    /// Whether a symbolic link was followed.
    by_link: bool,
}

impl<'t> OpenFolder<'t> {
    /// Opens the folder.
    pub(crate) fn of(tools: &'t ToolsFolder) -> Self {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let descriptor = rustix::fs::openat(CWD, &tools.path, flags, Mode::empty());
        Self { tools, descriptor, judged: RefCell::default(), ends: OnceCell::new() }
    }

    /// Its path.
    pub(crate) fn path(&self) -> &'t Path {
        &self.tools.path
    }

    /// Reads a file below the folder. `None`: there is no such file.
    pub(crate) fn read(&self, below: &Path) -> Result<Option<SourceFile>, RefusedFile> {
        let path = self.tools.path.join(below);
        let refuse = |reason| RefusedFile { path: path.clone(), reason };
        let opened = match self.open(below) {
            Ok(opened) => opened,
            Err(Errno::NOENT | Errno::NOTDIR) => {
                let dangles = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
                return if dangles { Err(refuse(RefusedReason::LeadsNowhere)) } else { Ok(None) };
            }
            Err(Errno::XDEV) => return Err(refuse(RefusedReason::LeadsOut(self.tools.path.clone()))),
            Err(Errno::NXIO) => return Err(refuse(RefusedReason::NotAFile("a socket"))),
            Err(error) => {
                return Err(refuse(RefusedReason::Unreadable(io::Error::from(error).to_string())));
            }
        };
        let Opened { descriptor, by_link } = opened;
        let file = File::from(descriptor);
        let (bytes, stamp) = read_checked(&path, &file, self.tools.trusted).map_err(refuse)?;
        self.judge(&path).map_err(refuse)?;
        if by_link {
            let real = path.canonicalize().map_err(|error| refuse(unreadable(&error)))?;
            self.judge(&real).map_err(refuse)?;
        }
        let stamp = (!by_link).then_some(stamp);
        Ok(Some(SourceFile { path, bytes, stamp }))
    }

    /// The stamp of a file below the folder, if [`OpenFolder::read`] would read it and no link leads to it.
    pub(crate) fn stamp(&self, below: &Path) -> Option<Stamp> {
        let folder = self.descriptor.as_ref().ok()?;
        let told = rustix::fs::statat(folder, below, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let stamp = Stamp::of_stat(&told)?;
        let path = self.tools.path.join(below);
        check_owner(&path, told.st_mode, told.st_uid, self.tools.trusted).ok()?;
        self.judge(&path).ok()?;
        Some(stamp)
    }

    fn open(&self, below: &Path) -> Result<Opened, Errno> {
        // NONBLOCK: a FIFO or a device must not hold us before it can be refused.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let folder = self.descriptor.as_ref().map_err(|error| *error)?;
        let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let strictly = beneath | ResolveFlags::NO_SYMLINKS;
        let open = |below: &Path, rule| rustix::fs::openat2(folder, below, flags, Mode::empty(), rule);
        let descriptor = match open(below, strictly) {
            Ok(descriptor) => return Ok(Opened { descriptor, by_link: false }),
            Err(Errno::LOOP) => match open(below, beneath) {
                Err(Errno::XDEV) => {
                    // An absolute link may still lead to a place inside.
                    let real = self.tools.path.join(below).canonicalize().map_err(|_| Errno::XDEV)?;
                    let inside = real.strip_prefix(&self.tools.path).map_err(|_| Errno::XDEV)?;
                    open(inside, strictly)?
                }
                other => other?,
            },
            Err(error) => return Err(error),
        };
        Ok(Opened { descriptor, by_link: true })
    }

    /// Judges the folder itself and those above it.
    pub(crate) fn judge_itself(&self) -> Result<(), RefusedReason> {
        self.judge_upwards(self.path())?;
        self.ends.get_or_init(|| self.judge_ends()).clone()
    }

    /// Judges every folder from a file's own up to the project root, and the root of the space.
    fn judge(&self, file: &Path) -> Result<(), RefusedReason> {
        if let Some(folder) = file.parent().filter(|folder| self.is_ours(folder)) {
            self.judge_upwards(folder)?;
        }
        self.ends.get_or_init(|| self.judge_ends()).clone()
    }

    fn judge_ends(&self) -> Result<(), RefusedReason> {
        let judged = self.judged.borrow();
        [&self.tools.root, &self.tools.top]
            .into_iter()
            .try_for_each(|end| judged.get(end.as_os_str()).cloned().unwrap_or_else(|| self.judge_one(end)))
    }

    fn judge_upwards(&self, folder: &Path) -> Result<(), RefusedReason> {
        if let Some(judged) = self.judged.borrow().get(folder.as_os_str()) {
            return judged.clone();
        }
        let judged = self.judge_one(folder).and_then(|()| {
            match folder.parent().filter(|parent| self.is_ours(parent)) {
                Some(parent) => self.judge_upwards(parent),
                None => Ok(()),
            }
        });
        self.judged.borrow_mut().insert(folder.as_os_str().to_owned(), judged.clone());
        judged
    }

    fn judge_one(&self, folder: &Path) -> Result<(), RefusedReason> {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(folder).map_err(|error| unreadable(&error))?;
        check_owner(folder, metadata.mode(), metadata.uid(), self.tools.trusted)
    }

    fn is_ours(&self, folder: &Path) -> bool {
        folder.starts_with(&self.tools.path) || folder.starts_with(&self.tools.top)
    }
}

fn unreadable(error: &io::Error) -> RefusedReason {
    RefusedReason::Unreadable(error.to_string())
}
