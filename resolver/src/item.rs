//! An item of a space: its id, where it came from, and the bytes that were read, once, with their hash.

use std::path::PathBuf;
use std::sync::Arc;

use rye_runtimes::ItemId;
use rye_tools::{Item, NotATool};

use crate::files::SourceFile;
use crate::spaces::Space;

/// An item found by its id and read.
#[derive(Clone, Debug)]
pub struct FoundItem {
    /// Its id.
    pub id: ItemId,
    /// Where it came from.
    pub space: Space,
    /// What it is.
    pub item: Item,
    /// Its file; `None` in the system space.
    pub file: Option<Arc<SourceFile>>,
    /// The file beside it that holds its metadata.
    pub sidecar: Option<Arc<SourceFile>>,
    /// Whether it runs by its own `#!` line, no runtime claiming its extension.
    pub runs_itself: bool,
}

impl FoundItem {
    /// Whether it is a way to run tools.
    pub(crate) fn is_runtime(&self) -> bool {
        matches!(self.item, Item::Runtime(_))
    }
}

/// A file with the id's name that is not a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The file.
    pub path: PathBuf,
    /// Why it does not count.
    pub reason: PassedOverReason,
}

/// Why a file with the id's name is not a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassedOverReason {
    /// A Python file without anything to call.
    #[error("has only imports, definitions and assignments, and neither `main` nor `execute`")]
    PythonModule,
    /// A JavaScript file without anything to call.
    #[error("has exports, and no line exports `default`, `main` or `execute`")]
    NodeModule,
    /// A TOML file that declares nothing callable.
    #[error("has neither `executor_id` nor `tool_type`")]
    PlainToml {
        /// The primitive that its `[config]` speaks of; none: it has no `[config]`.
        primitive: Option<&'static str>,
    },
    /// No runtime claims its extension, and its `#!` line is not one of an executable file.
    #[error("is not executable")]
    NotExecutable,
    /// Without a `#!` line, and of no claimed extension.
    #[error("has no `#!` line and no extension that a runtime claims")]
    NoInterpreterLine,
    /// As before, and there is a `#!` line, which nobody sees.
    #[error(
        "begins with a byte order mark, which hides its `#!` line, and has no extension that a runtime claims"
    )]
    HiddenInterpreterLine,
    /// A way to run tools.
    #[error("is a runtime, not a tool")]
    Runtime,
    /// Below `lib`, `node_modules` or `venv`, or a name that begins with `_` or `.`.
    #[error("lies where no tools are: below `lib`, `node_modules` or `venv`")]
    Unlisted,
}

impl From<NotATool> for PassedOverReason {
    fn from(reason: NotATool) -> Self {
        match reason {
            NotATool::PythonModule => Self::PythonModule,
            NotATool::NodeModule => Self::NodeModule,
            NotATool::PlainToml { primitive } => Self::PlainToml { primitive },
        }
    }
}

/// Folders below `tools/` in which nothing is a tool.
pub const UNLISTED_FOLDERS: [&str; 3] = ["lib", "node_modules", "venv"];
