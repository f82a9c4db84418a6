//! Why something could not be run. A tool that ran and failed is an [`Outcome`](crate::Outcome) and never this.

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
    #[error("{running} runs{} are on and {waiting} calls wait, which is the limit", of(.tool.as_ref()))]
    Overloaded {
        /// Runs that are on.
        running: usize,
        /// Calls that wait.
        waiting: usize,
        /// The tool whose own limit it is.
        tool: Option<ToolId>,
    },
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

fn of(tool: Option<&ToolId>) -> String {
    tool.map(|id| format!(" of `{id}`")).unwrap_or_default()
}

fn unanswered(ending: Ending, limit: Duration) -> String {
    match ending {
        Ending::TimedOut => format!("did not answer within {} s", limit.as_secs_f64()),
        Ending::Idle => format!("said nothing for {} s", limit.as_secs_f64()),
        Ending::Signaled { signal } => format!("was ended by signal {signal}"),
        _ => "was lost sight of".to_owned(),
    }
}
