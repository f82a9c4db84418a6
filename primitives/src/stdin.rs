//! Bytes on their way to a child's standard input.
//! We keep the child's end of the pipe as well, so that a child that closes it causes no SIGPIPE here: what it
//! does not read simply stays.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustix::io::Errno;
use tokio::io::Interest;

use crate::registered::{Registered, register};

/// What did not fit into the pipe at once.
pub(crate) struct Feed {
    bytes: Vec<u8>,
    written: usize,
    pipe: Registered,
    /// Never read.
    _childs: Arc<OwnedFd>,
}

impl Feed {
    /// Fills the pipe; `None` when all went in, and the child will see the end after it.
    pub(crate) fn start(bytes: Vec<u8>, pipe: OwnedFd, childs: Arc<OwnedFd>) -> io::Result<Option<Self>> {
        let mut written = 0;
        match write(&pipe, &bytes, &mut written) {
            Ok(()) => Ok(None),
            Err(Errno::AGAIN) => {
                Ok(Some(Self { bytes, written, pipe: register(pipe, Interest::WRITABLE)?, _childs: childs }))
            }
            Err(errno) => Err(errno.into()),
        }
    }

    /// Writes on; ready when there is nothing more to do.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let Ok(mut ready) = std::task::ready!(self.pipe.poll_write_ready(context)) else {
                return Poll::Ready(());
            };
            match write(ready.get_inner(), &self.bytes, &mut self.written) {
                Err(Errno::AGAIN) => ready.clear_ready(),
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

fn write(pipe: &OwnedFd, bytes: &[u8], written: &mut usize) -> rustix::io::Result<()> {
    while *written < bytes.len() {
        match rustix::io::write(pipe, &bytes[*written..]) {
            Ok(more) => *written += more,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
