//! How types and values are named in a problem: short, whatever the value holds.

use serde_json::Value;

use crate::schema::{Schema, Type};

/// What a type wants, with its article: `an integer`.
pub(super) fn wanted(schema: &Schema) -> String {
    match &schema.kind {
        Type::Any => "any value".into(),
        Type::Null => "null".into(),
        Type::Boolean => "a boolean".into(),
        Type::Integer(_) => "an integer".into(),
        Type::Number(_) => "a number".into(),
        Type::String(_) => "a string".into(),
        Type::Array(_) => "an array".into(),
        Type::Object(_) => "an object".into(),
        Type::Enum(values) => one_of(values.iter().map(|value| format!("`{value}`"))),
        Type::Union(members) => one_of(members.iter().map(wanted)),
        Type::Raw(raw) => match raw.get("type").and_then(Value::as_str) {
            Some("integer") => "an integer".into(),
            Some(word @ ("array" | "object")) => format!("an {word}"),
            Some(word @ ("number" | "string" | "boolean")) => format!("a {word}"),
            _ => "a value that fits its schema".into(),
        },
    }
}

/// What was there: small values as they are, others by their kind.
pub(super) fn found(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) | Value::Number(_) => format!("`{value}`"),
        Value::String(text) if text.chars().count() <= 60 => format!("the string `{}`", text.escape_debug()),
        Value::String(text) => {
            let head: String = text.chars().take(57).collect();
            format!("the string `{}...`", head.escape_debug())
        }
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
    }
}

/// `a, b or c`
pub(super) fn one_of(words: impl Iterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for word in words {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    match seen.split_last() {
        None => "nothing".into(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}
