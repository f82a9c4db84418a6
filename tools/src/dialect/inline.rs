//! A schema without references: each local `$ref` is replaced by what it refers to, and booleans by schemas that
//! mean the same. A reference inside itself ends in any object; the result is bounded however much they multiply.

use indexmap::IndexSet;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::Loss;
use super::walk::children;

/// The most schemas that a schema may become, how deep they may lie, and how many bytes references may add.
const MOST: usize = 10_000;
const DEEPEST: usize = 64;
const MOST_BYTES: usize = 1 << 20;

/// What is about a schema as a document, and means nothing where references are gone.
const OF_DOCUMENTS: [&str; 8] =
    ["$schema", "$id", "$anchor", "$dynamicAnchor", "$vocabulary", "$comment", "$defs", "definitions"];
/// What may stand beside a reference and only says something about it.
const ANNOTATIONS: [&str; 7] =
    ["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"];

/// A schema without references, and what was lost with them.
pub(crate) fn inlined(root: &Value) -> (Value, Vec<Loss>) {
    let mut inliner =
        Inliner { root, open: Vec::new(), left: MOST, bytes: MOST_BYTES, depth: 0, lost: IndexSet::new() };
    let schema = inliner.schema(root.clone(), "");
    (schema, inliner.lost.into_iter().collect())
}

struct Inliner<'r> {
    root: &'r Value,
    /// The references that are being replaced.
    open: Vec<String>,
    left: usize,
    bytes: usize,
    depth: usize,
    lost: IndexSet<Loss>,
}

impl<'r> Inliner<'r> {
    fn schema(&mut self, schema: Value, path: &str) -> Value {
        let mut own = match schema {
            Value::Object(members) => members,
            Value::Bool(false) => return json!({ "not": {} }),
            _ => return json!({}),
        };
        if self.left == 0 || self.depth == DEEPEST {
            return self.cut(path);
        }
        self.left -= 1;
        self.depth += 1;
        own.retain(|key, _| !OF_DOCUMENTS.contains(&key.as_str()));
        let references: Vec<Value> =
            ["$ref", "$dynamicRef"].iter().filter_map(|key| own.shift_remove(*key)).collect();
        children(&mut own, path, &mut |child, path| *child = self.schema(child.take(), path));
        let mut out = Value::Object(own);
        for reference in references {
            let target = self.target(reference.as_str().unwrap_or_default(), path);
            out = beside(target, out);
        }
        self.depth -= 1;
        out
    }

    /// What a reference refers to.
    fn target(&mut self, reference: &str, path: &str) -> Value {
        let decoded = |pointer| percent_decode_str(pointer).decode_utf8_lossy();
        let root: &'r Value = self.root;
        let pointer = reference.strip_prefix('#').map(decoded);
        let Some(found) = pointer.and_then(|pointer| root.pointer(&pointer)) else {
            self.lose(path, format!("`$ref` to `{reference}` is not followed: any value"));
            return json!({});
        };
        if self.open.iter().any(|open| open == reference) {
            self.lose(path, format!("`$ref` to `{reference}` comes back to itself and is cut"));
            let object = found.get("type").is_some_and(|kind| kind == "object");
            return if object { json!({ "type": "object" }) } else { json!({}) };
        }
        let Some(copy) = self.copy(found) else { return self.cut(path) };
        self.open.push(reference.to_owned());
        let target = self.schema(copy, path);
        self.open.pop();
        target
    }

    /// A copy of a schema, paid for; the first that is too dear is the last that is asked for.
    fn copy(&mut self, schema: &Value) -> Option<Value> {
        let Value::Object(members) = schema else { return Some(schema.as_bool().into()) };
        let kept = || members.iter().filter(|(key, _)| !OF_DOCUMENTS.contains(&key.as_str()));
        let left =
            kept().try_fold(self.bytes, |left, (key, value)| without(left.checked_sub(key.len())?, value));
        self.bytes = left.unwrap_or(0);
        left.map(|_| kept().map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn cut(&mut self, path: &str) -> Value {
        self.lose(path, "a schema this large or deep is cut: any value");
        json!({})
    }

    fn lose(&mut self, path: &str, what: impl Into<String>) {
        self.lost.insert(Loss::new(path, what));
    }
}

/// What is left of so many bytes after a value, about as JSON has it.
fn without(left: usize, value: &Value) -> Option<usize> {
    let left = left.checked_sub(4)?;
    match value {
        Value::String(text) => left.checked_sub(text.len()),
        Value::Array(items) => items.iter().try_fold(left, without),
        Value::Object(members) => {
            members.iter().try_fold(left, |left, (key, value)| without(left.checked_sub(key.len())?, value))
        }
        _ => Some(left),
    }
}

/// A schema with what stood beside the reference to it.
fn beside(target: Value, own: Value) -> Value {
    let (Value::Object(mut target), Value::Object(own)) = (target, own) else { return json!({}) };
    let (said, bound): (Map<_, _>, Map<_, _>) =
        own.into_iter().partition(|(key, _)| ANNOTATIONS.contains(&key.as_str()) || key.starts_with("x-"));
    if bound.is_empty() {
        target.extend(said);
        return Value::Object(target);
    }
    if target.is_empty() {
        return Value::Object(bound.into_iter().chain(said).collect());
    }
    let both = json!([target, bound]);
    let out: Map<_, _> = [("allOf".to_owned(), both)].into_iter().chain(said).collect();
    Value::Object(out)
}
