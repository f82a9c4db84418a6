//! How many runs may be on and how many calls may wait for a turn, of all tools together and of each. Turns go round
//! among the tools that wait, and within a tool in the order of asking: no tool keeps another from its turn.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rye_resolver::Plan;
use rye_runtimes::ItemId;
use rye_tools::ToolLimits;
use tokio::sync::{oneshot, watch};

use crate::error::Error;
use crate::run::{RunStopper, Stop};

/// The bounds of all tools together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) concurrency: usize,
    pub(crate) queue: usize,
}

/// Who may run. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Admission(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// How many runs are on.
    on: watch::Sender<usize>,
}

#[derive(Debug)]
struct State {
    bounds: Bounds,
    /// The runs that are on.
    runs: HashMap<String, RunStopper>,
    /// Their ids, and those of the calls that wait.
    ids: HashSet<String>,
    waiting: usize,
    /// The tools of which a run is on or a call waits.
    lines: HashMap<ItemId, Line>,
    /// The tools of which calls wait; the first had its last turn longest ago.
    turns: VecDeque<ItemId>,
    /// Nobody comes in any more.
    is_closed: bool,
    last: u64,
}

/// One tool.
#[derive(Debug, Default)]
struct Line {
    running: usize,
    waiters: VecDeque<Waiter>,
}

/// One call that waits.
#[derive(Debug)]
struct Waiter {
    number: u64,
    run: Entrant,
    concurrency: usize,
    place: oneshot::Sender<Place>,
}

/// A run that wants in.
#[derive(Clone, Debug)]
struct Entrant {
    tool: ItemId,
    run_id: String,
    stopper: RunStopper,
}

/// A place among the runs that are on; dropping it gives the place to the next.
#[derive(Debug)]
pub(crate) struct Place {
    tool: ItemId,
    run_id: String,
    shared: Arc<Shared>,
}

/// A place in the queue; dropping it leaves the queue.
#[derive(Debug)]
pub(crate) struct Turn {
    tool: ItemId,
    run_id: String,
    number: u64,
    place: oneshot::Receiver<Place>,
    shared: Arc<Shared>,
}

impl Admission {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let state = State {
            bounds: bounds.possible(),
            runs: HashMap::new(),
            ids: HashSet::new(),
            waiting: 0,
            lines: HashMap::new(),
            turns: VecDeque::new(),
            is_closed: false,
            last: 0,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), on: watch::Sender::default() }))
    }

    /// Other bounds from now on. What is on or waits already stays.
    pub(crate) fn rebound(&self, bounds: Bounds) {
        let given = {
            let mut state = self.0.state();
            state.bounds = bounds.possible();
            state.give(&self.0)
        };
        given.tell();
    }

    /// A place at once, or a turn to wait for.
    pub(crate) fn enter(
        &self,
        plan: &Plan,
        each: ToolLimits,
        stopper: &RunStopper,
    ) -> Result<Result<Place, Turn>, Error> {
        let ToolLimits { concurrency, queue } = plan.limits.and(each);
        let concurrency = concurrency.unwrap_or(usize::MAX);
        let (tool, run_id) = (plan.tool.clone(), plan.run_id.clone());
        let mut state = self.0.state();
        if state.is_closed {
            return Err(Error::ShuttingDown);
        }
        if state.ids.contains(&run_id) {
            return Err(Error::StartedTwice { run_id });
        }
        let run = Entrant { tool, run_id, stopper: stopper.clone() };
        let line = state.lines.get(&run.tool);
        let (running, waiting) = line.map_or((0, 0), |line| (line.running, line.waiters.len()));
        if state.runs.len() < state.bounds.concurrency && running < concurrency {
            return Ok(Ok(state.place(run, &self.0)));
        }
        if state.waiting >= state.bounds.queue {
            return Err(Error::Overloaded { running: state.runs.len(), waiting: state.waiting, tool: None });
        }
        if queue.is_some_and(|queue| waiting >= queue) {
            return Err(Error::Overloaded { running, waiting, tool: Some(run.tool) });
        }
        let (sender, place) = oneshot::channel();
        state.last += 1;
        let number = state.last;
        let turn = Turn {
            tool: run.tool.clone(),
            run_id: run.run_id.clone(),
            number,
            place,
            shared: Arc::clone(&self.0),
        };
        state.wait(Waiter { number, run, concurrency, place: sender });
        Ok(Err(turn))
    }

    /// Takes no more, asks every run to end, sends away whoever waits, and waits until all have ended.
    pub(crate) async fn close(&self) {
        let waiters: Vec<_> = {
            let mut state = self.0.state();
            // Who comes in later sees it, and who came in earlier is seen here.
            state.is_closed = true;
            state.runs.values().for_each(|stopper| stopper.stop(Stop::Ask));
            (state.waiting, state.turns) = (0, VecDeque::new());
            state.lines.values_mut().flat_map(|line| std::mem::take(&mut line.waiters)).collect()
        };
        drop(waiters);
        // The sender lives in `self`.
        let _ = self.0.on.subscribe().wait_for(|on| *on == 0).await;
    }
}

