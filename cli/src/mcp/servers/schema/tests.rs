use proptest::prelude::*;
use rye_executor::tools::parameter::Parameters;
use serde_json::{Map, Value, json};

use super::{Kept, input, output, read};

fn kept(schema: Value) -> Kept {
    input(Some(&schema))
}

/// What the file says, as a door would show it.
fn parameters(kept: &Kept) -> Parameters {
    Parameters::from_input_schema(&read(&kept.schema).unwrap()).unwrap()
}

#[test]
fn what_can_be_kept_is_kept_without_a_loss() {
    for (given, wanted) in [
        (json!({}), json!({"type": "object", "additionalProperties": true})),
        (json!({"type": ["object", "null"]}), json!({"type": "object", "additionalProperties": true})),
        (
            json!({"type": "object", "properties": {"a": {"type": "string", "default": null, "examples": [null]}}, "additionalProperties": false}),
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}),
        ),
        (
            json!({"type": "object", "properties": {"a": {"enum": ["x", null]}, "b": {"const": null}, "c": {"type": "string", "enum": ["x", null]}}}),
            json!({"type": "object", "properties": {
                "a": {"anyOf": [{"enum": ["x"]}, {"type": "null"}]},
                "b": {"type": "null"},
                "c": {"type": "string", "enum": ["x"]},
            }, "additionalProperties": true}),
        ),
        (
            json!({"$schema": "http://json-schema.org/draft-04/schema#", "id": "x", "nullable": true, "properties": {
                "a": {"minimum": 0, "exclusiveMinimum": true},
                "b": {"items": [{"type": "string"}], "additionalItems": false},
                "c": {"required": true, "minLength": 2.0},
            }, "dependencies": {"a": ["b"]}}),
            json!({"type": "object", "properties": {
                "a": {"minimum": 0, "exclusiveMinimum": 0},
                "b": {"prefixItems": [{"type": "string"}], "items": {"not": {}}},
                "c": {"minLength": 2},
            }, "dependentRequired": {"a": ["b"]}, "additionalProperties": true}),
        ),
        (
            json!({"$defs": {"id": {"type": "string"}}, "properties": {"id": {"$ref": "#/$defs/id", "x-mcp-header": "Id"}}, "unevaluatedProperties": false}),
            json!({"$defs": {"id": {"type": "string"}}, "properties": {"id": {"$ref": "#/$defs/id", "x-mcp-header": "Id"}}, "unevaluatedProperties": false, "type": "object"}),
        ),
    ] {
        let kept = kept(given.clone());
        assert_eq!(Value::Object(kept.schema), wanted, "{given}");
        assert_eq!(kept.losses, [""; 0], "{given}");
    }
}

#[test]
fn what_cannot_be_kept_is_told_and_widens() {
    for (given, wanted) in [
        (json!("x"), json!({"type": "object", "additionalProperties": true})),
        (json!({"type": "string"}), json!({"type": "object", "additionalProperties": true})),
        (
            json!({"type": "object", "description": "x".repeat(1 << 20)}),
            json!({"type": "object", "additionalProperties": true}),
        ),
        (
            json!({"properties": {"a": {"$ref": "https://example.com/a.json", "description": "d"}}}),
            json!({"properties": {"a": {"description": "d"}}, "type": "object", "additionalProperties": true}),
        ),
        (
            json!({"properties": {"a": {"pattern": "^(?!x)"}}, "additionalProperties": false}),
            json!({"properties": {"a": {}}, "additionalProperties": false, "type": "object"}),
        ),
        (
            json!({"properties": {"a": {"maximum": 18446744073709551615u64}}}),
            json!({"properties": {"a": {}}, "type": "object", "additionalProperties": true}),
        ),
        (
            json!({"properties": {"a": {"not": {"$ref": "https://example.com/a.json"}}}}),
            json!({"properties": {"a": {}}, "type": "object", "additionalProperties": true}),
        ),
        (
            json!({"properties": {"a": {"oneOf": [{"type": "string", "pattern": "(?!x)"}, {"type": "string"}]}}}),
            json!({"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "string"}]}}, "type": "object", "additionalProperties": true}),
        ),
        (
            json!({"additionalProperties": {"$ref": "#"}}),
            json!({"type": "object", "additionalProperties": true}),
        ),
        (
            json!({"properties": {"a": {"$ref": "#/$defs/nowhere"}, "b": {"type": "string"}}, "required": ["b"]}),
            json!({"type": "object", "required": ["b"], "additionalProperties": true, "properties": {"a": {}, "b": {"type": "string"}}}),
        ),
        (
            json!({"properties": {"a\n": {}, "b": {}}, "required": ["a\n", "c"], "additionalProperties": false}),
            json!({"properties": {"b": {}}, "required": [], "additionalProperties": true, "type": "object"}),
        ),
    ] {
        let kept = kept(given.clone());
        assert!(!kept.losses.is_empty(), "{given}");
        assert_eq!(Value::Object(kept.schema), wanted, "{given}");
    }
}

#[test]
fn any_depth_is_survived() {
    let mut deep = json!({"type": "string"});
    for _ in 0..60 {
        deep = json!({"type": "object", "properties": {"a": deep}});
    }
    let kept = kept(json!({"type": "object", "properties": {"deep": deep, "flat": {"type": "string"}}}));
    parameters(&kept);
    let mut list = json!([]);
    (0..120).for_each(|_| list = json!([list]));
    let kept = input(Some(&json!({"properties": {"deep": {"const": list}, "flat": {"type": "string"}}})));
    assert_eq!(parameters(&kept).list[1].schema.signature(), "str");
}

#[test]
fn an_output_schema_is_kept_or_told() {
    let (schema, losses) =
        output(&json!({"type": "object", "properties": {"a": {"type": ["integer", "null"]}}}));
    assert_eq!(losses, [""; 0]);
    assert_eq!(
        Value::from(schema.unwrap()),
        json!({"type": "object", "properties": {"a": {"type": ["integer", "null"]}}})
    );
    assert_eq!(output(&json!([])).1.len(), 1);
    assert_eq!(output(&json!({"$ref": "#/$defs/nowhere"})).1.len(), 1);
}

fn name() -> impl Strategy<Value = String> + Clone {
    prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("c".to_owned()), "[ -~]{0,3}"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..4i64).prop_map(Value::from),
        prop_oneof![Just(0.5), Just(2.0)].prop_map(Value::from),
        Just(json!(u64::MAX)),
        "[abx]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..3).prop_map(|all| Value::from(Map::from_iter(all))),
        ]
    })
}

