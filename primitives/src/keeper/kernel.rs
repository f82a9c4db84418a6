//! System calls as bare as they are: the keeper runs in the caller's memory, where `errno` is another thread's.
//! Nothing here touches thread-local storage, allocates, or can panic.
#![allow(unsafe_code)]
// SAFETY, for the whole module: each call gets numbers, or pointers to objects that live in the frame of the
// function until it returns; those that take a caller's pointer are `unsafe` and say what it must be.

use std::ffi::{CStr, c_char};

use syscalls::raw::{syscall0, syscall1, syscall2, syscall3, syscall4, syscall5, syscall6};

/// The numbers of the calls.
mod number {
    pub(super) const CHDIR: usize = libc::SYS_chdir as usize;
    pub(super) const CLOCK_GETTIME: usize = libc::SYS_clock_gettime as usize;
    pub(super) const CLOSE: usize = libc::SYS_close as usize;
    pub(super) const CLOSE_RANGE: usize = libc::SYS_close_range as usize;
    pub(super) const DUP3: usize = libc::SYS_dup3 as usize;
    pub(super) const EXECVE: usize = libc::SYS_execve as usize;
    pub(super) const EXIT_GROUP: usize = libc::SYS_exit_group as usize;
    pub(super) const FCNTL: usize = libc::SYS_fcntl as usize;
    pub(super) const GETPID: usize = libc::SYS_getpid as usize;
    pub(super) const GETPPID: usize = libc::SYS_getppid as usize;
    pub(super) const KILL: usize = libc::SYS_kill as usize;
    pub(super) const OPENAT: usize = libc::SYS_openat as usize;
    pub(super) const PIDFD_OPEN: usize = libc::SYS_pidfd_open as usize;
    pub(super) const PIDFD_SEND_SIGNAL: usize = libc::SYS_pidfd_send_signal as usize;
    pub(super) const PPOLL: usize = libc::SYS_ppoll as usize;
    pub(super) const PRCTL: usize = libc::SYS_prctl as usize;
    pub(super) const PRLIMIT64: usize = libc::SYS_prlimit64 as usize;
    pub(super) const READ: usize = libc::SYS_read as usize;
    pub(super) const RT_SIGACTION: usize = libc::SYS_rt_sigaction as usize;
    pub(super) const RT_SIGPROCMASK: usize = libc::SYS_rt_sigprocmask as usize;
    pub(super) const SENDTO: usize = libc::SYS_sendto as usize;
    pub(super) const SETPGID: usize = libc::SYS_setpgid as usize;
    pub(super) const SETSID: usize = libc::SYS_setsid as usize;
    pub(super) const SIGNALFD4: usize = libc::SYS_signalfd4 as usize;
    pub(super) const UNLINKAT: usize = libc::SYS_unlinkat as usize;
    pub(super) const WAITID: usize = libc::SYS_waitid as usize;
    pub(super) const WRITE: usize = libc::SYS_write as usize;
}

/// The bit of each signal, in a mask of the kernel.
pub(super) const fn bit(signal: i32) -> u64 {
    1 << (signal.wrapping_sub(1) & 63)
}

/// The size of such a mask.
const MASK_BYTES: usize = 8;
/// The signals that nobody may handle.
const FIXED: u64 = bit(libc::SIGKILL) | bit(libc::SIGSTOP);

/// The result, or the number of the error.
fn checked(raw: usize) -> Result<usize, i32> {
    match raw as isize {
        error @ -4095..=-1 => Err(error.wrapping_neg() as i32),
        _ => Ok(raw),
    }
}

const fn word(number: i32) -> usize {
    number as isize as usize
}

pub(super) fn exit(code: i32) -> ! {
    loop {
        // SAFETY: it ends this process, which shares its memory with others and leaves it as it is.
        unsafe { syscall1(number::EXIT_GROUP, word(code)) };
    }
}

/// Our own number.
pub(super) fn own() -> i32 {
    // SAFETY: see the module.
    unsafe { syscall0(number::GETPID) as i32 }
}

pub(super) fn parent() -> i32 {
    // SAFETY: see the module.
    unsafe { syscall0(number::GETPPID) as i32 }
}

