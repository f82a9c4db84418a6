//! Descriptors that Tokio watches.
//! What is watched is owned and shared, so that nobody can close or exchange it while it is.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A descriptor that Tokio watches.
pub(crate) type Registered = AsyncFd<Arc<OwnedFd>>;

/// Has the current runtime watch a descriptor.
///
/// # Panics
///
/// Outside of a Tokio runtime with an I/O driver.
pub(crate) fn register(descriptor: impl Into<Arc<OwnedFd>>, interest: Interest) -> io::Result<Registered> {
    let descriptor: Arc<OwnedFd> = descriptor.into();
    // SAFETY: an `Arc<OwnedFd>` always gives the same number, and it stays open while the `AsyncFd` holds a share:
    // nothing takes an `OwnedFd` out of a shared `Arc`, and `AsyncFd::get_mut` is never called in this crate.
    let registered = unsafe { AsyncFd::register_with_interest(descriptor, interest) };
    Ok(registered?)
}

#[cfg(test)]
mod tests {
    use tokio::io::Interest;

    use super::register;

    #[tokio::test]
    async fn a_watched_pipe_becomes_readable() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let read = register(read, Interest::READABLE).unwrap();
        rustix::io::write(&write, b"x").unwrap();
        let ready = read.readable().await.unwrap();
        assert!(ready.ready().is_readable());
    }
}
