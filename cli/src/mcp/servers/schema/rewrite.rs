//! One pass over a schema: null, old dialects and references that lead out are written another way where that means
//! the same, and left out where not. To leave something out must never forbid what was allowed: around a loss, what
//! turns more into less (`not`, `if`, `oneOf`, `unevaluated…`) goes too.

mod values;

use std::collections::BTreeSet;

use rye_executor::tools::schema::keywords;
use serde_json::{Map, Value, json};

use super::super::toml::is_sayable;
use super::is_readable;

/// How many losses are told of one tool.
const MOST_LOSSES: usize = 8;
/// The longest name of a parameter, in characters.
const MOST_NAME: usize = 128;

/// Keywords with one schema.
const SINGLE: [&str; 8] = [
    "additionalProperties",
    "propertyNames",
    "contains",
    "contentSchema",
    "then",
    "else",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords with a schema for each name.
const NAMED: [&str; 5] = ["properties", "$defs", "definitions", "patternProperties", "dependentSchemas"];
/// Keywords that only say something.
const TEXTS: [&str; 2] = ["title", "description"];
const SWITCHES: [&str; 4] = ["deprecated", "readOnly", "writeOnly", "uniqueItems"];
const COUNTS: [&str; 7] =
    ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains"];
const NUMBERS: [&str; 5] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
/// The one dialect that is read.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Rewrites one document.
pub(super) struct Rewriter {
    pub(super) losses: Vec<String>,
    known: BTreeSet<&'static str>,
    lost: usize,
    /// Some pattern of names was left out since this was looked at.
    pattern_lost: bool,
}

impl Rewriter {
    pub(super) fn new(losses: Vec<String>) -> Self {
        Self { losses, known: keywords().collect(), lost: 0, pattern_lost: false }
    }

    /// Rewrites the whole.
    pub(super) fn root(&mut self, schema: &Map<String, Value>) -> Map<String, Value> {
        let mut out = match self.object(schema, "") {
            Value::Object(out) => out,
            _ => Map::new(),
        };
        self.root_names(&mut out);
        // What was lost may stand wherever a reference leads.
        if self.lost > 0 && has_reference(&out) && narrows(&out) {
            let kept = ["type", "title", "description"];
            out.retain(|key, _| kept.contains(&key.as_str()));
            self.lose("", "what it refers to cannot be kept");
        }
        out
    }

    /// Something of the schema at `at` is not checked.
    fn lose(&mut self, at: &str, why: &str) {
        self.lost += 1;
        let told = match at {
            "" => format!("not all is checked: {why}"),
            _ => format!("`{at}` is not wholly checked: {why}"),
        };
        match self.losses.len() {
            0..MOST_LOSSES if !self.losses.contains(&told) => self.losses.push(told),
            MOST_LOSSES => self.losses.push("and more of its schema".to_owned()),
            _ => {}
        }
    }

    fn schema(&mut self, schema: &Value, at: &str) -> Value {
        match schema {
            Value::Object(members) => self.object(members, at),
            // As tables, so that the order of parameters stays.
            Value::Bool(true) => json!({}),
            Value::Bool(false) => json!({ "not": {} }),
            _ => {
                self.lose(at, "a schema is not an object");
                json!({})
            }
        }
    }

    fn object(&mut self, schema: &Map<String, Value>, at: &str) -> Value {
        let before = self.lost;
        if !at.is_empty() && schema.contains_key("$id") && has_reference(schema) {
            self.lose(at, "it is a document of its own");
            return json!({});
        }
        let mut out = Map::new();
        self.enumeration(schema, at, &mut out);
        for (key, value) in schema {
            self.keyword(schema, key, value, at, &mut out);
        }
        if std::mem::take(&mut self.pattern_lost) {
            out.remove("additionalProperties");
        }
        self.tuples(schema, at, &mut out);
        self.dependencies(schema, at, &mut out);
        if self.lost > before {
            for key in ["unevaluatedProperties", "unevaluatedItems"] {
                out.remove(key);
            }
        }
        Value::Object(out)
    }

    /// One keyword that stands for itself; those that belong together are read elsewhere.
    fn keyword(
        &mut self,
        all: &Map<String, Value>,
        key: &str,
        value: &Value,
        at: &str,
        out: &mut Map<String, Value>,
    ) {
        let mut put = |value: Value| {
            out.insert(key.to_owned(), value);
        };
        match key {
            "items" if value.is_array() => {}
            "enum" | "const" | "type" | "dependencies" | "additionalItems" => {}
            "$schema" if value == DIALECT => put(value.clone()),
            "default" | "examples" => {
                let fits = is_sayable(value) && (key == "default" || value.is_array());
                if fits {
                    put(value.clone());
                }
            }
            "$anchor" | "format" if value.is_string() => put(value.clone()),
            "contentEncoding" | "contentMediaType" if value.is_string() => put(value.clone()),
            "$ref" | "$dynamicRef" => match value.as_str() {
                Some(text) if text.starts_with('#') && key == "$ref" => put(value.clone()),
                _ => self.lose(at, "it refers to another document, which is never fetched"),
            },
            "pattern" => match is_readable(key, value) {
                true => put(value.clone()),
                false => self.lose(at, "its pattern cannot be read here"),
            },
            "exclusiveMinimum" | "exclusiveMaximum" if value.is_boolean() => {
                // As it was written once: a switch for the bound beside it.
                let bound = if key == "exclusiveMinimum" { "minimum" } else { "maximum" };
                if let (Some(true), Some(bound)) = (value.as_bool(), all.get(bound)) {
                    put(bound.clone());
                }
            }
            _ if TEXTS.contains(&key) => {
                if value.is_string() {
                    put(value.clone());
                }
            }
            _ if SWITCHES.contains(&key) => {
                if value.is_boolean() {
                    put(value.clone());
                }
            }
            _ if NUMBERS.contains(&key) => match value.is_number() && is_readable(key, value) {
                true => put(value.clone()),
                false => self.lose(at, &format!("`{key}` is no number that fits here")),
            },
            _ if COUNTS.contains(&key) => match count(value) {
                Some(count) => put(count.into()),
                None => self.lose(at, &format!("`{key}` is no count")),
            },
            "required" => {
                if let Value::Array(names) = value {
                    let mut seen = BTreeSet::new();
                    let names: Vec<_> =
                        names.iter().filter_map(Value::as_str).filter(|name| seen.insert(*name)).collect();
                    if !names.is_empty() {
                        put(json!(names));
                    }
                }
            }
            "dependentRequired" => match value.as_object() {
                Some(lists) if is_sayable(value) && lists.values().all(is_names) => put(value.clone()),
                _ => self.lose(at, "`dependentRequired` has no lists of names"),
            },
            "anyOf" | "allOf" | "prefixItems" => {
                if let Some(list) = self.list(key, value, at) {
                    put(list);
                }
            }
            "oneOf" => {
                let before = self.lost;
                if let Some(list) = self.list(key, value, at) {
                    // With less said of each, a value may fit two of them.
                    let key = if self.lost > before { "anyOf" } else { "oneOf" };
                    let is_free = !all.contains_key("anyOf") && !out.contains_key("anyOf");
                    if key == "oneOf" || is_free {
                        out.insert(key.to_owned(), list);
                    }
                }
            }
            "not" | "if" => {
                let before = self.lost;
                let schema = self.schema(value, at);
                if self.lost == before {
                    put(schema);
                }
            }
            "items" => put(self.schema(value, &joined(at, "[]"))),
            "maxContains" => self.lose(at, "`maxContains` is not kept"),
            _ if SINGLE.contains(&key) => match value {
                Value::Bool(_) if key == "additionalProperties" || key.starts_with("unevaluated") => {
                    put(value.clone());
                }
                _ => put(self.schema(value, at)),
            },
            _ if NAMED.contains(&key) => {
                if let Some(members) = self.members(key, value, at) {
                    put(members);
                }
            }
            _ if key.starts_with("x-") => {
                if is_sayable(value) {
                    put(value.clone());
                }
            }
            // What says nothing about values to those who read this dialect goes without a word.
            _ => {
                if self.known.contains(key)
                    && !matches!(key, "$id" | "$schema" | "$comment" | "$vocabulary" | "$dynamicAnchor")
                {
                    self.lose(at, &format!("`{key}` cannot be kept"));
                }
            }
        }
    }

    fn list(&mut self, key: &str, value: &Value, at: &str) -> Option<Value> {
        match value.as_array() {
            Some(items) if !items.is_empty() => {
                Some(items.iter().map(|item| self.schema(item, at)).collect())
            }
            _ => {
                self.lose(at, &format!("`{key}` is no list of schemas"));
                None
            }
        }
    }

    fn members(&mut self, key: &str, value: &Value, at: &str) -> Option<Value> {
        let Some(members) = value.as_object() else {
            self.lose(at, &format!("`{key}` is no table"));
            return None;
        };
        let mut out = Map::new();
        for (name, schema) in members {
            let at = if key == "properties" { joined(at, name) } else { at.to_owned() };
            if key == "patternProperties" && !is_readable("pattern", &name.as_str().into()) {
                self.lose(&at, "a pattern of its names cannot be read here");
                self.pattern_lost = true;
                continue;
            }
            out.insert(name.clone(), self.schema(schema, &at));
        }
        Some(out.into())
    }

    /// Tuples as they were written once: `items` with a list, and `additionalItems`.
    fn tuples(&mut self, schema: &Map<String, Value>, at: &str, out: &mut Map<String, Value>) {
        let Some(Value::Array(items)) = schema.get("items") else { return };
        if !items.is_empty() {
            let items = items.iter().map(|item| self.schema(item, at)).collect();
            out.insert("prefixItems".to_owned(), Value::Array(items));
        }
        if let Some(rest) = schema.get("additionalItems") {
            let rest = self.schema(rest, at);
            out.insert("items".to_owned(), rest);
        }
    }

    fn dependencies(&mut self, schema: &Map<String, Value>, at: &str, out: &mut Map<String, Value>) {
        let Some(Value::Object(members)) = schema.get("dependencies") else { return };
        let (mut names, mut schemas) = (Map::new(), Map::new());
        for (name, value) in members {
            if is_names(value) {
                names.insert(name.clone(), value.clone());
            } else {
                schemas.insert(name.clone(), self.schema(value, at));
            }
        }
        for (key, members) in [("dependentRequired", names), ("dependentSchemas", schemas)] {
            if !members.is_empty() && !out.contains_key(key) {
                out.insert(key.to_owned(), members.into());
            }
        }
    }

    /// Parameters have names that can be typed, and what is required is declared or may be anything.
    fn root_names(&mut self, out: &mut Map<String, Value>) {
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().count() <= MOST_NAME && !name.chars().any(char::is_control)
        };
        let mut odd = Vec::new();
        if let Some(Value::Object(properties)) = out.get_mut("properties") {
            odd.extend(properties.keys().filter(|name| !is_name(name)).cloned());
            properties.retain(|name, _| is_name(name));
        }
        let declared: BTreeSet<String> = out
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Map::keys)
            .cloned()
            .collect();
        let is_closed = out.get("additionalProperties") == Some(&Value::Bool(false));
        if let Some(Value::Array(required)) = out.get_mut("required") {
            required.retain(|name| {
                let name = name.as_str().unwrap_or_default();
                let keep = is_name(name) && (!is_closed || declared.contains(name));
                if !keep && !odd.iter().any(|odd| odd == name) {
                    odd.push(name.to_owned());
                }
                keep
            });
        }
        if !odd.is_empty() {
            out.insert("additionalProperties".to_owned(), Value::Bool(true));
            out.remove("unevaluatedProperties");
            self.lose("", "a parameter has no name that can be written");
        }
    }
}

