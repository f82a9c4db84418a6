//! Runs one program and says on standard error how much memory it had at most, in bytes.
//!
//! It is a program of its own, as a child starts out with the peak of whoever started it: a small parent keeps the
//! figure that of the child.

use std::error::Error;
use std::io::Write;
use std::process::{Command, ExitCode};

use wait4::Wait4;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().ok_or("usage: peak PROGRAM [ARGUMENT]...")?;
    let used = Command::new(program).args(words).spawn()?.wait4()?;
    writeln!(std::io::stderr(), "\npeak {}", used.rusage.maxrss)?;
    Ok(if used.status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
