//! A process between us and a run: the parent of the leader, the reaper of whatever descends from it, and the one who
//! ends it all when we are gone.
//!
//! It is made by `clone` within our memory, so that it costs the same however large we are, and needs no program of its
//! own. Everything that is left of a run is below it: no mark and no session is needed to find it. It tells of the
//! leader's end over a line. As long as it is not let go, the leader's number is not given to anyone else; but when it
//! was freed, and nothing else is left of the run, it reaps the leader and ends by itself.

mod child;
mod clone_into;
mod keep;
mod kernel;
mod make;
mod memory;

use std::ffi::{CString, c_char, c_void};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, Shutdown, recv, shutdown};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, pidfd_send_signal, waitid};

use crate::cgroup::Cgroup;
use crate::descriptors::{Ends, line_sockets};
use crate::end::Status;
use crate::keepers;
use crate::soon::is_readable_soon;
use crate::spawn::{Origin, Spawn};
use memory::Memory;

/// The child has 0 to 2 and the descriptor of a call.
const MOST_DESCRIPTORS: usize = 4;
/// A keeper that was let go has nothing left to do; one that takes longer still ends what resists.
const PATIENCE: Duration = Duration::from_millis(500);
/// A program is executing by then, where nothing else is to be done.
const START: Duration = Duration::from_micros(500);
/// And a keeper that was let go, or has nothing left to do, has ended.
const END: Duration = Duration::from_micros(60);
/// What the keeper adds to the time limit and the grace before it acts itself: we come first, unless we stand still.
const MARGIN: Duration = Duration::from_secs(1);

/// The first word of what a keeper tells.
mod tell {
    /// And the number of the child; 1 when it is in the cgroup.
    pub(super) const STARTED: i32 = 1;
    /// And the number of the error.
    pub(super) const REFUSED: i32 = 2;
    /// And the code or signal; what of the flags below holds; whether it was the keeper who ended it.
    pub(super) const ENDED: i32 = 3;
    /// It exited, and was not ended by a signal.
    pub(super) const EXITED: i32 = 1;
    /// Nobody else is left.
    pub(super) const ALONE: i32 = 2;
    /// It is reaped, and the keeper ends now.
    pub(super) const REAPED: i32 = 4;
}

/// Who decides how long the numbers of leader and group stay theirs.
mod numbers {
    /// We do: until the keeper is let go. So it begins.
    pub(super) const OURS: i32 = 0;
    /// Whoever is the first to take it.
    pub(super) const FREE: i32 = 1;
    /// The keeper: they are gone, or about to be.
    pub(super) const THE_KEEPERS: i32 = 2;
}

/// No name of a cgroup of ours is longer, its NUL counted.
const LONGEST_NAME: usize = 48;

/// What the child's descriptors are made from.
#[derive(Clone, Copy)]
enum Source {
    Null,
    Number(i32),
}

/// What keeper and child are told, and the little that they answer without words.
struct Terms {
    program: *const c_char,
    argv: *const *const c_char,
    env: *const *const c_char,
    cwd: *const c_char,
    child_stack: *mut c_void,
    own_session: bool,
    descriptors: [Source; MOST_DESCRIPTORS],
    count: usize,
    line: i32,
    /// The keeper's own number, which it writes before it makes the child.
    keeper: AtomicI32,
    /// The folder of the cgroup; negative: there is none.
    cgroup: i32,
    /// Its name, which ends in NUL.
    cgroup_name: [u8; LONGEST_NAME],
    caller: i32,
    passes_signals_on: bool,
    /// In milliseconds.
    grace: i64,
    /// In milliseconds of the monotonic clock.
    last_moment: i64,
    /// What is left when the leader has ended is to live.
    leave: AtomicBool,
    /// We have let the keeper go, and are not gone.
    released: AtomicBool,
    /// One of [`numbers`].
    numbers: AtomicI32,
    /// Why the child executes nothing.
    refusal: AtomicI32,
}

/// What a keeper needs to know beside the child.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Duties {
    /// What a child sends to its parent is meant for us.
    pub(crate) passes_signals_on: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) grace: Duration,
}

/// What a keeper has told of the leader.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Report {
    /// Nothing yet.
    None,
    /// It has ended.
    Ended {
        status: Status,
        /// Nothing else is left of the run.
        alone: bool,
        /// The keeper has reaped it, and is ending.
        reaped: bool,
        /// The keeper itself ended it, at the time limit.
        enforced: bool,
    },
    /// The keeper is gone: somebody killed it.
    Lost,
}

/// Keepers that were let go and had not ended in time. They are reaped when another is made.
static LATE: Mutex<Vec<Keeper>> = Mutex::new(Vec::new());

