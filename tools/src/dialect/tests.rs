use std::sync::Arc;

use serde_json::{Value, json};

use super::{Dialect, Loss};
use crate::tool::{Item, Tool, ToolFile};

/// A tool with these metadata.
fn tool(toml: &str) -> Tool {
    let text = format!("executor_id = \"subprocess\"\n{toml}");
    let file = ToolFile {
        file: Arc::from("t.toml"),
        extension: Some("toml"),
        bytes: text.as_bytes(),
        sidecar: None,
    };
    match Item::read(&file) {
        Ok(Item::Tool(tool)) => Tool::clone(&tool),
        other => panic!("{other:?}"),
    }
}

fn exported(dialect: Dialect, toml: &str) -> (Value, Vec<String>) {
    let exported = dialect.tool("t", &tool(toml)).unwrap();
    (exported.value, exported.lost.iter().map(Loss::to_string).collect())
}

const ONE: &str = "description = \"Say it\"\n[parameters.word]\ntype = \"string\"\nrequired = true\n";

#[test]
fn one_tool_in_every_dialect() {
    let schema = json!({
        "type": "object", "properties": { "word": { "type": "string" } }, "required": ["word"],
        "additionalProperties": false,
    });
    for (dialect, expected) in [
        (Dialect::JsonSchema, schema.clone()),
        (Dialect::Mcp, json!({ "name": "t", "description": "Say it", "inputSchema": schema })),
        (
            Dialect::OpenAi,
            json!({ "type": "function", "name": "t", "description": "Say it", "parameters": schema, "strict": true }),
        ),
        (Dialect::Anthropic, json!({ "name": "t", "description": "Say it", "input_schema": schema })),
        (Dialect::Gemini, json!({ "name": "t", "description": "Say it", "parametersJsonSchema": schema })),
    ] {
        assert_eq!(exported(dialect, ONE), (expected, Vec::new()), "{dialect:?}");
    }
}

#[test]
fn a_tool_of_mcp_carries_its_title_hints_and_the_schema_of_an_object() {
    let head = "title = \"T\"\n[annotations]\nread_only = true\nopen_world = false\n";
    let object = format!(
        "{head}[output_schema]\ntype = \"object\"\nproperties = {{ n = {{ type = \"integer\" }} }}\n"
    );
    let (value, lost) = exported(Dialect::Mcp, &object);
    assert_eq!(value["title"], "T");
    assert_eq!(value["description"], "T");
    assert_eq!(value["annotations"], json!({ "readOnlyHint": true, "openWorldHint": false }));
    assert_eq!(value["outputSchema"]["properties"]["n"]["type"], "integer");
    assert_eq!(
        value["inputSchema"],
        json!({ "type": "object", "properties": {}, "additionalProperties": false })
    );
    assert_eq!(lost, [""; 0]);
    let toml = "[output_schema]\ntype = \"object\"\nproperties.n.'$ref' = \"#\"\n";
    let (value, lost) = exported(Dialect::Mcp, toml);
    assert_eq!(value["outputSchema"]["properties"]["n"]["properties"], json!({ "n": { "type": "object" } }));
    assert_eq!(lost, ["in the output schema, `n.n`: `$ref` to `#` comes back to itself and is cut"]);
    let (value, lost) = exported(Dialect::Mcp, "[output_schema]\ntype = \"integer\"\n");
    assert_eq!((value.get("outputSchema"), value.get("annotations")), (None, None));
    assert_eq!(lost, ["the output schema is not said: it is not of one object"]);
}

#[test]
fn references_are_replaced_and_what_comes_back_to_itself_is_cut() {
    let toml = "[input_schema]\ntype = \"object\"\nproperties.a.'$ref' = \"#/$defs/n\"\n\
        properties.b = { '$ref' = \"#/$defs/n\", description = \"other\" }\n\
        [input_schema.'$defs'.n]\ntype = \"object\"\nproperties.next.'$ref' = \"#/$defs/n\"\n";
    let node = json!({ "type": "object", "properties": { "next": { "type": "object" } } });
    for (dialect, key) in [(Dialect::Mcp, "inputSchema"), (Dialect::Anthropic, "input_schema")] {
        let (value, lost) = exported(dialect, toml);
        assert_eq!(value[key]["properties"]["a"], node);
        assert_eq!(value[key]["properties"]["b"]["description"], "other");
        assert_eq!(value[key].get("$defs"), None);
        assert_eq!(
            lost,
            [
                "`a.next`: `$ref` to `#/$defs/n` comes back to itself and is cut",
                "`b.next`: `$ref` to `#/$defs/n` comes back to itself and is cut",
            ]
        );
    }
    let whole = exported(Dialect::JsonSchema, toml).0;
    assert_eq!(whole["properties"]["a"], json!({ "$ref": "#/$defs/n" }));
}

