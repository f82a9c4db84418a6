//! `rye schema`: what every provider's published rules say about what we print, for the examples, for what people write
//! in every language, and for schemas of any shape.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use rye_tools::dialect::Dialect;
use rye_tools::{Item, ToolFile};
use serde_json::{Value, json};

use crate::provider_rules::{anthropic, gemini, mcp, openai};
use crate::world::World;

/// Every rule that a tool breaks.
type Rules = fn(&Value) -> Vec<String>;

const PROVIDERS: [(&str, Dialect, Rules); 4] = [
    ("mcp", Dialect::Mcp, mcp),
    ("openai", Dialect::OpenAi, openai),
    ("anthropic", Dialect::Anthropic, anthropic),
    ("gemini", Dialect::Gemini, gemini),
];

/// What people write: a tool of each form, and each sort of parameter.
const IDIOMS: &[(&str, &str)] = &[
    ("nothing.py", "def main():\n    return 1\n"),
    ("untyped.py", "def main(a, b=2, *, c=None, **rest):\n    \"\"\"Do it.\"\"\"\n"),
    (
        "typed.py",
        "from typing import Annotated, Any, Literal, Optional, TypedDict, Union\nfrom dataclasses import dataclass\n\
         from enum import Enum\nfrom pathlib import Path\nfrom datetime import datetime\n\
         class Size(Enum):\n    SMALL = 1\n    LARGE = 'l'\n\
         class Row(TypedDict, total=False):\n    name: str\n    size: Size\n\
         @dataclass\nclass Point:\n    x: float\n    y: float = 0.0\n\
         def main(a: list[dict[str, int]], b: Optional[Row], c: Literal['x', 3, None], d: Path, e: datetime,\n\
         \x20        f: Point | None = None, g: Union[str, list[str]] = 'g', h: Any = None,\n\
         \x20        i: Annotated[int, 'how often'] = 1, j: tuple[int, str] = (1, 'a'), k: set[str] = set(),\n\
         \x20        l: bytes = b'', m: dict = {}, n: list = [], o: bool = False) -> dict:\n    return {}\n",
    ),
    ("execute.py", "def execute(params, project_path):\n    return params\n"),
    (
        "async.py",
        "async def main(q: str, top_k: int = 5) -> list[str]:\n    \"\"\"Search.\n\n    Args:\n        q: words\n    \"\"\"\n",
    ),
    (
        "literals.py",
        "__tool_type__ = 'python'\n__tool_description__ = 'From the seed'\nCONFIG_SCHEMA = {'type': 'object', 'properties':\n\
         \x20 {'mode': {'enum': ['a', None]}, 'deep': {'type': 'object', 'properties': {'x': {'const': 1}}}},\n\
         \x20 'required': ['mode']}\ndef main(**arguments):\n    return arguments\n",
    ),
    ("plain.sh", "echo hi\n"),
    (
        "block.sh",
        "# /// rye\n# title = \"Block\"\n# annotations = { read_only = true }\n# [parameters.dry-run]\n# type = \"boolean\"\n\
         # [parameters.count]\n# type = \"integer\"\n# exclusiveMinimum = 0\n# default = 3\n# ///\necho\n",
    ),
    ("function.mjs", "export default async function main({ a }) { return a }\n"),
    ("2to3.sh", "echo\n"),
    (
        "command.toml",
        "executor_id = \"subprocess\"\ndescription = \"d\"\n[parameters.path]\ntype = \"string\"\nrequired = true\n\
         [config]\ncommand = \"ls\"\nargs = [\"--\", \"{path}\"]\n[output_schema]\ntype = \"object\"\n",
    ),
    (
        "composed.toml",
        "executor_id = \"subprocess\"\n[config]\ncommand = \"ls\"\n[[input_schema.oneOf]]\nrequired = [\"a\"]\n\
         properties.a = { '$ref' = \"#/$defs/t\" }\n[[input_schema.oneOf]]\nrequired = [\"b\"]\n\
         properties.b = { type = \"array\", prefixItems = [{ type = \"string\" }], items = false }\n\
         [input_schema.'$defs'.t]\ntype = \"object\"\nproperties.kids = { type = \"array\", items = { '$ref' = \"#/$defs/t\" } }\n",
    ),
];

/// The tools in what was printed for all.
fn tools(printed: &Value) -> Vec<Value> {
    let list = match printed.pointer("/0/functionDeclarations") {
        Some(declarations) => declarations,
        None => printed,
    };
    list.as_array().unwrap().clone()
}

