//! How many runs may be on and how many calls may wait for a turn, of all together, of each tool and of each caller.
//! Whose turn it is, [`queue`] says; nobody keeps another from it.

mod load;
mod queue;

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rye_resolver::{CallerLimits, Plan};
use rye_runtimes::ItemId;
use rye_tools::ToolLimits;
use tokio::sync::{oneshot, watch};

use crate::error::{Error, LoadLimit};
use crate::run::{RunStopper, Stop};
use load::Load;
use queue::Queue;

/// Who calls; all who do not say are one.
pub(crate) type Caller = Option<Arc<str>>;

/// The bounds of all tools together, and of each caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) concurrency: usize,
    pub(crate) queue: usize,
    pub(crate) caller: CallerLimits,
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
    queue: Queue<Waiter>,
    all: Load,
    /// Of the tools and callers of which a run is on or a call waits.
    tools: HashMap<ItemId, Load>,
    callers: HashMap<Caller, Load>,
    /// Nobody comes in any more.
    is_closed: bool,
    last: u64,
}

/// One call that waits.
#[derive(Debug)]
struct Waiter {
    number: u64,
    run: Entrant,
    concurrency: Option<usize>,
    place: oneshot::Sender<Place>,
}

/// A run that wants in.
#[derive(Clone, Debug)]
struct Entrant {
    tool: ItemId,
    caller: Caller,
    run_id: String,
    stopper: RunStopper,
}

/// A place among the runs that are on; dropping it gives the place to the next.
#[derive(Debug)]
pub(crate) struct Place {
    run: Entrant,
    since: Instant,
    shared: Arc<Shared>,
}

/// A place in the queue; dropping it leaves the queue.
#[derive(Debug)]
pub(crate) struct Turn {
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
            queue: Queue::new(),
            all: Load::default(),
            tools: HashMap::new(),
            callers: HashMap::new(),
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
        let limits = plan.limits.and(each);
        let mut state = self.0.state();
        if state.is_closed {
            return Err(Error::ShuttingDown);
        }
        if state.ids.contains(&plan.run_id) {
            return Err(Error::StartedTwice { run_id: plan.run_id.clone() });
        }
        let run = Entrant {
            tool: plan.tool.clone(),
            caller: plan.caller.clone(),
            run_id: plan.run_id.clone(),
            stopper: stopper.clone(),
        };
        if state.has_room(&run, limits.concurrency) {
            return Ok(Ok(state.place(run, &self.0)));
        }
        if let Some(full) = state.full(&run, limits.queue) {
            return Err(full);
        }
        let (sender, place) = oneshot::channel();
        state.last += 1;
        let number = state.last;
        state.wait(Waiter { number, run, concurrency: limits.concurrency, place: sender });
        Ok(Err(Turn { number, place, shared: Arc::clone(&self.0) }))
    }

    /// Asks every run that is on.
    pub(crate) fn stop_all(&self, stop: Stop) {
        self.0.state().runs.values().for_each(|stopper| stopper.stop(stop));
    }

    /// Takes no more, asks every run to end, sends away whoever waits, and waits until all have ended.
    pub(crate) async fn close(&self) {
        let waiters = {
            let mut state = self.0.state();
            // Who comes in later sees it, and who came in earlier is seen here.
            state.is_closed = true;
            state.runs.values().for_each(|stopper| stopper.stop(Stop::Ask));
            let waiters = state.queue.drain();
            waiters.iter().for_each(|waiter| state.forget(&waiter.run));
            waiters
        };
        drop(waiters);
        // The sender lives in `self`.
        let _ = self.0.on.subscribe().wait_for(|on| *on == 0).await;
    }
}

