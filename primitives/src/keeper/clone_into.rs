//! `clone3` with a cgroup: the child is in it from its first moment, with no migration and no moment before it.
//! The child runs on a stack of its own in the caller's memory, and never returns to where it was made.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};

/// Whether it can be done on this kind of machine.
pub(super) const IS_KNOWN: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// Linux 5.7.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// As the kernel has it.
#[repr(C)]
#[derive(Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

type Entry = extern "C" fn(*mut c_void) -> c_int;

/// Makes a child of this process in a cgroup, and waits until it has executed a program or ended. `None`: there is no
/// cgroup, or the kernel lets nobody in.
///
/// # Safety
/// `stack_end` is the end of a stack of [`STACK`](super::memory::STACK) bytes that nobody else uses. `entry` does not
/// return, and leaves the memory that it shares with this process as `CLONE_VM` and `CLONE_VFORK` want it.
pub(super) unsafe fn clone_into(
    cgroup: i32,
    stack_end: *mut c_void,
    entry: Entry,
    argument: *mut c_void,
) -> Option<i32> {
    let size = super::memory::STACK;
    let terms = CloneArguments {
        flags: (libc::CLONE_VM | libc::CLONE_VFORK) as u64 | CLONE_INTO_CGROUP,
        exit_signal: libc::SIGCHLD as u64,
        stack: (stack_end as usize).wrapping_sub(size) as u64,
        stack_size: size as u64,
        cgroup: u64::try_from(cgroup).ok()?,
        ..CloneArguments::default()
    };
    // SAFETY: as the caller says.
    let made = unsafe { clone3(&terms, entry, argument) };
    i32::try_from(made).ok().filter(|pid| *pid > 0)
}

/// # Safety
/// As [`clone_into`].
#[cfg(target_arch = "x86_64")]
unsafe fn clone3(terms: &CloneArguments, entry: Entry, argument: *mut c_void) -> isize {
    let made: isize;
    // SAFETY: the kernel reads the terms, keeps all registers but `rcx` and `r11`, and gives the child copies of them,
    // with another stack and 0 for an answer. Of the child, nothing comes back here.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r9",
            "call r8",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 as isize => made,
            in("rdi") terms,
            in("rsi") size_of::<CloneArguments>(),
            in("r8") entry,
            in("r9") argument,
            out("rcx") _,
            out("r11") _,
        );
    }
    made
}

/// # Safety
/// As [`clone_into`].
#[cfg(target_arch = "aarch64")]
unsafe fn clone3(terms: &CloneArguments, entry: Entry, argument: *mut c_void) -> isize {
    let made: isize;
    // SAFETY: as above; the kernel keeps all registers but `x0`.
    unsafe {
        std::arch::asm!(
            "svc 0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x0, x10",
            "blr x9",
            "brk 1",
            "2:",
            inlateout("x0") terms as *const CloneArguments as isize => made,
            in("x1") size_of::<CloneArguments>(),
            in("x8") libc::SYS_clone3,
            in("x9") entry,
            in("x10") argument,
        );
    }
    made
}

/// # Safety
/// As [`clone_into`].
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
unsafe fn clone3(_: &CloneArguments, _: Entry, _: *mut c_void) -> isize {
    -1
}
