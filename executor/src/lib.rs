//! The one door of rye: resolve, plan, run, stop, report.
//!
//! Every call walks one road of printable types, and each step is something a person can look at:
//!
//! ```text
//! ToolId -> Resolution -> Invocation -> Plan -> Run -> Outcome
//! ```
//!
//! | to | use |
//! |---|---|
//! | say what the library may know of the world | [`Host`], [`Config`] |
//! | see what there is, with schemas | [`Executor::list`], [`tools::Tool`], [`tools::PortableNames`] |
//! | show what there is, without reading it all again | [`Executor::catalogue`] |
//! | call a tool and wait | [`Executor::call`] |
//! | walk the road step by step | [`Executor::resolve`], [`invoke`](Executor::invoke), [`plan`](Executor::plan), [`start`](Executor::start) |
//! | read what it prints, as it comes | [`Run::next_event`] |
//! | stop it, from anywhere | [`Run::stopper`], [`RunStopper::stop`] |
//! | know how it ended | [`Outcome`], [`Ending`] |
//! | tell a person or a model what went wrong | [`Error::report`], [`Report`], [`Code`] |
//! | ask another MCP server for its tools, or call one of them | [`peer`] |
//! | end everything | [`Executor::shutdown`] |
//!
//! A tool that fails is an [`Outcome`]; an [`Error`] means that it could not be run. The library prints nothing,
//! reads no environment variable, installs no signal handler and builds no Tokio runtime: a front end captures its
//! surroundings once and passes them in as [`Host`]. Every future may be dropped at any time: a run whose future or
//! [`Run`] is dropped ends, with all that it started.
//!
//! `docs/embedding.md` is the page for authors of agent frameworks, and `examples/embed` a whole agent.
//!
//! ```
//! use rye_executor::{CallOptions, Config, Executor, Host};
//!
//! # let project = tempfile::tempdir()?;
//! # std::fs::create_dir_all(project.path().join(".ai/tools"))?;
//! std::fs::write(
//!     project.path().join(".ai/tools/greet.sh"),
//!     "# /// rye\n# [parameters.name]\n# type = \"string\"\n# required = true\n# ///\necho \"Hello $RYE_PARAM_NAME\"\n",
//! )?;
//! let host = Host {
//!     environment: std::env::vars_os().collect(),
//!     working_directory: project.path().canonicalize()?,
//!     ..Host::default()
//! };
//! let executor = Executor::new(host, Config::default())?;
//!
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! let outcome = runtime.block_on(async {
//!     let arguments = serde_json::json!({ "name": "Ada" });
//!     let arguments = arguments.as_object().cloned().unwrap_or_default();
//!     executor.call(&"greet".parse()?, arguments, CallOptions::default()).await.map_err(anyhow)
//! })?;
//! assert!(outcome.success);
//! assert_eq!(outcome.data_as::<String>()?.as_deref(), Some("Hello Ada\n"));
//! # fn anyhow(error: rye_executor::Error) -> Box<dyn std::error::Error> { error.into() }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admission;
pub mod artifacts;
mod converse;
mod error;
mod exchange;
mod executor;
pub mod exit_codes;
pub mod harmless;
mod judge;
mod keyed;
mod outcome;
mod panic;
pub mod peer;
pub mod report;
mod request;
mod run;
mod timings;
mod version;
mod work;

#[cfg(any(test, fuzzing))]
pub mod properties;
#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

pub use artifacts::{Artifact, ArtifactConfig};
pub use converse::{Answered, Conversation, converse};
pub use error::{Error, LoadLimit};
pub use executor::{Config, Executor, ToolId};
pub use outcome::{Ending, EndingKind, Outcome};
pub use panic::{Panicked, caught};
pub use report::{Code, Hint, Report};
pub use request::MAX_REPLY;
pub use run::{Run, RunEvent, RunStopper, Stop};
pub use rye_primitives::{HostLookup, Pulse, Supervision, is_ignored};
pub use timings::{Stage, StageClock, Timings};
pub use version::ask_version;
// The layers below, for front ends, which import this crate alone.
pub use {rye_resolver as resolver, rye_runtimes as runtimes, rye_tools as tools};

pub use rye_resolver::{
    Attachment, CallOptions, CallerLimits, Card, Catalogue, Catalogued, FileBeside, Host, IdempotencyKey,
    InvalidIdempotencyKey, Invocation, Link, Listed, Listing, Plan, Resolution, Resolver, Space,
};
