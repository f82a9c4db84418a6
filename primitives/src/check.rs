//! The checks that come before a start, and the naming of a start that failed.
//! They start nothing, and what they let through the kernel may still refuse.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use crate::error::{Part, StartError};
use crate::request::ProcessRequest;
use crate::shebang::{InterpreterLine, Opening, WINDOW};

/// The longest argument or `NAME=VALUE` in bytes: the kernel's 32 pages less the end mark.
const MAX_STRING: usize = 131_071;
/// The kernel follows a script's interpreter that is a script this often.
const MAX_INTERPRETERS: usize = 4;

/// Tells, before anything is started, why a request cannot be started.
///
/// It looks at the files as they are now; [`start`](crate::start) makes the same checks again.
pub fn check(request: &ProcessRequest) -> Result<(), StartError> {
    check_strings(request)?;
    check_cwd(&request.cwd)?;
    let added = check_program(&request.program, &request.cwd)?;
    let bytes = argument_bytes(request) + added;
    let limit = argument_limit(getrlimit(Resource::Stack).current);
    if bytes > limit { Err(StartError::ArgumentsTooLarge { bytes, limit }) } else { Ok(()) }
}

/// Names what the kernel refused with a bare number.
pub(crate) fn explain(request: &ProcessRequest, errno: Errno) -> StartError {
    let not_executable = |reason: &str| StartError::NotExecutable {
        program: request.program.clone(),
        reason: reason.to_owned(),
    };
    match errno {
        Errno::NOENT | Errno::NOTDIR | Errno::ACCESS => match check(request) {
            Err(error) => error,
            Ok(()) if errno == Errno::NOENT => not_executable("the loader it names does not exist"),
            Ok(()) => errno.into(),
        },
        Errno::NOEXEC => not_executable(NO_FORMAT),
        Errno::TXTBSY => not_executable("it is open for writing"),
        Errno::TOOBIG => StartError::ArgumentsTooLarge {
            bytes: argument_bytes(request),
            limit: argument_limit(getrlimit(Resource::Stack).current),
        },
        errno => errno.into(),
    }
}

const NO_FORMAT: &str = "it has no `#!` line and is not a program of this machine";

fn check_strings(request: &ProcessRequest) -> Result<(), StartError> {
    refuse_nul(request.program.as_os_str(), || Part::Program)?;
    refuse_nul(request.cwd.as_os_str(), || Part::Cwd)?;
    for (index, argument) in request.args.iter().enumerate() {
        refuse_nul(argument, || Part::Argument { index })?;
        refuse_length(argument.len(), || Part::Argument { index })?;
    }
    for (name, value) in &request.env {
        let part = || Part::Variable { name: name.clone() };
        if name.is_empty() || name.as_bytes().contains(&b'=') {
            return Err(StartError::BadEnvName { name: OsString::clone(name) });
        }
        refuse_nul(name, part)?;
        refuse_nul(value, part)?;
        refuse_length(name.len() + 1 + value.len(), part)?;
    }
    Ok(())
}

fn refuse_nul(text: &OsStr, part: impl FnOnce() -> Part) -> Result<(), StartError> {
    if text.as_bytes().contains(&0) { Err(StartError::NulByte { part: part() }) } else { Ok(()) }
}

fn refuse_length(bytes: usize, part: impl FnOnce() -> Part) -> Result<(), StartError> {
    if bytes <= MAX_STRING {
        return Ok(());
    }
    Err(StartError::ArgumentTooLarge { part: part(), bytes, limit: MAX_STRING })
}

fn check_cwd(cwd: &Path) -> Result<(), StartError> {
    let bad = |reason: String| StartError::BadCwd { cwd: cwd.to_owned(), reason };
    match std::fs::metadata(cwd) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(StartError::CwdNotFound { cwd: cwd.to_owned() })
        }
        Err(error) => Err(bad(error.to_string())),
        Ok(found) if !found.is_dir() => Err(bad("it is not a directory".to_owned())),
        Ok(_) if !may_execute(cwd) => Err(bad("permission denied".to_owned())),
        Ok(_) => Ok(()),
    }
}

