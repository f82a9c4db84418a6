//! One cgroup, as the folder that stands for it. Whoever made it holds a lock on it, and so do the keepers that work
//! with it: one that nobody holds is a dead program's.

use std::ffi::{CStr, CString};
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{
    Access, AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, accessat, flock, mkdirat, openat, unlinkat,
};
use rustix::io::{Errno, pread, write};

use crate::procfs;

/// More than `cgroup.events` holds, in bytes.
const MOST_EVENTS: usize = 256;
/// How many names are tried. Those of a program in another container may be taken.
const MOST_NAMES: u32 = 100;
/// One that nobody holds yet may be swept by another program.
const MOST_LOST: u32 = 3;
/// Runs may make cgroups in their own, as deep as they like; whoever goes further keeps them.
const MOST_LEVELS: u32 = 16;

/// What becomes of those that are left in it when nobody holds it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// They are ended.
    Run,
    /// They were meant to live.
    Kept,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Run, Self::Kept];

    fn prefix(self) -> &'static str {
        match self {
            Self::Run => "rye-run-",
            Self::Kept => "rye-kept-",
        }
    }

    /// Of which kind a folder of that name is, if it is one of ours: the number of a process follows, and another.
    pub(super) fn of(name: &CStr) -> Option<Self> {
        let name = name.to_str().ok()?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        Self::ALL.into_iter().find(|kind| {
            let numbers = name.strip_prefix(kind.prefix()).and_then(|rest| rest.split_once('-'));
            numbers.is_some_and(|(process, number)| is_number(process) && is_number(number))
        })
    }
}

/// One cgroup that is held.
pub(super) struct Folder {
    descriptor: OwnedFd,
    name: CString,
    pub(super) kind: Kind,
    /// Its `cgroup.events`, once it was looked at: it is again for each run.
    events: OnceLock<OwnedFd>,
}

impl fmt::Debug for Folder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(out)
    }
}

