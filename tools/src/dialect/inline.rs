//! A schema without references: each local `$ref` is replaced by what it refers to, and booleans by schemas that
//! mean the same. A reference inside itself ends in any object; the result is bounded however much they multiply.

use serde_json::{Map, Value, json};

use super::Loss;
use super::walk::children;

/// The most schemas that a schema may become, and how deep they may lie.
const MOST: usize = 10_000;
const DEEPEST: usize = 64;

/// What is about a schema as a document, and means nothing where references are gone.
const OF_DOCUMENTS: [&str; 8] =
    ["$schema", "$id", "$anchor", "$dynamicAnchor", "$vocabulary", "$comment", "$defs", "definitions"];
/// What may stand beside a reference and only says something about it.
const ANNOTATIONS: [&str; 7] =
    ["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"];

/// A schema without references, and what was lost with them.
pub(crate) fn inlined(root: &Value) -> (Value, Vec<Loss>) {
    let mut inliner = Inliner { root, open: Vec::new(), left: MOST, depth: 0, lost: Vec::new() };
    let schema = inliner.schema(root, "");
    (schema, inliner.lost)
}

struct Inliner<'r> {
    root: &'r Value,
    /// The references that are being replaced.
    open: Vec<String>,
    left: usize,
    depth: usize,
    lost: Vec<Loss>,
}

impl Inliner<'_> {
    fn schema(&mut self, schema: &Value, path: &str) -> Value {
        let members = match schema {
            Value::Object(members) => members,
            Value::Bool(false) => return json!({ "not": {} }),
            _ => return json!({}),
        };
        if self.left == 0 || self.depth == DEEPEST {
            self.lose(path, "a schema this large or deep is cut: any value");
            return json!({});
        }
        self.left -= 1;
        self.depth += 1;
        let mut own = members.clone();
        own.retain(|key, _| !OF_DOCUMENTS.contains(&key.as_str()));
        let references: Vec<Value> =
            ["$ref", "$dynamicRef"].iter().filter_map(|key| own.shift_remove(*key)).collect();
        children(&mut own, path, &mut |child, path| *child = self.schema(child, path));
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
        let pointer = reference.strip_prefix('#').map(percent_decoded);
        let Some(found) = pointer.and_then(|pointer| self.root.pointer(&pointer)) else {
            self.lose(path, format!("`$ref` to `{reference}` is not followed: any value"));
            return json!({});
        };
        if self.open.iter().any(|open| open == reference) {
            self.lose(path, format!("`$ref` to `{reference}` comes back to itself and is cut"));
            let object = found.get("type").is_some_and(|kind| kind == "object");
            return if object { json!({ "type": "object" }) } else { json!({}) };
        }
        self.open.push(reference.to_owned());
        let target = self.schema(found, path);
        self.open.pop();
        target
    }

    fn lose(&mut self, path: &str, what: impl Into<String>) {
        let loss = Loss::new(path, what);
        if !self.lost.contains(&loss) {
            self.lost.push(loss);
        }
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

/// A pointer in a fragment may have its characters encoded.
fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| first == b'%').and_then(|pair| std::str::from_utf8(pair).ok());
        match code.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
