//! Making the process of a keeper.
//! It gets our memory and copies of the rest, and none of our signal handlers ever runs in it.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr;

use rustix::io::Errno;
use rustix::process::Pid;

use super::keep;
use super::memory::Memory;

/// Makes the process. All signals are blocked meanwhile: our handlers must never run in it.
pub(super) fn make(memory: &Memory) -> Result<(Pid, OwnedFd), Errno> {
    let mut pidfd = -1;
    // SAFETY: a stack of the keeper's own, and terms that stay until it has ended: `Keeper` unmaps the memory only when
    // it has seen that. It touches no thread-local storage, does not allocate, and writes nothing of ours but the terms'
    // atomics. The signal sets are filled before they are read.
    let pid = unsafe {
        (*memory.terms_address()).child_stack = memory.child_stack();
        let (mut all, mut old) = std::mem::zeroed::<(libc::sigset_t, libc::sigset_t)>();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
        let flags = libc::CLONE_VM | libc::CLONE_PIDFD;
        let stack = memory.keeper_stack();
        let made =
            libc::clone(keep::keep, stack, flags, memory.terms_address().cast(), &mut pidfd as *mut i32);
        let error = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, &old, ptr::null_mut());
        if made < 0 {
            return Err(Errno::from_io_error(&error).unwrap_or(Errno::AGAIN));
        }
        made
    };
    let pid = Pid::from_raw(pid).ok_or(Errno::SRCH)?;
    // SAFETY: the kernel has just made it for us.
    Ok((pid, unsafe { OwnedFd::from_raw_fd(pidfd) }))
}
