//! The leaders of all runs in this process that nobody has reaped yet.
//! While the register is read no start is half done, so a child of ours that is not in it is no leader.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use rustix::process::Pid;

static LEADERS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());
/// Starts share it; who must know every leader holds it alone.
static STARTING: RwLock<()> = RwLock::new(());

/// Runs a start and enters what came of it, as one step.
pub(crate) fn enter<E>(start: impl FnOnce() -> Result<Pid, E>) -> Result<Pid, E> {
    let _shared = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    let pid = start()?;
    leaders().insert(pid.as_raw_pid());
    Ok(pid)
}

/// Takes one out, when it is about to be reaped.
pub(crate) fn leave(pid: Pid) {
    leaders().remove(&pid.as_raw_pid());
}

/// Does something to a child of ours if it is no leader.
pub(crate) fn unless_leader(pid: i32, action: impl FnOnce()) {
    let _alone = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    if !leaders().contains(&pid) {
        action();
    }
}

fn leaders() -> MutexGuard<'static, BTreeSet<i32>> {
    LEADERS.lock().unwrap_or_else(PoisonError::into_inner)
}
