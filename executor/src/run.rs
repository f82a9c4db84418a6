//! A run that was started: its events, its end, and the means to stop it. Dropping a [`Run`] ends it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use rye_primitives::{Process, ProcessEvent, Stop as ProcessStop, Stopper};
use rye_resolver::Plan;
use tokio::sync::{Notify, oneshot};

use crate::admission::Place;
use crate::error::Error;
use crate::exchange::{self, Exchange};
use crate::judge;
use crate::outcome::Outcome;

/// A request to end a run. It only escalates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Ask: SIGTERM, then after the grace SIGKILL.
    Ask,
    /// Force: SIGKILL at once.
    Force,
}

/// What a run prints, as it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        let Some(process) = self.state.process.get() else { return };
        match self.state.asked.load(Ordering::SeqCst) {
            0 => {}
            1 => process.stop(ProcessStop::Ask),
            _ => process.stop(ProcessStop::Force),
        }
    }

    /// Waits until a stop is asked for.
    pub(crate) async fn asked(&self) {
        while self.state.asked.load(Ordering::SeqCst) == 0 {
            self.state.changed.notified().await;
        }
    }
}

/// A run that was started.
#[derive(Debug)]
pub struct Run {
    plan: Arc<Plan>,
    stopper: RunStopper,
    state: State,
}

#[derive(Debug)]
enum State {
    Started(Box<Started>),
    Waiting(oneshot::Receiver<Result<Started, Error>>),
    Over(Option<Error>),
}

/// What was started, with its place among the runs that are on.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) work: Work,
    pub(crate) place: Place,
}

/// What a primitive is doing.
#[derive(Debug)]
pub(crate) enum Work {
    Process(Process),
    Exchange(Exchange),
}

impl Started {
    /// Waits for the end, and gives the place to the next.
    async fn end(self, plan: &Plan) -> Outcome {
        let outcome = match self.work {
            Work::Process(process) => judge::outcome(plan, process.end().await),
            Work::Exchange(exchange) => exchange::outcome(plan, exchange.over().await),
        };
        drop(self.place);
        outcome
    }
}

impl Run {
    pub(crate) fn started(plan: Arc<Plan>, stopper: RunStopper, started: Started) -> Self {
        Self { plan, stopper, state: State::Started(Box::new(started)) }
    }

    pub(crate) fn waiting(
        plan: Arc<Plan>,
        stopper: RunStopper,
        start: oneshot::Receiver<Result<Started, Error>>,
    ) -> Self {
        Self { plan, stopper, state: State::Waiting(start) }
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
        self.stopper.clone()
    }

    /// The next event; `None` after the last. Cancelling the wait loses nothing. A reader that does not read neither
    /// holds the run up nor costs memory.
    pub async fn next_event(&mut self) -> Option<RunEvent> {
        let Work::Process(process) = &mut self.begun().await?.work else { return None };
        Some(match process.next_event().await? {
            ProcessEvent::Stdout(bytes) => RunEvent::Stdout(bytes),
            ProcessEvent::Stderr(bytes) => RunEvent::Stderr(bytes),
            ProcessEvent::Dropped { bytes } => RunEvent::Dropped { bytes },
        })
    }

    /// Waits for the end. When it returns, nothing of the run is left.
    ///
    /// # Errors
    /// The run never started.
    pub async fn outcome(mut self) -> Result<Outcome, Error> {
        self.begun().await;
        let over = State::Over(None);
        match std::mem::replace(&mut self.state, over) {
            State::Started(started) => Ok(started.end(&self.plan).await),
            State::Over(Some(error)) => Err(error),
            State::Waiting(_) | State::Over(None) => Err(Error::ShuttingDown),
        }
    }

    /// Waits for the start.
    async fn begun(&mut self) -> Option<&mut Started> {
        if let State::Waiting(start) = &mut self.state {
            self.state = match start.await {
                Ok(Ok(started)) => State::Started(Box::new(started)),
                Ok(Err(error)) => State::Over(Some(error)),
                Err(_) => State::Over(Some(Error::ShuttingDown)),
            };
        }
        match &mut self.state {
            State::Started(started) => Some(started),
            _ => None,
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if matches!(self.state, State::Over(_)) {
            return;
        }
        self.stopper.stop(Stop::Ask);
        // The place stays taken until the tree is gone, so that runs that are ending count.
        if let (State::Started(started), Ok(runtime)) =
            (std::mem::replace(&mut self.state, State::Over(None)), tokio::runtime::Handle::try_current())
        {
            let plan = Arc::clone(&self.plan);
            runtime.spawn(async move { drop(started.end(&plan).await) });
        }
    }
}
