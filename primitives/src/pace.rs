//! How often a stream is read. One that brings a few bytes at a time, for long, is left alone for a moment after each read,
//! so that whoever listens is not told of every byte.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// What a read brings on average, in bytes, where no pause is called for.
const SMALL: usize = 256;
/// Reads that are looked at together, and before the first pause: what is printed for people is hardly ever held up.
const FREE: usize = 1000;
/// What comes in such a time fits into a pipe many times.
const PAUSE: Duration = Duration::from_millis(1);

/// The pace of one stream.
#[derive(Default)]
pub(crate) struct Pace {
    reads: usize,
    bytes: usize,
    has_pauses: bool,
    pause: Option<Pin<Box<Sleep>>>,
    is_paused: bool,
}

impl Pace {
    /// Ready when it may be read.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_paused
            && let Some(pause) = &mut self.pause
        {
            std::task::ready!(pause.as_mut().poll(context));
            self.is_paused = false;
        }
        Poll::Ready(())
    }

    /// Takes note of a read that brought so many bytes, of at most `most`, which only what has much to say brings.
    pub(crate) fn note(&mut self, read: usize, most: usize) {
        if read >= most {
            (self.reads, self.bytes, self.has_pauses) = (0, 0, false);
        } else if !self.has_pauses {
            (self.reads, self.bytes) = (self.reads + 1, self.bytes + read);
            if self.reads == FREE {
                self.has_pauses = self.bytes < FREE * SMALL;
                (self.reads, self.bytes) = (0, 0);
            }
        }
        if self.has_pauses {
            let end = Instant::now() + PAUSE;
            match &mut self.pause {
                Some(pause) => pause.as_mut().reset(end),
                None => self.pause = Some(Box::pin(sleep(PAUSE))),
            }
            self.is_paused = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Instant;

    use super::{FREE, PAUSE, Pace, SMALL};

    const MOST: usize = 1 << 16;

    #[tokio::test]
    async fn what_drips_is_read_with_pauses_until_it_pours() {
        let mut pace = Pace::default();
        let begin = Instant::now();
        // A larger piece among them changes nothing.
        pace.note(5_000, MOST);
        (2..FREE).for_each(|_| pace.note(1, MOST));
        assert!(!pace.is_paused);
        pace.note(1, MOST);
        assert!(pace.is_paused);
        for paused in 1..=3 {
            poll_fn(|context| pace.poll(context)).await;
            assert!(!pace.is_paused && begin.elapsed() >= PAUSE * paused);
            pace.note(5_000, MOST);
            assert!(pace.is_paused);
        }
        poll_fn(|context| pace.poll(context)).await;
        pace.note(MOST, MOST);
        assert!(!pace.is_paused);
        pace.note(1, MOST);
        assert!(!pace.is_paused);
    }

    #[test]
    fn what_brings_enough_has_no_pauses() {
        let mut pace = Pace::default();
        for number in 0..10 * FREE {
            pace.note(if number % 2 == 0 { 1 } else { 2 * SMALL }, MOST);
            assert!(!pace.is_paused);
        }
    }
}
