//! The transport under the library: messages that passed the gate go in, what it answers goes out, and which requests
//! wait for an answer is known at every moment.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use rmcp::service::RoleServer;
use rmcp::transport::Transport;
use tokio::sync::{mpsc, watch};

use super::outbox::Outbox;

/// The requests that wait for an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending(Arc<State>);

#[derive(Debug, Default)]
struct State {
    ids: Mutex<HashSet<RequestId>>,
    number: watch::Sender<usize>,
}

impl Pending {
    fn ids(&self) -> MutexGuard<'_, HashSet<RequestId>> {
        self.0.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request came.
    pub(super) fn insert(&self, id: &RequestId) {
        let mut ids = self.ids();
        ids.insert(id.clone());
        self.0.number.send_replace(ids.len());
    }

    /// Whether a request of that id waits.
    pub(super) fn contains(&self, id: &RequestId) -> bool {
        self.ids().contains(id)
    }

    /// A request was answered, or wants no answer any more.
    pub(super) fn remove(&self, id: &RequestId) {
        let mut ids = self.ids();
        ids.remove(id);
        self.0.number.send_replace(ids.len());
    }

    /// Waits until fewer than this many wait.
    pub(super) async fn fewer_than(&self, bound: usize) {
        // The sender lives in `self`.
        let _ = self.0.number.subscribe().wait_for(|number| *number < bound).await;
    }
}

/// The transport.
pub(super) struct Wire {
    received: mpsc::Receiver<ClientJsonRpcMessage>,
    outbox: Outbox,
    pending: Pending,
}

impl Wire {
    pub(super) fn new(
        received: mpsc::Receiver<ClientJsonRpcMessage>,
        outbox: Outbox,
        pending: Pending,
    ) -> Self {
        Self { received, outbox, pending }
    }
}

impl Transport<RoleServer> for Wire {
    type Error = Infallible;

    fn send(
        &mut self,
        item: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Infallible>> + Send + 'static {
        let answered = match &item {
            JsonRpcMessage::Response(response) => Some(response.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone(),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        // Nobody waits until it is written: a client that does not read holds no call up. It misses notices, and its
        // further requests are not read.
        if !(matches!(item, JsonRpcMessage::Notification(_)) && self.outbox.is_full()) {
            self.outbox.post(&item);
        }
        if let Some(id) = answered {
            self.pending.remove(&id);
        }
        std::future::ready(Ok(()))
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        self.received.recv().await
    }

    async fn close(&mut self) -> Result<(), Infallible> {
        self.received.close();
        Ok(())
    }
}
