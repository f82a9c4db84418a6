//! A run that was started: its events, its end, and the means to stop it. Dropping a [`Run`] ends it.

use std::sync::atomic::{AtomicU8, Ordering, fence};
use std::sync::{Arc, OnceLock};

use rye_primitives::{ProcessEvent, ProcessEvents, Pulse, Stop as ProcessStop, Stopper};
use rye_resolver::Plan;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::error::Error;
use crate::outcome::Outcome;

/// A request to end a run. It only escalates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Ask: SIGTERM, then after the grace SIGKILL.
    Ask,
    /// Force: SIGKILL at once.
    Force,
}

/// What a run prints or tells, as it comes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RunEvent {
    /// Bytes of standard output; a character may be split between two events.
    Stdout(Vec<u8>),
    /// Bytes of standard error.
    Stderr(Vec<u8>),
    /// Bytes that came while the reader did not keep up. The outcome's head and tail do not suffer from it.
    Dropped {
        /// How many.
        bytes: u64,
    },
    /// How far another MCP server is with the call.
    Progress {
        /// What is done, in the server's own measure.
        done: f64,
        /// What there is to do.
        total: Option<f64>,
        /// What it is at.
        message: Option<String>,
    },
    /// What another MCP server logs.
    Log {
        /// How much it matters, in the words of RFC 5424.
        level: String,
        /// Which part of the server says it.
        logger: Option<String>,
        /// What it says, harmless and not long.
        text: String,
    },
}

/// Where the events of a run come from.
#[derive(Debug, Default)]
pub(crate) struct WorkEvents {
    /// What its process prints.
    pub(crate) process: Option<ProcessEvents>,
    /// What its server tells.
    pub(crate) told: Option<mpsc::Receiver<RunEvent>>,
}

impl WorkEvents {
    async fn next(&mut self) -> Option<RunEvent> {
        loop {
            let Self { process, told } = self;
            // Whichever ends first leaves the other to be heard out.
            let event = match (&mut *process, &mut *told) {
                (None, None) => return None,
                (Some(process), None) => Err(process.next().await),
                (None, Some(told)) => Ok(told.recv().await),
                (Some(process), Some(told)) => tokio::select! {
                    event = process.next() => Err(event),
                    event = told.recv() => Ok(event),
                },
            };
            match event {
                Ok(Some(event)) => return Some(event),
                Ok(None) => *told = None,
                Err(Some(ProcessEvent::Stdout(bytes))) => return Some(RunEvent::Stdout(bytes)),
                Err(Some(ProcessEvent::Stderr(bytes))) => return Some(RunEvent::Stderr(bytes)),
                Err(Some(ProcessEvent::Dropped { bytes })) => return Some(RunEvent::Dropped { bytes }),
                Err(None) => *process = None,
            }
        }
    }
}

/// Stops one run, from anywhere and at any time. Clones are the same run's.
#[derive(Clone, Debug, Default)]
pub struct RunStopper {
    state: Arc<StopState>,
}

#[derive(Debug, Default)]
struct StopState {
    /// 0: nothing; 1: ask; 2: force.
    asked: AtomicU8,
    changed: Notify,
    process: OnceLock<Stopper>,
}

impl RunStopper {
    /// Asks the run to end, or to end faster. Less than was asked before, or after the end, changes nothing.
    pub fn stop(&self, stop: Stop) {
        let level = match stop {
            Stop::Ask => 1,
            Stop::Force => 2,
        };
        self.state.asked.fetch_max(level, Ordering::SeqCst);
        self.state.changed.notify_one();
        self.pass_on();
    }

    /// Passes one signal on to the process alone; the run goes on unless it ends by it.
    ///
    /// # Errors
    /// The system refuses, or there is no such signal.
    pub fn interrupt(&self, signal: i32) -> std::io::Result<()> {
        self.state.process.get().map_or(Ok(()), |process| process.interrupt(signal))
    }

    /// Connects the process once there is one.
    pub(crate) fn connect(&self, process: Stopper) {
        let _ = self.state.process.set(process);
        self.pass_on();
    }

