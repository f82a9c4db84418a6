//! Arguments that stand in the head of a request as well (`x-mcp-header`), so that what lies between client and server
//! can route by them. A value never breaks out of its header: what is not plain is base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

const KEY: &str = "x-mcp-header";

/// An argument that goes into the header `Mcp-Param-NAME` too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirrored {
    /// What comes after `Mcp-Param-`.
    pub header: String,
    /// The names that lead to the argument, from the outermost.
    pub path: Vec<String>,
}

impl From<(String, Vec<String>)> for Mirrored {
    fn from((header, path): (String, Vec<String>)) -> Self {
        Self { header, path }
    }
}

impl Mirrored {
    /// Reads the `inputSchema` of a tool.
    ///
    /// # Errors
    /// What is wrong with an `x-mcp-header` in it. Such a tool must not be called over HTTP.
    pub fn of_schema(schema: &Value) -> Result<Vec<Self>, String> {
        if schema.get(KEY).is_some() {
            return Err(format!("`{KEY}` stands at the root of its schema"));
        }
        let mut found = Vec::new();
        collect(schema, &mut Vec::new(), &mut found)?;
        // One that stands anywhere else belongs to no argument that is known to be there.
        if count(schema, true) != found.len() {
            return Err(format!("`{KEY}` stands where no single argument is meant"));
        }
        let mut seen = std::collections::HashSet::new();
        match found.iter().find(|mirrored| !seen.insert(mirrored.header.to_ascii_lowercase())) {
            Some(twice) => Err(format!("two of its arguments have the header `{}`", twice.header)),
            None => Ok(found),
        }
    }

    /// The header, for these arguments; none when the argument is absent.
    pub(crate) fn of_arguments(&self, arguments: &Map<String, Value>) -> Option<(String, String)> {
        let (first, rest) = self.path.split_first()?;
        let value = rest.iter().try_fold(arguments.get(first)?, |value, name| value.get(name))?;
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        Some((format!("Mcp-Param-{}", self.header), header_value(&text)))
    }
}

fn collect(schema: &Value, path: &mut Vec<String>, found: &mut Vec<Mirrored>) -> Result<(), String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        path.push(name.clone());
        if let Some(header) = property.get(KEY) {
            let header = header.as_str().filter(|header| is_token(header));
            let Some(header) = header else { return Err(format!("`{KEY}` of `{name}` names no header")) };
            let kind = property.get("type").and_then(Value::as_str);
            if !matches!(kind, Some("string" | "integer" | "boolean")) {
                return Err(format!("`{KEY}` of `{name}`, which is no string, integer or boolean"));
            }
            found.push(Mirrored { header: header.to_owned(), path: path.clone() });
        }
        collect(property, path, found)?;
        path.pop();
    }
    Ok(())
}

/// How many there are anywhere where a schema stands. What stands in values is no schema.
fn count(value: &Value, is_schema: bool) -> usize {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, inner)| match key.as_str() {
                KEY if is_schema => 1,
                "default" | "const" | "enum" | "examples" if is_schema => 0,
                // Names of these stand where keywords stand elsewhere.
                "properties" | "$defs" | "definitions" | "patternProperties" | "dependentSchemas"
                    if is_schema =>
                {
                    inner.as_object().into_iter().flatten().map(|(_, schema)| count(schema, true)).sum()
                }
                _ => count(inner, true),
            })
            .sum(),
        Value::Array(items) => items.iter().map(|item| count(item, true)).sum(),
        _ => 0,
    }
}

/// RFC 9110, 5.6.2
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A text as a header carries it.
pub(crate) fn header_value(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
        && text.trim() == text
        && !(text.starts_with("=?base64?") && text.ends_with("?="));
    if is_plain { text.to_owned() } else { format!("=?base64?{}?=", STANDARD.encode(text.as_bytes())) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Mirrored, header_value};

    #[test]
    fn headers_are_those_of_properties_alone() {
        let schema = json!({"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "where": {"type": "object", "properties": {"zone": {"type": "integer", "x-mcp-header": "Zone"}}},
            "x-mcp-header": {"type": "string", "default": {"x-mcp-header": 1}},
        }});
        let mirrored = Mirrored::of_schema(&schema).unwrap();
        let arguments = json!({"region": " a", "where": {"zone": 3}});
        let headers: Vec<_> =
            mirrored.iter().filter_map(|one| one.of_arguments(arguments.as_object().unwrap())).collect();
        let want = [("Mcp-Param-Region", "=?base64?IGE=?="), ("Mcp-Param-Zone", "3")];
        assert_eq!(headers, want.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let none = json!({"region": null});
        assert!(mirrored.iter().all(|one| one.of_arguments(none.as_object().unwrap()).is_none()));
    }

    #[test]
    fn a_wrong_annotation_is_told() {
        let property = |property| json!({"properties": {"a": property}});
        for (schema, told) in [
            (json!({"x-mcp-header": "A"}), "root"),
            (property(json!({"type": "number", "x-mcp-header": "A"})), "no string"),
            (property(json!({"x-mcp-header": "A"})), "no string"),
            (property(json!({"type": "string", "x-mcp-header": "A B"})), "names no header"),
            (property(json!({"type": "string", "x-mcp-header": ""})), "names no header"),
            (property(json!({"type": "string", "x-mcp-header": "A:\r\nB"})), "names no header"),
            (property(json!({"type": "array", "items": {"type": "string", "x-mcp-header": "A"}})), "single"),
            (json!({"anyOf": [{"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}]}), "single"),
            (
                json!({"properties": {
                    "a": {"type": "string", "x-mcp-header": "A"},
                    "b": {"type": "string", "x-mcp-header": "a"},
                }}),
                "two of",
            ),
        ] {
            let problem = Mirrored::of_schema(&schema).unwrap_err();
            assert!(problem.contains(told), "{problem}");
        }
    }

    #[test]
    fn what_is_not_plain_is_base64() {
        assert_eq!(header_value("us west"), "us west");
        assert_eq!(header_value(""), "");
        for text in ["a ", "\ta", "a\r\nEvil: 1", "世界", "=?base64?YQ==?="] {
            assert!(header_value(text).starts_with("=?base64?"), "{text}");
        }
    }
}
