//! rye as an MCP server: every tool that an [`Executor`](rye_executor::Executor) sees, to any MCP client.
//!
//! Three layers, and only the last knows the protocol's words:
//!
//! ```text
//! Catalogue   what is shown: rows with portable names          catalogue.rs, notes.rs
//! Door        list, call, end: one executor, our own types     door.rs, call.rs, meta.rs, reply.rs
//! Protocol    MCP in two eras, over stdio and HTTP             protocol.rs, edge.rs, stdio.rs, http.rs
//! ```
//!
//! A tool never touches the wire: the front end hands the protocol's descriptors over, and a run has its own. Like
//! every library of rye's this one prints nothing, reads no environment, and handles no signal: [`Closing`] is how a
//! front end tells that the end has come.

mod call;
mod catalogue;
mod closing;
mod content;
mod cursor;
mod door;
mod edge;
mod envelope;
mod error;
mod exact;
mod http;
mod meta;
mod notes;
mod notice;
mod protocol;
mod reply;
mod resource;
mod scratch;
mod stdio;
mod takes;
mod text;
mod watch;

#[cfg(any(test, fuzzing))]
pub mod properties;
#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

pub use closing::{Closing, Stage};
pub use door::Door;
pub use error::Error;
pub use http::{HttpOptions, SessionLimits, serve_http};
pub use notes::Person;
pub use stdio::{Streams, serve_stdio};