pub(super) fn begin_session() {
    // SAFETY: see the module.
    unsafe { syscall0(number::SETSID) };
}

/// Leaves the group of whoever started us.
pub(super) fn begin_group() {
    // SAFETY: see the module.
    unsafe { syscall2(number::SETPGID, 0, 0) };
}

/// What `ps` shows.
pub(super) fn set_name(name: &CStr) {
    // SAFETY: the string ends in NUL; the kernel reads 16 bytes of it at most.
    unsafe { syscall2(number::PRCTL, libc::PR_SET_NAME as usize, name.as_ptr() as usize) };
}

/// Orphans below us become our children.
pub(super) fn adopt_orphans() -> Result<(), i32> {
    // SAFETY: see the module.
    checked(unsafe { syscall2(number::PRCTL, libc::PR_SET_CHILD_SUBREAPER as usize, 1) }).map(drop)
}

/// We get this signal when the one thread of our parent ends.
pub(super) fn set_death_signal(signal: i32) {
    // SAFETY: see the module.
    unsafe { syscall2(number::PRCTL, libc::PR_SET_PDEATHSIG as usize, word(signal)) };
}

/// Puts signals back to their defaults; without `all`, those that are ignored stay so.
pub(super) fn default_signals(all: bool) {
    /// As the kernel has it: handler, flags, restorer, mask.
    type Action = [usize; 4];
    for signal in 1..=64 {
        if bit(signal) & FIXED != 0 {
            continue;
        }
        let mut known: Action = [0; 4];
        // SAFETY: the kernel reads and writes 32 bytes at most, and gets a mask of the right size.
        unsafe {
            let old = (&raw mut known) as usize;
            let number = word(signal);
            if !all {
                syscall4(number::RT_SIGACTION, number, 0, old, MASK_BYTES);
            }
            let own = matches!(signal, libc::SIGCHLD | libc::SIGPIPE);
            if all || own || !matches!(known[0], libc::SIG_IGN | libc::SIG_DFL) {
                let default: Action = [0; 4];
                syscall4(number::RT_SIGACTION, number, (&raw const default) as usize, 0, MASK_BYTES);
            }
        }
    }
}

pub(super) fn block_signals(mask: u64) {
    // SAFETY: see the module.
    unsafe {
        let mask = (&raw const mask) as usize;
        syscall4(number::RT_SIGPROCMASK, libc::SIG_SETMASK as usize, mask, 0, MASK_BYTES);
    }
}

/// A descriptor that is readable while one of these, which are blocked, waits for us.
pub(super) fn signal_descriptor(mask: u64) -> Result<i32, i32> {
    let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
    // SAFETY: see the module.
    let made =
        unsafe { syscall4(number::SIGNALFD4, word(-1), (&raw const mask) as usize, MASK_BYTES, word(flags)) };
    checked(made).map(|number| number as i32)
}

/// A signal that was sent.
pub(super) struct Sent {
    pub(super) signal: i32,
    /// By a process, not by the kernel.
    pub(super) by_process: bool,
}

/// The next signal of such a descriptor.
pub(super) fn next_signal(descriptor: i32) -> Option<Sent> {
    let mut told = [0_u32; 32];
    let read = read(descriptor, &mut told)?;
    (read == size_of_val(&told)).then(|| Sent {
        signal: told[0] as i32,
        by_process: (told[2] as i32) <= 0 && told[2] as i32 != libc::SI_KERNEL,
    })
}

/// How many bytes came; `None` for an error.
pub(super) fn read<T: Copy, const N: usize>(descriptor: i32, buffer: &mut [T; N]) -> Option<usize> {
    loop {
        // SAFETY: plain numbers, all of which the kernel may write.
        let read = unsafe {
            let bytes = size_of_val(buffer);
            syscall3(number::READ, word(descriptor), buffer.as_mut_ptr() as usize, bytes)
        };
        match checked(read) {
            Err(libc::EINTR) => {}
            other => return other.ok(),
        }
    }
}