/// A keeper, as seen by who made it. Dropping it has it end everything below it.
pub(crate) struct Keeper {
    pid: Pid,
    pidfd: OwnedFd,
    line: Arc<OwnedFd>,
    /// None: it may still be in use, and is left as it is.
    memory: Option<Memory>,
    /// What the child is in. It is nobody else's before the keeper has ended, who may still send KILL there.
    cgroup: Option<Arc<Cgroup>>,
    is_reaped: bool,
}

impl Keeper {
    /// Makes a keeper and has it start a child; gives the child's number, which stays the child's until the keeper is
    /// let go. The error is that of the first step that failed, in the child, the keeper or here.
    pub(crate) fn start(child: &Spawn<'_>, duties: Duties) -> Result<(Self, Pid), Errno> {
        reap_late();
        let Ends { ours, childs } = line_sockets()?;
        let argv = pointers(child.argv);
        let env = pointers(child.env);
        let mut descriptors = [Source::Null; MOST_DESCRIPTORS];
        for (slot, origin) in descriptors.iter_mut().zip(child.descriptors) {
            *slot = match origin {
                Origin::Null => Source::Null,
                Origin::Callers(number) => Source::Number(*number),
                Origin::Ours(descriptor) => Source::Number(descriptor.as_raw_fd()),
            };
        }
        let last_moment = duties.timeout.and_then(|timeout| {
            let all = timeout.checked_add(duties.grace)?.checked_add(MARGIN)?;
            kernel::now().checked_add(milliseconds(all))
        });
        let cgroup = child.cgroup.filter(|_| clone_into::IS_KNOWN);
        let mut cgroup_name = [0; LONGEST_NAME];
        if let Some(cgroup) = cgroup {
            let name = cgroup.name().to_bytes_with_nul();
            cgroup_name.get_mut(..name.len()).ok_or(Errno::NAMETOOLONG)?.copy_from_slice(name);
        }
        let memory = Memory::new(Terms {
            program: child.program.as_ptr(),
            argv: argv.as_ptr(),
            env: env.as_ptr(),
            cwd: child.cwd.as_ptr(),
            child_stack: ptr::null_mut(),
            own_session: child.own_session,
            descriptors,
            count: child.descriptors.len(),
            line: childs.as_raw_fd(),
            keeper: AtomicI32::new(0),
            cgroup: cgroup.map_or(-1, |cgroup| cgroup.descriptor().as_raw_fd()),
            cgroup_name,
            caller: getpid().as_raw_pid(),
            passes_signals_on: duties.passes_signals_on,
            grace: milliseconds(duties.grace),
            last_moment: last_moment.unwrap_or(i64::MAX),
            leave: AtomicBool::new(false),
            released: AtomicBool::new(false),
            numbers: AtomicI32::new(numbers::OURS),
            refusal: AtomicI32::new(0),
        })?;
        let (pid, pidfd) = make::make(&memory)?;
        drop(childs);
        let line = Arc::new(ours);
        let cgroup = cgroup.cloned();
        let mut keeper = Self { pid, pidfd, line, memory: Some(memory), cgroup, is_reaped: false };
        // Until it has told us, the child may be reading the strings above.
        // Where others are on there is something better to do.
        if keepers::is_empty() {
            is_readable_soon(&keeper.line, START);
        }
        match keeper.receive(RecvFlags::empty()) {
            Some([tell::STARTED, leader, in_cgroup, _]) => {
                keeper.has_entered(in_cgroup == 1);
                Ok((keeper, Pid::from_raw(leader).ok_or(Errno::SRCH)?))
            }
            Some([_, errno, ..]) => Err(Errno::from_raw_os_error(errno)),
            // Killed by somebody, and the child with it: but a child that has not run yet does so in this memory.
            None => {
                std::mem::forget(keeper.memory.take());
                Err(Errno::CHILD)
            }
        }
    }

