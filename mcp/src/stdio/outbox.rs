//! What is to be written, in the order in which it was posted: one task writes, and no message is torn by another
//! or by somebody who stops waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rmcp::model::ServerJsonRpcMessage;
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::descriptor::Writer;

/// With more bytes than this waiting, nothing more is read: a client that does not listen is not answered further.
const FULL: usize = 16 << 20;

/// Posts messages. Clones post to the same stream.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    letters: mpsc::UnboundedSender<Letter>,
    waiting: Arc<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    bytes: AtomicUsize,
    /// Whether the stream takes nothing more; also told when bytes were written.
    is_broken: watch::Sender<bool>,
}

#[derive(Debug)]
struct Letter {
    bytes: Vec<u8>,
    written: Option<oneshot::Sender<()>>,
}

impl Outbox {
    /// Begins to write to a stream.
    pub(super) fn start(mut output: Writer) -> (Self, JoinHandle<()>) {
        let (letters, mut post) = mpsc::unbounded_channel::<Letter>();
        let waiting = Arc::new(Waiting { bytes: AtomicUsize::new(0), is_broken: watch::Sender::new(false) });
        let shared = Arc::clone(&waiting);
        let writer = tokio::spawn(async move {
            while let Some(letter) = post.recv().await {
                let wrote = async {
                    output.write_all(&letter.bytes).await?;
                    output.flush().await
                };
                let is_broken = wrote.await.is_err();
                shared.bytes.fetch_sub(letter.bytes.len(), Ordering::SeqCst);
                shared.is_broken.send_replace(is_broken);
                if is_broken {
                    return;
                }
                if let Some(written) = letter.written {
                    // Whoever waited may have stopped waiting.
                    let _ = written.send(());
                }
            }
        });
        (Self { letters, waiting }, writer)
    }

    /// Posts a message.
    pub(super) fn post(&self, message: &ServerJsonRpcMessage) {
        // JSON has no line end outside of its strings, and in them it is escaped.
        let Ok(mut bytes) = serde_json::to_vec(message) else { return };
        bytes.push(b'\n');
        self.waiting.bytes.fetch_add(bytes.len(), Ordering::SeqCst);
        // A stream that is broken takes nothing, and says so elsewhere.
        let _ = self.letters.send(Letter { bytes, written: None });
    }

    /// Whether more waits than a client should be sent unasked.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.bytes.load(Ordering::SeqCst) > FULL
    }

    /// Waits until there is room for more.
    pub(super) async fn room(&self) {
        let mut changed = self.waiting.is_broken.subscribe();
        while self.is_full() && changed.changed().await.is_ok() {}
    }

    /// Waits until the client reads no more.
    pub(super) async fn broken(&self) {
        let mut changed = self.waiting.is_broken.subscribe();
        let _ = changed.wait_for(|is_broken| *is_broken).await;
    }

    /// Waits until everything that was posted is written.
    pub(super) async fn close(&self) {
        let (sender, written) = oneshot::channel();
        let _ = self.letters.send(Letter { bytes: Vec::new(), written: Some(sender) });
        let _ = written.await;
    }
}
