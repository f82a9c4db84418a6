//! What a server tells on its way to whoever reads the run's events. Nobody waits for a reader: what does not fit is
//! passed over, as progress that is old is worth nothing.

use tokio::sync::mpsc;

use crate::run::RunEvent;

/// Events that wait for their reader at most.
const MOST: usize = 256;

/// The end that tells.
#[derive(Debug)]
pub(crate) struct Teller(mpsc::Sender<RunEvent>);

impl Teller {
    /// Both ends.
    pub(crate) fn new() -> (Self, mpsc::Receiver<RunEvent>) {
        let (sender, receiver) = mpsc::channel(MOST);
        (Self(sender), receiver)
    }

    /// One that tells into a channel of the caller's; without one, nobody.
    pub(crate) fn into_channel(sender: Option<mpsc::Sender<RunEvent>>) -> Self {
        Self(sender.unwrap_or_else(|| mpsc::channel(1).0))
    }

    pub(crate) fn tell(&self, event: RunEvent) {
        let _ = self.0.try_send(event);
    }
}
