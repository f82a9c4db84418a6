//! The exit codes of a front end that runs one tool, as documented constants.

use crate::outcome::EndingKind;
use crate::report::Code;

/// The arguments or the id were wrong.
pub const USAGE: u8 = 2;
/// The time limit came first, as with `timeout(1)`.
pub const TIMED_OUT: u8 = 124;
/// rye itself could not do its work.
pub const FAILURE: u8 = 125;
/// What was found cannot be executed, as in a shell.
pub const NOT_EXECUTABLE: u8 = 126;
/// Something was not found, as in a shell.
pub const NOT_FOUND: u8 = 127;
/// Killed by signal n: this plus n, as in a shell.
pub const SIGNAL_BASE: u8 = 128;
/// The tool failed and has no exit code of its own.
pub const TOOL_FAILED: u8 = 1;
/// Stopped by SIGINT; SIGTERM and SIGHUP give 143 and 129.
pub const STOPPED: u8 = 130;

/// The exit code for an error and an ending.
#[must_use]
pub fn of(code: Code, ending: EndingKind) -> u8 {
    match code {
        Code::InvalidId
        | Code::AmbiguousId
        | Code::InvalidArguments
        | Code::IdempotencyConflict
        | Code::ArgumentTooLarge
        | Code::ArgumentLooksLikeOption => USAGE,
        Code::TimedOut => TIMED_OUT,
        Code::NotExecutable | Code::BadInterpreterLine | Code::RefusedFile => NOT_EXECUTABLE,
        Code::ToolNotFound | Code::RuntimeNotFound | Code::InterpreterNotFound | Code::CommandNotFound => {
            NOT_FOUND
        }
        Code::Stopped => STOPPED,
        Code::OutputLimit
        | Code::InvalidOutput
        | Code::HttpStatus
        | Code::HttpTransport
        | Code::BodyTooLarge => TOOL_FAILED,
        Code::ToolFailed => match ending {
            EndingKind::Exited { code } if code != 0 => u8::try_from(code).unwrap_or(TOOL_FAILED),
            EndingKind::Signaled { signal } => {
                u8::try_from(signal).map_or(FAILURE, |n| SIGNAL_BASE.saturating_add(n))
            }
            _ => TOOL_FAILED,
        },
        _ => FAILURE,
    }
}
