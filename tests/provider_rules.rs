//! What the providers publish about the tools that they take, as far as it can be had, written as checks. Each gives
//! every rule that a value breaks.

use serde_json::{Value, json};

/// The definitions of `Tool` in the schema of MCP, revision 2025-11-25, without its descriptions. Every later revision
/// takes what this one takes.
fn mcp_tool() -> Value {
    let schema = json!({
        "type": "object",
        "properties": {
            "$schema": { "type": "string" },
            "type": { "const": "object", "type": "string" },
            "properties": {
                "type": "object",
                "additionalProperties": { "type": "object", "properties": {}, "additionalProperties": true },
            },
            "required": { "type": "array", "items": { "type": "string" } },
        },
        "required": ["type"],
    });
    let hint = json!({ "type": "boolean" });
    json!({
        "type": "object",
        "properties": {
            "name": { "type": "string" },
            "title": { "type": "string" },
            "description": { "type": "string" },
            "inputSchema": schema,
            "outputSchema": schema,
            "annotations": {
                "type": "object",
                "properties": {
                    "title": { "type": "string" }, "readOnlyHint": hint, "destructiveHint": hint,
                    "idempotentHint": hint, "openWorldHint": hint,
                },
                "additionalProperties": false,
            },
        },
        "required": ["name", "inputSchema"],
        "additionalProperties": false,
    })
}

fn against(schema: &Value, value: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(schema).unwrap();
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// What every provider wants of a name and of the root of the parameters.
fn common(name: &Value, schema: &Value, properties_are_named: bool) -> Vec<String> {
    let mut broken = Vec::new();
    let fits = |text: &str, more: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || more.contains(c);
        (1..=64).contains(&text.len()) && text.chars().all(allowed)
    };
    if !name.as_str().is_some_and(|name| fits(name, "")) {
        broken.push(format!("the name {name}"));
    }
    if schema["type"] != "object" {
        broken.push("the root is no object".to_owned());
    }
    for key in ["anyOf", "oneOf", "allOf", "enum", "not", "const", "$ref"] {
        if schema.get(key).is_some() {
            broken.push(format!("`{key}` at the root"));
        }
    }
    for property in schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name) {
        if properties_are_named && !fits(property, ".") {
            broken.push(format!("the property {property}"));
        }
    }
    if let Err(error) = jsonschema::meta::validate(schema) {
        broken.push(format!("no JSON Schema: {error}"));
    }
    walk(schema, &mut |schema| {
        if schema.get("$ref").is_some() {
            broken.push(format!("a reference in {schema}"));
        }
    });
    broken
}

/// Every schema within one.
fn walk(schema: &Value, visit: &mut dyn FnMut(&Value)) {
    let Value::Object(members) = schema else { return };
    visit(schema);
    for (key, value) in members {
        match (key.as_str(), value) {
            ("properties" | "patternProperties" | "dependentSchemas", Value::Object(named)) => {
                named.values().for_each(|schema| walk(schema, visit));
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(all)) => {
                all.iter().for_each(|schema| walk(schema, visit));
            }
            ("items" | "additionalProperties" | "not" | "if" | "then" | "else" | "contains", _) => {
                walk(value, visit);
            }
            _ => {}
        }
    }
}

/// MCP: <https://modelcontextprotocol.io/specification/2025-11-25/schema#tool>, and what its clients want besides.
pub(crate) fn mcp(tool: &Value) -> Vec<String> {
    let mut broken = against(&mcp_tool(), tool);
    broken.extend(common(&tool["name"], &tool["inputSchema"], true));
    if tool["description"].as_str().is_none_or(str::is_empty) {
        broken.push("no description, which the conformance suite wants".to_owned());
    }
    broken
}

/// Anthropic: <https://docs.claude.com/en/api/messages>, and its errors for property names and composition.
pub(crate) fn anthropic(tool: &Value) -> Vec<String> {
    let shape = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string" }, "description": { "type": "string" }, "input_schema": { "type": "object" },
        },
        "required": ["name", "input_schema"],
        "additionalProperties": false,
    });
    let mut broken = against(&shape, tool);
    broken.extend(common(&tool["name"], &tool["input_schema"], true));
    broken
}