fn joined(at: &str, name: &str) -> String {
    let name: String = name.chars().take(40).collect();
    match at {
        "" => name,
        _ if name == "[]" => format!("{at}[]"),
        _ => format!("{at}.{name}"),
    }
}

fn count(value: &Value) -> Option<i64> {
    let whole = value.as_i64().or_else(|| {
        let double = value.as_f64().filter(|double| double.fract() == 0.0 && (0.0..9e15).contains(double))?;
        format!("{double:.0}").parse().ok()
    });
    whole.filter(|count| *count >= 0)
}

fn is_names(value: &Value) -> bool {
    value.as_array().is_some_and(|names| names.iter().all(Value::is_string))
}

fn has_reference(schema: &Map<String, Value>) -> bool {
    schema
        .iter()
        .any(|(key, value)| matches!(key.as_str(), "$ref" | "$dynamicRef") || has_reference_in(value))
}

fn has_reference_in(value: &Value) -> bool {
    match value {
        Value::Object(members) => has_reference(members),
        Value::Array(items) => items.iter().any(has_reference_in),
        _ => false,
    }
}

/// Whether a keyword stands somewhere by which more said of a part means more allowed of the whole.
fn narrows(schema: &Map<String, Value>) -> bool {
    const WORDS: [&str; 5] = ["not", "if", "oneOf", "unevaluatedProperties", "unevaluatedItems"];
    let narrows_in = |value: &Value| match value {
        Value::Object(members) => narrows(members),
        Value::Array(items) => items.iter().filter_map(Value::as_object).any(narrows),
        _ => false,
    };
    schema.iter().any(|(key, value)| WORDS.contains(&key.as_str()) || narrows_in(value))
}
