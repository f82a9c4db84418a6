//! The door that a protocol opens: one executor, what it shows, and the calls that are on. Nothing here knows a
//! protocol.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rye_executor::{Executor, Report, Stop, ToolId};
use tokio::sync::watch;

use crate::catalogue::Catalogue;
use crate::closing::{Closing, Stage};
use crate::notes::{Notes, Person};
use crate::resource::Resources;
use crate::scratch::Scratch;
use crate::text::shortened;

/// How long runs that were asked to end at the end of the server may take, whatever grace their tools declare.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a note may be.
const MAX_NOTE: usize = 1000;

/// One executor, for any number of clients.
#[derive(Debug)]
pub struct Door {
    /// With what `rye.toml` said when it was read last.
    executor: Mutex<Arc<Executor>>,
    /// What was listed last: names mean the same tools until the next listing.
    catalogue: tokio::sync::Mutex<Option<Arc<Catalogue>>>,
    /// The same, for those who cannot wait.
    shown: Mutex<Option<Arc<Catalogue>>>,
    /// How often the list has changed; before the first listing there is none.
    changes: watch::Sender<Option<u64>>,
    scratch: Scratch,
    resources: Resources,
    /// How many calls are on, from the request to the answer.
    asked: watch::Sender<usize>,
    closing: Closing,
    notes: Notes,
    numbers: AtomicU64,
}

impl Door {
    /// A door to an executor. `temporary` is the folder for what lives no longer than the server; `person` hears of
    /// what is odd.
    #[must_use]
    pub fn new(executor: Executor, temporary: PathBuf, closing: Closing, person: Person) -> Arc<Self> {
        Arc::new(Self {
            executor: Mutex::new(Arc::new(executor)),
            catalogue: tokio::sync::Mutex::default(),
            shown: Mutex::default(),
            changes: watch::Sender::default(),
            scratch: Scratch::below(temporary),
            resources: Resources::default(),
            asked: watch::Sender::default(),
            closing,
            notes: Notes::new(person),
            numbers: AtomicU64::new(0),
        })
    }

    /// The executor as it is now; calls that are on keep theirs.
    pub(crate) fn executor(&self) -> Arc<Executor> {
        Arc::clone(&self.executor.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn notes(&self) -> &Notes {
        &self.notes
    }

    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    pub(crate) fn resources(&self) -> &Resources {
        &self.resources
    }

    /// A call came; it counts until what this gives is dropped.
    pub(crate) fn asked(&self) -> Asked<'_> {
        self.asked.send_modify(|number| *number += 1);
        Asked(&self.asked)
    }

    /// Waits until every call that came has its answer.
    pub(crate) async fn answered(&self) {
        // The sender lives in `self`.
        let _ = self.asked.subscribe().wait_for(|number| *number == 0).await;
    }

    pub(crate) fn closing(&self) -> &Closing {
        &self.closing
    }

    /// A number that this server has not given before.
    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// What is there now.
    pub(crate) async fn list(&self) -> Arc<Catalogue> {
        let mut known = self.catalogue.lock().await;
        let now = self.read().await;
        *known = Some(Arc::clone(&now));
        self.changes.send_if_modified(|number| {
            let is_first = number.is_none();
            number.get_or_insert(0);
            is_first
        });
        now
    }

    /// Lists, unless that was done before.
    pub(crate) async fn listed_once(&self) {
        if self.changes.borrow().is_none() {
            self.list().await;
        }
    }

    /// Reads the files again, and tells whoever waits for it that the list is another one.
    pub(crate) async fn look_again(&self) {
        let mut known = self.catalogue.lock().await;
        let now = self.read().await;
        let is_other = known.as_ref().is_some_and(|known| !known.shows_the_same(&now));
        *known = Some(now);
        if is_other {
            self.changes.send_modify(|number| *number = Some(number.unwrap_or(0) + 1));
        }
    }

    /// Waits for the first listing.
    pub(crate) async fn listed(&self) {
        // The sender lives in `self`.
        let _ = self.changes.subscribe().wait_for(Option::is_some).await;
    }

    /// Tells when the list changes.
    pub(crate) fn changes(&self) -> watch::Receiver<Option<u64>> {
        let mut changes = self.changes.subscribe();
        changes.mark_unchanged();
        changes
    }

    /// What was there when it was listed last, for those who cannot wait; `None` before the first listing.
    pub(crate) fn shown(&self) -> Option<Arc<Catalogue>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was there when it was listed last.
    pub(crate) async fn known(&self) -> Arc<Catalogue> {
        let mut known = self.catalogue.lock().await;
        match &*known {
            Some(known) => Arc::clone(known),
            None => Arc::clone(known.insert(self.read().await)),
        }
    }

    /// Looks at `rye.toml` and at every file, aside: calls that are on are not held up.
    async fn read(&self) -> Arc<Catalogue> {
        let executor = self.executor();
        let read = move || {
            let reread = executor.reread();
            let said = reread.as_ref().err().map(|error| not_taken(&error.report()));
            let executor = reread.map_or(executor, Arc::new);
            let catalogue = Catalogue::of(executor.catalogue(), &executor.resolver().config().mcp);
            (executor, Arc::new(catalogue), said)
        };
        match tokio::task::spawn_blocking(read).await {
            Ok((executor, catalogue, said)) => {
                *self.executor.lock().unwrap_or_else(PoisonError::into_inner) = executor;
                *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&catalogue));
                self.notes.say(said.into_iter().chain(catalogue.notes()));
                catalogue
            }
            // The runtime is going away, and so is whoever asked.
            Err(error) if error.is_cancelled() => Arc::default(),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// The tool that has a name. A file that is new since the last listing is found too.
    pub(crate) async fn find(&self, name: &str) -> Option<ToolId> {
        if let Some(id) = self.known().await.id(name) {
            return Some(id.clone());
        }
        self.list().await.id(name).cloned()
    }

    /// The name nearest to one that is none.
    pub(crate) async fn nearest(&self, name: &str) -> Option<String> {
        self.known().await.nearest(name).map(str::to_owned)
    }

    /// Takes no more calls, asks every run to end, and returns when nothing is left.
    pub(crate) async fn end(&self) {
        // What was read anew shares its runs with what was there before.
        let executor = self.executor();
        let force = async {
            tokio::select! {
                () = tokio::time::sleep(PATIENCE) => {}
                () = self.closing.reached(Stage::Forced) => {}
            }
            executor.stop_all(Stop::Force);
            std::future::pending().await
        };
        tokio::select! {
            () = executor.shutdown() => {}
            () = force => {}
        }
    }
}

/// A `rye.toml` with a mistake in it changes nothing.
fn not_taken(report: &Report) -> String {
    let mut text = format!("what was read before counts still: {}", report.message);
    for cause in &report.causes {
        text.push_str(&format!("; {cause}"));
    }
    shortened(&text, MAX_NOTE, "")
}

/// A call that is on, from the request to the answer.
#[derive(Debug)]
pub(crate) struct Asked<'d>(&'d watch::Sender<usize>);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|number| *number -= 1);
    }
}
