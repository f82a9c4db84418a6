//! The memory that a keeper runs in: its stack, that of the child until it executes, and what both are told.
//! It is unmapped only when the keeper is known to have ended.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ptr::{self, NonNull};

use rustix::io::Errno;

use super::Terms;

/// An unreadable page below, so that a stack that is too small is found and harms nothing.
const GUARD: usize = 4096;
pub(super) const STACK: usize = 64 << 10;
const TERMS: usize = 4096;
const WHOLE: usize = GUARD + 2 * STACK + TERMS;

pub(super) struct Memory {
    base: NonNull<c_void>,
}

// SAFETY: it is nothing but an address; who writes there is ruled by `Keeper`.
unsafe impl Send for Memory {}
// SAFETY: as above; `terms` gives atomics and what is never written again.
unsafe impl Sync for Memory {}

impl Memory {
    /// Maps the stacks and writes the terms.
    pub(super) fn new(terms: Terms) -> Result<Self, Errno> {
        const { assert!(size_of::<Terms>() <= TERMS) };
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK | libc::MAP_NORESERVE;
        // SAFETY: a new mapping at an address that the kernel chooses. The guard is inside of it. The terms lie in its
        // last page, which is large enough and aligned for anything.
        unsafe {
            let base = libc::mmap(ptr::null_mut(), WHOLE, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
            if base == libc::MAP_FAILED {
                return Err(Errno::NOMEM);
            }
            let memory = Self { base: NonNull::new(base).ok_or(Errno::NOMEM)? };
            if libc::mprotect(base, GUARD, libc::PROT_NONE) != 0 {
                return Err(Errno::NOMEM);
            }
            memory.terms_address().write(terms);
            Ok(memory)
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
        // SAFETY: the mapping is ours, and `Keeper` drops it only when nobody runs in it any more.
        unsafe { libc::munmap(self.base.as_ptr(), WHOLE) };
    }
}
