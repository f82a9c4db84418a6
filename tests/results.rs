//! What a Python function may return, and what becomes of it: any JSON value exactly, what has a plain form in that
//! form, and everything else a failure that names the place in the value.

use serde_json::{Value, json};

use crate::world::{World, have};

const PRELUDE: &str = "
import enum, collections, dataclasses, datetime, decimal, fractions, pathlib, uuid

class Color(enum.Enum):
    RED = 'red'

class Level(enum.IntEnum):
    HIGH = 3

@dataclasses.dataclass
class Point:
    x: int
    y: object = None

Pair = collections.namedtuple('Pair', 'a b')

class Name(str):
    pass

class Opaque:
    pass

def loop():
    value = []
    value.append(value)
    return value

def deep(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value
";

fn returns(expression: &str) -> String {
    format!("{PRELUDE}\ndef main():\n    return {expression}\n")
}

#[test]
fn every_value_with_a_plain_form_comes_back_in_it() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    for (expression, want) in [
        ("None", "null"),
        ("True", "true"),
        ("3", "3"),
        ("-0.0", "-0.0"),
        ("1e300", "1e+300"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("2**100", "1267650600228229401496703205376"),
        ("-(2**64)", "-18446744073709551616"),
        ("[1, 2.5, 'x', None, True, {'k': []}]", r#"[1,2.5,"x",null,true,{"k":[]}]"#),
        ("(1, (2,))", "[1,[2]]"),
        ("{2: 'a', None: 'b', 1.5: 'c'}", r#"{"2":"a","null":"b","1.5":"c"}"#),
        ("{}", "{}"),
        ("b'text'", r#""text""#),
        ("bytearray(b'text')", r#""text""#),
        ("b'\\xff\\x00'", r#"{"base64":"/wA="}"#),
        ("[memoryview(b'\\xff')]", r#"[{"base64":"/w=="}]"#),
        ("{3, 1, 2}", "[1,2,3]"),
        ("frozenset(['b', 'a'])", r#"["a","b"]"#),
        ("pathlib.Path('/a/b')", r#""/a/b""#),
        ("datetime.datetime(2024, 1, 2, 3, 4, 5)", r#""2024-01-02T03:04:05""#),
        ("datetime.date(2024, 1, 2)", r#""2024-01-02""#),
        ("decimal.Decimal('1.10')", r#""1.10""#),
        ("uuid.UUID(int=1)", r#""00000000-0000-0000-0000-000000000001""#),
        ("fractions.Fraction(1, 3)", r#""1/3""#),
        ("Color.RED", r#""red""#),
        ("[Level.HIGH]", "[3]"),
        ("Point(1, [Point(2)])", r#"{"x":1,"y":[{"x":2,"y":null}]}"#),
        ("Pair(1, 'b')", r#"[1,"b"]"#),
        ("collections.OrderedDict(b=1, a=2)", r#"{"b":1,"a":2}"#),
        ("Name('n')", r#""n""#),
    ] {
        world.tool("value.py", returns(expression));
        let ran = world.rye(["--json", "run", "value"]).run();
        let part = format!("\"data\":{want},\"error\":null");
        assert!(ran.stdout().contains(&part), "{expression}: no {part} in {}{}", ran.stdout(), ran.stderr());
        assert_eq!(ran.code, Some(0));
    }
    for text in ["", "a\nb", "\"quoted\" \\ \u{2028}", "ä漢😀", "\u{7f}\u{1}", "null", "[1]"] {
        world.tool(
            "value.py",
            format!("def main():\n    return {}\n", json!(text).to_string().replace("\\u2028", "\u{2028}")),
        );
        assert_eq!(world.data(["value"]), text);
    }
}

#[test]
fn what_cannot_be_said_in_json_is_a_failure_that_names_its_place() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    for (expression, holds) in [
        ("float('nan')", "result is nan, which JSON cannot say"),
        ("{'a': [0, float('inf')]}", "result.a[1] is inf, which JSON cannot say"),
        ("[{'a': -float('inf')}]", "result[0].a is -inf"),
        ("Opaque()", "result is of type Opaque, which JSON cannot say"),
        ("{'a': {'b': Opaque()}}", "result.a.b is of type Opaque"),
        ("Point(1, lambda: 1)", "result.y is of type function"),
        ("(i for i in [1])", "result is of type generator"),
        ("Opaque", "result is of type type"),
        ("[1+2j]", "result[0] is of type complex"),
        ("{(1, 2): 3}", "result has a key of type tuple"),
        ("{'a': {b'x': 3}}", "result.a has a key of type bytes"),
        ("loop()", "result refers to itself"),
        ("['ok', '\\ud800']", "result[1]"),
        ("{'\\udcff': 1}", "result has a key"),
        ("[Color]", "result[0] is of type EnumType"),
    ] {
        world.tool("value.py", returns(expression));
        let ran = world.rye(["--json", "run", "value"]).run();
        let outcome = ran.json();
        let error = &outcome["error"];
        assert_eq!(
            (ran.code, &error["code"]),
            (Some(1), &Value::from("tool_failed")),
            "{expression}: {outcome:#}"
        );
        let message = error["message"].as_str().unwrap().replace("EnumMeta", "EnumType");
        assert!(message.contains(holds), "{expression}: {message}");
        assert_eq!(outcome["data"], Value::Null);
        world.rye(["run", "value"]).run().fails(1, &["error: "]);
    }
}

#[test]
fn a_person_gets_a_string_as_it_is_and_everything_else_as_json() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    for (expression, want) in [
        ("'plain'", "plain\n"),
        ("'line\\n'", "line\n"),
        ("''", "\n"),
        ("None", ""),
        ("3", "3\n"),
        ("[1, 'ä']", "[1,\"ä\"]\n"),
        ("2**100", "1267650600228229401496703205376\n"),
        ("{'n': 2**100}", "{\"n\":1267650600228229401496703205376}\n"),
    ] {
        world.tool("value.py", returns(expression));
        assert_eq!(world.rye(["run", "value"]).run().ok(), want, "{expression}");
    }
}

#[test]
fn a_large_result_works_and_a_huge_one_is_an_output_limit() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("large.py", "def main(n: int):\n    return 'x' * n\n");
    let large = world.rye(["run", "large", "--n", "20_000_000".replace('_', "").as_str()]).run();
    assert_eq!(large.ok().len(), 20_000_001);
    let ran = world.rye(["--json", "run", "large", "--n", "100000000"]).run();
    let outcome = ran.json();
    assert_eq!((ran.code, &outcome["error"]["code"]), (Some(1), &Value::from("output_limit")), "{outcome:#}");
    assert_eq!(outcome["error"]["hints"], json!(["write it to a file and return the path"]));
    world
        .rye(["run", "large", "--n", "100000000"])
        .run()
        .fails(1, &["the result of `large` has more than 67108864 bytes", "return the path"]);
}

#[test]
fn deep_nesting_and_long_integers_end_as_data() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("value.py", returns("deep(100)"));
    let ran = world.rye(["--json", "run", "value"]).run();
    assert!(
        ran.stdout().contains(&format!("\"data\":{}1{},", "[".repeat(100), "]".repeat(100))),
        "{}",
        ran.stdout()
    );
    for expression in ["deep(100_000)", "10**5000"] {
        world.tool("value.py", returns(expression));
        let ran = world.rye(["--json", "run", "value"]).run();
        let outcome: serde_json::Map<String, Value> = serde_json::from_slice(&ran.stdout).unwrap_or_default();
        // Newer or older Pythons may manage it; then it is exact.
        assert!(
            outcome.get("error").is_some_and(|error| error["code"] == "tool_failed")
                || ran.stdout().contains(&"0".repeat(4999)),
            "{expression}: {}",
            ran.stdout().chars().take(400).collect::<String>()
        );
    }
}
