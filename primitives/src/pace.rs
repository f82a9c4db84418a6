//! How often a stream is read. One that has brought a few bytes at a time for long is left alone for a moment after each
//! read, so that whoever listens is not told of every byte.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// A read that brings less, in bytes, is a small one.
const SMALL: usize = 256;
/// Small reads in a row before the first pause: what is printed to be read by people is never held up.
const FREE: u32 = 1000;
/// What comes in such a time fits into a pipe many times.
const PAUSE: Duration = Duration::from_millis(1);

/// The pace of one stream.
#[derive(Default)]
pub(crate) struct Pace {
    /// In a row; those after a pause bring more and count too.
    small: u32,
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

    /// Takes note of a read that brought so many bytes, of at most `most`.
    pub(crate) fn note(&mut self, read: usize, most: usize) {
        let is_paced = self.small >= FREE;
        if read >= most || read >= SMALL && !is_paced {
            self.small = 0;
        } else if is_paced {
            let end = Instant::now() + PAUSE;
            match &mut self.pause {
                Some(pause) => pause.as_mut().reset(end),
                None => self.pause = Some(Box::pin(sleep(PAUSE))),
            }
            self.is_paused = true;
        } else {
            self.small += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Instant;

    use super::{FREE, PAUSE, Pace};

    const MOST: usize = 1 << 16;

    #[tokio::test]
    async fn what_drips_is_read_with_pauses_until_it_pours() {
        let mut pace = Pace::default();
        let begin = Instant::now();
        for _ in 0..3 {
            (0..FREE).for_each(|_| pace.note(1, MOST));
            pace.note(300, MOST);
        }
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
    fn a_large_read_among_small_ones_begins_the_count_anew() {
        let mut pace = Pace::default();
        for _ in 0..10 {
            (1..FREE).for_each(|_| pace.note(1, MOST));
            pace.note(300, MOST);
        }
        assert!(!pace.is_paused);
    }
}
