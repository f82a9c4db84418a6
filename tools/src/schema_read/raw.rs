//! Schemas beyond the closed types. They are kept as written, compiled once to find what is wrong, and refer
//! to nothing outside their file.

use rye_runtimes::document::{Entry, Node, NodeValue, Problem};
use serde_json::Value;

use super::{Reader, find};
use crate::arguments::compile;
use crate::schema::{Schema, Type};

/// Keywords below which names, not keywords, lead to schemas.
const NAMED: [&str; 4] = ["$defs", "definitions", "patternProperties", "dependentSchemas"];
/// Keywords that list schemas.
const LISTED: [&str; 3] = ["allOf", "oneOf", "prefixItems"];
/// Keywords that hold one schema.
const SINGLE: [&str; 9] = [
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];

impl<'n> Reader<'n> {
    /// The schema as written. Its parts are read for their problems only; it is compiled when none was told
    /// since there were `before` of them, so that nothing is told twice.
    pub(super) fn keep_raw(&mut self, node: &'n Node, before: usize) -> Schema {
        let NodeValue::Table(entries) = &node.value else { return Schema::of(Type::Any) };
        let was_inside = std::mem::replace(&mut self.inside_raw, true);
        self.parts(entries);
        self.references(entries, std::ptr::eq(node, self.root));
        self.inside_raw = was_inside;
        let said = self.said(entries);
        let raw = self.with_definitions(node);
        if self.problems.len() == before && !self.inside_raw && !self.needs_root {
            self.compile(node, &raw);
        }
        Schema { kind: Type::Raw(raw), ..said }
    }

    /// Compiles a raw schema and tells what is wrong at its place in `node`.
    pub(super) fn compile(&mut self, node: &Node, raw: &Value) {
        if let Err(error) = compile(raw) {
            let place = &at_pointer(node, &error.instance_path().to_string()).place;
            self.problem(Problem::new(place, format!("not a JSON Schema: {error}")));
        }
    }

    fn parts(&mut self, entries: &'n [Entry]) {
        for entry in entries {
            let key = entry.key.as_str();
            match &entry.value.value {
                NodeValue::Table(members) if NAMED.contains(&key) => {
                    for member in members {
                        self.schema(&member.value);
                    }
                }
                NodeValue::Array(nodes) if LISTED.contains(&key) => {
                    for node in nodes {
                        self.schema(node);
                    }
                }
                _ if SINGLE.contains(&key) => {
                    self.schema(&entry.value);
                }
                _ => {}
            }
        }
    }

    fn references(&mut self, entries: &[Entry], is_root: bool) {
        for key in ["$ref", "$dynamicRef"] {
            let Some(node) = find(entries, key) else { continue };
            match &node.value {
                NodeValue::String(text) if !text.starts_with('#') => {
                    let problem =
                        Problem::new(&node.place, format!("`{key}` leads out of the file: `{text}`"));
                    self.problem(problem.hint("put the schema below `$defs` and refer to `#/$defs/NAME`"));
                }
                NodeValue::String(text) => {
                    let carried = text.starts_with("#/$defs/") || text.starts_with("#/definitions/");
                    self.needs_root |= !carried && !is_root;
                }
                other => {
                    let fact = format!("`{key}` is a string, not {}", other.kind());
                    self.problem(Problem::new(&node.place, fact));
                }
            }
        }
    }

    /// A part of a document, with the definitions of the document that it may refer to.
    fn with_definitions(&self, node: &Node) -> Value {
        let mut raw = node.to_json();
        if let (Value::Object(members), NodeValue::Table(entries)) = (&mut raw, &self.root.value) {
            for key in ["$defs", "definitions"] {
                if let Some(definitions) = find(entries, key) {
                    members.entry(key).or_insert_with(|| definitions.to_json());
                }
            }
        }
        raw
    }
}

/// The node that a JSON pointer leads to, or the last one on its way.
fn at_pointer<'n>(node: &'n Node, pointer: &str) -> &'n Node {
    pointer.split('/').skip(1).fold(node, |node, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match &node.value {
            NodeValue::Table(entries) => find(entries, &step).unwrap_or(node),
            NodeValue::Array(nodes) => {
                step.parse::<usize>().ok().and_then(|index| nodes.get(index)).unwrap_or(node)
            }
            _ => node,
        }
    })
}
