//! The cgroups that runs live in. Each run has one of its own as long as it lasts; one that is empty is used again.
//! A run is never started into one that anybody else is in, and none outlives the program but where something was
//! meant to live.

mod folder;
mod place;

use std::collections::VecDeque;
use std::ffi::CStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::fstat;
use rustix::process::geteuid;

use folder::{Folder, Kind, folders};

/// Unused ones that are kept for later: each costs a descriptor.
const MOST_IDLE: usize = 64;
/// After so many starts in a row that the kernel has refused there is no further try.
const MOST_REFUSALS: u32 = 3;
/// KILL takes no longer, but for a process that is stuck in the kernel.
const KILL_LIMIT: Duration = Duration::from_millis(200);

/// Where the runs of one program get their cgroups from. Nothing is looked at or made before the first need; where none
/// can be made there are none, and runs are held together without. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Cgroups {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The folder of our own cgroup, once it was looked for.
    place: OnceLock<Option<OwnedFd>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    idle: VecDeque<Arc<Folder>>,
    is_closed: bool,
    refusals: u32,
}

/// The cgroup of one run. When it is dropped it may be another's.
#[derive(Debug)]
pub(crate) struct Cgroup {
    folder: Arc<Folder>,
    shared: Arc<Shared>,
    /// No KILL was or will be sent to it: kernels of today kill whoever is started into one that was ever killed.
    is_clean: AtomicBool,
}

impl Cgroups {
    /// One that is empty; `None`: there is none to be had. What is in one that `may_be_left` when the program is gone
    /// is nobody's to end.
    pub(crate) fn take(&self, may_be_left: bool) -> Option<Arc<Cgroup>> {
        if !self.shared.state().is_usable() {
            return None;
        }
        let place = self.shared.place()?;
        let folder = if may_be_left {
            self.shared.make(place, Kind::Kept)?
        } else {
            self.shared.idle().map_or_else(|| self.shared.make(place, Kind::Run), Some)?
        };
        Some(Arc::new(Cgroup { folder, shared: Arc::clone(&self.shared), is_clean: AtomicBool::new(false) }))
    }

    /// Removes what is there. Those that runs still live in go with them, and no more are made.
    pub fn close(&self) {
        self.shared.close();
        if let Some(Some(place)) = self.shared.place.get() {
            sweep(place);
        }
    }
}

impl State {
    fn is_usable(&self) -> bool {
        !self.is_closed && self.refusals < MOST_REFUSALS
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self) -> Option<&OwnedFd> {
        let find = || {
            let place = place::find()?;
            sweep(&place);
            Some(place)
        };
        self.place.get_or_init(find).as_ref()
    }

    /// One that is there and that nobody is in.
    fn idle(&self) -> Option<Arc<Folder>> {
        let mut state = self.state();
        for _ in 0..state.idle.len() {
            let folder = state.idle.pop_front()?;
            if folder.is_empty() {
                return Some(folder);
            }
            // The kernel is not done with its last run.
            state.idle.push_back(folder);
        }
        None
    }

    fn make(&self, place: &OwnedFd, kind: Kind) -> Option<Arc<Folder>> {
        let made = Folder::make(place, kind).ok();
        if made.is_none() {
            self.state().refusals += 1;
        }
        made.map(Arc::new)
    }

    fn put_back(&self, folder: Arc<Folder>, is_clean: bool) {
        let mut state = self.state();
        if is_clean
            && folder.kind == Kind::Run
            && !state.is_closed
            && state.refusals == 0
            && state.idle.len() < MOST_IDLE
        {
            return state.idle.push_back(folder);
        }
        let waits = folder.kind == Kind::Run;
        drop(state);
        if let Some(Some(place)) = self.place.get() {
            if waits {
                folder.wait_until_empty(Instant::now() + KILL_LIMIT);
            }
            folder.remove(place);
        }
    }

    fn close(&self) {
        let idle = {
            let mut state = self.state();
            state.is_closed = true;
            std::mem::take(&mut state.idle)
        };
        let Some(Some(place)) = self.place.get() else { return };
        let end = Instant::now() + KILL_LIMIT;
        for folder in idle {
            if !folder.remove(place) && folder.wait_until_empty(end) {
                folder.remove(place);
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.close();
    }
}

impl Cgroup {
    /// What a process is started into.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.folder.descriptor()
    }

    pub(crate) fn name(&self) -> &CStr {
        self.folder.name()
    }

    /// KILL to all who are in it, whoever's they are, as one step.
    pub(crate) fn kill(&self) {
        let _ = self.folder.kill();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.folder.is_empty()
    }

    /// The numbers of those who are in it.
    pub(crate) fn members(&self) -> Vec<i32> {
        self.folder.members()
    }

    /// It can be used again.
    pub(crate) fn was_left_clean(&self) {
        self.is_clean.store(true, Ordering::SeqCst);
    }

    /// The kernel has let a process in.
    pub(crate) fn was_entered(&self) {
        self.shared.state().refusals = 0;
    }

    /// The kernel lets no process in.
    pub(crate) fn was_refused(&self) {
        self.shared.state().refusals += 1;
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        self.shared.put_back(Arc::clone(&self.folder), self.is_clean.load(Ordering::SeqCst));
    }
}

/// Removes what programs that are gone have left behind, and ends who is still in it. What somebody holds, belongs to
/// another user or has another name is left alone.
fn sweep(place: &OwnedFd) {
    let end = Instant::now() + KILL_LIMIT;
    for name in folders(place) {
        let Some(kind) = Kind::of(&name) else { continue };
        let Ok(folder) = Folder::hold(place, &name, kind) else { continue };
        if !fstat(folder.descriptor()).is_ok_and(|found| found.st_uid == geteuid().as_raw()) {
            continue;
        }
        if kind == Kind::Run && !folder.is_empty() {
            let _ = folder.kill();
            folder.wait_until_empty(end);
        }
        folder.remove(place);
    }
}
