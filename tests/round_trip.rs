//! Any arguments on every way to a tool: what the program is told is exactly what the caller gave.
#![expect(clippy::disallowed_methods, reason = "a program captures its surroundings once")]

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rye_executor::{CallOptions, Config, Executor, Host};
use serde_json::{Map, Value, json};

use crate::library::block_on;
use crate::world::{World, have, misbehave};

/// Each parameter with its type; the last may be anything.
const PARAMETERS: [(&str, &str); 7] = [
    ("text", "string"),
    ("whole", "integer"),
    ("ratio", "number"),
    ("loud", "boolean"),
    ("list", "array"),
    ("object", "object"),
    ("any", ""),
];

fn declared(mark: &str) -> String {
    let one = |(name, kind): &(&str, &str)| {
        let kind = if kind.is_empty() { String::new() } else { format!("{mark}type = \"{kind}\"\n") };
        format!("{mark}[parameters.{name}]\n{kind}{mark}allow_dash = true\n")
    };
    PARAMETERS.iter().map(one).collect()
}

/// What some reader takes for its own.
const ODD: &[&str] =
    &["${HOME}", "$(id)", "{text}", "{{", "--any=1", "-", "~", "a b", "'\"`", "\n", "null", "[1]", "3", ""];

/// Texts that a shell, a template or a parser would make something else of, and any others.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![prop::sample::select(ODD).prop_map(str::to_owned), "[^\\x00]{0,12}", "\\PC{0,4}"]
}

fn values() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL).prop_map(Value::from)
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        texts().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((texts(), inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn arguments() -> impl Strategy<Value = Map<String, Value>> {
    let ratio = (prop::num::f64::NORMAL | prop::num::f64::ZERO).prop_map(Value::from);
    let list = prop::collection::vec(values(), 0..4).prop_map(Value::from);
    let object = prop::collection::vec((texts(), values()), 0..4);
    let object = object.prop_map(|pairs| Value::Object(pairs.into_iter().collect()));
    let given = (
        texts().prop_map(Value::from),
        prop_oneof![any::<i64>().prop_map(Value::from), any::<u64>().prop_map(Value::from)],
        ratio,
        any::<bool>().prop_map(Value::from),
        list,
        object,
        values(),
        prop::collection::vec(any::<bool>(), PARAMETERS.len()),
    );
    given.prop_map(|(text, whole, ratio, loud, list, object, any, there)| {
        let all = [text, whole, ratio, loud, list, object, any];
        let named = PARAMETERS.iter().map(|(name, _)| (*name).to_owned()).zip(all).zip(there);
        named.filter(|(_, there)| *there).map(|(argument, _)| argument).collect()
    })
}

/// A value as an argument or a variable says it.
fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn call(executor: &Executor, tool: &str, arguments: &Map<String, Value>) -> Value {
    let id = tool.parse().unwrap();
    let outcome = block_on(executor.call(&id, arguments.clone(), CallOptions::default()));
    let outcome = outcome.unwrap_or_else(|error| panic!("{tool} {arguments:?}: {}", error.report().message));
    assert!(outcome.success, "{outcome:?}");
    outcome.data_as().unwrap().unwrap()
}

/// Tools that tell what they were told, on every way, and who calls them.
fn told_tools(world: &World) -> Executor {
    let (program, head) = (misbehave(), declared("# "));
    let ways = "parameters = [\"env\", \"stdin\", \"flags\", \"argv\"], output = \"json\"";
    let script = format!("# /// rye\n# call = {{ {ways} }}\n{head}# ///\nexec '{program}' told \"$@\"\n");
    world.tool("script.sh", script);
    let items = PARAMETERS.map(|(name, _)| format!("\"{{{name}?}}\", \"={{{name}?}}\"")).join(", ");
    let config =
        format!("command = '{program}'\nargs = [\"told\", {items}, \"{{list...}}\", \"{{params_json}}\"]");
    let open = declared("");
    world.tool(
        "command.toml",
        format!("executor_id = \"subprocess\"\n{open}[config]\n{config}\n[call]\noutput = \"json\"\n"),
    );
    world.tool("function.py", "def main(**arguments):\n    return arguments\n");
    let host = Host {
        environment: std::env::vars_os().collect(),
        working_directory: world.project(),
        ..Host::default()
    };
    Executor::new(host, Config::default()).unwrap()
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() })
}

#[test]
fn a_script_is_told_what_the_caller_gave() {
    if !have("bash") {
        return;
    }
    let world = World::new();
    let executor = told_tools(&world);
    let checked = runner(60).run(&arguments(), |given| {
        let told = call(&executor, "script", &given);
        let there: Vec<(&String, &Value)> = given.iter().filter(|(_, value)| !value.is_null()).collect();
        let variables: Map<String, Value> = there
            .iter()
            .map(|(name, value)| (format!("RYE_PARAM_{}", name.to_uppercase()), as_text(value).into()))
            .collect();
        prop_assert_eq!(&told["variables"], &Value::Object(variables));
        let flags = there.iter().map(|(name, value)| format!("--{name}={}", as_text(value)));
        let spread = there.iter().flat_map(|(_, value)| match value {
            Value::Array(items) => items.iter().map(as_text).collect(),
            other => vec![as_text(other)],
        });
        prop_assert_eq!(&told["words"], &json!(flags.chain(spread).collect::<Vec<_>>()));
        let input: Value = serde_json::from_str(told["input"].as_str().unwrap()).unwrap();
        prop_assert_eq!(input, Value::Object(given.clone()));
        Ok(())
    });
    checked.unwrap();
}

#[test]
fn a_command_is_told_what_the_caller_gave() {
    let world = World::new();
    let executor = told_tools(&world);
    let checked = runner(60).run(&arguments(), |given| {
        let told = call(&executor, "command", &given);
        let there = |name: &str| given.get(name).filter(|value| !value.is_null()).map(as_text);
        let items = PARAMETERS.iter().filter_map(|(name, _)| there(name));
        let items = items.flat_map(|text| [text.clone(), format!("={text}")]);
        let list = given.get("list").and_then(Value::as_array).into_iter().flatten().map(as_text);
        let whole = Value::Object(given.clone()).to_string();
        prop_assert_eq!(&told["words"], &json!(items.chain(list).chain([whole]).collect::<Vec<_>>()));
        prop_assert_eq!(&told["variables"], &json!({}));
        Ok(())
    });
    checked.unwrap();
}

#[test]
fn a_function_is_told_what_the_caller_gave() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    let executor = told_tools(&world);
    // One call carries many, and texts may hold a NUL here.
    let many = prop::collection::vec((values(), any::<String>()), 100);
    let checked = runner(4).run(&many, |values| {
        let named = values.into_iter().enumerate().map(|(at, pair)| (format!("v{at}"), json!(pair)));
        let given: Map<String, Value> = named.collect();
        prop_assert_eq!(call(&executor, "function", &given), Value::Object(given));
        Ok(())
    });
    checked.unwrap();
}