#[test]
fn references_that_multiply_are_bounded() {
    let mut toml = "[input_schema]\ntype = \"object\"\nproperties.a.'$ref' = \"#/$defs/n0\"\n".to_owned();
    for level in 0..40 {
        let next = level + 1;
        toml.push_str(&format!(
            "[input_schema.'$defs'.n{level}.properties]\nx.'$ref' = \"#/$defs/n{next}\"\ny.'$ref' = \"#/$defs/n{next}\"\n"
        ));
    }
    toml.push_str("[input_schema.'$defs'.n40]\ntype = \"string\"\n");
    let exported = Dialect::Gemini.tool("t", &tool(&toml)).unwrap();
    assert!(exported.value.to_string().len() < 1 << 20);
    assert!(exported.lost.iter().any(|loss| loss.what.contains("this large or deep")));
}

#[test]
fn references_that_multiply_what_is_large_are_bounded() {
    let values: Vec<_> = (0..4000).map(|n| format!("\"value {n}\"")).collect();
    let mut toml = "[input_schema]\ntype = \"object\"\nproperties.a.'$ref' = \"#/$defs/n0\"\n".to_owned();
    for level in 0..11 {
        let next = level + 1;
        toml.push_str(&format!(
            "[input_schema.'$defs'.n{level}.properties]\nx.'$ref' = \"#/$defs/n{next}\"\ny.'$ref' = \"#/$defs/n{next}\"\n"
        ));
    }
    toml.push_str(&format!("[input_schema.'$defs'.n11]\nenum = [{}]\n", values.join(",")));
    let exported = Dialect::Mcp.tool("t", &tool(&toml)).unwrap();
    let text = exported.value.to_string();
    assert!(text.contains("value 3999") && text.len() < 2 << 20, "{}", text.len());
    assert!(exported.lost.iter().any(|loss| loss.what.contains("this large or deep")));
}

#[test]
fn a_parameter_with_references_of_its_own_is_a_document_that_still_holds() {
    let toml = "[parameters.tree]\n'$ref' = \"#/$defs/n\"\nrequired = true\n[parameters.tree.'$defs'.n]\n\
        type = \"object\"\nproperties.kids = { type = \"array\", items = { '$ref' = \"#/$defs/n\" } }\n\
        additionalProperties = false\n";
    let (schema, _) = exported(Dialect::JsonSchema, toml);
    let validator = crate::arguments::compile(&schema).unwrap();
    assert!(validator.is_valid(&json!({ "tree": { "kids": [{ "kids": [] }] } })));
    assert!(!validator.is_valid(&json!({ "tree": { "kids": [{ "kids": 1 }] } })));
    let (value, lost) = exported(Dialect::Anthropic, toml);
    assert_eq!(
        value["input_schema"]["properties"]["tree"]["properties"]["kids"]["items"],
        json!({ "type": "object" })
    );
    assert_eq!(lost.len(), 1, "{lost:?}");
}

#[test]
fn what_only_looks_like_a_reference_stays_as_it_is() {
    let toml = "[parameters.d]\ndefault = { '$ref' = \"#/hello\" }\n\
        [parameters.e]\nenum = [{ '$ref' = \"#/hello\" }]\n\
        [parameters.tree]\n'$dynamicRef' = \"#/$defs/n\"\ndefault = { '$ref' = \"#/hello\" }\n\
        '$defs'.n = { type = \"object\", properties.next.'$ref' = \"#/$defs/n\" }\n";
    let (schema, _) = exported(Dialect::JsonSchema, toml);
    let hello = json!({ "$ref": "#/hello" });
    assert_eq!(schema["properties"]["d"], json!({ "default": hello }));
    assert_eq!(schema["properties"]["e"], json!({ "enum": [hello] }));
    assert_eq!(schema["properties"]["tree"], json!({ "$ref": "#/$defs/tree" }));
    let tree = &schema["$defs"]["tree"];
    assert_eq!((&tree["$dynamicRef"], &tree["default"]), (&json!("#/$defs/tree/$defs/n"), &hello));
    assert_eq!(tree["$defs"]["n"]["properties"]["next"], json!({ "$ref": "#/$defs/tree/$defs/n" }));
}

