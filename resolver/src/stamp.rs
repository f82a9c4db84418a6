//! What the system says of a file beside its bytes. Two files with one stamp hold the same bytes, once the stamp is
//! older than what a clock can tell apart: whoever writes a file, or restores its times, changes `ctime`.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long before a moment a file must have been changed for its stamp to stand for its bytes.
const SETTLED: Duration = Duration::from_secs(2);

/// The stamp of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    mode: u32,
    owner: u32,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp in what the system told.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            mode: metadata.mode(),
            owner: metadata.uid(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// The same; `None` for what is no regular file.
    #[expect(clippy::unnecessary_cast, clippy::cast_possible_wrap, reason = "the types differ by platform")]
    pub(crate) fn of_stat(stat: &rustix::fs::Stat) -> Option<Self> {
        let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
        (kind == rustix::fs::FileType::RegularFile).then(|| Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mode: stat.st_mode as u32,
            owner: stat.st_uid,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        })
    }

    /// Whether the file was last changed long enough before `moment` for a later change to show. A time in the future
    /// is none to rely on.
    pub(crate) fn is_settled(&self, moment: SystemTime) -> bool {
        let before = moment.checked_sub(SETTLED).and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
        let Some(before) = before.and_then(|before| i64::try_from(before.as_secs()).ok()) else {
            return false;
        };
        self.modified.0 < before && self.changed.0 < before
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { device, inode, size, mode, owner, modified, changed } = self;
        write!(f, "{device:x}.{inode:x}.{size:x}.{mode:x}.{owner:x}.")?;
        write!(f, "{:x}.{:x}.{:x}.{:x}", modified.0, modified.1, changed.0, changed.1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::Stamp;

    fn changed_at(seconds: i64) -> Stamp {
        let time = (seconds, 5);
        Stamp { device: 1, inode: 2, size: 3, mode: 4, owner: 5, modified: (1, 0), changed: time }
    }

    #[test]
    fn what_has_just_changed_or_will_have_is_not_settled() {
        let moment = UNIX_EPOCH + Duration::from_secs(100);
        let settled: Vec<_> =
            [90, 97, 98, 100, 200].map(|seconds| changed_at(seconds).is_settled(moment)).into();
        assert_eq!(settled, [true, true, false, false, false]);
        assert!(!changed_at(0).is_settled(UNIX_EPOCH));
    }

    #[test]
    fn every_part_of_a_stamp_shows() {
        assert_eq!(changed_at(255).to_string(), "1.2.3.4.5.1.0.ff.5");
    }
}
