//! What holds of any URL, any pause that a server asks for, any stream of events.
#![allow(clippy::unwrap_used, clippy::panic, reason = "they are tests")]

mod guard;
mod retry_after;
mod sse;

pub use guard::url;
pub use retry_after::retry_after;
pub use sse::sse;
