//! What a run prints, as it comes, for a reader who may be slow or absent.
//! The writer never waits and the queue never holds more than a fixed number of bytes: what does not fit is
//! counted in its place.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Something that came from the running process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessEvent {
    /// Bytes of descriptor 1, as they came; a character may be split between two events.
    Stdout(Vec<u8>),
    /// Bytes of descriptor 2.
    Stderr(Vec<u8>),
    /// Bytes of either that came while the queue was full.
    Dropped {
        /// How many, since the event before this one.
        bytes: u64,
    },
}

/// Which stream bytes came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Bytes that wait for the reader at most: more than the streams bring in one turn of the event loop and at their end,
/// so that a reader who reads at every turn loses nothing.
const QUEUE_LIMIT: usize = 2 << 20;
/// Small pieces are joined up to this size, so that a byte at a time costs no event each.
const EVENT_LIMIT: usize = 64 << 10;

#[derive(Default)]
struct Queue {
    events: VecDeque<ProcessEvent>,
    bytes: usize,
    writer_gone: bool,
    reader_gone: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Notify,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The two ends of a queue.
pub(crate) fn events() -> (EventWriter, EventReader) {
    let shared = Arc::new(Shared::default());
    (EventWriter { shared: shared.clone() }, EventReader { shared })
}

/// Dropping it ends the events.
pub(crate) struct EventWriter {
    shared: Arc<Shared>,
}

impl EventWriter {
    pub(crate) fn push(&self, stream: Stream, bytes: &[u8]) {
        let mut queue = self.shared.queue();
        if queue.reader_gone {
            return;
        }
        queue.push(stream, bytes);
        drop(queue);
        self.shared.changed.notify_one();
    }
}

impl Drop for EventWriter {
    fn drop(&mut self) {
        self.shared.queue().writer_gone = true;
        self.shared.changed.notify_one();
    }
}

/// What the reader holds.
pub(crate) struct EventReader {
    shared: Arc<Shared>,
}

impl EventReader {
    /// The next event, or `None` after the last one. Cancelling it loses nothing.
    pub(crate) async fn next(&mut self) -> Option<ProcessEvent> {
        loop {
            {
                let mut queue = self.shared.queue();
                if let Some(event) = queue.pop() {
                    return Some(event);
                }
                if queue.writer_gone {
                    return None;
                }
            }
            self.shared.changed.notified().await;
        }
    }
}

impl EventReader {
    /// Lets the writer forget what comes from now on.
    pub(crate) fn close(&mut self) {
        let mut queue = self.shared.queue();
        queue.reader_gone = true;
        queue.events = VecDeque::new();
    }
}

impl Drop for EventReader {
    fn drop(&mut self) {
        self.close();
    }
}

impl Queue {
    fn push(&mut self, stream: Stream, bytes: &[u8]) {
        if self.bytes + bytes.len() > QUEUE_LIMIT {
            let more = bytes.len() as u64;
            match self.events.back_mut() {
                Some(ProcessEvent::Dropped { bytes }) => *bytes += more,
                _ => self.events.push_back(ProcessEvent::Dropped { bytes: more }),
            }
            return;
        }
        self.bytes += bytes.len();
        match (stream, self.events.back_mut()) {
            (Stream::Stdout, Some(ProcessEvent::Stdout(last)))
            | (Stream::Stderr, Some(ProcessEvent::Stderr(last)))
                if last.len() + bytes.len() <= EVENT_LIMIT =>
            {
                last.extend_from_slice(bytes);
            }
            (Stream::Stdout, _) => self.events.push_back(ProcessEvent::Stdout(bytes.to_vec())),
            (Stream::Stderr, _) => self.events.push_back(ProcessEvent::Stderr(bytes.to_vec())),
        }
    }

    fn pop(&mut self) -> Option<ProcessEvent> {
        let event = self.events.pop_front()?;
        if let ProcessEvent::Stdout(bytes) | ProcessEvent::Stderr(bytes) = &event {
            self.bytes -= bytes.len();
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::{EVENT_LIMIT, ProcessEvent, QUEUE_LIMIT, Queue, Stream};

    #[test]
    fn joins_small_pieces_of_one_stream() {
        let mut queue = Queue::default();
        queue.push(Stream::Stdout, b"a");
        queue.push(Stream::Stdout, b"b");
        queue.push(Stream::Stderr, b"c");
        queue.push(Stream::Stdout, b"d");
        assert_eq!(queue.pop(), Some(ProcessEvent::Stdout(b"ab".to_vec())));
        assert_eq!(queue.pop(), Some(ProcessEvent::Stderr(b"c".to_vec())));
        assert_eq!(queue.pop(), Some(ProcessEvent::Stdout(b"d".to_vec())));
        assert_eq!((queue.pop(), queue.bytes), (None, 0));
    }

    #[test]
    fn counts_in_place_what_does_not_fit() {
        let mut queue = Queue::default();
        let piece = vec![b'x'; EVENT_LIMIT];
        for _ in 0..QUEUE_LIMIT / EVENT_LIMIT {
            queue.push(Stream::Stdout, &piece);
        }
        queue.push(Stream::Stdout, b"12");
        queue.push(Stream::Stderr, b"345");
        assert_eq!(queue.pop(), Some(ProcessEvent::Stdout(piece)));
        queue.push(Stream::Stdout, b"later");
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop()).skip(QUEUE_LIMIT / EVENT_LIMIT - 1).collect();
        let wanted = [ProcessEvent::Dropped { bytes: 5 }, ProcessEvent::Stdout(b"later".to_vec())];
        assert_eq!(rest, wanted);
    }
}