#[test]
fn composition_at_the_root_becomes_one_object() {
    let toml = "[[input_schema.oneOf]]\nproperties.path = { type = \"string\" }\nrequired = [\"path\"]\n\
        [[input_schema.oneOf]]\nproperties.url = { type = \"string\" }\nproperties.path = { type = \"null\" }\nrequired = [\"url\"]\n\
        [input_schema.properties]\nn = { type = \"integer\" }\n[input_schema.not]\nrequired = [\"x\"]\n";
    let (value, lost) = exported(Dialect::Mcp, toml);
    assert_eq!(
        value["inputSchema"],
        json!({
            "type": "object",
            "properties": {
                "n": { "type": "integer" },
                "path": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                "url": { "type": "string" },
            },
            "additionalProperties": false,
        })
    );
    assert_eq!(lost, ["`not` of the whole is not said", "which members go together (`oneOf`) is not said"]);
    let both = "[[input_schema.allOf]]\nproperties.a = { type = \"string\" }\nrequired = [\"a\"]\n\
        [[input_schema.allOf]]\nproperties.b = { type = \"string\" }\nrequired = [\"b\"]\n";
    let (value, lost) = exported(Dialect::OpenAi, both);
    assert_eq!(value["parameters"]["required"], json!(["a", "b"]));
    assert_eq!((&value["strict"], lost.len()), (&json!(true), 0));
}

#[test]
fn strict_is_said_where_it_changes_no_call() {
    let strict = |parameters: &str| {
        let (value, lost) = exported(Dialect::OpenAi, parameters);
        (value["strict"].as_bool().unwrap(), value["parameters"].clone(), lost)
    };
    // Given, a default means what its absence means.
    let (is_strict, schema, lost) =
        strict("[parameters.n]\ntype = \"integer\"\ndefault = 3\ndescription = \"How many\"\n");
    assert!(is_strict && lost.is_empty(), "{lost:?}");
    assert_eq!(schema["required"], json!(["n"]));
    assert_eq!(
        schema["properties"]["n"],
        json!({ "type": "integer", "description": "How many (default: 3)" })
    );
    // Without one, null is a value that the tool would get.
    let (is_strict, schema, lost) = strict("[parameters.n]\ntype = [\"integer\", \"null\"]\n");
    assert_eq!((is_strict, schema.get("required")), (false, None));
    assert_eq!(lost, ["`n`: not strict: it may be absent, and null is not the same"]);
    for (parameters, why) in [
        ("[parameters.n]\nrequired = true\n", "`n`: not strict: any value is allowed"),
        (
            "[parameters.n]\ntype = \"object\"\nrequired = true\n",
            "`n`: not strict: further members are allowed",
        ),
        ("[parameters.n]\ntype = \"array\"\nrequired = true\n", "`n[]`: not strict: any value is allowed"),
        (
            "[parameters.n]\ntype = \"string\"\nnot = { const = \"x\" }\nrequired = true\n",
            "`n`: not strict: `not` is not among its keywords",
        ),
    ] {
        let (is_strict, _, lost) = strict(parameters);
        assert_eq!((is_strict, lost), (false, vec![why.to_owned()]));
    }
    // A bound is rye's to hold.
    let (is_strict, schema, lost) =
        strict("[parameters.n]\ntype = \"string\"\nminLength = 2\nformat = \"uri\"\nrequired = true\n");
    assert!(is_strict);
    assert_eq!(schema["properties"]["n"], json!({ "type": "string" }));
    assert_eq!(lost, ["`n`: `format` is not said", "`n`: `minLength` is not said"]);
}

