//! Parameters under OpenAI's strict rules (<https://platform.openai.com/docs/guides/structured-outputs>): every object
//! closed, every property required, few keywords. Bounds are dropped, as rye holds a call to them; what would change the
//! meaning of a call is refused: to us, null is a value and not an absence.

use serde_json::{Map, Value};

use super::Loss;

/// What the rules allow in total.
const MOST_PROPERTIES: usize = 5_000;
const DEEPEST: usize = 10;
const MOST_VALUES: usize = 1_000;
const MOST_CHARACTERS: usize = 120_000;
/// More values than this in one `enum` of strings, and they may hold only so many characters.
const MANY_VALUES: usize = 250;
const MOST_CHARACTERS_OF_MANY: usize = 15_000;

/// The keywords that the rules allow, with the meaning that they have.
const ALLOWED: [&str; 17] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "anyOf",
    "title",
    "description",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "pattern",
];
/// Bounds that are dropped.
const BOUNDS: [&str; 9] = [
    "minLength",
    "maxLength",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "examples",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
];
/// What says nothing about values.
const SILENT: [&str; 3] = ["deprecated", "readOnly", "writeOnly"];
/// The formats that the rules allow.
const FORMATS: [&str; 9] =
    ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// The schema under the strict rules, with what it no longer says.
///
/// # Errors
/// Why the rules cannot say it.
pub(super) fn strict(schema: &Map<String, Value>) -> Result<(Map<String, Value>, Vec<Loss>), Loss> {
    let mut reader = Reader::default();
    let schema = reader.schema(schema, "", 0)?;
    if reader.properties > MOST_PROPERTIES {
        return Err(Loss::new("", format!("more than {MOST_PROPERTIES} properties")));
    }
    if reader.values > MOST_VALUES {
        return Err(Loss::new("", format!("more than {MOST_VALUES} values in `enum`")));
    }
    if reader.characters > MOST_CHARACTERS {
        return Err(Loss::new("", format!("names and values of more than {MOST_CHARACTERS} characters")));
    }
    Ok((schema, reader.lost))
}

#[derive(Default)]
struct Reader {
    properties: usize,
    values: usize,
    characters: usize,
    lost: Vec<Loss>,
}

impl Reader {
    fn schema(
        &mut self,
        schema: &Map<String, Value>,
        path: &str,
        depth: usize,
    ) -> Result<Map<String, Value>, Loss> {
        if depth > DEEPEST {
            return Err(Loss::new(path, format!("deeper than {DEEPEST} levels")));
        }
        let mut out = self.keywords(schema, path)?;
        let kinds = kinds(&out);
        if kinds.is_empty() && !out.contains_key("anyOf") {
            return Err(Loss::new(path, "any value is allowed"));
        }
        self.values(&out, path)?;
        if kinds.iter().any(|kind| kind == "object") {
            self.object(&mut out, path, depth)?;
        }
        if kinds.iter().any(|kind| kind == "array") {
            let Some(Value::Object(items)) = out.get("items") else {
                return Err(Loss::new(format!("{path}[]"), "any value is allowed"));
            };
            let items = self.schema(items, &format!("{path}[]"), depth + 1)?;
            out.insert("items".into(), items.into());
        }
        if let Some(Value::Array(branches)) = out.get("anyOf") {
            let branches: Result<Vec<Value>, Loss> = branches
                .iter()
                .map(|branch| match branch {
                    Value::Object(branch) => self.schema(branch, path, depth).map(Value::from),
                    _ => Err(Loss::new(path, "any value is allowed")),
                })
                .collect();
            out.insert("anyOf".into(), branches?.into());
        }
        Ok(out)
    }

