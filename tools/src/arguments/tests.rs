use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::compile;
use crate::parameter::{Parameter, Parameters};
use crate::schema::{Additional, ArrayType, NumberBounds, ObjectType, Property, Schema, StringBounds, Type};

fn integer() -> Schema {
    Schema::of(Type::Integer(NumberBounds::default()))
}

fn number() -> Schema {
    Schema::of(Type::Number(NumberBounds::default()))
}

fn string() -> Schema {
    Schema::of(Type::String(StringBounds::default()))
}

fn list(items: Schema) -> Schema {
    Schema::of(Type::Array(Box::new(ArrayType { items, min_items: None, max_items: None, unique: false })))
}

fn union(members: &[Schema]) -> Schema {
    Schema::of(Type::Union(members.to_vec()))
}

fn closed(properties: &[(&str, Schema, bool)]) -> Schema {
    let properties = properties
        .iter()
        .map(|(name, schema, required)| {
            ((*name).to_owned(), Property { schema: schema.clone(), required: *required })
        })
        .collect();
    Schema::of(Type::Object(Box::new(ObjectType { properties, additional: Additional::Forbidden })))
}

fn parameters(list: &[(&str, Schema, bool)]) -> Parameters {
    let list = list
        .iter()
        .map(|(name, schema, required)| Parameter {
            name: (*name).to_owned(),
            schema: schema.clone(),
            required: *required,
            allow_dash: false,
            beneath: None,
        })
        .collect();
    Parameters { list, additional: Additional::Forbidden, raw: None }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => panic!("not an object"),
    }
}

/// The one value of a call, or its problems as text.
fn check(schema: &Schema, value: Value) -> Result<Value, String> {
    let all = parameters(&[("x", schema.clone(), true)]);
    let told = |problems: Vec<super::ArgumentProblem>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    all.check(object(json!({ "x": value }))).map(|checked| checked.find("x").unwrap().clone()).map_err(told)
}

#[test]
fn strings_are_read_only_where_no_string_is_allowed() {
    let nested = closed(&[("ids", list(integer()), true)]);
    let choice = Schema::of(Type::Enum(vec![json!("auto"), json!(3)]));
    for (schema, given, wanted) in [
        (integer(), json!("2"), json!(2)),
        (integer(), json!("-0"), json!(0)),
        (integer(), json!(2.0), json!(2)),
        (integer(), json!("18446744073709551615"), json!(u64::MAX)),
        (number(), json!("2.5"), json!(2.5)),
        (number(), json!(2), json!(2)),
        (Schema::of(Type::Boolean), json!("true"), json!(true)),
        (Schema::of(Type::Null), json!("null"), json!(null)),
        (list(integer()), json!("[1, \"2\"]"), json!([1, 2])),
        (list(string()), json!(["1", "[2]"]), json!(["1", "[2]"])),
        (nested.clone(), json!("{\"ids\": \"[1]\"}"), json!({"ids": [1]})),
        (nested, json!({"ids": ["1"]}), json!({"ids": [1]})),
        (string(), json!("2"), json!("2")),
        (string(), json!("a\0b"), json!("a\0b")),
        (Schema::of(Type::Any), json!("2"), json!("2")),
        (union(&[string(), integer()]), json!("2"), json!("2")),
        (union(&[integer(), Schema::of(Type::Null)]), json!("null"), json!(null)),
        (union(&[integer(), Schema::of(Type::Null)]), json!("7"), json!(7)),
        // What fits as it is comes before what has to be read.
        (union(&[list(integer()), list(string())]), json!(["1"]), json!(["1"])),
        (choice.clone(), json!("3"), json!(3)),
        (choice, json!("auto"), json!("auto")),
        (Schema::of(Type::Raw(json!({"type": "array", "contains": {"const": 1}}))), json!("[1]"), json!([1])),
        (
            Schema::of(Type::Raw(json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}))),
            json!("1"),
            json!("1"),
        ),
        (
            Schema::of(Type::Raw(json!({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}))),
            json!("1"),
            json!(1),
        ),
    ] {
        assert_eq!(check(&schema, given.clone()), Ok(wanted), "{given} for {}", schema.signature());
    }
}

