//! The schemas of a server as the files of tools can hold them. What is written allows everything that the server's own
//! schema allows: where something cannot be kept it is left out, and that is told.

mod rewrite;

use std::sync::Arc;

use rye_executor::runtimes::TomlSource;
use rye_executor::runtimes::document::{Node, NodeValue};
use rye_executor::tools::parameter::Parameters;
use rye_executor::tools::schema::Schema;
use serde_json::{Map, Value, json};

use super::toml;
use rewrite::Rewriter;

/// A schema with more text is not kept: nobody reads it, and each listing would.
const MOST_BYTES: usize = 256 << 10;

/// A schema that can be written, and what was lost.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) schema: Map<String, Value>,
    pub(super) losses: Vec<String>,
}

/// What a tool takes: a schema that `[input_schema]` can hold.
pub(super) fn input(given: Option<&Value>) -> Kept {
    let (object, losses) = match given {
        Some(Value::Object(object)) => (object, Vec::new()),
        _ => return any_object("it has no `inputSchema` that is an object"),
    };
    if too_long(given) {
        return any_object("its `inputSchema` is too long");
    }
    let is_object = match object.get("type") {
        None => true,
        Some(Value::Array(words)) => words.contains(&json!("object")),
        Some(word) => word == "object",
    };
    if !is_object {
        return any_object("its `inputSchema` is not of type `object`");
    }
    if object.get("type").is_none_or(Value::is_array) && refers_to_whole(&Value::Object(object.clone())) {
        // Arguments are an object; what lies in them need not be.
        return any_object("its `inputSchema` refers to itself as a whole, and names no one type");
    }
    let mut object = object.clone();
    object.insert("type".to_owned(), json!("object"));
    let mut rewriter = Rewriter::new(losses);
    let mut schema = rewriter.root(&object);
    // Said aloud: to us silence means that nothing else may come, to the server that anything may.
    if !schema.contains_key("additionalProperties") && !schema.contains_key("unevaluatedProperties") {
        schema.insert("additionalProperties".to_owned(), Value::Bool(true));
    }
    let mut losses = rewriter.losses;
    if is_input(&schema) {
        return Kept { schema, losses };
    }
    strip_examples(&mut schema);
    if is_input(&schema) {
        return Kept { schema, losses };
    }
    let schema = simplest(&schema, &mut losses);
    if is_input(&schema) { Kept { schema, losses } } else { any_object("its `inputSchema` cannot be read") }
}

/// What a tool gives: a schema that `[output_schema]` can hold; none where nothing can be kept.
pub(super) fn output(given: &Value) -> (Option<Map<String, Value>>, Vec<String>) {
    let lost = |why: &str| (None, vec![format!("results are not checked: {why}")]);
    let Value::Object(object) = given else { return lost("its `outputSchema` is no object") };
    if too_long(Some(given)) {
        return lost("its `outputSchema` is too long");
    }
    let mut rewriter = Rewriter::new(Vec::new());
    let mut schema = rewriter.root(object);
    if is_output(&schema) {
        return (Some(schema), rewriter.losses);
    }
    strip_examples(&mut schema);
    if is_output(&schema) {
        (Some(schema), rewriter.losses)
    } else {
        lost("its `outputSchema` cannot be read")
    }
}

/// The widest schema that is true of every tool.
fn any_object(why: &str) -> Kept {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("additionalProperties".to_owned(), Value::Bool(true));
    Kept { schema, losses: vec![format!("arguments are not checked: {why}")] }
}

/// Whether a reference leads to the document itself.
fn refers_to_whole(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            members.iter().any(|(key, value)| key == "$ref" && value == "#" || refers_to_whole(value))
        }
        Value::Array(items) => items.iter().any(refers_to_whole),
        _ => false,
    }
}

fn too_long(given: Option<&Value>) -> bool {
    given.is_some_and(|given| given.to_string().len() > MOST_BYTES)
}

/// The parameters alone, each that cannot be read as anything; nothing is closed.
fn simplest(schema: &Map<String, Value>, losses: &mut Vec<String>) -> Map<String, Value> {
    let mut properties = Map::new();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let alone = json!({ "properties": { name: property }, "additionalProperties": true });
        let is_fine = property.is_object() && alone.as_object().is_some_and(is_input);
        let any =
            || property.get("description").map_or_else(|| json!({}), |said| json!({ "description": said }));
        properties.insert(name.clone(), if is_fine { property.clone() } else { any() });
        if !is_fine {
            losses.push(format!("`{name}` may be anything: its schema cannot be read"));
        }
    }
    let known = ["type", "properties", "required", "additionalProperties"];
    if schema.keys().any(|key| !known.contains(&key.as_str())) {
        losses.push("what the schema says beyond single parameters is not checked".to_owned());
    }
    let mut out = Map::new();
    out.insert("type".to_owned(), json!("object"));
    if let Some(required) = schema.get("required") {
        out.insert("required".to_owned(), required.clone());
    }
    out.insert("additionalProperties".to_owned(), Value::Bool(true));
    out.insert("properties".to_owned(), properties.into());
    out
}

/// Takes out what only illustrates.
fn strip_examples(schema: &mut Map<String, Value>) {
    schema.remove("default");
    schema.remove("examples");
    for value in schema.values_mut() {
        match value {
            Value::Object(inner) => strip_examples(inner),
            Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(strip_examples),
            _ => {}
        }
    }
}

fn is_input(schema: &Map<String, Value>) -> bool {
    read(schema).is_some_and(|node| Parameters::from_input_schema(&node).is_ok())
}

fn is_output(schema: &Map<String, Value>) -> bool {
    read(schema).is_some_and(|node| Schema::from_node(&node).is_ok())
}

/// The schema as it would be read out of a file.
fn read(schema: &Map<String, Value>) -> Option<Node> {
    let mut document = toml_edit::DocumentMut::new();
    document.insert("schema", toml_edit::Item::Table(toml::table(schema)?));
    let node = TomlSource::file(&Arc::from("schema"), document.to_string()).parse().ok()?;
    match node.value {
        NodeValue::Table(entries) => entries.into_iter().next().map(|entry| entry.value),
        _ => None,
    }
}

/// Whether a keyword with this value can be read by itself.
fn is_readable(key: &str, value: &Value) -> bool {
    json!({ key: value }).as_object().is_some_and(is_output)
}

#[cfg(test)]
mod tests;
