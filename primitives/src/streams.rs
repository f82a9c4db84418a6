//! All that flows between us and the child, moved on by one task without any stream waiting for another.
//! One poll does a bounded amount of work, so that a flood delays neither the other streams nor a time limit.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::io::{Errno, ioctl_fionread};
use rustix::pipe::fcntl_setpipe_size;
use sha2::{Digest, Sha256};
use tokio::io::Interest;

use crate::call::Call;
use crate::captured::{Captured, HeadTail};
use crate::end::Reply;
use crate::events::{EventWriter, Stream};
use crate::pace::Pace;
use crate::pulse::Pulse;
use crate::registered::{Registered, register};
use crate::spill::{Spill, Spiller};
use crate::stdin::Feed;

/// One read of a stream that has shown that it has much to say.
const CHUNK: usize = 64 << 10;
/// One read until then: room for more is not free.
const FIRST_CHUNK: usize = 4 << 10;
/// Reads of one stream in one poll.
const READS: usize = 8;
/// What a pipe is enlarged to once it is seen full.
const LARGE_PIPE: usize = 512 << 10;

/// The streams of one run.
pub(crate) struct Streams {
    feed: Option<Feed>,
    call: Option<Call>,
    stdout: Outlet,
    stderr: Outlet,
    events: EventWriter,
    scratch: Vec<u8>,
    call_is_open: bool,
}

/// What the streams amount to at the end.
pub(crate) struct Collected {
    pub(crate) stdout: Captured,
    pub(crate) stderr: Captured,
    pub(crate) reply: Reply,
}

impl Streams {
    pub(crate) fn new(
        feed: Option<Feed>,
        call: Option<Call>,
        stdout: Outlet,
        stderr: Outlet,
        events: EventWriter,
    ) -> Self {
        let call_is_open = call.is_some();
        Self { feed, call, stdout, stderr, events, scratch: Vec::with_capacity(FIRST_CHUNK), call_is_open }
    }

