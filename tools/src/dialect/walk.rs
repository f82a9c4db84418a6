//! The way through a JSON Schema: which keywords lead to further schemas, and how the part of the arguments that a
//! schema is about is spelled. Values (`enum`, `const`, `default`, `examples`) are never taken for schemas.

use serde_json::{Map, Value};

/// Keywords that hold schemas by name.
const NAMED: [&str; 5] = ["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"];
/// Keywords that list schemas.
const LISTED: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];
/// Keywords that hold one schema.
const SINGLE: [&str; 11] = [
    "items",
    "additionalProperties",
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
/// Where `true` and `false` are understood by everybody.
const SWITCHES: [&str; 4] = ["items", "additionalProperties", "unevaluatedItems", "unevaluatedProperties"];

/// How a keyword leads on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leads {
    ByName,
    ByPosition,
    Straight,
}

fn leads(key: &str) -> Option<Leads> {
    if NAMED.contains(&key) {
        Some(Leads::ByName)
    } else if LISTED.contains(&key) {
        Some(Leads::ByPosition)
    } else {
        SINGLE.contains(&key).then_some(Leads::Straight)
    }
}

/// The schemas directly below one, each with its path; a boolean where everybody takes one is passed over.
pub(crate) fn children(schema: &mut Map<String, Value>, path: &str, visit: &mut dyn FnMut(&mut Value, &str)) {
    for (key, value) in schema.iter_mut() {
        match (leads(key), value) {
            (Some(Leads::ByName), Value::Object(members)) => {
                for (name, member) in members.iter_mut() {
                    visit(member, &step(path, key, name));
                }
            }
            (Some(Leads::ByPosition), Value::Array(members)) => {
                let path = step(path, key, "");
                members.iter_mut().for_each(|member| visit(member, &path));
            }
            (Some(Leads::Straight), Value::Bool(_)) if SWITCHES.contains(&key.as_str()) => {}
            (Some(Leads::Straight), value) => visit(value, &step(path, key, "")),
            _ => {}
        }
    }
}

/// Every schema, those inside first.
pub(super) fn each(schema: &mut Value, path: &str, visit: &mut dyn FnMut(&mut Map<String, Value>, &str)) {
    if let Value::Object(members) = schema {
        children(members, path, &mut |child, path| each(child, path, visit));
        visit(members, path);
    }
}

/// Every schema, those outside first.
pub(super) fn each_from_outside(
    schema: &mut Value,
    path: &str,
    visit: &mut dyn FnMut(&mut Map<String, Value>, &str),
) {
    if let Value::Object(members) = schema {
        visit(members, path);
        children(members, path, &mut |child, path| each_from_outside(child, path, visit));
    }
}

/// The part of the arguments that a schema below is about.
fn step(path: &str, key: &str, name: &str) -> String {
    match key {
        "properties" if path.is_empty() => name.to_owned(),
        "properties" => format!("{path}.{name}"),
        "items" | "prefixItems" | "contains" | "unevaluatedItems" => format!("{path}[]"),
        "patternProperties" | "additionalProperties" | "unevaluatedProperties" if path.is_empty() => {
            "*".into()
        }
        "patternProperties" | "additionalProperties" | "unevaluatedProperties" => format!("{path}.*"),
        _ => path.to_owned(),
    }
}