#[test]
fn what_does_not_fit_is_told_with_what_was_wanted() {
    let bounds = NumberBounds { minimum: Some(1.into()), maximum: Some(9.into()), ..Default::default() };
    let step =
        NumberBounds { multiple_of: Some(5.into()), exclusive_minimum: Some(0.into()), ..Default::default() };
    let text = StringBounds { min_length: Some(2), pattern: Some("^a".into()), ..Default::default() };
    let pair = ArrayType { items: integer(), min_items: Some(2), max_items: None, unique: true };
    let pair = Schema::of(Type::Array(Box::new(pair)));
    for (schema, given, message) in [
        (integer(), json!("abc"), "`x`: expected an integer, found the string `abc`"),
        (integer(), json!("\"2\""), "`x`: expected an integer, found the string `\\\"2\\\"`"),
        (integer(), json!(2.5), "`x`: expected an integer of 64 bits, found `2.5`"),
        (integer(), json!("2.5"), "`x`: expected an integer of 64 bits, found `2.5`"),
        (integer(), json!(1e20), "`x`: expected an integer of 64 bits, found `1e+20`"),
        (
            integer(),
            json!("9223372036854775808000"),
            "`x`: expected an integer, found the string `9223372036854775808000`: integer \
             `9223372036854775808000` does not fit 64 bits",
        ),
        (integer(), json!(null), "`x`: expected an integer, found null"),
        (string(), json!(2), "`x`: expected a string, found `2`"),
        (Schema::of(Type::Boolean), json!("yes"), "`x`: expected a boolean, found the string `yes`"),
        (Schema::of(Type::Boolean), json!(1), "`x`: expected a boolean, found `1`"),
        (Schema::of(Type::Integer(bounds)), json!(0), "`x`: expected at least 1, found `0`"),
        (
            Schema::of(Type::Integer(step)),
            json!(-3),
            "`x`: expected more than 0, found `-3`; `x`: expected a multiple of 5, found `-3`",
        ),
        (
            Schema::of(Type::String(text)),
            json!("b"),
            "`x`: expected at least 2 characters, found 1; `x`: expected a string that matches `^a`, found the string `b`",
        ),
        (pair.clone(), json!([1]), "`x`: expected at least 2 items, found 1"),
        (pair, json!([1, 1.0]), "`x`: expected items that differ, found items 0 and 1 alike"),
        (
            Schema::of(Type::Enum(vec![json!("a"), json!("b"), json!(1)])),
            json!("c"),
            "`x`: expected `\"a\"`, `\"b\"` or `1`, found the string `c`",
        ),
        (
            union(&[integer(), Schema::of(Type::Null)]),
            json!("a"),
            "`x`: expected an integer or null, found the string `a`",
        ),
        (
            union(&[list(integer()), Schema::of(Type::Null)]),
            json!(["a"]),
            "`x[0]`: expected an integer, found the string `a`",
        ),
        (
            list(closed(&[("name", string(), true)])),
            json!([{"name": "a"}, {}, {"name": 1, "a b": 2}]),
            "`x[1].name`: required and not given, expected a string; `x[2].name`: expected a string, found `1`; \
             `x[2][\"a b\"]`: unknown name",
        ),
        (
            closed(&[]),
            json!("{\"a\":1,\"a\":2}"),
            "`x`: expected an object, found the string `{\\\"a\\\":1,\\\"a\\\":2}`: key `a` is there twice at line 1 column 8",
        ),
        (
            Schema::of(Type::Raw(
                json!({"type": "object", "properties": {"a": {"type": "array", "minItems": 1, "contains": {}}}}),
            )),
            json!({"a": []}),
            "`x.a`: [] has less than 1 item; `x.a`: None of [] are valid under the given schema",
        ),
    ] {
        assert_eq!(check(&schema, given.clone()), Err(message.to_owned()), "{given}");
    }
}

#[test]
fn all_problems_come_at_once_with_advice() {
    let all = parameters(&[("name", string(), true), ("times", integer(), false)]);
    let problems = all.check(object(json!({"times": "x", "nmae": "a", "zzz": 1}))).unwrap_err();
    let told: Vec<_> = problems.iter().map(|one| (one.path.as_str(), one.hint.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("name", None),
            ("times", None),
            ("nmae", Some("did you mean `name`?")),
            ("zzz", Some("what is taken: `name` or `times`")),
        ]
    );
}

