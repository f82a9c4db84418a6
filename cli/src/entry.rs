//! The way in and the way out: what the C library calls, and the code that it is given back.
//!
//! Rust's own way in asks where the main thread's stack ends, so that it can name an overflow before it dies of one.
//! For that the C library reads the list of all memory mappings, and two handlers and a stack of their own are set up:
//! a thirtieth of `rye run`. Here an overflow is a plain SEGV; everything else that Rust sets up is set up alike.
#![cfg_attr(all(target_env = "gnu", not(test)), allow(unsafe_code))]

/// The exit code of rye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExitCode(u8);

impl ExitCode {
    pub(crate) const SUCCESS: Self = Self(0);
    pub(crate) const FAILURE: Self = Self(1);
}

impl From<u8> for ExitCode {
    fn from(code: u8) -> Self {
        Self(code)
    }
}

impl std::process::Termination for ExitCode {
    fn report(self) -> std::process::ExitCode {
        self.0.into()
    }
}

#[cfg(all(target_env = "gnu", not(test)))]
mod by_c {
    use std::ffi::{c_char, c_int};
    use std::os::fd::IntoRawFd;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{Mode, OFlags};
    use rustix::stdio::{stderr, stdin, stdout};

    /// What Rust gives for a panic.
    const PANICKED: i32 = 101;

    /// glibc hands the words to Rust's `std::env` before it calls this.
    #[unsafe(no_mangle)]
    #[expect(clippy::disallowed_methods, reason = "this is the end of the program")]
    extern "C" fn main(_count: c_int, _words: *const *const c_char) -> c_int {
        open_what_is_closed();
        // SAFETY: no other thread is there yet, and to ignore a signal runs nothing.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
        let code = std::panic::catch_unwind(crate::main).map_or(PANICKED, |code| i32::from(code.0));
        // It writes out what stdout still holds, too.
        std::process::exit(code)
    }

    /// A file that is opened later is not to stand where everyone expects stdin, stdout or stderr.
    fn open_what_is_closed() {
        let (stdin, stdout, stderr) = (stdin(), stdout(), stderr());
        let mut polled = [&stdin, &stdout, &stderr].map(|stream| PollFd::new(stream, PollFlags::empty()));
        if poll(&mut polled, Some(&Timespec::default())).unwrap_or(0) == 0 {
            return;
        }
        let closed = polled.iter().filter(|stream| stream.revents().contains(PollFlags::NVAL)).count();
        for _ in 0..closed {
            // The lowest free number is the first that is closed.
            if let Ok(null) = rustix::fs::open("/dev/null", OFlags::RDWR, Mode::empty()) {
                let _ = null.into_raw_fd();
            }
        }
    }
}
