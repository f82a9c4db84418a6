//! One living descendant.
//! It is held by a pidfd, so that what is sent to it reaches it or nobody.

use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid,
};

pub(super) struct Member {
    pub(super) pid: i32,
    pidfd: OwnedFd,
    /// It is in the run's own group, which may be signalled as a whole.
    pub(super) is_in_group: bool,
    /// It was sent TERM or KILL.
    pub(super) was_asked: bool,
    was_counted: bool,
}

impl Member {
    /// Holds whatever process has this number now.
    pub(super) fn open(pid: i32) -> Option<Self> {
        let pidfd = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
        Some(Self { pid, pidfd, is_in_group: false, was_asked: false, was_counted: false })
    }

    pub(super) fn signal(&self, signal: Signal) {
        let _ = pidfd_send_signal(&self.pidfd, signal);
    }

    /// 1 the first time, then 0.
    pub(super) fn count(&mut self) -> u32 {
        u32::from(!std::mem::replace(&mut self.was_counted, true))
    }

    /// Whether it has ended; one that was adopted is reaped by this.
    pub(super) fn is_gone(&self) -> bool {
        match waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            Ok(found) => found.is_some(),
            // Not our child: its own parent reaps it.
            Err(Errno::CHILD) => self.has_ended(),
            Err(_) => false,
        }
    }

    /// Whether it has ended, reaped or not.
    pub(super) fn has_ended(&self) -> bool {
        let mut polled = [PollFd::new(&self.pidfd, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
    }
}
