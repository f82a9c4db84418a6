//! A tool of Anthropic's Messages API: JSON Schema with an object at its root, no composition there, and property names
//! of `^[a-zA-Z0-9_.-]{1,64}$` (<https://docs.claude.com/en/docs/agents-and-tools/tool-use>).

use serde_json::{Map, Value};

use super::draft::Draft;
use super::{Exported, Loss, description, put};
use crate::tool::Tool;

/// One tool under a portable name.
///
/// # Errors
/// A required parameter has a name that the API refuses.
pub fn tool(name: &str, tool: &Tool) -> Result<Exported, Loss> {
    let mut draft = Draft::with_portable_names(&tool.parameters)?;
    let mut out = Map::new();
    put(&mut out, "name", Some(name));
    put(&mut out, "description", description(tool));
    put(&mut out, "input_schema", Some(std::mem::take(&mut draft.schema)));
    Ok(Exported { value: Value::Object(out), lost: draft.into_lost() })
}
