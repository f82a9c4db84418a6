//! How a run ended, as data: the ending is one of a few words, and what was read is there whatever it is.

use std::time::Duration;

use crate::captured::Captured;

/// How a run ended. When this is returned nothing of the run is left, unless that was asked for.
#[derive(Debug)]
pub struct ProcessEnd {
    /// Why the run ended.
    pub ending: Ending,
    /// How the leader itself ended, also when it was made to; `None` when nobody can say.
    pub status: Option<Status>,
    /// KILL was sent to something of this run.
    pub escalated: bool,
    /// Descendants that outlived the leader and had to be ended.
    pub leaked_processes: u32,
    /// What was read of descriptor 1.
    pub stdout: Captured,
    /// What was read of descriptor 2.
    pub stderr: Captured,
    /// What came back on the call's descriptor.
    pub reply: Reply,
    /// By what the run was held together.
    pub supervision: Supervision,
    /// From just before the start to the end of the last descendant and of reading.
    pub duration: Duration,
    /// The parts of that time.
    pub phases: Phases,
}

/// By what whatever descends from a run is found and ended; each means is stronger than those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Supervision {
    /// A keeper of the run's own, whom everything that is orphaned in it has for a parent.
    Subreaper,
    /// A keeper, and a cgroup of the run's own besides, which the kernel ends as one.
    Cgroup,
}

impl Supervision {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Subreaper => "subreaper",
            Self::Cgroup => "cgroup",
        }
    }
}

/// The parts of the time of a run. They follow one another without a gap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// Until the program was executing.
    pub start: Duration,
    /// Until the leader had ended.
    pub leader: Duration,
    /// Until nothing was left of the run, and its output was read.
    pub rest: Duration,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The leader exited by itself.
    Exited {
        /// 0 to 255.
        code: i32,
    },
    /// A signal that was not ours ended the leader.
    Signaled {
        /// Its number.
        signal: i32,
    },
    /// The time limit came first.
    TimedOut,
    /// It said nothing for as long as it may.
    Idle,
    /// A [`Stop`](crate::Stop) came first.
    Stopped,
    /// Nobody can say: the keeper of the run was killed, or the runtime that supervised it was shut down. Either ended
    /// it.
    Lost,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// By exiting.
    Exited {
        /// 0 to 255.
        code: i32,
    },
    /// By a signal.
    Signaled {
        /// Its number.
        signal: i32,
    },
}

/// What came back on the call's descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// There was no call.
    NotAsked,
    /// Nothing came.
    None,
    /// One line, without its newline; what follows it is ignored.
    Complete(Vec<u8>),
    /// The line was longer than the limit.
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// These bytes and no newline.
    Partial(Vec<u8>),
}

impl From<Status> for Ending {
    fn from(status: Status) -> Self {
        match status {
            Status::Exited { code } => Self::Exited { code },
            Status::Signaled { signal } => Self::Signaled { signal },
        }
    }
}
