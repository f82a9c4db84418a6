//! The process that was started.
//! Once it has ended it stays a zombie until its keeper is let go, so its number, group and session are not given
//! to anyone else; after that nothing is sent to any of them. Who wants to use one of them claims them first: a keeper
//! that nobody has asked for that gives them up as soon as nothing is left of the run.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, pidfd_send_signal,
    test_kill_process_group, waitid,
};
use tokio::time::sleep;

use crate::end::Status;
use crate::keeper::{Keeper, Report};
use crate::registered::Registered;
use crate::subreaper::adopts_orphans;

/// How often it is seen to that nobody has stopped the keeper.
const CARE: Duration = Duration::from_secs(1);
/// KILL takes no longer, but for a process that is stuck in the kernel.
const KILL_LIMIT: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

pub(crate) struct Leader {
    pid: Pid,
    pidfd: Arc<OwnedFd>,
    owns_group: bool,
    /// None: somebody killed it.
    keeper: Option<Keeper>,
    state: State,
    is_alone: bool,
    was_enforced: bool,
    was_lost: bool,
}

#[derive(Clone, Copy)]
enum State {
    Running,
    Zombie(Option<Status>),
    Reaped(Option<Status>),
}

impl Leader {
    /// Takes charge of a child that was just started; if that is not possible the child is ended.
    pub(crate) fn new(keeper: Keeper, pid: Pid, owns_group: bool) -> Result<Self, Errno> {
        let pidfd = Arc::new(pidfd_open(pid, PidfdFlags::empty())?);
        Ok(Self {
            pid,
            pidfd,
            owns_group,
            keeper: Some(keeper),
            state: State::Running,
            is_alone: false,
            was_enforced: false,
            was_lost: false,
        })
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    pub(crate) fn pidfd(&self) -> &Arc<OwnedFd> {
        &self.pidfd
    }

    /// The parent of whatever was orphaned in the run; none if somebody killed it.
    pub(crate) fn keeper(&self) -> Option<&Keeper> {
        self.keeper.as_ref()
    }

    /// Whether the leader began a session and group of its own.
    pub(crate) fn owns_group(&self) -> bool {
        self.owns_group
    }

    /// From now on its number and its group's need not stay theirs after its end, until they are claimed.
    pub(crate) fn free_numbers(&self) {
        self.keeper.iter().for_each(Keeper::free_numbers);
    }

    /// Has its number and its group's stay theirs, for who is about to use them. False: nothing is left of the run, which
    /// the keeper tells now if it has not been heard yet.
    pub(crate) fn claim_numbers(&self) -> bool {
        match self.state {
            State::Running => self.keeper.as_ref().is_none_or(Keeper::claim_numbers),
            State::Zombie(_) => true,
            State::Reaped(_) => !self.is_alone,
        }
    }

    /// Whether nothing else was left of the run when the leader ended.
    pub(crate) fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Whether the keeper ended it at the time limit, while we stood still.
    pub(crate) fn was_enforced(&self) -> bool {
        self.was_enforced
    }

    /// Whether somebody killed the keeper before it was let go.
    pub(crate) fn was_lost(&self) -> bool {
        self.was_lost
    }

    /// Looks, without waiting and without reaping.
    pub(crate) fn has_ended(&mut self) -> bool {
        match (self.state, &self.keeper) {
            (State::Running, Some(keeper)) => match keeper.report() {
                Report::None => {}
                Report::Ended { status, alone, reaped, enforced } => {
                    self.state =
                        if reaped { State::Reaped(Some(status)) } else { State::Zombie(Some(status)) };
                    (self.is_alone, self.was_enforced) = (alone, enforced);
                }
                Report::Lost => self.lose(None),
            },
            // It stays until it is let go.
            (State::Zombie(status), Some(keeper)) if keeper.has_ended() => self.lose(status),
            _ => {}
        }
        !matches!(self.state, State::Running)
    }

    /// The keeper was killed. The leader dies of that too; if it is to become our child, it is one now.
    fn lose(&mut self, status: Option<Status>) {
        (self.keeper, self.was_lost) = (None, true);
        self.signal(Signal::KILL);
        let _ = poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], Some(&KILL_LIMIT));
        self.state = if adopts_orphans() { State::Zombie(status) } else { State::Reaped(status) };
    }

    pub(crate) fn is_reaped(&self) -> bool {
        matches!(self.state, State::Reaped(_))
    }

    /// Waits until the keeper has told of the end.
    pub(crate) async fn ended(&mut self, line: &Registered) {
        // Whoever looked meanwhile may have read what was told: then the line has no more to say, and would be waited for
        // in vain.
        while matches!(self.state, State::Running) {
            tokio::select! {
                biased;
                ready = line.readable() => {
                    let Ok(mut ready) = ready else {
                        // The runtime is going away, and this task with it.
                        return std::future::pending().await;
                    };
                    if self.has_ended() {
                        return;
                    }
                    ready.clear_ready();
                }
                () = sleep(CARE) => {
                    if let Some(keeper) = &self.keeper {
                        keeper.wake();
                    }
                }
            }
        }
    }

    /// How it ended, if it has and if anyone can say.
    pub(crate) fn status(&self) -> Option<Status> {
        match self.state {
            State::Running => None,
            State::Zombie(status) | State::Reaped(status) => status,
        }
    }

    /// Signals the leader alone.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = pidfd_send_signal(&self.pidfd, signal);
    }

    /// Signals the group, if it is the run's own and its number is still held.
    pub(crate) fn signal_group(&self, signal: Signal) {
        if self.owns_group && !self.is_reaped() {
            let _ = kill_process_group(self.pid, signal);
        }
    }

    /// Whether the run's own group has members. A zombie is one, so this tells something only after reaping; a
    /// group with members holds its number.
    pub(crate) fn group_has_members(&self) -> bool {
        self.owns_group && test_kill_process_group(self.pid).is_ok()
    }

    /// Lets what outlived the leader live on.
    pub(crate) fn leave_rest(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.leave_rest();
        }
    }

    /// Lets the number go, if the leader has ended.
    pub(crate) fn reap(&mut self) {
        let State::Zombie(status) = self.state else { return };
        match &self.keeper {
            Some(keeper) => keeper.release(),
            None => {
                let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
                let _ = waitid(WaitId::PidFd(self.pidfd.as_fd()), how);
            }
        }
        self.state = State::Reaped(status);
    }

    /// Lets the keeper go, and waits for its end.
    pub(crate) fn dismiss(&mut self) {
        self.reap();
        self.keeper = None;
    }
}