#[track_caller]
fn hold(printed: &Value, rules: Rules, least: usize) {
    let tools = tools(printed);
    assert!(tools.len() >= least, "{} of {least}", tools.len());
    for tool in tools {
        assert_eq!(rules(&tool), [""; 0], "{tool:#}");
    }
}

#[test]
fn every_example_is_what_each_provider_takes() {
    let world = World::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for (format, _, rules) in PROVIDERS {
        let ran = world.rye(["schema", "--format", format]).cwd(&examples).run();
        ran.ok();
        hold(&ran.json(), rules, 10);
    }
}

#[test]
fn whatever_people_write_is_what_each_provider_takes() {
    let world = World::new();
    for (name, text) in IDIOMS {
        world.tool(name, text);
    }
    for (format, dialect, rules) in PROVIDERS {
        let ran = world.rye(["schema", "--format", format]).run();
        ran.ok();
        let left_out = if dialect == Dialect::Gemini { 1 } else { 0 };
        hold(&ran.json(), rules, IDIOMS.len() - left_out);
    }
    let schemas = world.rye(["schema"]).run().json();
    assert_eq!(schemas.as_object().unwrap().len(), IDIOMS.len());
    let mut sorted: Vec<_> = schemas.as_object().unwrap().keys().cloned().collect();
    sorted.sort();
    assert_eq!(schemas.as_object().unwrap().keys().cloned().collect::<Vec<_>>(), sorted);
    for (id, schema) in schemas.as_object().unwrap() {
        assert!(jsonschema::draft202012::new(schema).is_ok(), "{id}: {schema:#}");
    }
}

#[test]
fn a_broken_tool_costs_the_others_nothing() {
    let world = World::new();
    world.tool("broken.toml", "executor_id = \"subprocess\"\nbanana = 1\n");
    world.tool("fine.sh", "echo\n");
    world.tool("hidden.sh", "# /// rye\n# hidden = true\n# ///\n");
    world.tool("a/b.sh", "echo\n");
    world.tool("a_b.sh", "echo\n");
    let ran = world.rye(["schema", "--format", "mcp"]).run();
    let names: Vec<_> =
        tools(&ran.json()).iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        names[0].starts_with("a_b_") && names[1].starts_with("a_b_") && names[0] != names[1],
        "{names:?}"
    );
    assert_eq!(names[2], "fine");
    assert!(
        ran.stderr().contains("broken: left out: invalid_metadata: .ai/tools/broken.toml:2:1: `banana`"),
        "{}",
        ran.stderr()
    );
    let ran = world.rye(["--json", "schema", "--format", "mcp"]).run();
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(0), ""));
    assert_eq!(ran.json()["tools"].as_array().unwrap().len(), 3);
    assert_eq!(ran.json()["lost"][0]["tool"], "broken");
    world.rye(["schema", "broken"]).run().fails(125, &["`banana` is not a known key"]);
}

#[test]
fn one_tool_is_printed_alone_and_what_it_lost_is_named() {
    let world = World::new();
    world.tool("demo/one.sh", "# /// rye\n# hidden = true\n# [parameters.n]\n# type = \"integer\"\n# ///\n");
    let schema = world.rye(["schema", "one"]).run();
    assert_eq!(schema.json()["properties"]["n"]["type"], "integer");
    assert_eq!(schema.stderr(), "");
    let ran = world.rye(["schema", "one", "--format", "openai"]).run();
    assert_eq!(ran.json()["name"], "demo_one");
    assert_eq!(ran.stderr(), "note: demo/one: `n`: not strict: it may be absent, and null is not the same\n");
    let ran = world.rye(["--json", "schema", "one", "--format", "openai"]).run().json();
    assert_eq!(ran["tools"]["strict"], false);
    assert_eq!(
        ran["lost"],
        json!([{ "tool": "demo/one", "path": "n", "what": "not strict: it may be absent, and null is not the same" }])
    );
    world.rye(["schema", "one", "--format", "yaml"]).run().fails(2, &["json-schema", "gemini"]);
    world.rye(["schema", "two"]).run().fails(127, &["two"]);
    world.tool(
        "no.toml",
        "executor_id = \"subprocess\"\nparameters = { 'ö' = { required = true } }\nconfig.command = \"ls\"\n",
    );
    world.rye(["schema", "no", "--format", "mcp"]).run().fails(125, &["`ö`", "rye check"]);
}

