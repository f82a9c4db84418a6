//! One run from its start to its end: one task owns the truth, and everything else asks it or hears from it.
//! When it ends, or is dropped, nothing of the run is left, unless that was asked for.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::end::{Ending, Phases, ProcessEnd};
use crate::pulse::Pulse;
use crate::registered::Registered;
use crate::stop::{Stop, StopReader};
use crate::streams::Streams;
use crate::tree::Tree;

/// KILL takes no longer, but for a process that is stuck in the kernel: then the run ends without it.
const KILL_LIMIT: Duration = Duration::from_secs(2);
/// Between two KILLs of a tree that grows meanwhile.
const KILL_PAUSE: Duration = Duration::from_millis(20);

/// All that a run consists of once it has been started.
pub(crate) struct Supervisor {
    pub(crate) tree: Tree,
    pub(crate) exit: Registered,
    pub(crate) streams: Streams,
    pub(crate) stop: StopReader,
    pub(crate) limits: Limits,
    pub(crate) pulse: Pulse,
    pub(crate) started: Instant,
    pub(crate) executing: Instant,
}

/// What bounds the supervision.
pub(crate) struct Limits {
    pub(crate) timeout: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) drain: Duration,
    pub(crate) leave_running: bool,
}

/// Why the leader's time is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    ItsOwn,
    Deadline,
    Silence,
    Stop(Stop),
}

impl Supervisor {
    pub(crate) async fn run(self) -> ProcessEnd {
        let Self { mut tree, exit, mut streams, mut stop, limits, pulse, started, executing } = self;
        tree.leader.free_numbers();
        let (cause, leader_ended) = streams
            .flow_during(&pulse, async {
                let over = limits.over(&pulse);
                let cause = first_cause(&mut tree, &exit, &mut stop, over).await;
                if cause != Cause::ItsOwn {
                    end_leader(&mut tree, &exit, &mut stop, cause, limits.grace).await;
                }
                let leader_ended = Instant::now();
                if cause == Cause::ItsOwn && limits.leave_running {
                    tree.leave_rest();
                } else {
                    tree.end_rest(&stop).await;
                }
                (cause, leader_ended)
            })
            .await;
        let collected = streams.drain(limits.drain).await;
        tree.dismiss();
        let status = tree.leader.status();
        let over = Instant::now();
        ProcessEnd {
            ending: match cause {
                Cause::ItsOwn if tree.leader.was_lost() => Ending::Lost,
                Cause::ItsOwn => status.map_or(Ending::Lost, Ending::from),
                Cause::Deadline => Ending::TimedOut,
                Cause::Silence => Ending::Idle,
                Cause::Stop(_) => Ending::Stopped,
            },
            status,
            escalated: tree.escalated(),
            leaked_processes: tree.leaked(),
            stdout: collected.stdout,
            stderr: collected.stderr,
            reply: collected.reply,
            supervision: tree.supervision(),
            duration: over - started,
            phases: Phases {
                start: executing - started,
                leader: leader_ended - executing,
                rest: over - leader_ended,
            },
        }
    }
}

impl Limits {
    /// Waits for the first limit that is reached.
    async fn over(&self, pulse: &Pulse) -> Cause {
        let deadline = async {
            match self.timeout {
                Some(timeout) => sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        let silence = async {
            match self.idle {
                Some(idle) => pulse.stops(idle).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = deadline => Cause::Deadline,
            () = silence => Cause::Silence,
        }
    }
}

/// An end of its own counts, even when a stop came with it.
async fn first_cause(
    tree: &mut Tree,
    exit: &Registered,
    stop: &mut StopReader,
    over: impl Future<Output = Cause>,
) -> Cause {
    tokio::select! {
        biased;
        () = tree.leader.ended(exit) => {
            if tree.leader.was_enforced() { Cause::Deadline } else { Cause::ItsOwn }
        }
        stop = stop.at_least(Stop::Ask) => Cause::Stop(stop),
        cause = over => cause,
    }
}

/// TERM, grace, KILL; over as soon as the leader is.
async fn end_leader(
    tree: &mut Tree,
    exit: &Registered,
    stop: &mut StopReader,
    cause: Cause,
    grace: Duration,
) {
    if cause != Cause::Stop(Stop::Force) {
        tree.ask();
        tokio::select! {
            biased;
            () = tree.leader.ended(exit) => return,
            _ = stop.at_least(Stop::Force) => {}
            () = sleep(grace) => {}
        }
    }
    let begin = Instant::now();
    while begin.elapsed() < KILL_LIMIT {
        tree.kill();
        tokio::select! {
            biased;
            () = tree.leader.ended(exit) => return,
            () = sleep(KILL_PAUSE) => {}
        }
    }
}
