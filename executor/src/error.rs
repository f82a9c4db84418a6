//! Why something could not be run. A tool that ran and failed is an [`Outcome`](crate::Outcome) and never this.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rye_primitives::{Ending, StartError};

use crate::executor::ToolId;
use crate::panic::Panicked;

/// The crate's error. [`Error::report`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The road from id to plan ended early.
    #[error(transparent)]
    Resolve(Box<rye_resolver::Error>),
    /// The planned process could not be started.
    #[error("`{tool}` could not be started: {source}")]
    Start {
        /// The tool.
        tool: String,
        /// Why.
        source: StartError,
    },
    /// A program that was asked for its version was killed, or took too long.
    #[error("`{}` was asked for its version and {}", .program.display(), unanswered(*.ending, *.limit))]
    NoVersion {
        /// The program.
        program: std::path::PathBuf,
        /// How it ended instead.
        ending: Ending,
        /// How long it had.
        limit: Duration,
    },
    /// As many runs as are allowed are on, and as many calls wait as may.
    #[error("{running} runs{limit} are on and {waiting} calls wait, which is the limit")]
    Overloaded {
        /// Runs that are on.
        running: usize,
        /// Calls that wait.
        waiting: usize,
        /// Whose limit it is.
        limit: LoadLimit,
        /// When it is worth another try, by how long runs took lately: from 100 ms to a minute.
        retry_after: Duration,
    },
    /// The caller has given the key of the call before, for another tool or with other arguments.
    #[error("the idempotency key of this call of `{tool}` was given before, for another call")]
    KeyTaken {
        /// The tool of this call.
        tool: ToolId,
    },
    /// The call was stopped, and its run is not: others have asked for it under the same key.
    #[error("stopped; the run goes on for others who gave the same key")]
    Left,
    /// What became of a run that was asked for under one key several times.
    #[error(transparent)]
    Shared(Arc<Error>),
    /// A plan was started while a run of it is on: each run needs a plan, and so an id, of its own.
    #[error("the plan `{run_id}` is running already")]
    StartedTwice {
        /// The id.
        run_id: String,
    },
    /// The call was stopped while it waited for its turn.
    #[error("stopped before it was started")]
    StoppedInQueue,
    /// The time limit came while the call waited for its turn.
    #[error("the time limit of {seconds} s came before it was started")]
    TimedOutInQueue {
        /// The limit.
        seconds: f64,
    },
    /// The executor is shutting down and takes no more calls.
    #[error("the executor is shutting down")]
    ShuttingDown,
    /// What rye does for a run panicked. The run was ended.
    #[error("`{tool}` was ended by {source}")]
    Panicked {
        /// The tool.
        tool: String,
        /// What was said.
        source: Panicked,
    },
    /// This process could not be made the reaper of what its runs leave behind.
    #[error("this process cannot become a subreaper: {0}")]
    Subreaper(std::io::Error),
}

impl From<rye_resolver::Error> for Error {
    fn from(error: rye_resolver::Error) -> Self {
        Self::Resolve(Box::new(error))
    }
}

impl From<rye_runtimes::InvalidId> for Error {
    fn from(error: rye_runtimes::InvalidId) -> Self {
        rye_resolver::Error::from(error).into()
    }
}

/// Whose limit it is that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadLimit {
    /// Of all calls together.
    Executor,
    /// Of one tool's calls.
    Tool(ToolId),
    /// Of one caller's calls.
    Caller,
}

/// As it follows the word `runs`.
impl fmt::Display for LoadLimit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Executor => Ok(()),
            Self::Tool(id) => write!(out, " of `{id}`"),
            Self::Caller => out.write_str(" of this caller"),
        }
    }
}

fn unanswered(ending: Ending, limit: Duration) -> String {
    match ending {
        Ending::TimedOut => format!("did not answer within {} s", limit.as_secs_f64()),
        Ending::Idle => format!("said nothing for {} s", limit.as_secs_f64()),
        Ending::Signaled { signal } => format!("was ended by signal {signal}"),
        _ => "was lost sight of".to_owned(),
    }
}
