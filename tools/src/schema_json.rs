//! Types as JSON Schema (2020-12) for programs, and as one short word for people. What is written here, read
//! back by `schema_read`, is the same type.

use serde_json::{Map, Value, json};

use crate::dialect::walk::children;
use crate::parameter::Parameters;
use crate::schema::{Additional, ArrayType, NumberBounds, ObjectType, Schema, StringBounds, Type};

/// The keywords that refer to a schema.
const REFERENCES: [&str; 2] = ["$ref", "$dynamicRef"];

impl Schema {
    /// The type as JSON Schema.
    #[must_use]
    pub fn to_json(&self) -> Value {
        if let Type::Raw(raw) = &self.kind {
            return raw.clone();
        }
        let mut out = Map::new();
        self.kind.write(&mut out);
        put(&mut out, "title", self.title.as_ref());
        put(&mut out, "description", self.description.as_ref());
        put(&mut out, "default", self.default.as_ref());
        if !self.examples.is_empty() {
            out.insert("examples".into(), Value::Array(self.examples.clone()));
        }
        put(&mut out, "x-mcp-header", self.header.as_ref());
        Value::Object(out)
    }

    /// The type in one short word for people: `str`, `list[int]`, `"a"|"b"`.
    #[must_use]
    pub fn signature(&self) -> String {
        match &self.kind {
            Type::Any => "any".into(),
            Type::Null => "null".into(),
            Type::Boolean => "bool".into(),
            Type::Integer(_) => "int".into(),
            Type::Number(_) => "number".into(),
            Type::String(_) => "str".into(),
            Type::Array(array) => match array.items.signature().as_str() {
                "any" => "list".into(),
                items => format!("list[{items}]"),
            },
            Type::Object(_) => "object".into(),
            Type::Enum(values) => alternatives(values.iter().map(Value::to_string)),
            Type::Union(members) => alternatives(members.iter().map(Self::signature)),
            Type::Raw(raw) => match raw.get("type").and_then(Value::as_str) {
                Some("string") => "str".into(),
                Some("integer") => "int".into(),
                Some("boolean") => "bool".into(),
                Some("array") => "list".into(),
                Some(word @ ("number" | "object" | "null")) => word.into(),
                _ => "any".into(),
            },
        }
    }
}

impl Parameters {
    /// All parameters as one JSON Schema of type object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let members = self.list.iter().map(|one| (one.name.as_str(), &one.schema, one.required));
        let mut out = Map::new();
        write_object(&mut out, members, &self.additional, true);
        hoist_documents(&mut out);
        Value::Object(out)
    }
}

/// A parameter whose schema refers to parts of itself is a document of its own: it moves below `$defs`, so that its
/// references still lead there.
fn hoist_documents(out: &mut Map<String, Value>) {
    let Some(Value::Object(properties)) = out.get_mut("properties") else { return };
    let mut documents = Map::new();
    for (index, (name, schema)) in properties.iter_mut().enumerate() {
        if !refers_to_itself(schema) {
            continue;
        }
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        let name = if plain { name.clone() } else { format!("{index}.") };
        let reference = format!("#/$defs/{name}");
        let mut document = schema.take();
        rebase(&mut document, &reference);
        *schema = json!({ "$ref": reference });
        documents.insert(name, document);
    }
    if !documents.is_empty() {
        out.insert("$defs".into(), documents.into());
    }
}

/// Whether a schema, or one within, refers to a part of the document that it stands in.
fn refers_to_itself(schema: &mut Value) -> bool {
    let Value::Object(members) = schema else { return false };
    let is_local =
        |key: &&str| members.get(*key).and_then(Value::as_str).is_some_and(|text| text.starts_with('#'));
    let mut found = REFERENCES.iter().any(is_local);
    children(members, "", &mut |child, _| found = found || refers_to_itself(child));
    found
}

fn rebase(schema: &mut Value, base: &str) {
    let Value::Object(members) = schema else { return };
    for key in REFERENCES {
        let Some(value) = members.get_mut(key) else { continue };
        let rest = value.as_str().and_then(|text| text.strip_prefix('#'));
        if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            *value = format!("{base}{rest}").into();
        }
    }
    children(members, "", &mut |child, _| rebase(child, base));
}

impl Type {
    fn write(&self, out: &mut Map<String, Value>) {
        match self {
            Self::Any => {}
            Self::Null => put(out, "type", Some("null")),
            Self::Boolean => put(out, "type", Some("boolean")),
            Self::Integer(bounds) => bounds.write("integer", out),
            Self::Number(bounds) => bounds.write("number", out),
            Self::String(bounds) => bounds.write(out),
            Self::Array(array) => array.write(out),
            Self::Object(object) => object.write(out),
            Self::Enum(values) => {
                if !values.is_empty() && values.iter().all(Value::is_string) {
                    put(out, "type", Some("string"));
                }
                put(out, "enum", Some(values.clone()));
            }
            Self::Union(members) => {
                put(out, "anyOf", Some(members.iter().map(Schema::to_json).collect::<Vec<_>>()));
            }
            Self::Raw(raw) => {
                if let Value::Object(members) = raw {
                    out.extend(members.clone());
                }
            }
        }
    }
}