/// Sends words as one message; nobody may be there to get it.
pub(super) fn send(descriptor: i32, words: &[i32; 4]) {
    let flags = word(libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT);
    // SAFETY: see the module.
    unsafe {
        let bytes = size_of_val(words);
        syscall6(number::SENDTO, word(descriptor), words.as_ptr() as usize, bytes, flags, 0, 0);
    }
}

pub(super) fn open(path: &CStr) -> Result<i32, i32> {
    open_below(libc::AT_FDCWD, path, libc::O_RDONLY)
}

fn open_below(folder: i32, path: &CStr, access: i32) -> Result<i32, i32> {
    let flags = word(access | libc::O_CLOEXEC);
    // SAFETY: the string ends in NUL.
    let opened = unsafe { syscall4(number::OPENAT, word(folder), path.as_ptr() as usize, flags, 0) };
    checked(opened).map(|number| number as i32)
}

/// KILL to all who are in a cgroup, as one step.
pub(super) fn kill_cgroup(folder: i32) {
    let Ok(file) = open_below(folder, c"cgroup.kill", libc::O_WRONLY) else { return };
    // SAFETY: one byte that is always there.
    unsafe { syscall3(number::WRITE, word(file), c"1".as_ptr() as usize, 1) };
    close(file);
}

/// Removes a folder that is beside or the same as this one, if it is empty. The name ends in NUL.
pub(super) fn remove_sibling<const N: usize>(folder: i32, name: &[u8; N]) -> bool {
    let Ok(parent) = open_below(folder, c"..", libc::O_PATH) else { return false };
    let removed = if name.contains(&0) {
        let flags = libc::AT_REMOVEDIR as usize;
        // SAFETY: there is a NUL within the array.
        unsafe { syscall3(number::UNLINKAT, word(parent), name.as_ptr() as usize, flags) }
    } else {
        usize::MAX
    };
    close(parent);
    checked(removed).is_ok()
}

pub(super) fn close(descriptor: i32) {
    // SAFETY: of a copy of the table of descriptors that is ours alone.
    unsafe { syscall1(number::CLOSE, word(descriptor)) };
}

/// Closes all from `first` to `last`.
pub(super) fn close_range(first: i32, last: i32) {
    if first > last {
        return;
    }
    // SAFETY: as `close`.
    let closed = unsafe { syscall3(number::CLOSE_RANGE, word(first), word(last), 0) };
    if checked(closed).is_err() {
        // A kernel before 5.9.
        for one in first..=last.min(1 << 16) {
            close(one);
        }
    }
}

/// Puts `from` at `to`, to be kept across an execution.
pub(super) fn place(from: i32, to: i32) -> Result<(), i32> {
    // SAFETY: as `close`.
    let placed = unsafe {
        if from == to {
            syscall3(number::FCNTL, word(from), libc::F_SETFD as usize, 0)
        } else {
            syscall3(number::DUP3, word(from), word(to), 0)
        }
    };
    checked(placed).map(drop)
}

/// # Safety
/// A string that ends in NUL.
pub(super) unsafe fn enter_folder(path: *const c_char) -> Result<(), i32> {
    // SAFETY: as the caller says.
    checked(unsafe { syscall1(number::CHDIR, path as usize) }).map(drop)
}

/// No core file, unless the program asks for one.
pub(super) fn forbid_core_file() {
    let mut known = [0_u64; 2];
    // SAFETY: the kernel reads or writes 16 bytes each.
    unsafe {
        let core = libc::RLIMIT_CORE as usize;
        let told = syscall4(number::PRLIMIT64, 0, core, 0, (&raw mut known) as usize);
        if checked(told).is_ok() {
            let none = [0, known[1]];
            syscall4(number::PRLIMIT64, 0, core, (&raw const none) as usize, 0);
        }
    }
}

/// Returns only when it cannot be done.
///
/// # Safety
/// A string that ends in NUL, and two arrays of such that end in a null pointer.
pub(super) unsafe fn execute(
    program: *const c_char,
    argv: *const *const c_char,
    env: *const *const c_char,
) -> i32 {
    // SAFETY: as the caller says.
    let failed = unsafe { syscall3(number::EXECVE, program as usize, argv as usize, env as usize) };
    checked(failed).err().unwrap_or(libc::ENOEXEC)
}