/// Gives what the file's `#!` lines add to the size of the arguments.
fn check_program(program: &Path, cwd: &Path) -> Result<u64, StartError> {
    let not_executable = |reason: String| StartError::NotExecutable { program: program.to_owned(), reason };
    if !program.is_absolute() {
        return Err(not_executable("its path is not absolute".to_owned()));
    }
    match refusal(program) {
        Ok(None) => {}
        Ok(Some(reason)) => return Err(not_executable(reason)),
        Err(_) => return Err(StartError::ProgramNotFound { program: program.to_owned() }),
    }

    let mut file = program.to_owned();
    let mut added = 0;
    for _ in 0..MAX_INTERPRETERS {
        // What may be executed need not be readable: then the kernel is the one to judge.
        let Ok(first) = first_bytes(&file) else { return Ok(added) };
        let line = match Opening::parse(&first) {
            Opening::Native => return Ok(added),
            Opening::Unknown if other_formats_exist() => return Ok(added),
            Opening::Unknown => return Err(not_executable(NO_FORMAT.to_owned())),
            Opening::Script(line) => line,
        };
        let interpreter = cwd.join(line.interpreter());
        check_interpreter(&line, &interpreter).map_err(|reason| StartError::BadInterpreterLine {
            program: file.clone(),
            interpreter: line.interpreter().to_string_lossy().trim_end_matches('\r').to_owned(),
            reason,
        })?;
        added += line.added_bytes();
        file = interpreter;
    }
    Err(not_executable("its interpreter is a script, over and over".to_owned()))
}

fn check_interpreter(line: &InterpreterLine<'_>, interpreter: &Path) -> Result<(), String> {
    if line.ends_in_carriage_return() {
        return Err("the line ends in a carriage return (CRLF line ends)".to_owned());
    }
    if line.interpreter().as_os_str().is_empty() {
        return Err("no interpreter is named".to_owned());
    }
    if line.is_cut {
        return Err(format!("the line is longer than {WINDOW} bytes"));
    }
    match refusal(interpreter) {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => Err(reason),
        Err(_) => Err("it does not exist".to_owned()),
    }
}

/// What lies at a path.
struct Absent;

/// Why a file that is there cannot be executed, by its kind and its rights.
fn refusal(path: &Path) -> Result<Option<String>, Absent> {
    match std::fs::metadata(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Err(Absent),
        Err(error) => Ok(Some(error.to_string())),
        Ok(found) if found.is_dir() => Ok(Some("it is a directory".to_owned())),
        Ok(found) if !found.is_file() => Ok(Some("it is not a regular file".to_owned())),
        Ok(_) if !may_execute(path) => Ok(Some("permission denied".to_owned())),
        Ok(_) => Ok(None),
    }
}

fn may_execute(path: &Path) -> bool {
    rustix::fs::accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS).is_ok()
}

fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut first = Vec::with_capacity(WINDOW);
    File::open(path)?.take(WINDOW as u64).read_to_end(&mut first)?;
    Ok(first)
}

/// Whether this machine has formats registered beyond its own (binfmt_misc).
fn other_formats_exist() -> bool {
    std::fs::read_dir("/proc/sys/fs/binfmt_misc").is_ok_and(|mut entries| {
        entries.any(|entry| {
            entry.is_ok_and(|entry| entry.file_name() != "register" && entry.file_name() != "status")
        })
    })
}

/// What the kernel counts: every string with its end, and a pointer to each.
fn argument_bytes(request: &ProcessRequest) -> u64 {
    const POINTER: usize = size_of::<usize>();
    let program = request.program.as_os_str().len() + 1;
    let args: usize = request.args.iter().map(|argument| argument.len() + 1 + POINTER).sum();
    let env: usize = request.env.iter().map(|(name, value)| name.len() + value.len() + 2 + POINTER).sum();
    // The program's path stands there twice: as argv[0] and for the new process to know its file.
    (2 * program + POINTER + args + env) as u64
}

/// A quarter of the stack limit, within the kernel's own bounds.
fn argument_limit(stack: Option<u64>) -> u64 {
    const LEAST: u64 = 128 << 10;
    const MOST: u64 = 6 << 20;
    stack.map_or(MOST, |stack| (stack / 4).clamp(LEAST, MOST))
}

#[cfg(test)]
mod tests {
    use super::argument_limit;

    #[test]
    fn the_limit_is_a_quarter_of_the_stack_within_bounds() {
        assert_eq!(argument_limit(Some(8 << 20)), 2 << 20);
        assert_eq!(argument_limit(Some(1 << 20)), 256 << 10);
        assert_eq!(argument_limit(Some(64 << 10)), 128 << 10);
        assert_eq!(argument_limit(Some(1 << 40)), 6 << 20);
        assert_eq!(argument_limit(None), 6 << 20);
    }
}
