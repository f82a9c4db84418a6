//! Where a cgroup of ours can be made: beneath the one that this process lives in, if that is version 2, and ours to
//! write. Nothing is made by looking.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags, fstatfs, open, openat};

use crate::procfs;

/// `CGROUP2_SUPER_MAGIC`.
const CGROUP2: i64 = 0x6367_7270;
/// What programs read of the cgroup that they are in, to know how much they may take.
const LIMITS: [&str; 3] = ["memory.max", "memory.high", "cpu.max"];

/// The folder of our own cgroup.
pub(super) fn find() -> Option<OwnedFd> {
    let own = procfs::contents("/proc/self/cgroup")?;
    let mounts = procfs::contents("/proc/self/mountinfo")?;
    let path = path(own_cgroup(&own)?, &mounts)?;
    let folder = open(&path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    // Something else may be mounted over it.
    let is_cgroup = fstatfs(&folder).is_ok_and(|found| found.f_type == CGROUP2);
    (is_cgroup && !is_limited(&folder)).then_some(folder)
}

/// Whether programs would miss something one step further down: many runtimes take their limits from their own cgroup
/// and from none above it, and would take a container's memory for boundless.
fn is_limited(folder: &OwnedFd) -> bool {
    LIMITS.iter().any(|name| {
        let file = openat(folder, *name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        file.ok().and_then(|file| procfs::rest(&file)).is_some_and(|limit| !limit.starts_with(b"max"))
    })
}

/// The path that `/proc/self/cgroup` names for version 2.
fn own_cgroup(table: &[u8]) -> Option<&Path> {
    let line = table.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"0::"))?;
    Some(Path::new(OsStr::from_bytes(line)))
}

/// The same as a path of ours, through the last mount that shows it: that one lies on top.
fn path(own: &Path, mounts: &[u8]) -> Option<PathBuf> {
    let mut lines = mounts.rsplit(|byte| *byte == b'\n');
    lines.find_map(|line| {
        let (root, point) = mount(line)?;
        let below = own.strip_prefix(root).ok()?;
        // Outside of our namespace.
        let is_plain = below.components().all(|part| matches!(part, Component::Normal(_)));
        is_plain.then(|| point.join(below))
    })
}

/// Which part of the hierarchy a line of `mountinfo` mounts, and where.
fn mount(line: &[u8]) -> Option<(PathBuf, PathBuf)> {
    let mut fields = line.split(|byte| *byte == b' ');
    let (root, point) = (fields.nth(3)?, fields.next()?);
    // A number of optional fields ends in a dash.
    fields.find(|field| field == b"-")?;
    (fields.next()? == b"cgroup2").then(|| (unescaped(root), unescaped(point)))
}

/// Blanks, newlines and backslashes stand there in octal.
fn unescaped(mut field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    while let Some((first, rest)) = field.split_first() {
        let octal = rest.first_chunk::<3>().filter(|_| *first == b'\\');
        let byte = octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(byte.unwrap_or(*first));
        field = if byte.is_some() { &rest[3..] } else { rest };
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{own_cgroup, path};

    const HYBRID: &[u8] = b"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:4 master:5 - cgroup2 cgroup2 rw\n";
    const CONTAINER: &[u8] = b"9 8 0:38 /docker/5 /sys/fs/cgroup rw - cgroup2 cgroup rw,nsdelegate\n\
        12 8 0:38 /docker/5 /mnt/a\\040b\\134 rw - cgroup2 cgroup rw\n";

    fn found(own: &str, mounts: &[u8]) -> Option<PathBuf> {
        path(Path::new(own), mounts)
    }

    #[test]
    fn a_limit_of_its_own_is_seen() {
        for (limits, wanted) in [
            (vec![], false),
            (vec![("memory.max", "max\n"), ("cpu.max", "max 100000\n")], false),
            (vec![("memory.max", "max\n"), ("memory.high", "1048576\n")], true),
            (vec![("cpu.max", "50000 100000\n")], true),
        ] {
            let folder = tempfile::tempdir().unwrap();
            for (name, text) in &limits {
                std::fs::write(folder.path().join(name), text).unwrap();
            }
            let opened = std::fs::File::open(folder.path()).unwrap().into();
            assert_eq!(super::is_limited(&opened), wanted, "{limits:?}");
        }
    }

    #[test]
    fn the_line_of_version_2_counts() {
        let table = b"9:name=systemd:/x\n4:memory:/m\n0::/user.slice/a b\n";
        assert_eq!(own_cgroup(table), Some(Path::new("/user.slice/a b")));
        assert_eq!(own_cgroup(b"1:cpu:/\n"), None);
    }

    #[test]
    fn a_mount_may_be_anywhere_and_show_a_part() {
        assert_eq!(found("/", HYBRID), Some("/sys/fs/cgroup/unified/".into()));
        assert_eq!(found("/user.slice/a", HYBRID), Some("/sys/fs/cgroup/unified/user.slice/a".into()));
        assert_eq!(found("/docker/5/b", CONTAINER), Some("/mnt/a b\\/b".into()));
        assert_eq!(found("/docker/55", CONTAINER), None);
        assert_eq!(found("/../elsewhere", HYBRID), None);
        assert_eq!(found("/", b"31 23 0:28 / /sys/fs/cgroup rw - tmpfs cgroup2 rw\n"), None);
    }
}
