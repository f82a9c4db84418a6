//! A tool of the Model Context Protocol, such that clients of every revision take it: both schemas are objects at their
//! root, without references and without composition there (<https://modelcontextprotocol.io/specification>).

use serde_json::{Map, Value};

use super::draft::Draft;
use super::inline::inlined;
use super::{Exported, Loss, description, put};
use crate::metadata::Annotations;
use crate::schema::Schema;
use crate::tool::Tool;

/// One tool under a portable name.
///
/// # Errors
/// A required parameter has a name that clients refuse.
pub fn tool(name: &str, tool: &Tool) -> Result<Exported, Loss> {
    let Exported { value, lost } = definition(tool)?;
    let Value::Object(definition) = value else { return Ok(Exported { value, lost }) };
    Ok(Exported { value: Value::Object(named(name, definition)), lost })
}

/// One tool as far as it says by itself: a name it gets among others.
///
/// # Errors
/// A required parameter has a name that clients refuse.
pub fn definition(tool: &Tool) -> Result<Exported, Loss> {
    let mut draft = Draft::with_portable_names(&tool.parameters)?;
    let mut out = Map::new();
    put(&mut out, "title", tool.metadata.title.as_deref());
    put(&mut out, "description", description(tool));
    put(&mut out, "inputSchema", Some(std::mem::take(&mut draft.schema)));
    let output = tool.metadata.output_schema.as_ref().and_then(|schema| output(schema, &mut draft.lost));
    put(&mut out, "outputSchema", output);
    put(&mut out, "annotations", annotations(tool.metadata.annotations));
    Ok(Exported { value: Value::Object(out), lost: draft.into_lost() })
}

/// A definition under a name.
#[must_use]
pub fn named(name: &str, mut definition: Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    put(&mut out, "name", Some(name));
    put(&mut out, "title", definition.shift_remove("title"));
    // The protocol can do without; its conformance suite, and some clients, cannot.
    put(&mut out, "description", definition.shift_remove("description").or_else(|| Some(name.into())));
    out.extend(definition);
    out
}

/// The schema of a result, if it is of an object: before revision 2026-07-28 it can be of nothing else.
fn output(schema: &Schema, lost: &mut Vec<Loss>) -> Option<Map<String, Value>> {
    let (Value::Object(schema), cut) = inlined(&schema.to_json()) else { return None };
    let composed = ["allOf", "anyOf", "oneOf"].iter().any(|key| schema.contains_key(*key));
    if schema.get("type").is_some_and(|kind| kind == "object") && !composed {
        lost.extend(cut.iter().map(|cut| Loss::new("", format!("in the output schema, {cut}"))));
        return Some(schema);
    }
    lost.push(Loss::new("", "the output schema is not said: it is not of one object"));
    None
}

/// The hints that were given.
#[must_use]
pub fn annotations(said: Annotations) -> Option<Map<String, Value>> {
    let mut out = Map::new();
    put(&mut out, "readOnlyHint", said.read_only);
    put(&mut out, "destructiveHint", said.destructive);
    put(&mut out, "idempotentHint", said.idempotent);
    put(&mut out, "openWorldHint", said.open_world);
    Some(out).filter(|out| !out.is_empty())
}
