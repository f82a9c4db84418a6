//! Why an id could not be followed to a plan. The text of each is a fact; advice is made elsewhere, from the
//! fields.

use std::path::PathBuf;

use rye_runtimes::document::{Place, Problem};
use rye_runtimes::{InvalidId, ItemId};
use rye_tools::arguments::ArgumentProblem;

use crate::files::RefusedFile;
use crate::interpreter::Trail;
use crate::item::PassedOver;
use crate::spaces::Space;

/// The crate's error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given is not an id.
    #[error(transparent)]
    InvalidId(#[from] InvalidId),
    /// No space holds such a tool.
    #[error("no tool `{id}`")]
    ToolNotFound {
        /// The id as given.
        id: ItemId,
        /// The folders that were searched.
        searched: Vec<PathBuf>,
        /// Files of that name that are no tools.
        passed_over: Vec<PassedOver>,
        /// Ids that the caller may have meant.
        nearest: Vec<ItemId>,
        /// A project that was passed over because it belongs to another user.
        foreign_project: Option<PathBuf>,
    },
    /// `executor_id` names nothing.
    #[error("{place}: no runtime `{id}`")]
    RuntimeNotFound {
        /// Where it is named.
        place: Place,
        /// What is named.
        id: String,
        /// What is there under that name instead.
        instead: Option<&'static str>,
        /// What could have been named.
        nearest: Option<String>,
    },
    /// A project was named that has no `.ai/`.
    #[error("no `.ai` folder in `{}`", .path.display())]
    NoProject {
        /// The folder.
        path: PathBuf,
    },
    /// A short id matches several tools of one space.
    #[error("`{id}` is the last part of {} tools", .candidates.len())]
    Ambiguous {
        /// The id as given.
        id: ItemId,
        /// The tools.
        candidates: Vec<ItemId>,
    },
    /// Two files of one space have one id.
    #[error("{} files have the id `{id}`", .files.len())]
    Duplicate {
        /// The id.
        id: ItemId,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// A file on disk has an id that belongs to the core.
    #[error("`{}` has the id `{id}`, which only rye itself may fill", .file.display())]
    Protected {
        /// The id.
        id: ItemId,
        /// The file.
        file: PathBuf,
    },
    /// An item delegates to a space that it may not rely on.
    #[error("{place}: `{id}` is in the {} space, and a {} item may not delegate to it", .to.word(), .from.word())]
    NotAllowedSpace {
        /// Where the executor is named.
        place: Place,
        /// The executor.
        id: String,
        /// The space of the item.
        from: Space,
        /// The space of the executor.
        to: Space,
    },
    /// A chain that comes back to itself.
    #[error("the chain comes back to itself: {}", joined(.chain))]
    Cycle {
        /// The ids, the repeated one last.
        chain: Vec<String>,
    },
    /// A chain longer than [`crate::MAX_CHAIN`].
    #[error("the chain is longer than {} items: {}", crate::MAX_CHAIN, joined(.chain))]
    ChainTooDeep {
        /// The ids so far.
        chain: Vec<String>,
    },
    /// The metadata of a tool is wrong.
    #[error("the metadata of `{id}` is wrong")]
    InvalidMetadata {
        /// The tool.
        id: ItemId,
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// A descriptor is wrong, by itself or in its chain.
    #[error("the description of how to run it is wrong")]
    InvalidDescriptor {
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// A `rye.toml` or `.env` file is wrong.
    #[error("the configuration is wrong")]
    InvalidConfig {
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// A file that rye does not run.
    #[error(transparent)]
    Refused(#[from] RefusedFile),
    /// The arguments do not fit the parameters.
    #[error("the arguments do not fit `{id}`")]
    InvalidArguments {
        /// The tool.
        id: ItemId,
        /// All that is wrong.
        problems: Vec<ArgumentProblem>,
    },
    /// A value would begin a word of a command line with `-`.
    #[error("{place}: the value of `{parameter}` begins with `-` and would be read as an option")]
    LooksLikeOption {
        /// The item of the command line.
        place: Place,
        /// The parameter.
        parameter: String,
    },
    /// A variable without value or default.
    #[error("{place}: `${{{name}}}` in `{key}` is not set")]
    UnknownVariable {
        /// Where it is used.
        place: Place,
        /// The key whose value uses it.
        key: String,
        /// The variable.
        name: String,
    },
    /// No interpreter counted.
    #[error("`{id}` needs {wanted}, which was not found")]
    InterpreterNotFound {
        /// What needs it.
        id: ItemId,
        /// What would have counted, by name: `` `bash` or `sh` ``.
        wanted: Box<str>,
        /// Where it is declared.
        place: Place,
        /// Every place looked at, with the reason why it did not count.
        trail: Trail,
        /// How to get it, as the runtime says.
        install: Option<Box<str>>,
    },
    /// A command is not on the child's `PATH`.
    #[error("no command `{command}`")]
    CommandNotFound {
        /// The command.
        command: String,
        /// Where it is named.
        place: Place,
        /// The folders searched; empty for a path.
        searched: Vec<PathBuf>,
    },
}

fn joined(chain: &[String]) -> String {
    chain.join(" -> ")
}
