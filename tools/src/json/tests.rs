use proptest::prelude::*;
use serde_json::{Value, json};

use super::{indent, parse};

#[test]
fn what_is_read_is_what_was_written() {
    for (text, value) in [
        ("0.1", json!(0.1)),
        ("0.10", json!(0.1)),
        ("1e3", json!(1000.0)),
        ("5e-324", json!(5e-324)),
        ("1.7976931348623157e308", json!(f64::MAX)),
        ("0.30000000000000004", json!(0.1 + 0.2)),
        ("18446744073709551615", json!(u64::MAX)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("0e99999999999999999999", json!(0.0)),
        ("9007199254740992.0", json!(9_007_199_254_740_992.0)),
        (r#" {"a": [1, true, null, "\ud83d\ude00\n"]} "#, json!({"a": [1, true, null, "😀\n"]})),
    ] {
        assert_eq!(parse(text), Ok(value), "{text}");
    }
}

#[test]
fn what_cannot_be_kept_or_is_no_json_is_refused_with_its_place() {
    for (text, message) in [
        ("", "the text ends where a value was expected at line 1 column 1"),
        ("{\"a\":1,\n \"a\":2}", "key `a` is there twice at line 2 column 2"),
        ("18446744073709551616", "integer `18446744073709551616` does not fit 64 bits at line 1 column 1"),
        ("-9223372036854775809", "integer `-9223372036854775809` does not fit 64 bits at line 1 column 1"),
        ("[9007199254740993.0]", "number `9007199254740993.0` cannot be kept exactly at line 1 column 2"),
        ("1e400", "number `1e400` cannot be kept exactly at line 1 column 1"),
        ("1e-400", "number `1e-400` cannot be kept exactly at line 1 column 1"),
        ("NaN", "`NaN` where a value was expected at line 1 column 1"),
        ("-Infinity", "`Infinity` where a digit was expected at line 1 column 2"),
        (r#""\ud800x""#, r"`\ud800` is half of a surrogate pair at line 1 column 2"),
        (r#""\udc00""#, r"`\udc00` is half of a surrogate pair at line 1 column 2"),
        ("\"é\u{1}\"", "control character U+0001 in a string at line 1 column 3"),
        (r#""\x""#, r"unknown escape `\x` at line 1 column 2"),
        ("[1,]", "`]` where a value was expected at line 1 column 4"),
        ("01", "`1` where no digit after a leading zero was expected at line 1 column 2"),
        ("1 2", "`2` where the end of the text was expected at line 1 column 3"),
        ("{a:1}", "`a` where a key in double quotes was expected at line 1 column 2"),
        ("[éa\n]", "`éa` where a value was expected at line 1 column 2"),
        ("truer", "`truer` where a value was expected at line 1 column 1"),
        ("\u{feff}1", "`\\u{feff}` where a value was expected at line 1 column 1"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(127)).is_ok());
    assert!(serde_json::from_str::<Value>(&nested(127)).is_ok());
    assert!(parse(&nested(128)).is_err());
    assert!(serde_json::from_str::<Value>(&nested(128)).is_err());
    assert!(parse(&"[".repeat(100_000)).is_err());
}

#[test]
fn indenting_moves_blanks_only() {
    let text = r#"{"a":1.50,"b":[],"c":[1e2,{"d":"x, {y}\""}],"e":{ }}"#;
    let wanted = "{\n  \"a\": 1.50,\n  \"b\": [],\n  \"c\": [\n    1e2,\n    {\n      \"d\": \"x, {y}\\\"\"\n    }\n  ],\n  \"e\": {}\n}";
    assert_eq!(indent(text), wanted);
    assert_eq!(indent("3"), "3");
    assert_eq!(indent("\"open"), "\"open");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_writes_is_read_back(value in any_json()) {
        let text = value.to_string();
        prop_assert_eq!(parse(&text), Ok(value.clone()));
        let indented = indent(&text);
        prop_assert_eq!(&indented, &serde_json::to_string_pretty(&value).unwrap());
        prop_assert_eq!(parse(&indented), Ok(value));
    }

    #[test]
    fn what_is_accepted_is_what_serde_reads(text in r#"[-0-9.eE\[\]{},:"a-cu\\ ]{0,14}"#) {
        if let Ok(value) = parse(&text) {
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
        let _ = indent(&text);
    }
}
