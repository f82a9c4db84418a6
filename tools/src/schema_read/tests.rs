use std::sync::Arc;

use proptest::prelude::*;
use rye_runtimes::document::{Entry, Node, NodeValue, Place, Problem};
use serde_json::{Value, json};

use crate::parameter::Parameters;
use crate::schema::{Additional, Schema, Type};

/// JSON as a node; the column of a value tells how deep it lies.
fn node(value: &Value, depth: u32) -> Node {
    let place = Place { file: Arc::from("t"), line: 1, column: depth, whole_file: false };
    let value = match value {
        Value::Null => NodeValue::Null,
        Value::Bool(value) => NodeValue::Boolean(*value),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => NodeValue::Integer(whole),
            None => NodeValue::Float(number.as_f64().unwrap()),
        },
        Value::String(text) => NodeValue::String(text.clone()),
        Value::Array(items) => NodeValue::Array(items.iter().map(|item| node(item, depth + 1)).collect()),
        Value::Object(members) => NodeValue::Table(
            members
                .iter()
                .map(|(key, value)| Entry {
                    key: key.clone(),
                    key_place: place.clone(),
                    value: node(value, depth + 1),
                })
                .collect(),
        ),
    };
    Node { place, value }
}

fn read(value: Value) -> Result<Schema, Vec<String>> {
    Schema::from_node(&node(&value, 1)).map_err(spelled)
}

fn spelled(problems: Vec<Problem>) -> Vec<String> {
    problems
        .into_iter()
        .map(|one| {
            format!("{}: {} ({})", one.place.column, one.message, one.hint.as_deref().unwrap_or_default())
        })
        .collect()
}

fn input(value: Value) -> Result<Parameters, Vec<String>> {
    Parameters::from_input_schema(&node(&value, 1)).map_err(spelled)
}

fn table(value: Value) -> Result<Parameters, Vec<String>> {
    Parameters::from_parameters_table(&node(&value, 1)).map_err(spelled)
}

#[test]
fn closed_types_are_read_and_written_back() {
    for schema in [
        json!({}),
        json!({"type": "null"}),
        json!({"type": "boolean", "title": "t", "description": "d", "default": true, "examples": [false]}),
        json!({"type": "integer", "minimum": 1, "maximum": 9, "multipleOf": 2}),
        json!({"type": "number", "exclusiveMinimum": 0.5, "exclusiveMaximum": 9}),
        json!({"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^a", "format": "date"}),
        json!({"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2, "uniqueItems": true}),
        json!({"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"], "additionalProperties": false}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}}),
        json!({"type": "string", "enum": ["a", "b"]}),
        json!({"enum": [1, "b", null]}),
        json!({"anyOf": [{"type": "string"}, {"type": "null"}], "description": "d"}),
    ] {
        let read = read(schema.clone()).unwrap();
        assert!(!matches!(read.kind, Type::Raw(_)), "{schema}");
        assert_eq!(read.to_json(), schema);
    }
}

#[test]
fn other_spellings_of_closed_types() {
    for (schema, wanted) in [
        (
            json!({"type": ["string", "null"], "minLength": 1}),
            json!({"anyOf": [{"type": "string", "minLength": 1}, {"type": "null"}]}),
        ),
        (json!({"type": ["string"]}), json!({"type": "string"})),
        (json!({"const": 1}), json!({"enum": [1]})),
        (json!(true), json!({})),
        (json!(false), json!({"enum": []})),
        (json!({"x-mine": 1, "deprecated": true, "$comment": "c"}), json!({})),
        (
            json!({"type": "object", "required": ["a"], "additionalProperties": true}),
            json!({"type": "object", "properties": {"a": {}}, "required": ["a"]}),
        ),
    ] {
        assert_eq!(read(schema.clone()).unwrap().to_json(), wanted, "{schema}");
    }
}