    fn pass_on(&self) {
        // One of the two that race, a stop and the start of the process, sees what the other did.
        fence(Ordering::SeqCst);
        let Some(process) = self.state.process.get() else { return };
        match self.state.asked.load(Ordering::SeqCst) {
            0 => {}
            1 => process.stop(ProcessStop::Ask),
            _ => process.stop(ProcessStop::Force),
        }
    }

    /// Waits until a stop is asked for.
    pub(crate) async fn asked(&self) {
        self.reached(1).await;
    }

    /// Waits until a stop at once is asked for.
    pub(crate) async fn forced(&self) {
        self.reached(2).await;
    }

    async fn reached(&self, level: u8) {
        while self.state.asked.load(Ordering::SeqCst) < level {
            self.state.changed.notified().await;
        }
    }
}

/// What holds a run from outside. Clones hold the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reins {
    pub(crate) stopper: RunStopper,
    /// Its signs of life.
    pub(crate) pulse: Pulse,
}

/// Tells the events of a run once it has begun.
pub(crate) type Begun = oneshot::Receiver<Option<WorkEvents>>;

/// A run that was started. Its end is waited for by a task of its own, which gives its place to the next whether or
/// not anybody asks for the outcome.
#[derive(Debug)]
#[must_use = "a run that is dropped ends"]
pub struct Run {
    plan: Arc<Plan>,
    reins: Reins,
    /// The events, once it has begun.
    begun: Option<Begun>,
    events: Option<WorkEvents>,
    /// Of a run that others hold too: whether it goes on without this one.
    left: Option<watch::Receiver<bool>>,
    over: oneshot::Receiver<Result<Outcome, Error>>,
    is_over: bool,
}

impl Run {
    pub(crate) fn new(
        plan: Arc<Plan>,
        reins: Reins,
        begun: Option<Begun>,
        over: oneshot::Receiver<Result<Outcome, Error>>,
    ) -> Self {
        Self { plan, reins, begun, events: None, left: None, over, is_over: false }
    }

    /// One that is over.
    pub(crate) fn over(plan: Arc<Plan>, over: Result<Outcome, Error>) -> Self {
        let (sender, receiver) = oneshot::channel();
        let _ = sender.send(over);
        Self::new(plan, Reins::default(), None, receiver)
    }

    /// The same as one of several who hold a run; it goes on when this one has left.
    pub(crate) fn one_of_several(mut self, left: watch::Receiver<bool>) -> Self {
        self.left = Some(left);
        self
    }

    /// What others need to hold it as well. Its events are theirs from now on.
    pub(crate) fn part(&mut self) -> (Arc<Plan>, Reins, Option<Begun>) {
        (Arc::clone(&self.plan), self.reins.clone(), self.begun.take())
    }

    /// The run's own id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.plan.run_id
    }

    /// What was planned.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The means to stop it.
    #[must_use]
    pub fn stopper(&self) -> RunStopper {
        self.reins.stopper.clone()
    }

    /// The means to tell that it is alive although it prints nothing: then its limit on silence begins anew.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.reins.pulse.clone()
    }

    /// The next event; `None` after the last. Cancelling the wait loses nothing. A reader that does not read neither
    /// holds the run up nor costs memory.
    pub async fn next_event(&mut self) -> Option<RunEvent> {
        let Some(left) = &mut self.left else { return next_event(&mut self.begun, &mut self.events).await };
        let without_us = async {
            if left.wait_for(|left| *left).await.is_err() {
                std::future::pending().await
            }
        };
        tokio::select! {
            biased;
            () = without_us => None,
            event = next_event(&mut self.begun, &mut self.events) => event,
        }
    }

    /// Waits for the end. When it returns, nothing of the run is left. Dropping the future ends the run.
    ///
    /// # Errors
    /// The run never started, or the Tokio runtime was shut down.
    pub async fn outcome(mut self) -> Result<Outcome, Error> {
        (self.begun, self.events) = (None, None);
        let over = (&mut self.over).await;
        self.is_over = true;
        over.unwrap_or(Err(Error::ShuttingDown))
    }
}

async fn next_event(begun: &mut Option<Begun>, events: &mut Option<WorkEvents>) -> Option<RunEvent> {
    if let Some(waited) = begun {
        *events = waited.await.ok().flatten();
        *begun = None;
    }
    events.as_mut()?.next().await
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.is_over {
            self.reins.stopper.stop(Stop::Ask);
        }
    }
}