impl Bounds {
    /// Without one place nothing would ever run.
    fn possible(self) -> Self {
        let caller = CallerLimits {
            concurrency: self.caller.concurrency.map(|concurrency| concurrency.max(1)),
            ..self.caller
        };
        Self { concurrency: self.concurrency.max(1), caller, ..self }
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
    /// Whether a run may begin now. `concurrency` is what its tool allows.
    fn has_room(&self, run: &Entrant, concurrency: Option<usize>) -> bool {
        self.all.has_room(Some(self.bounds.concurrency))
            && of(&self.tools, &run.tool).has_room(concurrency)
            && of(&self.callers, &run.caller).has_room(self.bounds.caller.concurrency)
    }

    /// Why a run may not even wait. `queue` is what its tool allows.
    fn full(&self, run: &Entrant, queue: Option<usize>) -> Option<Error> {
        let (tool, caller) = (of(&self.tools, &run.tool), of(&self.callers, &run.caller));
        let (load, limit) = if !self.all.may_wait(Some(self.bounds.queue)) {
            (self.all, LoadLimit::Executor)
        } else if !tool.may_wait(queue) {
            (tool, LoadLimit::Tool(run.tool.clone()))
        } else if !caller.may_wait(self.bounds.caller.queue) {
            (caller, LoadLimit::Caller)
        } else {
            return None;
        };
        let Load { running, waiting, .. } = load;
        Some(Error::Overloaded { running, waiting, limit, retry_after: load.wait() })
    }

    /// The loads that a run is a part of.
    fn loads(&mut self, run: &Entrant) -> [&mut Load; 3] {
        let tool = self.tools.entry(run.tool.clone()).or_default();
        [&mut self.all, tool, self.callers.entry(run.caller.clone()).or_default()]
    }

    /// Puts a run among those that are on.
    fn place(&mut self, run: Entrant, shared: &Arc<Shared>) -> Place {
        self.loads(&run).into_iter().for_each(Load::begins);
        self.ids.insert(run.run_id.clone());
        self.runs.insert(run.run_id.clone(), run.stopper.clone());
        shared.on.send_replace(self.runs.len());
        Place { run, since: Instant::now(), shared: Arc::clone(shared) }
    }

    fn wait(&mut self, waiter: Waiter) {
        self.loads(&waiter.run).into_iter().for_each(|load| load.waiting += 1);
        self.ids.insert(waiter.run.run_id.clone());
        let Entrant { caller, tool, .. } = waiter.run.clone();
        self.queue.push(&caller, &tool, waiter);
    }

    /// Gives the places that are free.
    fn give(&mut self, shared: &Arc<Shared>) -> Given {
        let mut given = Vec::new();
        let mut queue = std::mem::replace(&mut self.queue, Queue::new());
        while let Some(waiter) = queue.next(|waiter| self.has_room(&waiter.run, waiter.concurrency)) {
            let Waiter { run, place, .. } = waiter;
            self.loads(&run).into_iter().for_each(|load| load.waiting -= 1);
            given.push((place, self.place(run, shared)));
        }
        self.queue = queue;
        Given(given)
    }

    /// Forgets a call that has left the queue.
    fn forget(&mut self, run: &Entrant) {
        self.loads(run).into_iter().for_each(|load| load.waiting -= 1);
        self.ids.remove(&run.run_id);
        self.tidy(run);
    }

    /// Forgets a tool and a caller of which nothing is on and nobody waits.
    fn tidy(&mut self, run: &Entrant) {
        if of(&self.tools, &run.tool).is_none() {
            self.tools.remove(&run.tool);
        }
        if of(&self.callers, &run.caller).is_none() {
            self.callers.remove(&run.caller);
        }
    }
}

fn of<K: Eq + Hash>(loads: &HashMap<K, Load>, key: &K) -> Load {
    loads.get(key).copied().unwrap_or_default()
}

impl Drop for Place {
    fn drop(&mut self) {
        let given = {
            let mut state = self.shared.state();
            state.runs.remove(&self.run.run_id);
            state.ids.remove(&self.run.run_id);
            let took = self.since.elapsed();
            state.loads(&self.run).into_iter().for_each(|load| load.ends(took));
            let given = state.give(&self.shared);
            state.tidy(&self.run);
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
            // Without a waiter it was given its place, which goes with the receiver, or all were sent away.
            let Some(waiter) = state.queue.remove(|waiter| waiter.number == self.number) else { return };
            state.forget(&waiter.run);
            // Who is first now may have more room than who was.
            let given = state.give(&self.shared);
            drop(waiter);
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
