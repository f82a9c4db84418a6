//! The keepers of all runs in this process that nobody has reaped yet.
//! While the register is read no start is half done, so a child of ours that is not in it is no keeper.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use rustix::process::Pid;

use crate::keeper::Keeper;

static KEEPERS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());
/// Starts share it; who must know every keeper holds it alone.
static STARTING: RwLock<()> = RwLock::new(());

/// Runs a start and enters what came of it, as one step.
pub(crate) fn enter<E>(start: impl FnOnce() -> Result<(Keeper, Pid), E>) -> Result<(Keeper, Pid), E> {
    let _shared = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    let (keeper, leader) = start()?;
    keepers().insert(keeper.pid().as_raw_pid());
    Ok((keeper, leader))
}

/// Whether no run is on.
pub(crate) fn is_empty() -> bool {
    keepers().is_empty()
}

/// Takes one out, when it is about to be reaped.
pub(crate) fn leave(pid: Pid) {
    keepers().remove(&pid.as_raw_pid());
}

/// Does something to a child of ours if it is no keeper.
pub(crate) fn unless_keeper(pid: i32, action: impl FnOnce()) {
    let _alone = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    if !keepers().contains(&pid) {
        action();
    }
}

fn keepers() -> MutexGuard<'static, BTreeSet<i32>> {
    KEEPERS.lock().unwrap_or_else(PoisonError::into_inner)
}
