//! What is known of servers that were asked before, for as long as an executor lives: the revision they speak, and the
//! session that stands. Nobody but a caller with the same URL, headers and credentials is given it.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rye_primitives::{HttpClient, HttpRequest};

use super::http::{end_of, is_same};

/// Servers that are known at once; the one that was met first is forgotten.
const MOST: usize = 32;
/// For the end of all sessions together.
const FAREWELL: Duration = Duration::from_secs(1);

/// What is known of a server.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Its session; none where the era or the server knows none.
    pub(crate) id: Option<String>,
    /// The revision that is spoken.
    pub(crate) revision: &'static str,
    /// The next id of a request: unique within the session.
    pub(crate) ids: Arc<AtomicU64>,
}

/// All that are known.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Vec<(HttpRequest, Session)>>);

impl Sessions {
    fn known(&self) -> MutexGuard<'_, Vec<(HttpRequest, Session)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn find(&self, to: &HttpRequest) -> Option<Session> {
        self.known().iter().find(|(known, _)| is_same(known, to)).map(|(_, session)| session.clone())
    }

    /// Keeps a session, unless there is one already, and gives that which is not kept: this one, or for want of room the
    /// one that was met first.
    pub(crate) fn keep(&self, to: &HttpRequest, session: Session) -> Option<(HttpRequest, Session)> {
        let mut known = self.known();
        if known.iter().any(|(other, _)| is_same(other, to)) {
            return Some((to.clone(), session));
        }
        known.push((to.clone(), session));
        (known.len() > MOST).then(|| known.remove(0))
    }

    /// The server has forgotten it.
    pub(crate) fn forget(&self, to: &HttpRequest, session: &Session) {
        self.known().retain(|(known, other)| !(is_same(known, to) && other.id == session.id));
    }

    /// Tells every server that its session is over, as far as the time allows.
    pub(crate) async fn end(&self, client: &HttpClient) {
        let all = std::mem::take(&mut *self.known());
        let ends =
            all.iter().filter_map(|(to, session)| Some(end_of(to, session.revision, session.id.as_deref()?)));
        let ends: Vec<_> = ends.collect();
        let all = async {
            for request in &ends {
                let _ = client.open(request).await;
            }
        };
        let _ = tokio::time::timeout(FAREWELL, all).await;
    }
}
