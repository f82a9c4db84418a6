//! Layer 3: what a tool is. Metadata, parameters and arguments are read and checked here; nothing is looked
//! for, nothing is executed.

pub mod arguments;
mod block;
mod byte_order_mark;
pub mod completion;
pub mod dialect;
pub mod json;
mod metadata;
mod node;
pub mod parameter;
pub mod portability;
pub mod portable_name;
pub mod python;
pub mod schema;
mod schema_json;
mod schema_read;
pub mod search;
mod tool;
pub mod usage;
mod utf8;
pub mod words;

#[cfg(any(test, fuzzing))]
pub mod properties;
#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

pub use block::read_block;
pub use byte_order_mark::{hides_interpreter_line, without_mark};
pub use metadata::{Annotations, Metadata, ToolLimits};
pub use parameter::environment_name;
pub use portable_name::{Collision, PortableNames};
pub use tool::{Form, Item, NotATool, PythonFunction, Tool, ToolFile};