    /// The keywords that stay.
    fn keywords(&mut self, schema: &Map<String, Value>, path: &str) -> Result<Map<String, Value>, Loss> {
        let mut out = Map::new();
        for (key, value) in schema {
            match key.as_str() {
                "pattern" if value.as_str().is_some_and(|pattern| pattern.contains("(?")) => {
                    self.drop(key, path);
                }
                "format" if value.as_str().is_some_and(|format| FORMATS.contains(&format)) => {
                    out.insert(key.clone(), value.clone());
                }
                "format" => self.drop(key, path),
                "const" => {
                    out.insert("enum".into(), vec![value.clone()].into());
                }
                "oneOf" if !schema.contains_key("anyOf") => {
                    self.lost.push(Loss::new(path, "that only one of `oneOf` may fit is not said"));
                    out.insert("anyOf".into(), value.clone());
                }
                // Said in words where the property is made required.
                "default" => {}
                key if ALLOWED.contains(&key) => {
                    out.insert(key.to_owned(), value.clone());
                }
                key if BOUNDS.contains(&key) => self.drop(key, path),
                key if SILENT.contains(&key) || key.starts_with("x-") => {}
                key => return Err(Loss::new(path, format!("`{key}` is not among its keywords"))),
            }
        }
        if !out.contains_key("type")
            && let Some(Value::Array(values)) = out.get("enum")
        {
            let kinds = kinds_of(values);
            out.insert(
                "type".into(),
                if let [one] = kinds.as_slice() { (*one).into() } else { kinds.into() },
            );
        }
        Ok(out)
    }

    fn drop(&mut self, key: &str, path: &str) {
        self.lost.push(Loss::new(path, format!("`{key}` is not said")));
    }

    /// Counts the values of an `enum`.
    fn values(&mut self, schema: &Map<String, Value>, path: &str) -> Result<(), Loss> {
        let Some(Value::Array(values)) = schema.get("enum") else { return Ok(()) };
        if values.is_empty() {
            return Err(Loss::new(path, "no value is allowed"));
        }
        let characters: usize =
            values.iter().filter_map(Value::as_str).map(|text| text.chars().count()).sum();
        if values.len() > MANY_VALUES && characters > MOST_CHARACTERS_OF_MANY {
            return Err(Loss::new(path, format!("{} values of {characters} characters", values.len())));
        }
        self.values += values.len();
        self.characters += characters;
        Ok(())
    }

    fn object(&mut self, out: &mut Map<String, Value>, path: &str, depth: usize) -> Result<(), Loss> {
        if out.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Err(Loss::new(path, "further members are allowed"));
        }
        let required: Vec<Value> = out.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let properties = match out.get("properties") {
            Some(Value::Object(properties)) => properties.clone(),
            _ => Map::new(),
        };
        let mut all = Map::new();
        for (name, property) in properties {
            let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let Value::Object(property) = property else {
                return Err(Loss::new(below, "any value is allowed"));
            };
            self.properties += 1;
            self.characters += name.chars().count();
            let mut strict = self.schema(&property, &below, depth + 1)?;
            if !required.iter().any(|known| *known == name) {
                let Some(default) = property.get("default") else {
                    return Err(Loss::new(below, "it may be absent, and null is not the same"));
                };
                // Given, the default means what its absence means; so that it can be asked for always.
                mention_default(&mut strict, default);
            }
            all.insert(name, strict.into());
        }
        out.insert("required".into(), all.keys().cloned().collect::<Vec<_>>().into());
        out.insert("properties".into(), all.into());
        Ok(())
    }
}

/// Says in words what a keyword may not.
pub(super) fn mention_default(schema: &mut Map<String, Value>, default: &Value) {
    let mention = format!("default: {default}");
    let text = match schema.get("description").and_then(Value::as_str).map(str::trim_end) {
        Some(text) if !text.is_empty() => format!("{text} ({mention})"),
        _ => mention,
    };
    schema.insert("description".into(), text.into());
}

/// The words of `type`.
fn kinds(schema: &Map<String, Value>) -> Vec<String> {
    match schema.get("type") {
        Some(Value::String(word)) => vec![word.clone()],
        Some(Value::Array(words)) => {
            words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}

/// The types of some values, each once.
pub(super) fn kinds_of(values: &[Value]) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    for value in values {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}
