//! A function declaration of the Gemini API (<https://ai.google.dev/api/caching#FunctionDeclaration>), its parameters as
//! `parametersJsonSchema`: the older `parameters` knows no open object and no number in an `enum`, and one keyword that
//! it lacks costs the whole request. Only keywords of the published list are used.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::strict::{kinds_of, mention_default};
use super::{Exported, Loss, description, put};
use crate::tool::Tool;

/// The keywords that the API documents for JSON Schema, without those for references.
const ALLOWED: [&str; 16] = [
    "type",
    "format",
    "title",
    "description",
    "enum",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "anyOf",
    "oneOf",
    "properties",
    "additionalProperties",
    "required",
];
/// What says nothing about values.
const SILENT: [&str; 3] = ["deprecated", "readOnly", "writeOnly"];

/// One tool under a portable name.
///
/// # Errors
/// The name begins with no letter, or a required parameter has a name that clients refuse.
pub fn tool(name: &str, tool: &Tool) -> Result<Exported, Loss> {
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return Err(Loss::new("", "left out: a function's name begins with a letter or `_`"));
    }
    let mut draft = Draft::with_portable_names(&tool.parameters)?;
    draft.without_all_of();
    draft.each(lowered);
    let schema = std::mem::take(&mut draft.schema);
    let mut out = Map::new();
    put(&mut out, "name", Some(name));
    // The API wants one.
    put(&mut out, "description", Some(description(tool).unwrap_or(name)));
    let takes_nothing = schema.get("properties") == Some(&json!({}))
        && schema.get("additionalProperties") == Some(&Value::Bool(false));
    put(&mut out, "parametersJsonSchema", Some(schema).filter(|_| !takes_nothing));
    Ok(Exported { value: Value::Object(out), lost: draft.into_lost() })
}

/// One schema in the keywords of the list.
fn lowered(schema: &mut Map<String, Value>, path: &str, lost: &mut Vec<Loss>) {
    if let Some(value) = schema.shift_remove("const") {
        schema.insert("enum".into(), vec![value].into());
    }
    inclusive(schema, path, lost);
    if let Some(default) = schema.shift_remove("default") {
        mention_default(schema, &default);
    }
    let dropped: Vec<_> = schema
        .iter()
        .filter(|(key, value)| !ALLOWED.contains(&key.as_str()) || (*key == "items" && value.is_boolean()))
        .map(|(key, _)| key.clone())
        .collect();
    for key in dropped {
        schema.shift_remove(&key);
        if !(SILENT.contains(&key.as_str()) || key.starts_with("x-")) {
            lost.push(Loss::new(path, format!("`{key}` is not said")));
        }
    }
    plain_values(schema, path, lost);
}

/// `exclusiveMinimum` and its like, as bounds that the value may touch. Of two bounds the stricter stays.
fn inclusive(schema: &mut Map<String, Value>, path: &str, lost: &mut Vec<Loss>) {
    let whole = schema.get("type").is_some_and(|kind| kind == "integer");
    for (exclusive, bound, step, stricter) in [
        ("exclusiveMinimum", "minimum", 1, Ordering::Greater),
        ("exclusiveMaximum", "maximum", -1, Ordering::Less),
    ] {
        let Some(value) = schema.shift_remove(exclusive) else { continue };
        if schema.get(bound).is_some_and(|own| compared(own, &value) == Some(stricter)) {
            continue;
        }
        let next = value.as_i64().filter(|_| whole).and_then(|number| number.checked_add(step));
        if next.is_none() {
            lost.push(Loss::new(
                path,
                format!("that `{value}` itself is excluded (`{exclusive}`) is not said"),
            ));
        }
        schema.insert(bound.into(), next.map_or(value, Value::from));
    }
}

/// Two numbers, exactly where they are integers.
fn compared(one: &Value, other: &Value) -> Option<Ordering> {
    match (one.as_i64(), other.as_i64()) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

/// An `enum` holds strings and numbers; null is a type of its own.
fn plain_values(schema: &mut Map<String, Value>, path: &str, lost: &mut Vec<Loss>) {
    let Some(Value::Array(values)) = schema.get("enum").cloned() else { return };
    let is_plain = |value: &Value| value.is_string() || value.is_number();
    if values.iter().all(is_plain) && !values.is_empty() {
        return;
    }
    schema.shift_remove("enum");
    let mut plain = values.clone();
    plain.retain(|value| !value.is_null());
    if plain.len() < values.len() && !plain.is_empty() && plain.iter().all(is_plain) {
        let mut inner = Map::new();
        if let Some(kind) = schema.shift_remove("type") {
            let word = match kind {
                Value::Array(words) => words.into_iter().find(|word| word != "null"),
                one => Some(one),
            };
            put(&mut inner, "type", word.filter(|_| kinds_of(&plain).len() == 1));
        }
        inner.insert("enum".into(), plain.into());
        schema.insert("anyOf".into(), json!([inner, { "type": "null" }]));
        return;
    }
    let kinds = kinds_of(&values);
    if let ([one], false) = (kinds.as_slice(), schema.contains_key("type")) {
        schema.insert("type".into(), (*one).into());
    }
    if kinds != ["null"] {
        lost.push(Loss::new(path, format!("which values are allowed ({}) is not said", Value::from(values))));
    }
}