impl NumberBounds {
    fn write(&self, word: &str, out: &mut Map<String, Value>) {
        put(out, "type", Some(word));
        put(out, "minimum", self.minimum.as_ref());
        put(out, "maximum", self.maximum.as_ref());
        put(out, "exclusiveMinimum", self.exclusive_minimum.as_ref());
        put(out, "exclusiveMaximum", self.exclusive_maximum.as_ref());
        put(out, "multipleOf", self.multiple_of.as_ref());
    }
}

impl StringBounds {
    fn write(&self, out: &mut Map<String, Value>) {
        put(out, "type", Some("string"));
        put(out, "minLength", self.min_length);
        put(out, "maxLength", self.max_length);
        put(out, "pattern", self.pattern.as_ref());
        put(out, "format", self.format.as_ref());
    }
}

impl ArrayType {
    fn write(&self, out: &mut Map<String, Value>) {
        put(out, "type", Some("array"));
        let items = self.items.to_json();
        put(out, "items", Some(items).filter(|items| *items != json!({})));
        put(out, "minItems", self.min_items);
        put(out, "maxItems", self.max_items);
        put(out, "uniqueItems", self.unique.then_some(true));
    }
}

impl ObjectType {
    fn write(&self, out: &mut Map<String, Value>) {
        let members = self.properties.iter().map(|(name, one)| (name.as_str(), &one.schema, one.required));
        write_object(out, members, &self.additional, false);
    }
}

/// `explicit` writes even what JSON Schema assumes: some clients refuse a tool without `properties`.
fn write_object<'s>(
    out: &mut Map<String, Value>,
    members: impl Iterator<Item = (&'s str, &'s Schema, bool)>,
    additional: &Additional,
    explicit: bool,
) {
    put(out, "type", Some("object"));
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, schema, needed) in members {
        properties.insert(name.to_owned(), schema.to_json());
        if needed {
            required.push(name);
        }
    }
    if explicit || !properties.is_empty() {
        out.insert("properties".into(), Value::Object(properties));
    }
    put(out, "required", Some(required).filter(|names| !names.is_empty()));
    let additional = match additional {
        Additional::Forbidden => Some(Value::Bool(false)),
        Additional::Any => explicit.then_some(Value::Bool(true)),
        Additional::Typed(schema) => Some(schema.to_json()),
    };
    put(out, "additionalProperties", additional);
}

/// Each word once, in order.
fn alternatives(words: impl Iterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for word in words {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    if seen.is_empty() { "nothing".into() } else { seen.join("|") }
}

fn put(out: &mut Map<String, Value>, key: &str, value: Option<impl serde::Serialize>) {
    // Strings, numbers, lists and JSON values always serialize.
    if let Some(value) = value.and_then(|value| serde_json::to_value(value).ok()) {
        out.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::parameter::{Parameter, Parameters};
    use crate::schema::{Additional, ArrayType, NumberBounds, Schema, StringBounds, Type};

    fn string() -> Schema {
        Schema::of(Type::String(StringBounds::default()))
    }

    #[test]
    fn no_parameters_and_any_parameters_are_still_objects() {
        let none = json!({"type": "object", "properties": {}, "additionalProperties": false});
        assert_eq!(Parameters::none().to_json(), none);
        let any = json!({"type": "object", "properties": {}, "additionalProperties": true});
        assert_eq!(Parameters::any().to_json(), any);
    }

    #[test]
    fn a_parameter_is_a_property() {
        let mut schema =
            Schema::of(Type::Integer(NumberBounds { minimum: Some(1.into()), ..Default::default() }));
        schema.description = Some("how often".into());
        schema.default = Some(json!(1));
        let times =
            Parameter { name: "times".into(), schema, required: false, allow_dash: false, beneath: None };
        let name = Parameter {
            name: "name".into(),
            schema: string(),
            required: true,
            allow_dash: true,
            beneath: None,
        };
        let all = Parameters { list: vec![name, times], additional: Additional::Forbidden, raw: None };
        let wanted = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "times": {"type": "integer", "minimum": 1, "description": "how often", "default": 1},
            },
            "required": ["name"],
            "additionalProperties": false,
        });
        assert_eq!(all.to_json(), wanted);
    }

    #[test]
    fn signatures_are_short() {
        let list = |items| {
            Schema::of(Type::Array(Box::new(ArrayType {
                items,
                min_items: None,
                max_items: None,
                unique: false,
            })))
        };
        for (schema, word) in [
            (string(), "str"),
            (list(string()), "list[str]"),
            (list(Schema::of(Type::Any)), "list"),
            (Schema::of(Type::Enum(vec![json!("a"), json!("b"), json!(3)])), r#""a"|"b"|3"#),
            (Schema::of(Type::Union(vec![string(), Schema::of(Type::Null), string()])), "str|null"),
            (Schema::of(Type::Raw(json!({"type": "array", "contains": {}}))), "list"),
        ] {
            assert_eq!(schema.signature(), word);
        }
    }
}