    /// Does what can be done now; ready when every stream has ended, that to the child among them.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.feed.as_mut().is_some_and(|feed| feed.poll(context).is_ready()) {
            self.feed = None;
        }
        if self.call_is_open
            && let Some(call) = &mut self.call
        {
            self.call_is_open = call.poll(context, &mut self.scratch).is_pending();
        }
        self.stdout.poll(context, &mut self.scratch, &self.events);
        self.stderr.poll(context, &mut self.scratch, &self.events);
        let open = self.feed.is_some() || self.call_is_open || self.stdout.is_open() || self.stderr.is_open();
        if open { Poll::Pending } else { Poll::Ready(()) }
    }

    /// How many bytes have come from the child.
    fn heard(&self) -> u64 {
        let call = self.call.as_ref().map_or(0, Call::heard);
        call + self.stdout.kept.total() + self.stderr.kept.total()
    }

    /// Waits for something else, and keeps everything flowing meanwhile; what comes is a sign of life.
    pub(crate) async fn flow_during<T>(&mut self, pulse: &Pulse, wait: impl Future<Output = T>) -> T {
        let mut wait = pin!(wait);
        let mut ended = false;
        std::future::poll_fn(|context| {
            if let Poll::Ready(value) = wait.as_mut().poll(context) {
                return Poll::Ready(value);
            }
            if !ended {
                let before = self.heard();
                ended = self.poll(context).is_ready();
                if self.heard() > before {
                    pulse.beat();
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Reads to the end of every stream, or for `limit`, which nothing extends; then what lies ready is taken.
    pub(crate) async fn drain(mut self, limit: Duration) -> Collected {
        self.feed = None;
        (self.stdout.pace, self.stderr.pace) = (Pace::default(), Pace::default());
        // The timer is made only when it is needed: most streams have ended by now.
        if std::future::poll_fn(|context| Poll::Ready(self.poll(context))).await.is_pending() {
            let flow = std::future::poll_fn(|context| self.poll(context));
            let _ = tokio::time::timeout(limit, flow).await;
        }
        let reply = self.call.take().map_or(Reply::NotAsked, |call| call.finish(&mut self.scratch));
        Collected {
            stdout: self.stdout.finish(&mut self.scratch, &self.events),
            stderr: self.stderr.finish(&mut self.scratch, &self.events),
            reply,
        }
    }
}

/// A stream from the child.
pub(crate) struct Outlet {
    stream: Stream,
    pipe: Option<Registered>,
    kept: HeadTail,
    digest: Option<Sha256>,
    spiller: Option<Spiller>,
    pace: Pace,
    pipe_is_large: bool,
}

impl Outlet {
    /// Without a pipe it has ended before it began.
    pub(crate) fn new(
        stream: Stream,
        pipe: Option<OwnedFd>,
        limit: usize,
        spill: Option<Spill>,
    ) -> io::Result<Self> {
        let pipe = pipe.map(|pipe| register(pipe, Interest::READABLE)).transpose()?;
        let spiller = spill.filter(|_| pipe.is_some()).map(Spiller::new);
        let digest = pipe.is_some().then(Sha256::new);
        let (kept, pace) = (HeadTail::new(limit), Pace::default());
        Ok(Self { stream, pipe, kept, digest, spiller, pace, pipe_is_large: false })
    }

    fn take(&mut self, bytes: &[u8], events: &EventWriter) {
        self.kept.push(bytes);
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
        if let Some(spiller) = &mut self.spiller {
            spiller.push(bytes);
        }
        events.push(self.stream, bytes);
    }

    fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    fn poll(&mut self, context: &mut Context<'_>, scratch: &mut Vec<u8>, events: &EventWriter) {
        for _ in 0..READS {
            let Some(pipe) = &self.pipe else { return };
            if self.pace.poll(context).is_pending() {
                return;
            }
            let mut ready = match pipe.poll_read_ready(context) {
                Poll::Pending => return,
                Poll::Ready(Ok(ready)) => ready,
                Poll::Ready(Err(_)) => {
                    self.pipe = None;
                    return;
                }
            };
            scratch.clear();
            match rustix::io::read(ready.get_inner(), spare_capacity(scratch)) {
                Ok(0) => {
                    drop(ready);
                    self.pipe = None;
                    return;
                }
                Ok(read) => {
                    // A read that was not filled emptied the pipe; what comes later is told anew.
                    let is_filled = scratch.len() == scratch.capacity();
                    if !is_filled {
                        ready.clear_ready();
                    } else if read >= CHUNK && !self.pipe_is_large {
                        self.pipe_is_large = true;
                        // It may be refused, by a limit on all pipes of a user: then it is slower.
                        let _ = fcntl_setpipe_size(ready.get_inner(), LARGE_PIPE);
                    }
                    drop(ready);
                    self.pace.note(read, CHUNK);
                    self.take(scratch, events);
                    if is_filled && read < CHUNK {
                        *scratch = Vec::with_capacity(CHUNK);
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(_) => {
                    drop(ready);
                    self.pipe = None;
                    return;
                }
            }
        }
        context.waker().wake_by_ref();
    }

    fn finish(mut self, scratch: &mut Vec<u8>, events: &EventWriter) -> Captured {
        if let Some(pipe) = self.pipe.take() {
            let mut left = ioctl_fionread(&pipe).unwrap_or(0);
            while left > 0 {
                scratch.clear();
                match rustix::io::read(&pipe, spare_capacity(scratch)) {
                    Ok(read) if read > 0 => {
                        self.take(scratch, events);
                        left = left.saturating_sub(read as u64);
                    }
                    Err(Errno::INTR) => {}
                    _ => break,
                }
            }
        }
        Captured {
            sha256: self.digest.map(|digest| digest.finalize().into()),
            spilled: self.spiller.map(Spiller::finish).unwrap_or_default(),
            ..self.kept.finish()
        }
    }
}
