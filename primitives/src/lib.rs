//! Layer 1: operations compiled into the binary. Each takes a plain request, has its effect, and says how
//! it ended; none of them knows what asked for it.
//!
//! Not here: reading the environment or the terminal, printing, signal handlers, building a Tokio runtime,
//! and any import of another crate of ours.
//!
//! `subprocess` is [`start`]: it runs one process to its end and ends everything that descends from it.
//! The road is [`ProcessRequest`] → [`check`] → [`Process`] → [`ProcessEnd`].
//!
//! `http_client` is [`HttpClient::exchange`]: it makes one HTTP exchange and keeps it away from addresses that
//! were not meant. The road is [`HttpRequest`] → [`HttpEnd`]; [`HttpClient::open`] leaves the body to be read as it
//! comes, as [`SseReader`] reads events.

#[cfg(not(all(target_os = "linux", any(target_env = "gnu", target_env = "musl"))))]
compile_error!(
    "rye-primitives runs on Linux with glibc or musl only; twins are missing for `cgroup`, `keeper` (clone, subreaper, \
     pidfd), `leader` (pidfd), `procfs`, `tree` (finding descendants) and `subreaper`"
);

mod call;
mod captured;
mod cgroup;
mod check;
mod descriptors;
mod end;
mod error;
mod events;
mod http;
mod ignored;
mod keeper;
mod keepers;
mod leader;
mod pace;
mod process;
mod procfs;
mod pulse;
mod registered;
mod request;
mod shebang;
mod soon;
mod spawn;
mod spill;
mod stdin;
mod stop;
mod streams;
mod subreaper;
mod supervise;
mod tree;
mod wire;

#[cfg(any(test, fuzzing))]
pub mod properties;
#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

pub use captured::Captured;
pub use cgroup::Cgroups;
pub use check::check;
pub use end::{Ending, Phases, ProcessEnd, Reply, Status, Supervision};
pub use error::{Part, StartError};
pub use events::ProcessEvent;
pub use http::{
    HostLookup, HttpAnswer, HttpAuth, HttpBody, HttpClient, HttpEnd, HttpError, HttpLimits, HttpRequest,
    HttpRoots, SseEvent, SseReader, SseTooLong, address_refusal,
};
pub use ignored::is_ignored;
pub use process::{Process, ProcessEvents, start};
pub use pulse::Pulse;
pub use request::{Attachment, Output, ProcessLimits, ProcessRequest, Scope, Stdin};
pub use spill::{SPILL_PREFIX, Spill, Spilled};
pub use stop::{Stop, Stopper};
pub use subreaper::become_subreaper;
pub use wire::{Wire, WireLine};
