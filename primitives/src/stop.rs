//! A request to end a run, from anywhere and at any time.
//! It only escalates, and it can reach nothing but the process it was made for.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};

use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};
use tokio::sync::watch;

/// How a run is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// TERM and CONT, then after the grace KILL.
    Ask,
    /// KILL at once.
    Force,
}

/// Ends one run. Clones are the same; it outlives the run, then does nothing, and holds nothing of it.
#[derive(Debug, Clone)]
pub struct Stopper {
    asked: watch::Sender<Option<Stop>>,
    leader: Weak<OwnedFd>,
}

/// What the supervisor sees of all stoppers.
pub(crate) struct StopReader {
    asked: watch::Receiver<Option<Stop>>,
}

impl Stopper {
    pub(crate) fn new(leader: &Arc<OwnedFd>) -> (Self, StopReader) {
        let (sender, receiver) = watch::channel(None);
        (Self { asked: sender, leader: Arc::downgrade(leader) }, StopReader { asked: receiver })
    }

    /// Asks the run to end, or to end faster; less than was asked before changes nothing.
    pub fn stop(&self, stop: Stop) {
        self.asked.send_if_modified(|asked| {
            let more = *asked < Some(stop);
            if more {
                *asked = Some(stop);
            }
            more
        });
    }

    /// Passes one signal on to the leader alone; the run goes on unless the leader ends by it. After the end of
    /// the leader it does nothing.
    pub fn interrupt(&self, signal: i32) -> io::Result<()> {
        let signal = Signal::from_named_raw(signal).ok_or(Errno::INVAL)?;
        match self.leader.upgrade().map_or(Ok(()), |leader| pidfd_send_signal(leader, signal)) {
            Err(Errno::SRCH) => Ok(()),
            other => Ok(other?),
        }
    }
}

impl StopReader {
    /// Waits until at least this much was asked, and gives what was.
    pub(crate) async fn at_least(&mut self, least: Stop) -> Stop {
        match self.asked.wait_for(|asked| *asked >= Some(least)).await.map(|asked| *asked) {
            Ok(Some(stop)) => stop,
            // Every stopper is gone, and none asked.
            _ => std::future::pending().await,
        }
    }

    /// Whether KILL at once was asked for.
    pub(crate) fn is_forced(&self) -> bool {
        *self.asked.borrow() == Some(Stop::Force)
    }
}