#[test]
fn absent_stays_absent_and_the_order_is_that_of_the_parameters() {
    let mut with_default = integer();
    with_default.default = Some(json!(1));
    let mut all = parameters(&[("a", string(), true), ("b", with_default, false), ("c", string(), false)]);
    all.additional = Additional::Typed(Box::new(integer()));
    let checked = all.check(object(json!({"z": "3", "c": "x", "a": "y"}))).unwrap();
    assert_eq!(checked.to_json().to_string(), r#"{"a":"y","c":"x","z":3}"#);
    assert_eq!((checked.len(), checked.is_empty(), checked.find("b")), (3, false, None));
    assert_eq!(checked.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "c", "z"]);
}

#[test]
fn a_whole_raw_schema_is_checked_as_well() {
    let mut all = parameters(&[("a", integer(), false), ("b", integer(), false)]);
    all.raw = Some(json!({"type": "object", "minProperties": 1, "dependentRequired": {"a": ["b"]}}));
    assert!(all.check(object(json!({"a": "1", "b": 2}))).is_ok());
    assert!(all.check(Map::new()).is_err());
    assert_eq!(all.check(object(json!({"a": 1}))).unwrap_err().len(), 1);
}

fn bounds() -> impl Strategy<Value = NumberBounds> {
    (prop::option::of(-3_i64..3), prop::option::of(-3_i64..6), prop::option::of(1_i64..4)).prop_map(
        |(low, high, step)| NumberBounds {
            minimum: low.map(Into::into),
            exclusive_maximum: high.map(Into::into),
            multiple_of: step.map(Into::into),
            ..Default::default()
        },
    )
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5_i64..8).prop_map(Value::from),
        (-10_i32..10).prop_map(|half| Value::from(f64::from(half) / 2.0)),
        "[ab]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..3)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

pub(crate) fn any_schema() -> impl Strategy<Value = Schema> {
    let leaf = prop_oneof![
        Just(Type::Any),
        Just(Type::Null),
        Just(Type::Boolean),
        bounds().prop_map(Type::Integer),
        bounds().prop_map(Type::Number),
        (prop::option::of(0_u64..3), prop::option::of(0_u64..3), prop::option::of("a[ab]?")).prop_map(
            |(min_length, max_length, pattern)| Type::String(StringBounds {
                min_length,
                max_length,
                pattern,
                format: None
            })
        ),
        prop::collection::vec(any_value(), 1..3).prop_map(Type::Enum),
    ];
    leaf.prop_map(Schema::of).prop_recursive(3, 12, 3, |inner| {
        let array = (inner.clone(), prop::option::of(0_u64..3), prop::option::of(0_u64..3), any::<bool>())
            .prop_map(|(items, min_items, max_items, unique)| {
                Type::Array(Box::new(ArrayType { items, min_items, max_items, unique }))
            });
        let additional = prop_oneof![
            Just(Additional::Any),
            Just(Additional::Forbidden),
            inner.clone().prop_map(|schema| Additional::Typed(Box::new(schema))),
        ];
        let members = prop::collection::btree_map("[ab]", (inner.clone(), any::<bool>()), 0..3);
        let object = (members, additional).prop_map(|(members, additional)| {
            let properties = members
                .into_iter()
                .map(|(name, (schema, required))| (name, Property { schema, required }))
                .collect();
            Type::Object(Box::new(ObjectType { properties, additional }))
        });
        let union = prop::collection::vec(inner, 1..3).prop_map(Type::Union);
        prop_oneof![array, object, union].prop_map(Schema::of)
    })
}

proptest! {
    #[test]
    fn exact_checks_agree_with_the_jsonschema_crate(schema in any_schema(), value in any_value()) {
        let validator = compile(&schema.to_json()).unwrap();
        let problems = schema.problems(&value);
        prop_assert_eq!(problems.is_empty(), validator.is_valid(&value), "{} {} {:?}", schema.to_json(), value, problems);
    }

    #[test]
    fn what_is_checked_fits(schema in any_schema(), value in any_value()) {
        let all = parameters(&[("x", schema.clone(), true)]);
        if let Ok(checked) = all.check(object(json!({ "x": value }))) {
            prop_assert_eq!(schema.problems(checked.find("x").unwrap()), Vec::new());
        }
    }
}
