//! The life of a keeper: it starts the child, tells how it ends, reaps what is orphaned, and stays until it is let go.
//! When whoever made it is gone, or its last moment has come, it ends everything below itself, and then itself.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering;

use super::kernel::{self, Ended, Waited};
use super::{Terms, child, clone_into, numbers, tell};

/// What is passed on to the caller when it is sent to us by a process: it took us for the caller.
const PASSED_ON: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];
/// What resists KILL for so long is stuck in the kernel or another user's.
const KILL_LIMIT: i64 = 10_000;
/// Looks without a pause, as long as each finds somebody who has ended.
const LOOKS: u32 = 64;
/// What has ended is out of its cgroup by then.
const EXIT_LIMIT: i64 = 100;
/// Between two looks at what was told to end.
const PAUSE: i64 = 20;
/// Between two KILLs of a tree that grows meanwhile.
const KILL_PAUSE: i64 = 2;

/// # Safety
/// `terms` points to terms that stay until this process has ended.
pub(super) extern "C" fn keep(terms: *mut c_void) -> c_int {
    let terms_address = terms;
    // SAFETY: as the caller says.
    let terms = unsafe { &*terms.cast::<Terms>() };
    kernel::block_signals(u64::MAX);
    kernel::default_signals(terms.own_session);
    kernel::set_name(c"rye-keeper");
    terms.keeper.store(kernel::own(), Ordering::SeqCst);
    if let Err(errno) = kernel::adopt_orphans() {
        refuse(terms, errno)
    }
    // SAFETY: a stack of the child's own, below which a page is its guard; this process stands still until the child has
    // left the shared memory.
    let entered = unsafe {
        clone_into::clone_into(terms.cgroup, terms.child_stack, child::become_program, terms_address)
    };
    // SAFETY: as above; what `clone` makes of `errno` nobody reads: the thread it belongs to waits to be told.
    let leader = entered.unwrap_or_else(|| unsafe {
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        libc::clone(child::become_program, terms.child_stack, flags, terms_address)
    });
    if leader < 0 {
        // It is told apart no further: processes or memory are short.
        refuse(terms, libc::EAGAIN)
    }
    let refusal = terms.refusal.load(Ordering::SeqCst);
    if refusal != 0 {
        kernel::wait(leader, true);
        refuse(terms, refusal)
    }
    // What is of the caller's stays with the caller.
    let cgroup = if entered.is_some() { terms.cgroup } else { -1 };
    let (low, high) = (terms.line.min(cgroup), terms.line.max(cgroup));
    kernel::close_range(0, low.wrapping_sub(1));
    kernel::close_range(low.wrapping_add(1), high.wrapping_sub(1));
    kernel::close_range(high.wrapping_add(1), i32::MAX);
    // Out of the way of what is sent to the caller's group.
    if terms.own_session {
        // A session of its own would be one more for the scheduler to be fair to: milliseconds, on a busy machine.
        kernel::begin_group();
    } else {
        // The child stays in the caller's group. A parent in another group of the same session would have the kernel
        // take that group for orphaned when the child ends, and send it HUP if anyone in it is stopped.
        kernel::begin_session();
    }
    kernel::send(terms.line, &[tell::STARTED, leader, i32::from(cgroup >= 0), 0]);
    let mut keeper =
        Keep { terms, leader, cgroup, ended: None, told: false, others: true, enforced: 0, is_done: false };
    keeper.stay();
    kernel::exit(0)
}

fn refuse(terms: &Terms, errno: i32) -> ! {
    kernel::send(terms.line, &[tell::REFUSED, errno, 0, 0]);
    kernel::exit(0)
}

struct Keep<'t> {
    terms: &'t Terms,
    leader: i32,
    /// The folder of the run's cgroup; negative: it has none.
    cgroup: i32,
    ended: Option<Ended>,
    told: bool,
    /// Whether there may be anyone but the leader.
    others: bool,
    enforced: i32,
    /// Nothing is left to do: the leader was alone and is reaped.
    is_done: bool,
}

