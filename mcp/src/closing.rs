//! How far a server is on its way to its end. It only moves on, and everybody who waits for a stage sees it.

use std::sync::Arc;

use tokio::sync::watch;

/// A stage on the way to the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Calls are taken.
    #[default]
    Open,
    /// No more calls come; those that run may end by themselves, for a while.
    Draining,
    /// Every run is asked to end.
    Ending,
    /// Every run is ended at once.
    Forced,
}

/// The way of one server to its end. Clones are the same server's.
#[derive(Clone, Debug, Default)]
pub struct Closing(Arc<watch::Sender<Stage>>);

impl Closing {
    /// Moves on to a stage; an earlier one than was reached changes nothing.
    pub fn advance(&self, stage: Stage) {
        self.0.send_if_modified(|now| {
            let later = stage > *now;
            *now = stage.max(*now);
            later
        });
    }

    /// Waits until a stage, or a later one, is reached.
    pub async fn reached(&self, stage: Stage) {
        // The sender lives in `self`: it is not closed while anybody waits.
        let _ = self.0.subscribe().wait_for(|now| *now >= stage).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Closing, Stage};

    #[tokio::test(flavor = "current_thread")]
    async fn it_only_moves_on() {
        let closing = Closing::default();
        let waiting = tokio::spawn({
            let closing = closing.clone();
            async move { closing.reached(Stage::Draining).await }
        });
        closing.advance(Stage::Ending);
        closing.advance(Stage::Draining);
        closing.reached(Stage::Ending).await;
        waiting.await.unwrap();
    }
}