impl Bounds {
    /// Without one place nothing would ever run.
    fn possible(self) -> Self {
        Self { concurrency: self.concurrency.max(1), ..self }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Places that were given. They are handed over when the state is free again: who no longer waits gives his back.
#[must_use]
struct Given(Vec<(oneshot::Sender<Place>, Place)>);

impl Given {
    fn tell(self) {
        for (sender, place) in self.0 {
            drop(sender.send(place));
        }
    }
}

impl State {
    /// Puts a run among those that are on.
    fn place(&mut self, run: Entrant, shared: &Arc<Shared>) -> Place {
        let Entrant { tool, run_id, stopper } = run;
        self.lines.entry(tool.clone()).or_default().running += 1;
        self.ids.insert(run_id.clone());
        self.runs.insert(run_id.clone(), stopper);
        shared.on.send_replace(self.runs.len());
        Place { tool, run_id, shared: Arc::clone(shared) }
    }

    fn wait(&mut self, waiter: Waiter) {
        let tool = waiter.run.tool.clone();
        self.ids.insert(waiter.run.run_id.clone());
        self.waiting += 1;
        let line = self.lines.entry(tool.clone()).or_default();
        line.waiters.push_back(waiter);
        if line.waiters.len() == 1 {
            self.turns.push_back(tool);
        }
    }

    /// Gives the places that are free.
    fn give(&mut self, shared: &Arc<Shared>) -> Given {
        let mut given = Vec::new();
        while self.runs.len() < self.bounds.concurrency
            && let Some(at) = self.turns.iter().position(|tool| self.has_room(tool))
            && let Some(tool) = self.turns.remove(at)
        {
            let Some(line) = self.lines.get_mut(&tool) else { continue };
            let waiter = line.waiters.pop_front();
            if !line.waiters.is_empty() {
                self.turns.push_back(tool);
            }
            if let Some(Waiter { run, place, .. }) = waiter {
                self.waiting -= 1;
                given.push((place, self.place(run, shared)));
            }
        }
        Given(given)
    }

    /// Whether the first call of a tool that waits may go.
    fn has_room(&self, tool: &ItemId) -> bool {
        let Some(line) = self.lines.get(tool) else { return false };
        line.waiters.front().is_some_and(|first| line.running < first.concurrency)
    }

    /// Forgets a tool of which nothing is on and nobody waits.
    fn forget(&mut self, tool: &ItemId) {
        if self.lines.get(tool).is_some_and(|line| line.running == 0 && line.waiters.is_empty()) {
            self.lines.remove(tool);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let given = {
            let mut state = self.shared.state();
            state.runs.remove(&self.run_id);
            state.ids.remove(&self.run_id);
            if let Some(line) = state.lines.get_mut(&self.tool) {
                line.running -= 1;
            }
            let given = state.give(&self.shared);
            state.forget(&self.tool);
            self.shared.on.send_replace(state.runs.len());
            given
        };
        given.tell();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let given = {
            let mut state = self.shared.state();
            let Some(line) = state.lines.get_mut(&self.tool) else { return };
            let before = line.waiters.len();
            line.waiters.retain(|waiter| waiter.number != self.number);
            let (after, is_there) = (line.waiters.len(), line.waiters.len() < before);
            if !is_there {
                // It was given its place, which goes with the receiver.
                return;
            }
            state.waiting -= 1;
            state.ids.remove(&self.run_id);
            if after == 0 {
                state.turns.retain(|tool| *tool != self.tool);
            }
            // Who is first now may have more room than who was.
            let given = state.give(&self.shared);
            state.forget(&self.tool);
            given
        };
        given.tell();
    }
}

impl Turn {
    /// Waits for the place.
    pub(crate) async fn place(mut self) -> Result<Place, Error> {
        (&mut self.place).await.map_err(|_| Error::ShuttingDown)
    }
}
