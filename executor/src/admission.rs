//! How many runs may be on, and how many calls may wait for a turn. Turns are given in the order of asking.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;
use crate::run::{RunStopper, Stop};

/// Who may run.
#[derive(Debug)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    concurrency: usize,
    queue: usize,
    waiting: Arc<AtomicUsize>,
    live: Arc<Live>,
}

/// The runs that are on.
#[derive(Debug, Default)]
struct Live {
    runs: Mutex<HashMap<String, RunStopper>>,
    /// Nobody comes in any more.
    closed: AtomicBool,
}

impl Live {
    fn runs(&self) -> MutexGuard<'_, HashMap<String, RunStopper>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the runs that are on; dropping it gives the place to the next.
#[derive(Debug)]
pub(crate) struct Place {
    run_id: String,
    live: Arc<Live>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.runs().remove(&self.run_id);
    }
}

/// A place in the queue; dropping it leaves the queue.
#[derive(Debug)]
pub(crate) struct Turn {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    live: Arc<Live>,
    run_id: String,
    stopper: RunStopper,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Admission {
    pub(crate) fn new(concurrency: usize, queue: usize) -> Self {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(concurrency)),
            concurrency,
            queue,
            waiting: Arc::default(),
            live: Arc::default(),
        }
    }

    /// A place at once, or a turn to wait for.
    pub(crate) fn enter(&self, run_id: &str, stopper: &RunStopper) -> Result<Result<Place, Turn>, Error> {
        if self.places.is_closed() {
            return Err(Error::ShuttingDown);
        }
        if self.waiting.load(Ordering::SeqCst) == 0
            && let Ok(permit) = Arc::clone(&self.places).try_acquire_owned()
        {
            return place(&self.live, run_id, stopper, permit).map(Ok);
        }
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst);
        let turn = Turn {
            places: Arc::clone(&self.places),
            waiting: Arc::clone(&self.waiting),
            live: Arc::clone(&self.live),
            run_id: run_id.to_owned(),
            stopper: stopper.clone(),
        };
        if waiting >= self.queue {
            return Err(Error::Overloaded { running: self.concurrency, waiting });
        }
        Ok(Err(turn))
    }

    /// Takes no more, asks every run to end, and waits until all have.
    pub(crate) async fn close(&self) {
        // Closed first: who comes in later sees that, and who came in earlier is seen here.
        self.live.closed.store(true, Ordering::SeqCst);
        let live: Vec<_> = self.live.runs().values().cloned().collect();
        live.iter().for_each(|stopper| stopper.stop(Stop::Ask));
        let all = u32::try_from(self.concurrency).unwrap_or(u32::MAX);
        // Whoever waits in the queue gets a place in turn, sees that it is closed and gives it on.
        let _ = self.places.acquire_many(all).await.map(tokio::sync::SemaphorePermit::forget);
        self.places.close();
    }
}

impl Turn {
    /// Waits for the place.
    pub(crate) async fn place(self) -> Result<Place, Error> {
        let permit = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Error::ShuttingDown)?;
        place(&self.live, &self.run_id, &self.stopper, permit)
    }
}

fn place(
    live: &Arc<Live>,
    run_id: &str,
    stopper: &RunStopper,
    permit: OwnedSemaphorePermit,
) -> Result<Place, Error> {
    live.runs().insert(run_id.to_owned(), stopper.clone());
    let place = Place { run_id: run_id.to_owned(), live: Arc::clone(live), _permit: permit };
    if live.closed.load(Ordering::SeqCst) { Err(Error::ShuttingDown) } else { Ok(place) }
}