pub(super) fn process_descriptor(pid: i32) -> Result<i32, i32> {
    // SAFETY: see the module.
    checked(unsafe { syscall2(number::PIDFD_OPEN, word(pid), 0) }).map(|number| number as i32)
}

/// To a process (or, negative, a group) whose number is held by a zombie of ours at least.
pub(super) fn kill(pid: i32, signal: i32) {
    // SAFETY: see the module.
    unsafe { syscall2(number::KILL, word(pid), word(signal)) };
}

pub(super) fn kill_by_descriptor(descriptor: i32, signal: i32) {
    // SAFETY: see the module.
    unsafe { syscall4(number::PIDFD_SEND_SIGNAL, word(descriptor), word(signal), 0, 0) };
}

/// A child that has ended.
#[derive(Clone, Copy)]
pub(super) struct Ended {
    pub(super) pid: i32,
    /// `CLD_EXITED`, or another for a signal.
    pub(super) code: i32,
    /// The exit code or the signal.
    pub(super) status: i32,
}

/// What a wait has found.
pub(super) enum Waited {
    Ended(Ended),
    NoneYet,
    NoChild,
}

/// Looks for a child that has ended: one, or any for 0. Reaps it, or leaves it as it is.
pub(super) fn wait(pid: i32, reap: bool) -> Waited {
    // As the kernel lays it out: signal, error, code, padding, pid, user, status.
    let mut told = [0_i32; 32];
    let kind = if pid == 0 { libc::P_ALL } else { libc::P_PID };
    let keep = if reap { 0 } else { libc::WNOWAIT };
    let how = libc::WEXITED | libc::WNOHANG | libc::__WALL | keep;
    loop {
        // SAFETY: the kernel writes no more than these 128 bytes.
        let waited = unsafe {
            let told = (&raw mut told) as usize;
            syscall5(number::WAITID, kind as usize, word(pid), told, word(how), 0)
        };
        return match checked(waited) {
            Err(libc::EINTR) => continue,
            Err(_) => Waited::NoChild,
            Ok(_) if told[4] == 0 => Waited::NoneYet,
            Ok(_) => Waited::Ended(Ended { pid: told[4], code: told[2], status: told[6] }),
        };
    }
}

/// Whether a child of ours lives. A wait for children that stop passes over those that have ended: `ECHILD` says that there
/// is no other.
pub(super) fn has_living_child() -> bool {
    let how = libc::WSTOPPED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    let mut told = [0_i32; 32];
    loop {
        // SAFETY: the kernel writes no more than these 128 bytes.
        let waited = unsafe {
            let told = (&raw mut told) as usize;
            syscall5(number::WAITID, libc::P_ALL as usize, 0, told, word(how), 0)
        };
        match checked(waited) {
            Err(libc::EINTR) => {}
            other => return other != Err(libc::ECHILD),
        }
    }
}

/// Waits for one of three descriptors to become readable or to be hung up, or for so many milliseconds. Says of which
/// it is so.
pub(super) fn poll(descriptors: [i32; 3], milliseconds: Option<i64>) -> [bool; 3] {
    let mut polled = descriptors.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    let mut time = milliseconds.map(|all| {
        let all = all.max(0);
        [all / 1000, (all % 1000) * 1_000_000]
    });
    // SAFETY: three entries and a time that live in this frame. The kernel writes to both: to the time what is left of it.
    let ready = unsafe {
        let time = time.as_mut().map_or(0, |time| time.as_mut_ptr() as usize);
        syscall5(number::PPOLL, polled.as_mut_ptr() as usize, 3, time, 0, MASK_BYTES)
    };
    if checked(ready).is_err() {
        return [false; 3];
    }
    polled.map(|one| one.revents != 0)
}

/// Milliseconds of a clock that is never set.
pub(super) fn now() -> i64 {
    let mut time = [0_i64; 2];
    // SAFETY: the kernel writes these 16 bytes.
    unsafe {
        let clock = libc::CLOCK_MONOTONIC as usize;
        syscall2(number::CLOCK_GETTIME, clock, (&raw mut time) as usize);
    }
    time[0].wrapping_mul(1000).wrapping_add(time[1] / 1_000_000)
}