impl Keep<'_> {
    fn stay(&mut self) {
        let mut mask = kernel::bit(libc::SIGCHLD);
        for signal in PASSED_ON {
            mask |= kernel::bit(signal);
        }
        let signals = kernel::signal_descriptor(mask).unwrap_or(-1);
        let caller = kernel::process_descriptor(self.terms.caller).unwrap_or(-1);
        // The number was the caller's if it still is our parent's.
        let mut is_over = caller < 0 || kernel::parent() != self.terms.caller;
        let mut last_moment = self.terms.last_moment;
        while !is_over {
            let left = (last_moment != i64::MAX && self.ended.is_none())
                .then(|| last_moment.wrapping_sub(kernel::now()));
            if left.is_some_and(|left| left <= 0) {
                last_moment = i64::MAX;
                self.enforced = 1;
                self.wait_until(signals, KILL_LIMIT, KILL_PAUSE, Self::kill);
            }
            if self.is_done {
                return;
            }
            // Without a descriptor for signals we look now and then.
            let left = if signals < 0 { Some(PAUSE) } else { left };
            let [released, gone, _] = kernel::poll([self.terms.line, caller, signals], left);
            self.pass_on(signals, caller);
            self.look();
            is_over = released || gone;
        }
        if self.terms.leave.load(Ordering::SeqCst) && self.ended.is_some() {
            // Whoever is given our children need not be one that reaps.
            kernel::wait(self.leader, true);
            return;
        }
        // The line goes when we are let go, and a little before the caller when it dies.
        let is_orphan = !self.terms.released.load(Ordering::SeqCst);
        self.end_all(signals, is_orphan);
        if is_orphan && self.cgroup >= 0 {
            self.remove_cgroup();
        }
    }

    /// Reads what signals have come, and passes on what was meant for the caller.
    fn pass_on(&self, signals: i32, caller: i32) {
        while let Some(sent) = kernel::next_signal(signals) {
            if self.terms.passes_signals_on && sent.by_process && PASSED_ON.contains(&sent.signal) {
                kernel::kill_by_descriptor(caller, sent.signal);
            }
        }
    }

    /// Sees who has ended, reaps all of them but the leader, and tells the caller of the leader's end, once.
    fn look(&mut self) {
        // Where nobody is left, nobody can be orphaned.
        if self.told && self.is_over() {
            return;
        }
        if self.ended.is_none()
            && let Waited::Ended(ended) = kernel::wait(self.leader, false)
        {
            self.ended = Some(ended);
        }
        while self.ended.is_none()
            && let Waited::Ended(one) = kernel::wait(0, false)
        {
            // Of those that have ended, the one that is told of first may be the leader by now.
            if one.pid == self.leader {
                self.ended = Some(one);
            } else {
                kernel::wait(one.pid, true);
            }
        }
        if let Some(ended) = self.ended {
            self.others = self.reap_others();
            if !self.told {
                self.told = true;
                self.is_done = !self.others && self.takes_numbers();
                if self.is_done {
                    reap_all();
                }
                let mut flags = if ended.code == libc::CLD_EXITED { tell::EXITED } else { 0 };
                flags |= if self.others { 0 } else { tell::ALONE };
                flags |= if self.is_done { tell::REAPED } else { 0 };
                kernel::send(self.terms.line, &[tell::ENDED, ended.status, flags, self.enforced]);
            }
        }
    }

    /// Whether the numbers of leader and group are ours to give up: nobody else signals them from now on.
    fn takes_numbers(&self) -> bool {
        let (free, ours) = (numbers::FREE, numbers::THE_KEEPERS);
        self.terms.numbers.compare_exchange(free, ours, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Whether anyone but the leader is left. What descends from it is below one of our children: without one, nobody
    /// is left.
    fn reap_others(&self) -> bool {
        // To be told which they are, the list of them has to be opened, which is dear.
        if !kernel::has_living_child() {
            return false;
        }
        for _ in 0..LOOKS {
            let mut reaped = false;
            let mut left = false;
            let is_known = each_child(|pid| {
                if pid == self.leader {
                    return;
                }
                match kernel::wait(pid, true) {
                    Waited::Ended(_) => reaped = true,
                    Waited::NoneYet | Waited::NoChild => left = true,
                }
            });
            // A list that is read while one of it goes may lack another.
            if !reaped {
                return left || !is_known;
            }
        }
        // They come as fast as they go.
        true
    }

    fn group(&self) -> Option<i32> {
        self.terms.own_session.then(|| self.leader.wrapping_neg())
    }

    fn ask(&self) {
        for signal in [libc::SIGTERM, libc::SIGCONT] {
            if let Some(group) = self.group() {
                kernel::kill(group, signal);
            }
            each_child(|pid| kernel::kill(pid, signal));
            kernel::kill(self.leader, signal);
        }
    }

    /// The leader is not reaped, and nobody else reaps our children: the numbers are theirs.
    fn kill(&self) {
        if let Some(group) = self.group() {
            kernel::kill(group, libc::SIGKILL);
        }
        kernel::kill(self.leader, libc::SIGKILL);
        each_child(|pid| kernel::kill(pid, libc::SIGKILL));
        // Those too whom we may not signal.
        if self.cgroup >= 0 {
            kernel::kill_cgroup(self.cgroup);
        }
    }

    /// Who has just ended may count a little longer.
    fn remove_cgroup(&self) {
        let end = kernel::now().wrapping_add(EXIT_LIMIT);
        while !kernel::remove_sibling(self.cgroup, &self.terms.cgroup_name) && kernel::now() < end {
            kernel::poll([-1; 3], Some(KILL_PAUSE));
        }
    }

    fn is_over(&self) -> bool {
        self.ended.is_some() && !self.others
    }

    /// Ends everything: asked first when the caller cannot have done so.
    fn end_all(&mut self, signals: i32, asks: bool) {
        if asks && !self.is_over() {
            self.ask();
            self.wait_until(signals, self.terms.grace, PAUSE, |_| {});
        }
        self.wait_until(signals, KILL_LIMIT, KILL_PAUSE, Self::kill);
        reap_all();
    }

    fn wait_until(&mut self, signals: i32, limit: i64, pause: i64, step: impl Fn(&Self)) {
        let end = kernel::now().saturating_add(limit);
        self.look();
        while !self.is_over() && kernel::now() < end {
            step(self);
            kernel::poll([-1, -1, signals], Some(pause));
            while kernel::next_signal(signals).is_some() {}
            self.look();
        }
    }
}

/// Reaps all that have ended.
fn reap_all() {
    while let Waited::Ended(_) = kernel::wait(0, true) {}
}

/// Does something with the number of each child of ours; false when the kernel does not list them.
fn each_child(mut action: impl FnMut(i32)) -> bool {
    let Ok(list) = kernel::open(c"/proc/thread-self/children") else { return false };
    let mut buffer = [0_u8; 4096];
    let mut number = 0_i32;
    while let Some(read) = kernel::read(list, &mut buffer)
        && read > 0
    {
        for &byte in buffer.iter().take(read) {
            if byte.is_ascii_digit() {
                number = number.wrapping_mul(10).wrapping_add(i32::from(byte.wrapping_sub(b'0')));
            } else if number > 0 {
                action(number);
                number = 0;
            }
        }
    }
    kernel::close(list);
    true
}