#[test]
fn gemini_gets_the_keywords_of_its_list_and_the_rest_is_named() {
    let toml = "[parameters.n]\ntype = \"integer\"\nexclusiveMinimum = 0\nmultipleOf = 2\ndefault = 4\n\
        [parameters.x]\ntype = \"number\"\nexclusiveMaximum = 1.5\n\
        [parameters.w]\nenum = [\"a\", \"b\"]\npattern = \"a|b\"\n\
        [parameters.any]\nenum = [1, true]\n";
    let (value, lost) = exported(Dialect::Gemini, toml);
    let properties = &value["parametersJsonSchema"]["properties"];
    assert_eq!(properties["n"], json!({ "type": "integer", "minimum": 1, "description": "default: 4" }));
    assert_eq!(properties["x"], json!({ "type": "number", "maximum": 1.5 }));
    assert_eq!(properties["any"], json!({}));
    assert_eq!(
        lost,
        [
            "`any`: which values are allowed ([1,true]) is not said",
            "`n`: `multipleOf` is not said",
            "`w`: `pattern` is not said",
            "`x`: that `1.5` itself is excluded (`exclusiveMaximum`) is not said",
        ]
    );
    let nothing = exported(Dialect::Gemini, "").0;
    assert_eq!(nothing, json!({ "name": "t", "description": "t" }));
}

#[test]
fn gemini_gets_the_stricter_of_two_bounds() {
    let toml = "[parameters.a]\ntype = \"integer\"\nminimum = 0\nexclusiveMinimum = 5\n\
        [parameters.b]\ntype = \"integer\"\nminimum = 7\nexclusiveMinimum = 5\n\
        [parameters.c]\ntype = \"number\"\nmaximum = 9\nexclusiveMaximum = 1.5\n\
        [parameters.d]\ntype = \"number\"\nmaximum = 1\nexclusiveMaximum = 1.5\n\
        [parameters.e]\ntype = \"integer\"\nmaximum = 5\nexclusiveMaximum = 5\n";
    let (value, lost) = exported(Dialect::Gemini, toml);
    let properties = &value["parametersJsonSchema"]["properties"];
    for (name, expected) in [
        ("a", json!({ "type": "integer", "minimum": 6 })),
        ("b", json!({ "type": "integer", "minimum": 7 })),
        ("c", json!({ "type": "number", "maximum": 1.5 })),
        ("d", json!({ "type": "number", "maximum": 1 })),
        ("e", json!({ "type": "integer", "maximum": 4 })),
    ] {
        assert_eq!(properties[name], expected, "{name}");
    }
    assert_eq!(lost, ["`c`: that `1.5` itself is excluded (`exclusiveMaximum`) is not said"]);
}

#[test]
fn what_two_parts_say_of_one_member_is_said_of_it_or_named() {
    let toml = "[parameters.o]\ntype = \"object\"\n\
        allOf = [{ type = \"object\", properties.x = { type = \"integer\", minimum = 1 }, additionalProperties = false },\
        { properties.x = { type = \"number\", maximum = 9, allOf = [{ minimum = 3 }] } }]\n";
    let (value, lost) = exported(Dialect::Gemini, toml);
    let object = &value["parametersJsonSchema"]["properties"]["o"];
    assert_eq!(
        *object,
        json!({ "type": "object", "properties": { "x": { "type": "integer", "minimum": 1, "maximum": 9 } } })
    );
    assert_eq!(
        lost,
        [
            "`o`: `additionalProperties` of a part (`allOf`) is not said",
            "`o.x`: a second `minimum` (`allOf`) is not said",
            "`o.x`: a second `type` (`allOf`) is not said",
        ]
    );
}

#[test]
fn a_name_that_clients_refuse_costs_the_parameter_or_the_tool_and_never_the_list() {
    let optional = format!("{ONE}[parameters.'größe']\ntype = \"integer\"\n");
    let required = format!("{optional}required = true\n");
    for dialect in [Dialect::Mcp, Dialect::Anthropic, Dialect::Gemini] {
        let (value, lost) = exported(dialect, &optional);
        assert!(!value.to_string().contains("größe"));
        assert_eq!(lost, ["`größe`: left out: clients refuse the name of this parameter"]);
        let refused = dialect.tool("t", &tool(&required)).unwrap_err();
        assert_eq!(refused.path, "größe");
    }
    let digit = Dialect::Gemini.tool("2to3", &tool(ONE)).unwrap_err();
    assert_eq!(digit.to_string(), "left out: a function's name begins with a letter or `_`");
}

#[test]
fn a_long_description_is_cut_for_openai() {
    let toml = format!("description = \"{}\"\n", "ä".repeat(1025));
    let (value, lost) = exported(Dialect::OpenAi, &toml);
    assert_eq!(value["description"].as_str().unwrap().chars().count(), 1024);
    assert_eq!(lost, ["the description is cut to 1024 characters"]);
}
