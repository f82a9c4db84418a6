//! Why a process could not be started, as a fact: each variant is one thing that a person can go and look at.
//! A process that ran and failed is never an error.

use std::ffi::OsString;
use std::path::PathBuf;
use std::{fmt, io};

/// Why a process could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Nothing lies at the program's path.
    #[error("program `{}` does not exist", program.display())]
    ProgramNotFound {
        /// The path as requested.
        program: PathBuf,
    },
    /// Something lies there, but the kernel will not execute it.
    #[error("program `{}` cannot be executed: {reason}", program.display())]
    NotExecutable {
        /// The path as requested.
        program: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The `#!` line names an interpreter that cannot run.
    #[error("`#!` line of `{}` names `{interpreter}`: {reason}", program.display())]
    BadInterpreterLine {
        /// The file with the line: the program, or an interpreter that is itself a script.
        program: PathBuf,
        /// The interpreter as written there.
        interpreter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing lies at the working directory's path.
    #[error("working directory `{}` does not exist", cwd.display())]
    CwdNotFound {
        /// The path as requested.
        cwd: PathBuf,
    },
    /// Something lies there, but a process cannot work in it.
    #[error("working directory `{}` cannot be entered: {reason}", cwd.display())]
    BadCwd {
        /// The path as requested.
        cwd: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A NUL byte, which no argument, variable or path can carry.
    #[error("{part} holds a NUL byte")]
    NulByte {
        /// Where it stands.
        part: Part,
    },
    /// The name of an environment variable is empty or holds `=`.
    #[error("`{}` cannot be the name of an environment variable", name.display())]
    BadEnvName {
        /// The name as requested.
        name: OsString,
    },
    /// One argument or one `NAME=VALUE` is longer than the kernel takes.
    #[error("{part} is {bytes} bytes long, over the limit of {limit}")]
    ArgumentTooLarge {
        /// Which one.
        part: Part,
        /// Its length.
        bytes: usize,
        /// The greatest length that is possible.
        limit: usize,
    },
    /// Arguments and environment together are larger than the kernel takes.
    #[error("arguments and environment take {bytes} bytes, over the limit of {limit}")]
    ArgumentsTooLarge {
        /// Strings, their ends and the pointers to them.
        bytes: u64,
        /// The most that is possible under the present stack limit.
        limit: u64,
    },
    /// No process, memory or descriptor was left; no half-made run remains.
    #[error("resources are exhausted: {source}")]
    ResourceExhausted {
        /// What the kernel said.
        source: io::Error,
    },
    /// Any other refusal of the kernel.
    #[error("process could not be started: {source}")]
    Spawn {
        /// What the kernel said.
        source: io::Error,
    },
}

/// One string of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The program's path.
    Program,
    /// The working directory's path.
    Cwd,
    /// `args[index]`.
    Argument {
        /// From 0; the program is not counted.
        index: usize,
    },
    /// One `NAME=VALUE`.
    Variable {
        /// Its name.
        name: OsString,
    },
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program => out.write_str("the program's path"),
            Self::Cwd => out.write_str("the working directory's path"),
            Self::Argument { index } => write!(out, "argument {}", index + 1),
            Self::Variable { name } => write!(out, "environment variable `{}`", name.display()),
        }
    }
}

impl From<rustix::io::Errno> for StartError {
    fn from(errno: rustix::io::Errno) -> Self {
        use rustix::io::Errno;
        let source = io::Error::from(errno);
        match errno {
            Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE | Errno::NOBUFS => {
                Self::ResourceExhausted { source }
            }
            _ => Self::Spawn { source },
        }
    }
}

impl From<io::Error> for StartError {
    fn from(source: io::Error) -> Self {
        match rustix::io::Errno::from_io_error(&source) {
            Some(errno) => errno.into(),
            None => Self::Spawn { source },
        }
    }
}