/// Schemas as servers write them, well and badly.
fn schema() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "string", "integer", "number", "boolean", "array", "object", "null", "any",
    ]);
    let reference =
        prop::sample::select(vec!["#/$defs/a", "#/$defs/b", "#", "https://example.com/x", "#/nowhere"]);
    let pattern = prop::sample::select(vec!["^a", "(?!a)", "("]);
    let keyword = prop_oneof![
        8 => word.clone().prop_map(|word| ("type".to_owned(), json!(word))),
        2 => prop::collection::vec(word, 0..3).prop_map(|words| ("type".to_owned(), json!(words))),
        1 => reference.prop_map(|text| ("$ref".to_owned(), json!(text))),
        2 => pattern.prop_map(|text| ("pattern".to_owned(), json!(text))),
        2 => prop::collection::vec(value(), 0..3).prop_map(|values| ("enum".to_owned(), json!(values))),
        1 => value().prop_map(|value| ("const".to_owned(), value)),
        1 => value().prop_map(|value| ("default".to_owned(), value)),
        3 => (prop::sample::select(vec!["minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "minItems", "maxProperties", "multipleOf"]), value())
            .prop_map(|(key, value)| (key.to_owned(), value)),
        1 => (name(), value()).prop_map(|(key, value)| (key, value)),
        1 => prop::collection::vec(name(), 0..2).prop_map(|names| ("required".to_owned(), json!(names))),
    ];
    let leaf = prop::collection::vec(keyword.clone(), 0..3).prop_map(|all| Value::from(Map::from_iter(all)));
    let leaf = prop_oneof![8 => leaf, 1 => any::<bool>().prop_map(Value::from)];
    leaf.prop_recursive(3, 24, 3, move |inner| {
        let named = prop::collection::vec((name(), inner.clone()), 0..3).prop_map(|all| Value::from(Map::from_iter(all)));
        let listed = prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from);
        let single = inner;
        let with = prop_oneof![
            4 => named.clone().prop_map(|value| ("properties", value)),
            1 => named.clone().prop_map(|value| ("$defs", value)),
            1 => named.prop_map(|value| ("dependentSchemas", value)),
            3 => (prop::sample::select(vec!["anyOf", "oneOf", "allOf", "prefixItems"]), listed.clone()),
            1 => listed.prop_map(|value| ("items", value)),
            4 => (
                prop::sample::select(vec!["items", "not", "if", "then", "else", "contains", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "propertyNames"]),
                single,
            ),
        ];
        (prop::collection::vec(with, 1..4), prop::collection::vec(keyword.clone(), 0..3)).prop_map(|(with, plain)| {
            let with = with.into_iter().map(|(key, value)| (key.to_owned(), value));
            Value::from(Map::from_iter(plain.into_iter().chain(with)))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Whatever a server says, what is written can be read, and forbids nothing that the server allows.
    #[test]
    fn what_is_written_reads_and_forbids_nothing(given in schema(), arguments in prop::collection::vec((name(), value()), 0..3)) {
        let kept = kept(given.clone());
        let parameters = parameters(&kept);
        let arguments = Map::from_iter(arguments);
        let theirs = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&given);
        if let Ok(theirs) = theirs && theirs.is_valid(&Value::from(arguments.clone())) {
            let told = parameters.check(arguments).map(drop);
            prop_assert!(told.is_ok(), "{given}\n{:?}\n{told:?}", Value::from(kept.schema));
        }
    }
}