/// OpenAI: <https://platform.openai.com/docs/guides/function-calling>, and the rules of structured outputs where a tool
/// is strict.
pub(crate) fn openai(tool: &Value) -> Vec<String> {
    let shape = json!({
        "type": "object",
        "properties": {
            "type": { "const": "function" }, "name": { "type": "string" },
            "description": { "type": "string", "maxLength": 1024 },
            "parameters": { "type": "object" }, "strict": { "type": "boolean" },
        },
        "required": ["type", "name", "parameters", "strict"],
        "additionalProperties": false,
    });
    let mut broken = against(&shape, tool);
    let parameters = &tool["parameters"];
    broken.extend(common(&tool["name"], parameters, false));
    walk(parameters, &mut |schema| {
        if has_kind(schema, "array") && schema.get("items").is_none() {
            broken.push(format!("an array without items: {schema}"));
        }
    });
    if tool["strict"] == true {
        strict(parameters, 0, &mut broken);
        let (mut properties, mut values) = (0, 0);
        walk(parameters, &mut |schema| {
            properties += schema["properties"].as_object().map_or(0, serde_json::Map::len);
            values += schema["enum"].as_array().map_or(0, Vec::len);
        });
        if properties > 5_000 || values > 1_000 {
            broken.push(format!("{properties} properties, {values} values"));
        }
    }
    broken
}

fn has_kind(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::String(word) => word == kind,
        Value::Array(words) => words.iter().any(|word| word == kind),
        _ => false,
    }
}

/// <https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>
fn strict(schema: &Value, depth: usize, broken: &mut Vec<String>) {
    const KEYWORDS: [&str; 18] = [
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "anyOf",
        "title",
        "description",
        "pattern",
        "format",
        "multipleOf",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "minItems",
        "maxItems",
    ];
    const FORMATS: [&str; 9] =
        ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];
    let Value::Object(members) = schema else {
        broken.push(format!("no schema: {schema}"));
        return;
    };
    if depth > 10 {
        broken.push("deeper than ten levels".to_owned());
    }
    for key in members.keys().filter(|key| !KEYWORDS.contains(&key.as_str())) {
        broken.push(format!("`{key}` is not supported"));
    }
    if schema["format"].as_str().is_some_and(|format| !FORMATS.contains(&format)) {
        broken.push(format!("the format {}", schema["format"]));
    }
    if schema.get("type").is_none() && schema.get("anyOf").is_none() {
        broken.push(format!("no type in {schema}"));
    }
    if has_kind(schema, "object") {
        let names: Vec<_> =
            schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name).collect();
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
        if schema["additionalProperties"] != false {
            broken.push(format!("an open object: {schema}"));
        }
        if names.len() != required.len()
            || !names.iter().all(|name| required.iter().any(|known| *known == name.as_str()))
        {
            broken.push(format!("not every property is required: {schema}"));
        }
    }
    if has_kind(schema, "array") && schema.get("items").is_none() {
        broken.push(format!("an array without items: {schema}"));
    }
    for property in schema["properties"].as_object().into_iter().flatten().map(|(_, one)| one) {
        strict(property, depth + 1, broken);
    }
    for branch in schema["anyOf"].as_array().into_iter().flatten() {
        strict(branch, depth, broken);
    }
    if let Some(items) = schema.get("items") {
        strict(items, depth + 1, broken);
    }
}

/// Gemini: <https://ai.google.dev/api/caching#FunctionDeclaration>, and the keywords that it documents for JSON Schema.
pub(crate) fn gemini(tool: &Value) -> Vec<String> {
    const KEYWORDS: [&str; 16] = [
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
    let shape = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "pattern": "^[a-zA-Z_]" },
            "description": { "type": "string", "minLength": 1 },
            "parametersJsonSchema": { "type": "object" },
        },
        "required": ["name", "description"],
        "additionalProperties": false,
    });
    let mut broken = against(&shape, tool);
    let Some(parameters) = tool.get("parametersJsonSchema") else { return broken };
    broken.extend(common(&tool["name"], parameters, true));
    walk(parameters, &mut |schema| {
        for (key, value) in schema.as_object().into_iter().flatten() {
            if !KEYWORDS.contains(&key.as_str()) {
                broken.push(format!("`{key}` is not supported"));
            }
            let plain = |value: &Value| value.is_string() || value.is_number();
            if key == "enum" && !value.as_array().is_some_and(|values| values.iter().all(plain)) {
                broken.push(format!("values that are neither strings nor numbers: {value}"));
            }
        }
    });
    broken
}
