//! The memory that a keeper runs in: its stack, that of the child until it executes, and what both are told.
//! It is given up only when the keeper is known to have ended, and then serves the next: its pages are there already.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::Terms;

/// An unreadable page below, so that a stack that is too small is found and harms nothing.
const GUARD: usize = 4096;
pub(super) const STACK: usize = 64 << 10;
const TERMS: usize = 4096;
const WHOLE: usize = GUARD + 2 * STACK + TERMS;

/// What is kept for the next: as much as a busy server needs at a time.
const MOST_IDLE: usize = 8;
static IDLE: Mutex<Vec<Memory>> = Mutex::new(Vec::new());

pub(super) struct Memory {
    base: NonNull<c_void>,
}

// SAFETY: it is nothing but an address; who writes there is ruled by `Keeper`.
unsafe impl Send for Memory {}
// SAFETY: as above; `terms` gives atomics and what is never written again.
unsafe impl Sync for Memory {}

impl Memory {
    /// Memory that nobody runs in, with the terms written.
    pub(super) fn new(terms: Terms) -> Result<Self, Errno> {
        const { assert!(size_of::<Terms>() <= TERMS) };
        let kept = idle().pop();
        let memory = kept.map_or_else(Self::map, Ok)?;
        // SAFETY: the last page of the mapping is large enough and aligned for anything. What stood there before holds
        // nothing that would have to be dropped, and nobody looks at it any more.
        unsafe { memory.terms_address().write(terms) };
        Ok(memory)
    }

    fn map() -> Result<Self, Errno> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK | libc::MAP_NORESERVE;
        // SAFETY: a new mapping at an address that the kernel chooses. The guard is inside of it.
        unsafe {
            let base = libc::mmap(ptr::null_mut(), WHOLE, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
            if base == libc::MAP_FAILED {
                return Err(Errno::NOMEM);
            }
            if libc::mprotect(base, GUARD, libc::PROT_NONE) != 0 {
                libc::munmap(base, WHOLE);
                return Err(Errno::NOMEM);
            }
            NonNull::new(base).map(|base| Self { base }).ok_or(Errno::NOMEM)
        }
    }

    pub(super) fn terms(&self) -> &Terms {
        // SAFETY: written in `new`, there until `Drop`, and changed by atomics alone.
        unsafe { &*self.terms_address() }
    }

    pub(super) fn terms_address(&self) -> *mut Terms {
        // SAFETY: inside of the mapping.
        unsafe { self.base.as_ptr().byte_add(WHOLE - TERMS).cast() }
    }

    /// The end of the keeper's stack, which grows down from there.
    pub(super) fn keeper_stack(&self) -> *mut c_void {
        self.terms_address().cast()
    }

    /// The end of the child's.
    pub(super) fn child_stack(&self) -> *mut c_void {
        // SAFETY: inside of the mapping.
        unsafe { self.base.as_ptr().byte_add(GUARD + STACK) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut idle = idle();
        if idle.len() < MOST_IDLE {
            return idle.push(Self { base: self.base });
        }
        // SAFETY: the mapping is ours, and `Keeper` drops it only when nobody runs in it any more.
        unsafe { libc::munmap(self.base.as_ptr(), WHOLE) };
    }
}

fn idle() -> MutexGuard<'static, Vec<Memory>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}
