//! Composition made into one object: what `allOf` says together, and what `anyOf` and `oneOf` say apart, as one list of
//! members. Every member that the composition declares is there; whatever else it says is kept or named as lost.

use serde_json::{Map, Value, json};

use super::Loss;

/// What else may stand at the root and is refused there.
const REFUSED: [&str; 3] = ["not", "enum", "const"];
/// What may declare members beside `properties`: only `unevaluatedProperties` knows what is left over.
const DECLARING: [&str; 5] = ["if", "then", "else", "dependentSchemas", "patternProperties"];

/// The root of an input schema as one object without composition, as every function calling interface wants it.
pub(super) fn as_one_object(root: Value, lost: &mut Vec<Loss>) -> Map<String, Value> {
    let mut members = match root {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let composed = ["allOf", "anyOf", "oneOf"].iter().any(|key| members.contains_key(*key));
    flatten(&mut members, "", lost);
    for key in REFUSED {
        if members.shift_remove(key).is_some() {
            lost.push(Loss::new("", format!("`{key}` of the whole is not said")));
        }
    }
    let closed = members.get("unevaluatedProperties") == Some(&Value::Bool(false));
    if closed && !DECLARING.iter().any(|key| members.contains_key(*key)) {
        members.shift_remove("unevaluatedProperties");
        members.insert("additionalProperties".into(), Value::Bool(false));
    } else if composed && members.get("additionalProperties") == Some(&Value::Bool(true)) {
        members.shift_remove("additionalProperties");
    }
    let mut out = Map::new();
    out.insert("type".into(), "object".into());
    out.insert("properties".into(), members.shift_remove("properties").unwrap_or_else(|| json!({})));
    members.shift_remove("type");
    out.extend(members);
    out
}

/// Takes the composition out of an object's schema, and lays what it says of members into it.
pub(super) fn flatten(schema: &mut Map<String, Value>, path: &str, lost: &mut Vec<Loss>) {
    conjoin(schema, path, lost);
    for key in ["anyOf", "oneOf"] {
        let branches = branches(schema, key, &mut |branch| flatten(branch, path, lost));
        if branches.is_empty() {
            continue;
        }
        let everywhere = required_everywhere(&branches);
        for branch in branches {
            alternatives(schema, branch);
        }
        require(schema, everywhere);
        lost.push(Loss::new(path, format!("which members go together (`{key}`) is not said")));
    }
}

/// Takes `allOf` out of a schema: what its branches say is said by the schema itself.
pub(super) fn conjoin(schema: &mut Map<String, Value>, path: &str, lost: &mut Vec<Loss>) {
    for branch in branches(schema, "allOf", &mut |branch| conjoin(branch, path, lost)) {
        absorb(schema, branch, path, lost);
    }
}

/// The branches of a composition, each made plain.
fn branches(
    schema: &mut Map<String, Value>,
    key: &str,
    plain: &mut dyn FnMut(&mut Map<String, Value>),
) -> Vec<Map<String, Value>> {
    let Some(Value::Array(branches)) = schema.shift_remove(key) else { return Vec::new() };
    let made = branches.into_iter().filter_map(|branch| match branch {
        Value::Object(mut branch) => {
            plain(&mut branch);
            Some(branch)
        }
        _ => None,
    });
    made.collect()
}

/// Both hold: a keyword of the branch is taken over; one that both have and that differs is lost.
fn absorb(schema: &mut Map<String, Value>, branch: Map<String, Value>, path: &str, lost: &mut Vec<Loss>) {
    for (key, value) in branch {
        match (key.as_str(), schema.get_mut(&key), value) {
            ("properties", Some(Value::Object(own)), Value::Object(further)) => {
                for (name, further) in further {
                    both(own, name, further);
                }
            }
            ("required", Some(_), value) => require(schema, names(&value)),
            ("additionalProperties" | "unevaluatedProperties", _, value) if allows_all(&value) => {}
            // What closes a part would close the whole.
            ("additionalProperties" | "unevaluatedProperties", _, _) => {
                lost.push(Loss::new(path, format!("`{key}` of a part (`allOf`) is not said")));
            }
            (_, None, value) => {
                schema.insert(key, value);
            }
            (_, Some(own), value) if *own != value => {
                lost.push(Loss::new(path, format!("a second `{key}` (`allOf`) is not said")));
            }
            _ => {}
        }
    }
}

/// One of them holds: every member of the branch may be there.
fn alternatives(schema: &mut Map<String, Value>, branch: Map<String, Value>) {
    let Some(Value::Object(further)) = branch.get("properties") else { return };
    let own = schema.entry("properties").or_insert_with(|| json!({}));
    let Value::Object(own) = own else { return };
    for (name, further) in further {
        match own.get_mut(name) {
            None => {
                own.insert(name.clone(), further.clone());
            }
            Some(known) if known == further => {}
            Some(known) => {
                let several = known.as_object().is_some_and(|known| known.len() == 1);
                match known.get_mut("anyOf") {
                    Some(Value::Array(known)) if several => {
                        if !known.contains(further) {
                            known.push(further.clone());
                        }
                    }
                    _ => *known = json!({ "anyOf": [known.take(), further] }),
                }
            }
        }
    }
}

fn both(own: &mut Map<String, Value>, name: String, further: Value) {
    match own.get_mut(&name) {
        None => {
            own.insert(name, further);
        }
        Some(known) if *known == further => {}
        Some(known) => *known = json!({ "allOf": [known.take(), further] }),
    }
}

fn names(value: &Value) -> Vec<String> {
    let names = value.as_array().into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

fn required_everywhere(branches: &[Map<String, Value>]) -> Vec<String> {
    let of = |branch: &Map<String, Value>| branch.get("required").map(names).unwrap_or_default();
    let Some((first, rest)) = branches.split_first() else { return Vec::new() };
    let in_all = |name: &String| rest.iter().all(|branch| of(branch).contains(name));
    of(first).into_iter().filter(in_all).collect()
}

fn require(schema: &mut Map<String, Value>, further: Vec<String>) {
    if further.is_empty() {
        return;
    }
    let mut all = schema.get("required").map(names).unwrap_or_default();
    all.extend(further.into_iter().filter(|name| !all.contains(name)).collect::<Vec<_>>());
    schema.insert("required".into(), all.into());
}

/// Whether a schema says nothing.
fn allows_all(schema: &Value) -> bool {
    matches!(schema, Value::Bool(true)) || schema.as_object().is_some_and(Map::is_empty)
}