impl Folder {
    /// Makes one. The error is that of the first step that failed.
    pub(super) fn make(place: &OwnedFd, kind: Kind) -> Result<Self, Errno> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let mut failed = Errno::EXIST;
        let mut lost = 0;
        for _ in 0..MOST_NAMES {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("{}{}-{number}", kind.prefix(), std::process::id());
            let name = CString::new(name).map_err(|_| Errno::INVAL)?;
            match mkdirat(place, &name, Mode::from_raw_mode(0o755)) {
                Err(Errno::EXIST) => continue,
                other => other?,
            }
            match Self::hold(place, &name, kind).and_then(Self::that_kills) {
                Ok(folder) => return Ok(folder),
                Err(errno) => failed = errno,
            }
            let _ = unlinkat(place, &name, AtFlags::REMOVEDIR);
            lost += 1;
            if lost == MOST_LOST {
                break;
            }
        }
        Err(failed)
    }

    /// Kernels before 5.14 cannot end one as a whole. One that is gone has no such file either.
    fn that_kills(self) -> Result<Self, Errno> {
        accessat(&self.descriptor, c"cgroup.kill", Access::WRITE_OK, AtFlags::EACCESS)?;
        Ok(self)
    }

    /// Takes hold of one that is there. An error: it is gone, or somebody holds it.
    pub(super) fn hold(place: &OwnedFd, name: &CStr, kind: Kind) -> Result<Self, Errno> {
        let descriptor = openat(place, name, folder_flags(), Mode::empty())?;
        flock(&descriptor, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { descriptor, name: name.to_owned(), kind, events: OnceLock::new() })
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    pub(super) fn name(&self) -> &CStr {
        &self.name
    }

    /// KILL to all who are in it, as one step: nobody can fork away from it.
    pub(super) fn kill(&self) -> Result<(), Errno> {
        let file = openat(&self.descriptor, c"cgroup.kill", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
        write(&file, b"1").map(drop)
    }

    /// Whether nobody is in it or in those below it, and it is not frozen.
    pub(super) fn is_empty(&self) -> bool {
        let file = match self.events.get() {
            Some(file) => file,
            None => match self.open("cgroup.events") {
                Ok(file) => self.events.get_or_init(|| file),
                Err(_) => return false,
            },
        };
        let mut events = [0; MOST_EVENTS];
        let read = pread(file, &mut events, 0).unwrap_or(0);
        is_empty(events.get(..read).unwrap_or_default())
    }

    /// Waits until nobody is in it.
    pub(super) fn wait_until_empty(&self, end: Instant) -> bool {
        let Ok(file) = self.open("cgroup.events") else { return false };
        loop {
            // Reading is what makes the next change to be told.
            let Some(events) = procfs::rest(&file) else { return false };
            if is_empty(&events) {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left == Duration::ZERO || rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0)).is_err() {
                return false;
            }
            let time = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            let _ = poll(&mut [PollFd::new(&file, PollFlags::PRI)], Some(&time));
        }
    }

    /// The numbers of those who are in it, as far as we can see them.
    pub(super) fn members(&self) -> Vec<i32> {
        let list = self.open("cgroup.procs").ok().and_then(|file| procfs::rest(&file)).unwrap_or_default();
        let numbers = list.split(|byte| *byte == b'\n');
        numbers
            .filter_map(|line| std::str::from_utf8(line).ok()?.parse().ok())
            .filter(|pid| *pid > 0)
            .collect()
    }

    /// Removes it, unless somebody is in it.
    pub(super) fn remove(&self, place: &OwnedFd) -> bool {
        match unlinkat(place, &self.name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => return true,
            Err(_) if !self.is_empty() => return false,
            Err(_) => remove_below(&self.descriptor, MOST_LEVELS),
        }
        unlinkat(place, &self.name, AtFlags::REMOVEDIR).is_ok()
    }

    fn open(&self, name: &str) -> Result<OwnedFd, Errno> {
        openat(&self.descriptor, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
    }
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

/// `cgroup.events`: one that was frozen would hold up whoever is started into it.
fn is_empty(events: &[u8]) -> bool {
    let has = |wanted: &[u8]| events.split(|byte| *byte == b'\n').any(|line| line == wanted);
    has(b"populated 0") && !has(b"frozen 1")
}

/// The names of the folders in a folder.
pub(super) fn folders(parent: &OwnedFd) -> Vec<CString> {
    let entries = Dir::read_from(parent).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type() == FileType::Directory);
    folders
        .map(|entry| entry.file_name().to_owned())
        .filter(|name| !matches!(name.to_bytes(), b"." | b".."))
        .collect()
}

fn remove_below(parent: &OwnedFd, levels: u32) {
    for name in folders(parent) {
        if unlinkat(parent, &name, AtFlags::REMOVEDIR).is_err()
            && let Some(levels) = levels.checked_sub(1)
            && let Ok(child) = openat(parent, &name, folder_flags(), Mode::empty())
        {
            remove_below(&child, levels);
            let _ = unlinkat(parent, &name, AtFlags::REMOVEDIR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, is_empty};

    #[test]
    fn only_names_of_ours_are_ours() {
        assert_eq!(Kind::of(c"rye-run-17-0"), Some(Kind::Run));
        assert_eq!(Kind::of(c"rye-kept-17-21"), Some(Kind::Kept));
        for name in
            [c"rye-run-17", c"rye-run-17-", c"rye-run--1", c"rye-run-1-2-3", c"rye-run-+1-2", c"rye.service"]
        {
            assert_eq!(Kind::of(name), None, "{name:?}");
        }
    }

    #[test]
    fn one_that_is_frozen_is_not_used_again() {
        assert!(is_empty(b"populated 0\nfrozen 0\n"));
        assert!(!is_empty(b"populated 1\nfrozen 0\n"));
        assert!(!is_empty(b"populated 0\nfrozen 1\n"));
        assert!(!is_empty(b""));
    }
}
