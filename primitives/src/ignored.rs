//! Which signals this process ignores. The kernel is asked for one at a time: to read the whole set in
//! `/proc/self/status` costs forty microseconds, most of them for the first look of a process into `/proc`.
#![allow(unsafe_code)]

/// Whether this process ignores a signal, as one that `nohup` has started ignores HUP.
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    // SAFETY: all zeros are a `sigaction`.
    let mut now: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: nothing is changed; the kernel writes no more than the structure.
    let answer = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut now) };
    answer == 0 && now.sa_sigaction == libc::SIG_IGN
}

#[cfg(test)]
mod tests {
    use super::is_ignored;

    #[test]
    fn what_rust_ignores_is_ignored_and_what_is_no_signal_is_not() {
        assert!(is_ignored(libc::SIGPIPE));
        assert!(!is_ignored(libc::SIGTERM));
        assert!(!is_ignored(-1));
    }
}
