//! `type`, `enum` and `const`: which values there may be. Null, which TOML has not, becomes a type.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::super::toml::is_sayable;
use super::Rewriter;

const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "array", "object", "null"];

impl Rewriter {
    /// `type`, `enum` and `const`: null becomes a type.
    pub(super) fn enumeration(
        &mut self,
        schema: &Map<String, Value>,
        at: &str,
        out: &mut Map<String, Value>,
    ) {
        let types = self.types(schema, at);
        let fits =
            |value: &Value| types.as_ref().is_none_or(|types| types.iter().any(|word| is_of(value, word)));
        let values = match (schema.get("const"), schema.get("enum")) {
            (Some(value), _) => Some(vec![value.clone()]),
            (None, Some(Value::Array(values))) => Some(values.clone()),
            (None, Some(_)) => {
                self.lose(at, "`enum` is no list");
                None
            }
            (None, None) => None,
        };
        let allowed = values.map(|values| {
            let mut seen: Vec<Value> = Vec::new();
            values.into_iter().filter(fits).for_each(|value| {
                if !seen.contains(&value) {
                    seen.push(value);
                }
            });
            seen
        });
        let (nulls, rest): (Vec<_>, Vec<_>) = allowed.iter().flatten().cloned().partition(Value::is_null);
        if allowed.is_none() {
            match types.as_deref() {
                None | Some([]) => {}
                Some([only]) => drop(out.insert("type".to_owned(), json!(only))),
                Some(words) => drop(out.insert("type".to_owned(), json!(words))),
            }
        } else if !rest.iter().all(is_sayable) {
            self.lose(at, "not every value of its list can be written");
        } else if rest.is_empty() && nulls.is_empty() {
            out.insert("not".to_owned(), json!({}));
        } else if rest.is_empty() {
            out.insert("type".to_owned(), json!("null"));
        } else if nulls.is_empty() {
            // Their type goes without saying, and is said where it is one, for those who show it.
            if let Some([only]) = types.as_deref() {
                out.insert("type".to_owned(), json!(only));
            }
            out.insert("enum".to_owned(), rest.into());
        } else {
            let either = json!([{ "enum": rest }, { "type": "null" }]);
            match schema.contains_key("anyOf") {
                false => drop(out.insert("anyOf".to_owned(), either)),
                true => self.lose(at, "null beside other values"),
            }
        }
    }

    fn types(&mut self, schema: &Map<String, Value>, at: &str) -> Option<Vec<String>> {
        let words: Vec<&Value> = match schema.get("type")? {
            Value::Array(words) => words.iter().collect(),
            word => vec![word],
        };
        let known: Vec<String> = words
            .iter()
            .filter_map(|word| word.as_str())
            .filter(|word| TYPES.contains(word))
            .map(str::to_owned)
            .collect();
        if known.len() < words.len() || words.is_empty() {
            self.lose(at, "its `type` is not known");
            return None;
        }
        let mut seen = BTreeSet::new();
        Some(known.into_iter().filter(|word| seen.insert(word.clone())).collect())
    }
}

fn is_of(value: &Value, word: &str) -> bool {
    match word {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => value.is_number(),
    }
}
