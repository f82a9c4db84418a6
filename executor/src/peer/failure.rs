//! Why a conversation with a server came to no result. What a server said is text of a stranger: it is made harmless
//! where it becomes part of a message.

use rye_primitives::{HttpError, StartError};

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the server could not be started: {0}")]
    Start(StartError),
    #[error("this process cannot become a subreaper: {0}")]
    Subreaper(std::io::Error),
    #[error(transparent)]
    Exchange(HttpError),
    /// The server answered with a status instead of a message.
    #[error("the server answered `{method}` with status {status}")]
    Status { method: String, status: u16, said: String },
    /// It ended, or closed its output.
    #[error("the server {how} before it answered `{method}`")]
    Ended { method: String, how: String },
    /// The stream in which it was to answer came to its end.
    #[error("the server closed its stream of events before it answered `{method}`")]
    BrokenOff { method: String },
    /// It refused what was asked.
    #[error("the server refused `{method}`: {message} (code {code})")]
    Refused { method: String, code: i64, message: String },
    #[error("the server speaks no revision that rye knows; it names {named}")]
    Revision { named: String },
    #[error("what the server answered to `{method}` is not what the protocol says: {what}")]
    Misspelled { method: String, what: String },
    #[error("the server sent a message of more than {limit} bytes")]
    TooLong { limit: usize },
    #[error("the server lists more than {limit} {what}")]
    TooMany { limit: usize, what: &'static str },
    #[error("the server asks for input: {asked}")]
    NeedsInput { asked: String },
    #[error("the time limit came before the server answered")]
    TimedOut,
    #[error("the server said nothing for as long as it may")]
    Idle,
    #[error("stopped")]
    Stopped,
}
