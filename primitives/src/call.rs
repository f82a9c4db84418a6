//! The call: a request on descriptor 3, and one line in reply.
//! The reply is complete at its newline, whatever the child does after; more than the limit is never held.

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use tokio::io::Interest;

use crate::end::Reply;
use crate::registered::{Registered, register};

/// Our end of the socket pair and what went over it.
pub(crate) struct Call {
    socket: Registered,
    request: Vec<u8>,
    sent: usize,
    request_is_done: bool,
    line: ReplyLine,
    heard: u64,
    reply_is_done: bool,
}

impl Call {
    /// Sends what the socket takes at once.
    pub(crate) fn start(request: Vec<u8>, socket: OwnedFd, max_reply: usize) -> io::Result<Self> {
        let mut call = Self {
            socket: register(socket, Interest::READABLE | Interest::WRITABLE)?,
            request,
            sent: 0,
            request_is_done: false,
            line: ReplyLine::new(max_reply),
            heard: 0,
            reply_is_done: false,
        };
        call.send();
        Ok(call)
    }

    /// Sends until the socket is full (false) or there is nothing more to send (true).
    fn send(&mut self) -> bool {
        while self.sent < self.request.len() {
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            match send(&self.socket, &self.request[self.sent..], flags) {
                Ok(more) => self.sent += more,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return false,
                // The child closed its end: it wants no more.
                Err(_) => break,
            }
        }
        self.request = Vec::new();
        self.request_is_done = true;
        // It fails only when the child has closed its end, which says the same.
        let _ = shutdown(&self.socket, Shutdown::Write);
        true
    }

    /// Sends and receives on; ready at the end of the reply.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>, scratch: &mut Vec<u8>) -> Poll<()> {
        while !self.request_is_done {
            match self.socket.poll_write_ready(context) {
                Poll::Pending => break,
                Poll::Ready(Err(_)) => self.request_is_done = true,
                Poll::Ready(Ok(mut ready)) => {
                    // Cleared before the attempt, so that a change during it is seen again.
                    ready.clear_ready();
                    self.send();
                }
            }
        }
        loop {
            if self.reply_is_done {
                return Poll::Ready(());
            }
            let Ok(mut ready) = std::task::ready!(self.socket.poll_read_ready(context)) else {
                self.reply_is_done = true;
                continue;
            };
            match receive(ready.get_inner(), &mut self.line, scratch) {
                Received::All => ready.clear_ready(),
                Received::End => self.reply_is_done = true,
                Received::Some => {
                    self.heard += scratch.len() as u64;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
    }

    /// How many bytes have come.
    pub(crate) fn heard(&self) -> u64 {
        self.heard
    }

    /// What came, with a last look at what lies in the socket.
    pub(crate) fn finish(mut self, scratch: &mut Vec<u8>) -> Reply {
        // Bounded: nobody is held up here by a survivor that keeps writing.
        for _ in 0..LAST_READS {
            if !matches!(receive(self.socket.get_ref(), &mut self.line, scratch), Received::Some) {
                break;
            }
        }
        self.line.finish()
    }
}

/// Enough for a full socket buffer.
const LAST_READS: usize = 8;

enum Received {
    /// There may be more.
    Some,
    /// There is nothing now.
    All,
    End,
}

fn receive(socket: &OwnedFd, line: &mut ReplyLine, scratch: &mut Vec<u8>) -> Received {
    scratch.clear();
    match recv(socket, rustix::buffer::spare_capacity(scratch), RecvFlags::DONTWAIT) {
        Ok((0, _)) => Received::End,
        Ok(_) => {
            line.push(scratch);
            Received::Some
        }
        Err(Errno::INTR) => Received::Some,
        Err(Errno::AGAIN) => Received::All,
        Err(_) => Received::End,
    }
}

/// One line within a limit.
pub(crate) struct ReplyLine {
    bytes: Vec<u8>,
    limit: usize,
    is_complete: bool,
    is_too_large: bool,
}

impl ReplyLine {
    pub(crate) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, is_complete: false, is_too_large: false }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.is_complete || self.is_too_large {
            return;
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let more = &bytes[..end.unwrap_or(bytes.len())];
        if more.len() > self.limit - self.bytes.len() {
            self.is_too_large = true;
            self.bytes = Vec::new();
            return;
        }
        self.bytes.extend_from_slice(more);
        self.is_complete = end.is_some();
    }

    pub(crate) fn finish(self) -> Reply {
        if self.is_too_large {
            Reply::TooLarge { limit: self.limit }
        } else if self.is_complete {
            Reply::Complete(self.bytes)
        } else if self.bytes.is_empty() {
            Reply::None
        } else {
            Reply::Partial(self.bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Reply, ReplyLine};

    fn reply(limit: usize, stream: &[u8], piece: usize) -> Reply {
        let mut line = ReplyLine::new(limit);
        stream.chunks(piece).for_each(|chunk| line.push(chunk));
        line.finish()
    }

    #[test]
    fn one_line_within_the_limit_however_it_is_cut() {
        for piece in 1..8 {
            assert_eq!(reply(4, b"", piece), Reply::None);
            assert_eq!(reply(4, b"\n", piece), Reply::Complete(vec![]));
            assert_eq!(reply(4, b"abcd\n", piece), Reply::Complete(b"abcd".to_vec()));
            assert_eq!(reply(4, b"abc\nrest of it\n", piece), Reply::Complete(b"abc".to_vec()));
            assert_eq!(reply(4, b"abcd", piece), Reply::Partial(b"abcd".to_vec()));
            assert_eq!(reply(4, b"abcde\n", piece), Reply::TooLarge { limit: 4 });
        }
    }
}
