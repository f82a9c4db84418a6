//! The sessions of clients over HTTP. One in which a call is on, or to which a client listens, is in use however long
//! nothing is said in it. One that is not in use ends when it has been left alone for long, or when too many are.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, JsonRpcMessage, RequestId, ServerJsonRpcMessage,
};
use rmcp::service::RoleServer;
use rmcp::transport::Transport;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::session::{ServerSseMessage, SessionId, SessionManager};
use tokio::time::Instant;

/// How long and how many sessions are kept that nobody uses.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    /// How long one may be left alone: clients that come back after a night have not said farewell.
    pub idle: Duration,
    /// How many may be left alone at once; of more the one goes that was left first.
    pub most_idle: usize,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { idle: Duration::from_secs(24 * 60 * 60), most_idle: 1000 }
    }
}

type Library = LocalSessionManager;
type LibraryError = <Library as SessionManager>::Error;
type LibraryTransport = <Library as SessionManager>::Transport;

/// All sessions. The library keeps them; here it is known which are in use.
#[derive(Debug)]
pub(super) struct Sessions {
    rmcp: Library,
    known: Mutex<HashMap<SessionId, Arc<Usage>>>,
    limits: SessionLimits,
}

impl Sessions {
    pub(super) fn new(limits: SessionLimits) -> Self {
        let mut rmcp = Library::default();
        // The library counts what is said, and a call may be silent for longer than any limit.
        rmcp.session_config.keep_alive = None;
        Self { rmcp, known: Mutex::default(), limits }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Usage>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usage(&self, id: &SessionId) -> Option<Arc<Usage>> {
        let usage = self.known().get(id).cloned()?;
        usage.touch();
        Some(usage)
    }

    /// Ends the sessions that were left alone for too long, for as long as it is waited for.
    pub(super) async fn tidy(&self) {
        loop {
            let next = self.sweep().await;
            tokio::time::sleep_until(next).await;
        }
    }

    /// Ends those that are due, and tells when it is worth looking again: what is in use now cannot be due before.
    async fn sweep(&self) -> Instant {
        let now = Instant::now();
        let mut left: Vec<(Instant, SessionId)> =
            self.known().iter().filter_map(|(id, usage)| Some((usage.left_at()?, id.clone()))).collect();
        left.sort_by_key(|(at, _)| *at);
        let too_many = left.len().saturating_sub(self.limits.most_idle);
        let mut next = now + self.limits.idle;
        for (number, (at, id)) in left.into_iter().enumerate() {
            let due = at + self.limits.idle;
            if number < too_many || due <= now {
                // One that has ended by itself is as gone.
                let _ = self.close_session(&id).await;
            } else {
                next = next.min(due);
            }
        }
        next
    }
}

/// What is on in a session.
#[derive(Debug)]
struct Usage(Mutex<Use>);

#[derive(Debug)]
struct Use {
    /// The requests that wait for an answer, whether or not their client still listens.
    requests: HashSet<RequestId>,
    /// How many connections listen.
    listening: usize,
    last: Instant,
}

impl Usage {
    fn new() -> Self {
        Self(Mutex::new(Use { requests: HashSet::new(), listening: 0, last: Instant::now() }))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Use) -> T) -> T {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        current.last = Instant::now();
        change(&mut current)
    }

    fn touch(&self) {
        self.change(|_| ());
    }

    /// Since when nothing is on; `None`: something is.
    fn left_at(&self) -> Option<Instant> {
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (current.listening == 0 && current.requests.is_empty()).then_some(current.last)
    }

    fn came(&self, message: &ClientJsonRpcMessage) {
        self.change(|current| match message {
            JsonRpcMessage::Request(request) => {
                current.requests.insert(request.id.clone());
            }
            JsonRpcMessage::Notification(said) => {
                if let ClientNotification::CancelledNotification(cancelled) = &said.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    current.requests.remove(id);
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {}
        });
    }

    fn goes(&self, message: &ServerJsonRpcMessage) {
        let answered = match message {
            JsonRpcMessage::Response(response) => Some(&response.id),
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        if let Some(id) = answered {
            self.change(|current| current.requests.remove(id));
        }
    }
}

/// What is said in one session, on its way between the library and us.
pub(super) struct Counted {
    rmcp: LibraryTransport,
    usage: Arc<Usage>,
}

impl Transport<RoleServer> for Counted {
    type Error = <LibraryTransport as Transport<RoleServer>>::Error;

    fn send(
        &mut self,
        item: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.usage.goes(&item);
        self.rmcp.send(item)
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        let message = self.rmcp.receive().await?;
        self.usage.came(&message);
        Some(message)
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.rmcp.close().await
    }
}

/// What a client listens to; the session is in use until this is dropped.
struct Listened<S> {
    stream: Pin<Box<S>>,
    usage: Option<Arc<Usage>>,
}

impl<S> Listened<S> {
    fn new(stream: S, usage: Option<Arc<Usage>>) -> Self {
        if let Some(usage) = &usage {
            usage.change(|current| current.listening += 1);
        }
        Self { stream: Box::pin(stream), usage }
    }
}

impl<S> Drop for Listened<S> {
    fn drop(&mut self) {
        if let Some(usage) = &self.usage {
            usage.change(|current| current.listening -= 1);
        }
    }
}

impl<S: Stream> Stream for Listened<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.get_mut().stream.as_mut().poll_next(context)
    }
}

