//! One run in several hands. Each holds a [`Run`] of his own and may stop or drop it, which lets the others go on; when
//! the last one does, the run ends.

use std::sync::{Arc, Mutex, PoisonError};

use rye_resolver::Plan;
use tokio::sync::{oneshot, watch};

use crate::error::Error;
use crate::outcome::Outcome;
use crate::run::{Begun, Reins, Run, RunStopper, Stop};

/// What came of it, for several.
pub(super) type Over = Result<Outcome, Arc<Error>>;

/// The run. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Share(Arc<Common>);

#[derive(Debug)]
struct Common {
    plan: Arc<Plan>,
    reins: Reins,
    holders: Mutex<usize>,
    over: watch::Sender<Option<Over>>,
}

impl Share {
    /// Shares a run, and gives its first holder, who hears its events.
    pub(super) fn of(run: &mut Run) -> (Self, Run) {
        let (plan, reins, begun) = run.part();
        let common = Common { plan, reins, holders: Mutex::new(0), over: watch::Sender::new(None) };
        let share = Self(Arc::new(common));
        let first = share.hold(begun);
        (share, first)
    }

    /// One more holder. Events are the first one's.
    pub(super) fn join(&self) -> Run {
        self.hold(None)
    }

    fn hold(&self, begun: Option<Begun>) -> Run {
        *self.0.holders.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let stopper = RunStopper::default();
        let reins = Reins { stopper: stopper.clone(), pulse: self.0.reins.pulse.clone() };
        let (over_sender, over) = oneshot::channel();
        let (left_sender, left) = watch::channel(false);
        let share = self.clone();
        tokio::spawn(async move {
            let over = match share.attend(&stopper).await {
                Some(over) => over.map_err(Error::Shared),
                None => {
                    left_sender.send_replace(true);
                    Err(Error::Left)
                }
            };
            // Whoever held the run may have dropped it.
            let _ = over_sender.send(over);
        });
        Run::new(Arc::clone(&self.0.plan), reins, begun, over).one_of_several(left)
    }

    /// Waits for the end for one holder; `None`: he does, and others do not, want it to end.
    async fn attend(&self, stopper: &RunStopper) -> Option<Over> {
        tokio::select! {
            biased;
            over = self.over() => return Some(over),
            () = stopper.asked() => {}
        }
        {
            let mut holders = self.0.holders.lock().unwrap_or_else(PoisonError::into_inner);
            *holders -= 1;
            if *holders > 0 {
                return None;
            }
        }
        self.0.reins.stopper.stop(Stop::Ask);
        tokio::select! {
            biased;
            over = self.over() => return Some(over),
            () = stopper.forced() => {}
        }
        self.0.reins.stopper.stop(Stop::Force);
        Some(self.over().await)
    }

    async fn over(&self) -> Over {
        let mut over = self.0.over.subscribe();
        let over = over.wait_for(Option::is_some).await.map(|over| over.clone());
        // The sender lives in `self`.
        over.ok().flatten().unwrap_or_else(|| Err(Arc::new(Error::ShuttingDown)))
    }

    /// Tells every holder what came of it.
    pub(super) fn end(&self, over: Over) {
        self.0.over.send_replace(Some(over));
    }
}
