//! The process that was started.
//! Once it has ended it stays a zombie until it is reaped here, so its number, group and session are not given
//! to anyone else; after that nothing is sent to any of them.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, pidfd_open,
    pidfd_send_signal, test_kill_process_group, waitid,
};

use crate::end::Status;
use crate::leaders;
use crate::registered::Registered;

pub(crate) struct Leader {
    pid: Pid,
    pidfd: Arc<OwnedFd>,
    owns_group: bool,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Running,
    Zombie(Option<Status>),
    Reaped(Option<Status>),
}

impl Leader {
    /// Takes charge of a child that was just started; if that is not possible the child is ended.
    pub(crate) fn new(pid: Pid, owns_group: bool) -> Result<Self, Errno> {
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Self { pid, pidfd: Arc::new(pidfd), owns_group, state: State::Running }),
            Err(errno) => {
                // Not reaped yet, so the number is still the child's.
                let _ = if owns_group {
                    kill_process_group(pid, Signal::KILL)
                } else {
                    kill_process(pid, Signal::KILL)
                };
                leaders::leave(pid);
                let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED);
                Err(errno)
            }
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    pub(crate) fn pidfd(&self) -> &Arc<OwnedFd> {
        &self.pidfd
    }

    /// Whether the leader began a session and group of its own.
    pub(crate) fn owns_group(&self) -> bool {
        self.owns_group
    }

    /// Looks, without waiting and without reaping.
    pub(crate) fn has_ended(&mut self) -> bool {
        if let State::Running = self.state {
            let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            self.state = match waitid(WaitId::PidFd(self.pidfd.as_fd()), how) {
                Ok(None) | Err(Errno::INTR) => State::Running,
                Ok(Some(found)) => State::Zombie(status(&found)),
                // Somebody else reaped it.
                Err(_) => {
                    leaders::leave(self.pid);
                    State::Reaped(None)
                }
            };
        }
        !matches!(self.state, State::Running)
    }

    pub(crate) fn is_reaped(&self) -> bool {
        matches!(self.state, State::Reaped(_))
    }

    /// Waits for the end by the leader's own descriptor.
    pub(crate) async fn ended(&mut self, exit: &Registered) {
        loop {
            let Ok(mut ready) = exit.readable().await else {
                // The runtime is going away, and this task with it.
                return std::future::pending().await;
            };
            if self.has_ended() {
                return;
            }
            ready.clear_ready();
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

    /// Lets the number go, if the leader has ended.
    pub(crate) fn reap(&mut self) {
        if let State::Zombie(status) = self.state {
            leaders::leave(self.pid);
            let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            let _ = waitid(WaitId::PidFd(self.pidfd.as_fd()), how);
            self.state = State::Reaped(status);
        }
    }
}

fn status(found: &rustix::process::WaitIdStatus) -> Option<Status> {
    if let Some(code) = found.exit_status() {
        return Some(Status::Exited { code });
    }
    found.terminating_signal().map(|signal| Status::Signaled { signal })
}
