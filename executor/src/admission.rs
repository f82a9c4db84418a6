//! How many runs may be on, and how many calls may wait for a turn. Turns are given in the order of asking.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

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
pub(crate) struct Turn {
    /// Stands in the queue already: who asks later comes later.
    permit: Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>,
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
        let mut permit: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(Arc::clone(&self.places).acquire_owned());
        match permit.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(permit)) => return place(&self.live, run_id, stopper, permit).map(Ok),
            Poll::Ready(Err(_)) => return Err(Error::ShuttingDown),
            Poll::Pending => {}
        }
        let more = |waiting: usize| (waiting < self.queue).then_some(waiting + 1);
        if let Err(waiting) = self.waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more) {
            return Err(Error::Overloaded { running: self.concurrency, waiting });
        }
        Ok(Err(Turn {
            permit,
            waiting: Arc::clone(&self.waiting),
            live: Arc::clone(&self.live),
            run_id: run_id.to_owned(),
            stopper: stopper.clone(),
        }))
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
    pub(crate) async fn place(mut self) -> Result<Place, Error> {
        let permit = self.permit.as_mut().await.map_err(|_| Error::ShuttingDown)?;
        place(&self.live, &self.run_id, &self.stopper, permit)
    }
}

fn place(
    live: &Arc<Live>,
    run_id: &str,
    stopper: &RunStopper,
    permit: OwnedSemaphorePermit,
) -> Result<Place, Error> {
    match live.runs().entry(run_id.to_owned()) {
        Entry::Occupied(_) => return Err(Error::StartedTwice { run_id: run_id.to_owned() }),
        Entry::Vacant(vacant) => vacant.insert(stopper.clone()),
    };
    let place = Place { run_id: run_id.to_owned(), live: Arc::clone(live), _permit: permit };
    if live.closed.load(Ordering::SeqCst) { Err(Error::ShuttingDown) } else { Ok(place) }
}
