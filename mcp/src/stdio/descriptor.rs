//! A descriptor as a stream that the event loop reads or writes. A pipe is opened anew, so that the flags that we set
//! are ours alone and nobody's who shares the pipe; a socket is taken as it is; anything else is read aside.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;

use rustix::fs::{FileType, fstat};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

/// A stream to read.
pub(super) type Reader = Box<dyn AsyncRead + Send + Unpin>;
/// A stream to write.
pub(super) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// The stream of a descriptor that is read.
pub(super) fn reader(descriptor: OwnedFd) -> io::Result<Reader> {
    Ok(match kind(&descriptor)? {
        FileType::Fifo => match pipe::OpenOptions::new().open_receiver(own_path(&descriptor)) {
            Ok(opened) => Box::new(opened),
            Err(_) => Box::new(pipe::Receiver::from_owned_fd(descriptor)?),
        },
        FileType::Socket => Box::new(socket(descriptor)?),
        _ => Box::new(tokio::fs::File::from_std(descriptor.into())),
    })
}

/// The stream of a descriptor that is written.
pub(super) fn writer(descriptor: OwnedFd) -> io::Result<Writer> {
    Ok(match kind(&descriptor)? {
        FileType::Fifo => match pipe::OpenOptions::new().open_sender(own_path(&descriptor)) {
            Ok(opened) => Box::new(opened),
            Err(_) => Box::new(pipe::Sender::from_owned_fd(descriptor)?),
        },
        FileType::Socket => Box::new(socket(descriptor)?),
        _ => Box::new(tokio::fs::File::from_std(descriptor.into())),
    })
}

fn kind(descriptor: &OwnedFd) -> io::Result<FileType> {
    Ok(FileType::from_raw_mode(fstat(descriptor)?.st_mode))
}

fn own_path(descriptor: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", descriptor.as_raw_fd())
}

fn socket(descriptor: OwnedFd) -> io::Result<UnixStream> {
    let socket = StdUnixStream::from(descriptor);
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}