impl SessionManager for Sessions {
    type Error = LibraryError;
    type Transport = Counted;

    async fn create_session(&self) -> Result<(SessionId, Counted), LibraryError> {
        let (id, rmcp) = self.rmcp.create_session().await?;
        let usage = Arc::new(Usage::new());
        self.known().insert(id.clone(), Arc::clone(&usage));
        if self.known().len() > self.limits.most_idle {
            self.sweep().await;
        }
        Ok((id, Counted { rmcp, usage }))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, LibraryError> {
        self.rmcp.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, LibraryError> {
        let _ = self.usage(id);
        self.rmcp.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), LibraryError> {
        self.known().remove(id);
        self.rmcp.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, LibraryError> {
        let usage = self.usage(id);
        Ok(Listened::new(self.rmcp.create_stream(id, message).await?, usage))
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), LibraryError> {
        self.rmcp.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, LibraryError> {
        let usage = self.usage(id);
        Ok(Listened::new(self.rmcp.create_standalone_stream(id).await?, usage))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, LibraryError> {
        let usage = self.usage(id);
        Ok(Listened::new(self.rmcp.resume(id, last_event_id).await?, usage))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
    use rmcp::transport::Transport;
    use rmcp::transport::streamable_http_server::session::{SessionId, SessionManager};
    use serde_json::{Value, json};

    use super::{Counted, SessionLimits, Sessions};

    fn said(message: Value) -> ClientJsonRpcMessage {
        serde_json::from_value(message).unwrap()
    }

    fn answer(id: i64, result: Value) -> ServerJsonRpcMessage {
        serde_json::from_value(json!({"jsonrpc": "2.0", "id": id, "result": result})).unwrap()
    }

    fn call(id: i64) -> ClientJsonRpcMessage {
        said(json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "x"}}))
    }

    /// A session as it is once its client has begun it.
    async fn begun(sessions: &Sessions) -> (SessionId, Counted) {
        let (id, mut transport) = sessions.create_session().await.unwrap();
        let initialize = said(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }}));
        let served = async {
            assert!(transport.receive().await.is_some());
            let result = json!({"protocolVersion": "2025-11-25", "capabilities": {},
                "serverInfo": {"name": "test", "version": "1"}});
            transport.send(answer(1, result)).await.unwrap();
        };
        let (initialized, ()) = tokio::join!(sessions.initialize_session(&id, initialize), served);
        initialized.unwrap();
        (id, transport)
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    /// Whether a session is there, asked without using it.
    fn is_there(sessions: &Sessions, id: &SessionId) -> bool {
        sessions.known().contains_key(id)
    }

    #[test]
    fn a_session_with_a_call_or_a_listener_is_not_left_alone() {
        runtime().block_on(async {
            let sessions = Sessions::new(SessionLimits { idle: Duration::ZERO, most_idle: 10 });
            let (id, mut transport) = begun(&sessions).await;
            let stream = sessions.create_stream(&id, call(2)).await.unwrap();
            assert!(transport.receive().await.is_some());
            // The connection of its client has broken off, and the call is on.
            drop(stream);
            sessions.sweep().await;
            assert!(is_there(&sessions, &id), "a call is on");
            let listening = sessions.create_standalone_stream(&id).await.unwrap();
            transport.send(answer(2, json!({"content": []}))).await.unwrap();
            sessions.sweep().await;
            assert!(is_there(&sessions, &id), "a client listens");
            drop(listening);
            sessions.sweep().await;
            assert!(!is_there(&sessions, &id), "it is left alone");
            assert!(!sessions.has_session(&id).await.unwrap());
        });
    }

    #[test]
    fn a_call_that_was_cancelled_holds_no_session() {
        runtime().block_on(async {
            let sessions = Sessions::new(SessionLimits { idle: Duration::ZERO, most_idle: 10 });
            let (id, mut transport) = begun(&sessions).await;
            drop(sessions.create_stream(&id, call(2)).await.unwrap());
            assert!(transport.receive().await.is_some());
            let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
                "params": {"requestId": 2}});
            sessions.accept_message(&id, said(cancel)).await.unwrap();
            assert!(transport.receive().await.is_some());
            sessions.sweep().await;
            assert!(!is_there(&sessions, &id));
        });
    }

    #[test]
    fn of_too_many_that_are_left_alone_the_first_goes() {
        runtime().block_on(async {
            let sessions = Sessions::new(SessionLimits { idle: Duration::from_secs(1000), most_idle: 2 });
            let mut ids = Vec::new();
            let mut transports = Vec::new();
            for _ in 0..4 {
                let (id, transport) = begun(&sessions).await;
                ids.push(id);
                transports.push(transport);
            }
            sessions.sweep().await;
            let there: Vec<_> = ids.iter().map(|id| is_there(&sessions, id)).collect();
            assert_eq!(there, [false, false, true, true]);
            // What is in use does not count, however much of it there is.
            let _listening = sessions.create_standalone_stream(&ids[2]).await.unwrap();
            for _ in 0..2 {
                let (id, transport) = begun(&sessions).await;
                ids.push(id);
                transports.push(transport);
            }
            sessions.sweep().await;
            assert!(is_there(&sessions, &ids[2]) && !is_there(&sessions, &ids[3]));
        });
    }
}