#[test]
fn what_is_beyond_the_closed_types_stays_as_written() {
    for schema in [
        json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}),
        json!({"minimum": 1}),
        json!({"type": "string", "anyOf": [{"minLength": 1, "type": "string"}]}),
        json!({"type": "object", "minProperties": 1, "description": "d"}),
        json!({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer", "x-a": 1}}}),
        json!({"type": "object", "properties": {"a": {"type": "null"}, "b": {"$ref": "#/properties/a"}}}),
    ] {
        let read = read(schema.clone()).unwrap();
        assert_eq!(read.kind, Type::Raw(schema.clone()));
        assert_eq!(read.description.as_deref(), schema.get("description").and_then(Value::as_str));
    }
    let nested = read(json!({"type": "array", "items": {"not": {"type": "null"}}})).unwrap();
    assert!(matches!(nested.kind, Type::Array(array) if matches!(array.items.kind, Type::Raw(_))));
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    for (schema, wanted) in [
        (
            json!("string"),
            &["1: a schema is a table, not a string (write it like `{ type = \"string\" }`)"][..],
        ),
        (json!({"typ": "string"}), &["1: unknown schema keyword `typ` (did you mean `type`?)"]),
        (
            json!({"banana": 1}),
            &["1: unknown schema keyword `banana` (annotations of your own begin with `x-`)"],
        ),
        (json!({"type": "str"}), &["2: unknown type `str` (did you mean `string`?)"]),
        (json!({"type": "strnig"}), &["2: unknown type `strnig` (did you mean `string`?)"]),
        (json!({"type": 1}), &["2: a `type` is a string, not an integer ()"]),
        (json!({"type": []}), &["2: `type` lists no type ()"]),
        (json!({"type": "integer", "minimum": "x"}), &["2: `minimum` is a number, not a string ()"]),
        (json!({"type": "integer", "multipleOf": 0}), &["2: `multipleOf` is more than 0, not `0` ()"]),
        (json!({"type": "string", "minLength": -1}), &["2: `minLength` is at least 0, not `-1` ()"]),
        (json!({"type": "string", "minLength": 1.5}), &["2: `minLength` is an integer, not a number ()"]),
        (
            json!({"type": "string", "pattern": "("}),
            &["2: `pattern` is not a regular expression: unclosed group ()"],
        ),
        (json!({"type": "array", "uniqueItems": 1}), &["2: `uniqueItems` is a boolean, not an integer ()"]),
        (
            json!({"type": "array", "items": {"type": "x"}}),
            &[
                "3: unknown type `x` (the types are `string`, `integer`, `number`, `boolean`, `array`, `object`, `null`)",
            ],
        ),
        (json!({"enum": 1}), &["2: `enum` is an array, not an integer ()"]),
        (json!({"enum": []}), &["2: `enum` allows no value ()"]),
        (json!({"type": "string", "enum": ["a", 1]}), &["2: `1` does not fit the type beside it ()"]),
        (json!({"const": 1, "enum": [2]}), &["2: `const` is not among the values of `enum` ()"]),
        (
            json!({"type": "integer", "default": "2"}),
            &["2: the default does not fit: expected an integer, found the string `2` ()"],
        ),
        (json!({"type": "string", "description": 1}), &["2: `description` is a string, not an integer ()"]),
        (json!({"examples": 1}), &["2: `examples` is an array, not an integer ()"]),
        (json!({"anyOf": []}), &["2: `anyOf` is an array of schemas ()"]),
        (json!({"type": "object", "properties": 1}), &["2: `properties` is a table, not an integer ()"]),
        (
            json!({"type": "object", "required": true}),
            &["2: `required` is an array of names, not a boolean ()"],
        ),
        (
            json!({"type": "object", "properties": {"name": {}}, "required": ["nmae"], "additionalProperties": false}),
            &["3: `required` names `nmae`, which `properties` does not have (did you mean `name`?)"],
        ),
        (
            json!({"$ref": "https://example.com/s.json"}),
            &[
                "2: `$ref` leads out of the file: `https://example.com/s.json` (put the schema below `$defs` and refer to `#/$defs/NAME`)",
            ],
        ),
        (json!({"oneOf": [{"type": "strin"}]}), &["4: unknown type `strin` (did you mean `string`?)"]),
        (
            json!({"typ": 1, "minimum": "x"}),
            &[
                "1: unknown schema keyword `typ` (did you mean `type`?)",
                "2: `minimum` is a number, not a string ()",
            ],
        ),
    ] {
        let told = read(schema.clone()).expect_err(&schema.to_string());
        assert_eq!(told, wanted, "{schema}");
    }
    for broken in [json!({"minProperties": -1}), json!({"$ref": "#/$defs/none"}), json!({"oneOf": 1})] {
        let told = read(broken.clone()).expect_err(&broken.to_string());
        assert!(told.len() == 1 && told[0].contains("not a JSON Schema"), "{told:?}");
    }
}

#[test]
fn a_table_of_parameters_keeps_its_order() {
    let all = table(json!({
        "path": {"type": "string", "required": true, "allow_dash": true},
        "filter": {"type": "object", "properties": {"a": {}}, "required": ["a"]},
    }))
    .unwrap();
    let flags: Vec<_> =
        all.list.iter().map(|one| (one.name.as_str(), one.required, one.allow_dash)).collect();
    assert_eq!(flags, [("path", true, true), ("filter", false, false)]);
    assert_eq!((all.additional, all.raw), (Additional::Forbidden, None));
}