/// JSON as a literal of Python, which unlike TOML has a null.
fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(python).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{}: {}", json!(name), python(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop::sample::select(vec![
        json!({}),
        json!(true),
        json!({ "type": "string", "minLength": 1, "pattern": "^a" }),
        json!({ "type": "string", "format": "email" }),
        json!({ "type": "string", "format": "uri", "contentEncoding": "base64" }),
        json!({ "type": "integer", "exclusiveMinimum": 0, "default": 3, "x-mine": 1 }),
        json!({ "type": "number", "exclusiveMaximum": 1.5, "multipleOf": 0.5 }),
        json!({ "enum": ["a", 1, null] }),
        json!({ "enum": ["a", null], "type": ["string", "null"] }),
        json!({ "enum": [true, false] }),
        json!({ "enum": [{ "a": 1 }, [2]] }),
        json!({ "const": null }),
        json!({ "type": ["string", "null"], "default": null }),
        json!({ "type": ["array", "object"] }),
        json!({ "type": "array", "uniqueItems": true }),
        json!({ "type": "object", "deprecated": true }),
        json!({ "type": "object", "additionalProperties": false }),
        json!({ "$ref": "#/$defs/d" }),
        json!({ "$ref": "#/$defs/d", "description": "said", "minProperties": 1 }),
        json!({ "minimum": 3 }),
    ]);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let several = || prop::collection::vec(inner.clone(), 1..3);
        let members = prop::collection::btree_map("[ab$ö]{1,2}", (inner.clone(), any::<bool>()), 0..4);
        let object = (members, prop::option::of(inner.clone())).prop_map(|(members, further)| {
            let required: Vec<_> = members.iter().filter(|(_, (_, must))| *must).map(|(name, _)| name.clone()).collect();
            let properties: serde_json::Map<_, _> = members.into_iter().map(|(name, (one, _))| (name, one)).collect();
            let further = further.unwrap_or(json!(false));
            json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": further })
        });
        prop_oneof![
            object,
            inner.clone().prop_map(|items| json!({ "type": "array", "items": items, "minItems": 1 })),
            (prop::sample::select(vec!["anyOf", "oneOf", "allOf", "prefixItems"]), several())
                .prop_map(|(key, all)| json!({ key: all, "title": "t" })),
            (prop::sample::select(vec!["not", "if", "contains", "propertyNames", "unevaluatedProperties"]), inner.clone())
                .prop_map(|(key, one)| json!({ key: one })),
            inner.clone().prop_map(|one| json!({ "type": "object", "patternProperties": { "^x": one } })),
        ]
    })
}

fn any_input() -> impl Strategy<Value = Value> {
    let members = prop::collection::btree_map("[a-c]{1,2}|ö", (any_schema(), any::<bool>()), 0..4);
    let keys = prop::sample::select(vec!["", "anyOf", "oneOf", "allOf", "not", "if"]);
    (members, keys, any_schema(), any_schema()).prop_map(|(members, key, one, other)| {
        let required: Vec<_> =
            members.iter().filter(|(_, (_, must))| *must).map(|(name, _)| name.clone()).collect();
        let properties: serde_json::Map<_, _> =
            members.into_iter().map(|(name, (one, _))| (name, one)).collect();
        let mut root = json!({ "type": "object", "properties": properties, "required": required });
        match key {
            "" => {}
            "not" | "if" => root[key] = one,
            key => root[key] = json!([one, { "type": "object", "properties": { "q": other } }]),
        }
        root["$defs"] =
            json!({ "d": { "type": "object", "properties": { "next": { "$ref": "#/$defs/d" } } } });
        root
    })
}

proptest! {
    #[test]
    fn schemas_of_any_shape_become_what_each_provider_takes(input in any_input()) {
        let text = format!("__tool_type__ = 'x'\nCONFIG_SCHEMA = {}\ndef main(**a):\n    pass\n", python(&input));
        let file = ToolFile { file: Arc::from("t.py"), extension: Some("py"), bytes: text.as_bytes(), sidecar: None };
        let Ok(Item::Tool(tool)) = Item::read(&file) else {
            // The default of an integer may stand in a composition that it does not fit.
            return Err(TestCaseError::reject("not a tool"));
        };
        for (format, dialect, rules) in PROVIDERS {
            if let Ok(exported) = dialect.tool("t", &tool) {
                let broken = rules(&exported.value);
                prop_assert_eq!(&broken, &Vec::<String>::new(), "{}: {:#}", format, &exported.value);
            }
        }
    }
}