    fn has_entered(&mut self, in_cgroup: bool) {
        match &self.cgroup {
            Some(cgroup) if in_cgroup => cgroup.was_entered(),
            Some(cgroup) => {
                cgroup.was_refused();
                self.cgroup = None;
            }
            None => {}
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// What the child is in, with all that descends from it.
    pub(crate) fn cgroup(&self) -> Option<&Arc<Cgroup>> {
        self.cgroup.as_ref()
    }

    /// Becomes readable when there is a report.
    pub(crate) fn line(&self) -> &Arc<OwnedFd> {
        &self.line
    }

    /// What it has told since it was asked last.
    pub(crate) fn report(&self) -> Report {
        match self.receive(RecvFlags::DONTWAIT) {
            Some([tell::ENDED, status, flags, enforced]) => Report::Ended {
                status: if flags & tell::EXITED != 0 {
                    Status::Exited { code: status }
                } else {
                    Status::Signaled { signal: status }
                },
                alone: flags & tell::ALONE != 0,
                reaped: flags & tell::REAPED != 0,
                enforced: enforced != 0,
            },
            Some(_) => Report::None,
            None if self.has_ended() => Report::Lost,
            None => Report::None,
        }
    }

    /// Whether it has ended, reaped or not.
    pub(crate) fn has_ended(&self) -> bool {
        self.is_reaped || has_ended(&self.pidfd, Duration::ZERO)
    }

    /// Wakes it, if somebody has stopped it.
    pub(crate) fn wake(&self) {
        let _ = pidfd_send_signal(&self.pidfd, Signal::CONT);
    }

    /// From now on the numbers of leader and group need not stay theirs, until they are claimed.
    pub(crate) fn free_numbers(&self) {
        if let Some(memory) = &self.memory {
            memory.terms().numbers.store(numbers::FREE, Ordering::SeqCst);
        }
    }

    /// Has the numbers of leader and group stay theirs until the keeper is let go. False: the leader has ended, nothing
    /// else is left of the run, and there will be a report at once, if it was not read yet.
    pub(crate) fn claim_numbers(&self) -> bool {
        let Some(memory) = &self.memory else { return false };
        let (free, ours) = (numbers::FREE, numbers::OURS);
        let claimed = memory.terms().numbers.compare_exchange(free, ours, Ordering::SeqCst, Ordering::SeqCst);
        claimed.map_or_else(|owner| owner == ours, |_| true)
    }

    fn goes_by_itself(&self) -> bool {
        let owner = self.memory.as_ref().map(|memory| memory.terms().numbers.load(Ordering::SeqCst));
        owner == Some(numbers::THE_KEEPERS)
    }

    /// Says that what is left when the leader has ended is to live.
    pub(crate) fn leave_rest(&self) {
        if let Some(memory) = &self.memory {
            memory.terms().leave.store(true, Ordering::SeqCst);
        }
    }

    /// Lets it go: it reaps the leader, ends what is left, and then itself.
    pub(crate) fn release(&self) {
        if let Some(memory) = &self.memory {
            memory.terms().released.store(true, Ordering::SeqCst);
        }
        let _ = shutdown(&self.line, Shutdown::Both);
    }

    /// Waits for its end, once it has been let go.
    fn finish(&mut self, patience: Duration) -> bool {
        if self.is_reaped {
            return true;
        }
        if !has_ended(&self.pidfd, patience) {
            return false;
        }
        keepers::leave(self.pid);
        let _ = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED | of_any_kind());
        self.is_reaped = true;
        true
    }

    fn receive(&self, flags: RecvFlags) -> Option<[i32; 4]> {
        let mut bytes = [0; 16];
        loop {
            match recv(&self.line, &mut bytes, flags) {
                Ok((_, 16)) => break,
                Err(Errno::INTR) => {}
                _ => return None,
            }
        }
        let mut words = [0; 4];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = i32::from_ne_bytes(chunk.try_into().unwrap_or_default());
        }
        Some(words)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if self.is_reaped {
            return;
        }
        if !self.goes_by_itself() {
            self.release();
        }
        if self.finish(PATIENCE) {
            return;
        }
        self.wake();
        let Ok(pidfd) = self.pidfd.try_clone() else {
            std::mem::forget((self.memory.take(), self.cgroup.take()));
            return;
        };
        let line = Arc::clone(&self.line);
        let (memory, cgroup) = (self.memory.take(), self.cgroup.take());
        let late = Self { pid: self.pid, pidfd, line, memory, cgroup, is_reaped: false };
        LATE.lock().unwrap_or_else(PoisonError::into_inner).push(late);
    }
}

fn reap_late() {
    let mut late = LATE.lock().unwrap_or_else(PoisonError::into_inner);
    late.retain_mut(|keeper| !keeper.finish(Duration::ZERO));
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 2)
}

/// A keeper sends no signal at its end, and so is waited for only by who asks for such children too.
fn of_any_kind() -> WaitIdOptions {
    WaitIdOptions::from_bits_retain(libc::__WALL.cast_unsigned())
}

fn has_ended(pidfd: &OwnedFd, patience: Duration) -> bool {
    let begin = Instant::now();
    if is_readable_soon(pidfd, END.min(patience)) {
        return true;
    }
    loop {
        let left = patience.saturating_sub(begin.elapsed());
        let mut polled = [PollFd::new(pidfd, PollFlags::IN)];
        let time = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        match poll(&mut polled, Some(&time)) {
            Err(Errno::INTR) => {}
            other => return other.is_ok_and(|ready| ready > 0),
        }
    }
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

#[cfg(test)]
mod tests;
