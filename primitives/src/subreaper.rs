//! Whether orphans below us become our children.
//! It is a property of the whole process: only a front end decides it, and nothing here turns it on by itself.

use std::io;

use rustix::process::{child_subreaper, getpid, set_child_subreaper};

/// Makes every orphan among our descendants a child of this process, so that a run can end those that left its
/// session. It holds for the whole process from now on.
pub fn become_subreaper() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Whether orphans come to us.
pub(crate) fn adopts_orphans() -> bool {
    getpid().is_init() || child_subreaper().is_ok_and(|answer| answer.is_some())
}

#[cfg(test)]
mod tests {
    #[test]
    fn becoming_a_subreaper_is_seen() {
        super::become_subreaper().unwrap();
        assert!(super::adopts_orphans());
    }
}
