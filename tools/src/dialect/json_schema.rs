//! The input schema of a tool as JSON Schema (2020-12). Nothing is lost.

use super::Exported;
use crate::tool::Tool;

/// One tool: its input schema.
#[must_use]
pub fn tool(tool: &Tool) -> Exported {
    Exported { value: tool.parameters.to_json(), lost: Vec::new() }
}