#[test]
fn paths_beneath_a_folder_are_strings_or_lists_of_them() {
    for schema in [
        json!({"type": "string"}),
        json!({"type": "array", "items": {"type": "string"}}),
        json!({"type": ["string", "null"]}),
    ] {
        let mut schema = schema;
        schema["beneath"] = "data".into();
        assert_eq!(table(json!({"a": schema})).unwrap().list[0].beneath.as_deref(), Some("data"));
    }
    for (schema, wanted) in [
        (json!({"type": "integer", "beneath": "."}), "3: `beneath` is for a string or a list of strings ()"),
        (json!({"beneath": "."}), "3: `beneath` is for a string or a list of strings ()"),
        (
            json!({"type": "string", "beneath": ""}),
            "3: `beneath` is empty (`\".\"` is the folder where the tool runs)",
        ),
        (
            json!({"type": "string", "beneath": true}),
            "3: `beneath` is a string, not a boolean (`\".\"` is the folder where the tool runs)",
        ),
    ] {
        assert_eq!(table(json!({"a": schema})).unwrap_err(), [wanted]);
    }
}

#[test]
fn a_wrong_table_of_parameters_tells_everything() {
    let told = table(json!({"a": "string", "b": {"type": "str", "required": "yes"}, "": {}, "c\n": {}}))
        .unwrap_err();
    assert_eq!(
        told,
        [
            "2: parameter `a` is a table, not a string (write `[parameters.a]` and below it `type = \"string\"`)",
            "3: `required` is a boolean, not a string ()",
            "3: unknown type `str` (did you mean `string`?)",
            "1: a parameter has no name ()",
            "1: a control character in parameter name `c\\n` ()",
        ]
    );
    assert!(table(json!({"x".repeat(129): {}})).is_err());
    assert!(table(json!({"é".repeat(128): {}})).is_ok());
    assert!(table(json!([])).is_err());
}

#[test]
fn an_input_schema_is_closed_unless_it_says_otherwise() {
    for (schema, additional, raw) in [
        (json!({}), Additional::Forbidden, None),
        (json!({"type": "object", "properties": {"a": {}}}), Additional::Forbidden, None),
        (json!({"type": "object", "additionalProperties": true, "title": "t"}), Additional::Any, None),
        (
            json!({"type": "object", "minProperties": 1}),
            Additional::Forbidden,
            Some(json!({"type": "object", "minProperties": 1, "additionalProperties": false})),
        ),
        (
            json!({"type": "object", "allOf": [{"properties": {"a": {}}}]}),
            Additional::Any,
            Some(
                json!({"type": "object", "allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": false}),
            ),
        ),
    ] {
        let all = input(schema.clone()).unwrap();
        assert_eq!((all.additional, all.raw), (additional, raw), "{schema}");
    }
}

#[test]
fn an_input_schema_with_definitions_is_checked_as_a_whole() {
    let all = input(json!({
        "type": "object",
        "properties": {"size": {"$ref": "#/$defs/size"}, "other": {"$ref": "#/properties/size"}},
        "required": ["size"],
        "$defs": {"size": {"type": "integer", "minimum": 1}},
    }))
    .unwrap();
    let call = |value: Value| {
        let Value::Object(given) = value else { unreachable!() };
        all.check(given).map(|checked| checked.to_json())
    };
    assert_eq!(call(json!({"size": "2", "other": 3})), Ok(json!({"size": 2, "other": 3})));
    assert!(call(json!({"size": 0})).is_err());
    assert!(call(json!({"size": 1, "other": 0})).is_err());
    assert!(call(json!({"size": 1, "more": 0})).is_err());
}

#[test]
fn a_wrong_input_schema_is_told() {
    for (schema, wanted) in [
        (json!([]), "1: an input schema is a table, not an array (begin with `type = \"object\"`)"),
        (
            json!({"type": "string"}),
            "2: the type of an input schema is `object` (declare the parameters below `properties`)",
        ),
        (
            json!({"type": "object", "properties": {"name": {}}, "required": ["nam"]}),
            "3: `required` names `nam`, which `properties` does not have (did you mean `name`?)",
        ),
        (json!({"propertis": {}}), "1: unknown schema keyword `propertis` (did you mean `properties`?)"),
    ] {
        assert_eq!(input(schema.clone()).expect_err(&schema.to_string()), [wanted]);
    }
}

proptest! {
    #[test]
    fn every_closed_type_is_read_back(schema in crate::arguments::tests::any_schema()) {
        let written = schema.to_json();
        let again = Schema::from_node(&node(&written, 1)).map_err(spelled);
        prop_assert_eq!(again.map(|again| again.to_json()), Ok(written));
    }
}
