//! A session of its own for a program, on the terminal that is standard input; this program ends as that does.
#![allow(unsafe_code)]
// SAFETY, for the whole module: what runs between fork and exec is two system calls, which neither allocate nor take
// a lock.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitCode};

use rustix::process::{Signal, getpid, ioctl_tiocsctty, kill_process, setsid};

/// `PROGRAM ARGS...`
pub(crate) fn on_terminal(words: &[&str]) -> ExitCode {
    let Some((program, args)) = words.split_first() else { return ExitCode::FAILURE };
    let mut command = Command::new(program);
    command.args(args);
    // SAFETY: see the module.
    unsafe {
        command.pre_exec(|| {
            setsid()?;
            Ok(ioctl_tiocsctty(rustix::stdio::stdin())?)
        });
    }
    let Ok(status) = command.status() else { return ExitCode::FAILURE };
    if let Some(signal) = status.signal().and_then(Signal::from_named_raw) {
        let _ = kill_process(getpid(), signal);
    }
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
