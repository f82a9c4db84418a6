//! What `/proc` tells about processes: who descends from whom, and who a number belongs to.
//! Everything here may be out of date when it is returned; who acts on it opens a pidfd first and asks again.

use std::ffi::OsStr;
use std::fmt::Write;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;

use rustix::buffer::spare_capacity;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, read};

/// The parts of `/proc/PID/stat` that tell one process from another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) is_zombie: bool,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) session: i32,
    /// Clock ticks since boot.
    pub(crate) start: u64,
}

/// `None` when there is no such process.
pub(crate) fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&contents(&format!("/proc/{pid}/stat"))?)
}

fn parse_stat(line: &[u8]) -> Option<Stat> {
    // The name in parentheses may hold anything, parentheses and newlines too.
    let after_name = line.iter().rposition(|byte| *byte == b')')? + 1;
    let mut fields = std::str::from_utf8(&line[after_name..]).ok()?.split_ascii_whitespace();
    let state = fields.next()?;
    Some(Stat {
        is_zombie: matches!(state, "Z" | "X"),
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
        session: fields.next()?.parse().ok()?,
        start: fields.nth(15)?.parse().ok()?,
    })
}

/// The children of all threads of a process.
pub(crate) fn children(pid: i32) -> Vec<i32> {
    let mut path = format!("/proc/{pid}/task");
    let stem = path.len();
    let mut children = Vec::new();
    let mut is_readable = false;
    for thread in numbers(&path) {
        path.truncate(stem);
        let _ = write!(path, "/{thread}/children");
        if let Some(list) = contents(&path) {
            is_readable = true;
            children.extend(list.split(|byte| *byte == b' ').filter_map(parse_number));
        }
    }
    if is_readable || kernel_lists_children() { children } else { children_by_search(pid) }
}

/// Kernels without CONFIG_PROC_CHILDREN have no such file.
fn kernel_lists_children() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| contents("/proc/thread-self/children").is_some())
}

fn children_by_search(parent: i32) -> Vec<i32> {
    processes().filter(|pid| stat(*pid).is_some_and(|stat| stat.parent == parent)).collect()
}

/// Every process that can be seen.
pub(crate) fn processes() -> impl Iterator<Item = i32> {
    numbers("/proc")
}

/// Whether one string of a process's environment is exactly this. `None` when none is to be seen, which is so
/// for a process without any, and for every process for a moment while it executes another program.
pub(crate) fn environment_holds(pid: i32, string: &OsStr) -> Option<bool> {
    let Some(all) = contents(&format!("/proc/{pid}/environ")) else { return Some(false) };
    (!all.is_empty()).then(|| all.split(|byte| *byte == 0).any(|one| one == string.as_bytes()))
}

fn numbers(folder: &str) -> impl Iterator<Item = i32> + use<> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| parse_number(entry.ok()?.file_name().as_bytes()))
}

fn parse_number(digits: &[u8]) -> Option<i32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Whether a process is in the cgroup of that name, or in one below it.
pub(crate) fn is_in_cgroup(pid: i32, name: &[u8]) -> bool {
    let table = contents(&format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let path = table.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"0::"));
    path.is_some_and(|path| path.split(|byte| *byte == b'/').any(|part| part == name))
}

/// All of a file, as it is now.
pub(crate) fn contents(path: &str) -> Option<Vec<u8>> {
    rest(&open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?)
}

/// Such files have no size to go by: they are read to the end.
pub(crate) fn rest(file: impl AsFd) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if bytes.capacity() - bytes.len() < 512 {
            bytes.reserve(bytes.len());
        }
        match read(&file, spare_capacity(&mut bytes)) {
            Ok(0) => return Some(bytes),
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Stat, children, children_by_search, environment_holds, parse_stat, stat};

    #[test]
    fn a_name_cannot_forge_a_field() {
        let line = b"77 (a) S 1 (b\n) Z 5 6 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 999 1 2\n";
        let wanted = Stat { is_zombie: true, parent: 5, group: 6, session: 7, start: 999 };
        assert_eq!(parse_stat(line), Some(wanted));
        assert_eq!(parse_stat(b"77 (a) S 1 2"), None);
    }

    #[test]
    fn finds_a_child_either_way() {
        let us = i32::try_from(std::process::id()).unwrap();
        let mut child = std::process::Command::new("/bin/cat")
            .env("RYE_TEST", "a b")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        assert!(children(us).contains(&pid));
        assert!(children_by_search(us).contains(&pid));
        assert_eq!(stat(pid).unwrap().parent, us);
        assert_eq!(environment_holds(pid, "RYE_TEST=a b".as_ref()), Some(true));
        assert_eq!(environment_holds(pid, "RYE_TEST=a".as_ref()), Some(false));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(stat(pid), None);
    }
}
