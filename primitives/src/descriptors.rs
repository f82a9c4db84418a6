//! The pipes and sockets of a run.
//! All are close-on-exec, and a child's end never has a number that the child itself will use.

use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::{self, fcntl_dupfd_cloexec};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::pipe::{PipeFlags, pipe_with};

/// The child uses 0 to 3; its ends are kept clear of them, as a descriptor that is put onto another of these
/// numbers would overwrite one still to come.
const CHILD_NUMBERS: i32 = 4;
/// Where descriptors go that are in the way.
const CLEAR_OF_CHILD: i32 = 10;

/// Our end, which does not block, and the child's, which does.
pub(crate) struct Ends {
    pub(crate) ours: OwnedFd,
    pub(crate) childs: OwnedFd,
}

/// A pipe that the child writes.
pub(crate) fn output_pipe() -> io::Result<Ends> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    fcntl_setfl(&read, OFlags::NONBLOCK)?;
    Ok(Ends { ours: read, childs: clear(write)? })
}

/// A pipe that the child reads.
pub(crate) fn input_pipe() -> io::Result<Ends> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    fcntl_setfl(&write, OFlags::NONBLOCK)?;
    Ok(Ends { ours: write, childs: clear(read)? })
}

/// A stream both ways. Our end blocks too: it is used with `DONTWAIT`.
pub(crate) fn call_sockets() -> io::Result<Ends> {
    let (ours, childs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    Ok(Ends { ours, childs: clear(childs)? })
}

/// Messages both ways, whole or not at all.
pub(crate) fn line_sockets() -> io::Result<Ends> {
    let kind = SocketType::SEQPACKET;
    let (ours, childs) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    Ok(Ends { ours, childs: clear(childs)? })
}

fn clear(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    if descriptor.as_raw_fd() >= CHILD_NUMBERS {
        return Ok(descriptor);
    }
    fcntl_dupfd_cloexec(&descriptor, CLEAR_OF_CHILD)
}
