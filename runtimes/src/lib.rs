//! Layer 2: what a runtime is. Descriptors, their templates and what they ask of the host are read here into
//! checked values; nothing is looked for and nothing is started.

pub mod call;
pub mod config_keys;
pub mod core;
mod descriptor;
pub mod document;
pub mod env_config;
mod id;
mod names;
pub mod setting;
mod table;
pub mod template;
mod toml_document;

#[cfg(any(test, fuzzing))]
pub mod properties;
#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

pub use descriptor::{Descriptor, RUNTIME_TYPE, Runtime};
pub use id::{InvalidId, InvalidIdReason, ItemId, MAX_ID_LENGTH};
pub use names::nearest;
pub use table::TableReader;
pub use toml_document::TomlSource;
