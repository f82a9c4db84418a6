//! The JSON Schemas of our files, for editors: `docs/schemas/`. Their keys are what the readers know, their types and
//! words are what the references say of each; a reader and its schema refuse the same. `RYE_BLESS=1` rewrites them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rye_executor::{Host, Resolver};
use rye_resolver::{CONFIG_KEYS, EXCHANGE_KEYS, PEER_KEYS};
use rye_runtimes::TomlSource;
use rye_runtimes::call::{OUTPUTS, PASSINGS, STYLES};
use rye_runtimes::core::core_files;
use rye_runtimes::env_config::{GROUPS, RESOURCE_KINDS};
use rye_tools::{Item, NotATool, ToolFile};
use serde_json::{Map, Value, json};

use crate::docs::{cells, current};
use crate::world::World;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The rows of a generated table: a key, and its cells by the words of the head.
fn rows(page_name: &str, table: &str) -> Vec<(String, Map<String, Value>)> {
    static PAGES: OnceLock<[(&str, String); 2]> = OnceLock::new();
    let pages = PAGES.get_or_init(|| ["tools.md", "runtimes.md"].map(|name| (name, current(name))));
    let page = &pages.iter().find(|(name, _)| *name == page_name).unwrap().1;
    let mark = format!("<!-- generated: {table} -->");
    let mut lines =
        page.lines().skip_while(|line| *line != mark).skip(1).take_while(|line| line.starts_with('|'));
    let head = cells(lines.next().unwrap_or_else(|| panic!("no {table} in {page_name}")));
    let row = |line: &str| {
        let cells = cells(line);
        let key = cells[0].trim_matches('`').to_owned();
        (key, head.iter().cloned().zip(cells.into_iter().map(Value::from)).collect())
    };
    lines.skip(1).map(row).collect()
}

/// What a reference says, without its links.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        match after.split_once("](").and_then(|(word, link)| Some((word, link.split_once(')')?.1))) {
            Some((word, after)) if !before.ends_with('`') => {
                out.push_str(before);
                out.push_str(word);
                rest = after;
            }
            _ => {
                out.push_str(before);
                out.push('[');
                rest = after;
            }
        }
    }
    // Where on the page it stands helps nobody in an editor.
    (out + rest).replace(" (below)", "").replace(" (runtimes)", "")
}

/// An object with the keys of a table. `shape` says the type of a key from the word that the table has for it.
fn object(page: &str, table: &str, shape: fn(&str, &str) -> Value) -> Value {
    let mut properties = Map::new();
    for (key, row) in rows(page, table) {
        let cell = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut schema = shape(&key, &cell("type"));
        if schema.get("$ref").is_some() {
            // Beside a reference, this revision reads nothing.
            schema = json!({ "allOf": [schema] });
        }
        let says = row.values().next_back().and_then(Value::as_str).unwrap_or_default();
        schema["description"] = plain(says).into();
        if let Ok(default) = serde_json::from_str::<Value>(cell("default").trim_matches('`')) {
            schema["default"] = default;
        }
        properties.insert(key, schema);
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn words<T>(words: &[(&str, T)]) -> Value {
    let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    json!({ "type": "string", "enum": all })
}

fn strings() -> Value {
    json!({ "type": "array", "items": { "type": "string" } })
}

/// The type of a key, from the word in the reference.
fn shape(key: &str, word: &str) -> Value {
    match (word, key) {
        ("string" | "id" | "file name" | "URL" | "name", _) => json!({ "type": "string" }),
        ("boolean", _) => json!({ "type": "boolean" }),
        ("list of strings", "bootstrap_args") => option("args", ""),
        (word, _) if word.starts_with("list of names") => strings(),
        ("list of strings" | "list of hosts", _) => strings(),
        ("list of words", "search") => json!({ "type": "array", "items": words(GROUPS) }),
        ("word, or list of words", "parameters") => {
            json!({ "anyOf": [words(PASSINGS), { "type": "array", "items": words(PASSINGS) }] })
        }
        ("word", "style") => words(STYLES),
        ("word", "output") => words(OUTPUTS),
        ("word", "type") => words(RESOURCE_KINDS),
        ("JSON Schema 2020-12", "input_schema") => json!({ "$ref": "#/definitions/input_schema" }),
        ("JSON Schema 2020-12", _) => json!({ "$ref": "#/definitions/schema" }),
        ("table of tables", "parameters") => {
            json!({ "type": "object", "additionalProperties": { "$ref": "#/definitions/parameter" } })
        }
        ("table", "env_config" | "config" | "call" | "annotations" | "limits" | "mcp") => {
            json!({ "$ref": format!("#/definitions/{key}") })
        }
        ("table" | "table: extension = runtime", "runtimes") => {
            json!({ "type": "object", "additionalProperties": { "type": "string" } })
        }
        ("table", "headers") => json!({ "type": ["object", "string"] }),
        ("table", _) => json!({ "type": "object" }),
        // A `${NAME}` may hold it.
        ("seconds" | "number", _) => json!({ "type": ["number", "string"] }),
        _ => panic!("`{key}`: say in tests/schema_docs.rs what a `{word}` is"),
    }
}

/// The type of an option of a primitive.
fn option(key: &str, _: &str) -> Value {
    match key {
        "command" | "cwd" | "method" | "url" => json!({ "type": "string" }),
        "stdin" | "text" | "body" => json!({}),
        "tool" | "protocol" => json!({ "type": "string" }),
        "input" => json!({ "type": "string", "enum": ["refused", "defaults"] }),
        "mirrored" => json!({ "type": "object", "additionalProperties": strings() }),
        "args" => json!({ "type": "array", "items": { "type": ["string", "number", "boolean"] } }),
        "env" => json!({ "type": "object" }),
        "query" | "headers" | "form" | "auth" => json!({ "type": ["object", "string"] }),
        "allow_hosts" => strings(),
        "leave_running" | "follow_redirects" => json!({ "type": ["boolean", "string"] }),
        "timeout" | "idle_timeout" | "grace" | "retries" | "max_output" | "max_body" => {
            json!({ "type": ["number", "string"] })
        }
        _ => panic!("`{key}`: say in tests/schema_docs.rs what it is"),
    }
}

/// `[limits]` has no column of types.
fn limit(key: &str, _: &str) -> Value {
    match key {
        "timeout" | "idle_timeout" => json!({ "type": "number", "minimum": 0 }),
        _ => json!({ "type": "integer", "minimum": 1 }),
    }
}

/// Nor has `[mcp]`.
fn shown(key: &str, _: &str) -> Value {
    let one_of = |all: &[&str]| json!({ "type": "string", "enum": all });
    match key {
        "tools" | "hide" | "tags" => strings(),
        "spaces" => json!({ "type": "array", "items": one_of(&["project", "user", "system"]) }),
        "mode" => one_of(&rye_resolver::McpMode::ALL.map(|(word, _)| word)),
        "schemas" => one_of(&rye_resolver::McpSchemas::ALL.map(|(word, _)| word)),
        "threshold" => json!({ "type": "integer", "minimum": 1 }),
        _ => panic!("`{key}`: say in tests/schema_docs.rs what it is"),
    }
}

/// JSON Schema as metadata has it: its keywords and those of our own, each with its sort.
fn keywords(further: Value) -> Value {
    let schema = json!({ "$ref": "#/definitions/schema" });
    let mut properties = Map::new();
    for keyword in rye_tools::schema::keywords() {
        let sort = match keyword {
            "properties" | "patternProperties" | "dependentSchemas" | "$defs" | "definitions" => {
                json!({ "type": "object", "additionalProperties": schema })
            }
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => json!({ "type": "array", "items": schema }),
            "items"
            | "additionalProperties"
            | "not"
            | "if"
            | "then"
            | "else"
            | "contains"
            | "propertyNames"
            | "unevaluatedItems"
            | "unevaluatedProperties"
            | "contentSchema" => schema.clone(),
            "type" => {
                let kinds = words(
                    &["string", "integer", "number", "boolean", "array", "object", "null"].map(|w| (w, ())),
                );
                json!({ "anyOf": [kinds, { "type": "array", "items": kinds }] })
            }
            "enum" | "examples" => json!({ "type": "array" }),
            "required" => strings(),
            "title" | "description" | "pattern" | "format" | "$ref" | "$comment" | "$schema" => {
                json!({ "type": "string" })
            }
            "uniqueItems" | "deprecated" | "readOnly" | "writeOnly" => json!({ "type": "boolean" }),
            word if word.starts_with("min") || word.starts_with("max") => json!({ "type": "number" }),
            _ => json!({}),
        };
        properties.insert(keyword.to_owned(), sort);
    }
    if let Value::Object(further) = further {
        properties.extend(further);
    }
    json!({
        "type": "object", "properties": properties, "patternProperties": { "^x-": {} }, "additionalProperties": false,
    })
}

fn schema_definitions() -> Map<String, Value> {
    let own = json!({
        "required": {
            "anyOf": [{ "type": "boolean" }, strings()],
            "description": "true: a call must give it; a list: the members that an object must have",
        },
        "allow_dash": {
            "type": "boolean",
            "description": "whether a value may begin with `-` where a program would read an option",
        },
        "beneath": {
            "type": "string",
            "minLength": 1,
            "description": "the values are paths that may not lead out of this folder, relative to where the tool runs",
        },
    });
    let schema = json!({ "anyOf": [{ "type": "boolean" }, keywords(json!({}))] });
    let all = [("schema", schema), ("parameter", keywords(own)), ("input_schema", keywords(json!({})))];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// What a tool's and a runtime's file have in common.
fn descriptor_definitions() -> Map<String, Value> {
    let mut config = object("runtimes.md", "subprocess", option);
    let exchange = object("runtimes.md", "http_client", option);
    let mut resource = object("runtimes.md", "resource keys", shape);
    for schema in resource["properties"].as_object_mut().unwrap().values_mut() {
        // What is not said is the runtime's, where a tool replaces single keys.
        schema.as_object_mut().unwrap().remove("default");
    }
    for (key, schema) in exchange["properties"].as_object().unwrap() {
        let known = config["properties"].as_object_mut().unwrap();
        match known.get_mut(key) {
            Some(both) => {
                let text = format!(
                    "{}; of `http_client`: {}",
                    both["description"].as_str().unwrap(),
                    schema["description"].as_str().unwrap()
                );
                both["description"] = text.into();
                both.as_object_mut().unwrap().remove("default");
            }
            None => {
                known.insert(key.clone(), schema.clone());
            }
        }
    }
    let server = object("runtimes.md", "server tool", option);
    let known = config["properties"].as_object_mut().unwrap();
    known.extend(server["properties"].as_object().unwrap().clone());
    let env = json!({
        "type": "object",
        "description": "variables for the child",
        "additionalProperties": { "type": ["string", "number", "boolean"] },
    });
    let env_config = json!({
        "type": "object",
        "properties": { "env": env },
        "additionalProperties": { "$ref": "#/definitions/resource" },
    });
    let call = object("runtimes.md", "call keys", shape);
    let all = [("config", config), ("env_config", env_config), ("resource", resource), ("call", call)];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

const SPELLINGS: [(&str, &str); 8] = [
    ("__version__", "version"),
    ("__tool_type__", "tool_type"),
    ("__executor_id__", "executor_id"),
    ("__category__", "category"),
    ("__tool_description__", "description"),
    ("CONFIG_SCHEMA", "input_schema"),
    ("ENV_CONFIG", "env_config"),
    ("CONFIG", "config"),
];

/// The spellings of Python, which a descriptor may carry over.
fn with_spellings(mut schema: Value) -> Value {
    let properties = schema["properties"].as_object_mut().unwrap();
    for (spelling, key) in SPELLINGS {
        if let Some(mut one) = properties.get(key).cloned() {
            one["description"] = format!("Python's spelling of `{key}`").into();
            properties.insert(spelling.to_owned(), one);
        }
    }
    schema
}

/// That a key is there, in either spelling.
fn there(key: &str) -> Value {
    let spelling = SPELLINGS.iter().find(|(_, known)| *known == key).unwrap().0;
    json!({ "anyOf": [{ "required": [key] }, { "required": [spelling] }] })
}

fn document(title: &str, mut root: Value, definitions: Map<String, Value>) -> Value {
    let mut out = Map::new();
    // The revision that editors know.
    out.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    out.insert("title".into(), title.into());
    out.append(root.as_object_mut().unwrap());
    out.insert("definitions".into(), definitions.into());
    Value::Object(out)
}

fn tool() -> Value {
    let mut definitions = descriptor_definitions();
    definitions.append(&mut schema_definitions());
    definitions
        .insert("annotations".into(), object("tools.md", "annotations", |_, _| json!({ "type": "boolean" })));
    definitions.insert("limits".into(), object("tools.md", "tool limits", limit));
    // A bootstrap belongs to a runtime.
    definitions["call"]["properties"].as_object_mut().unwrap().remove("bootstrap");
    document(
        "A tool of rye, or the metadata beside a script",
        with_spellings(object("tools.md", "tool keys", shape)),
        definitions,
    )
}

fn runtime() -> Value {
    let mut root = object("runtimes.md", "runtime keys", shape);
    root["properties"]["tool_type"]["const"] = "runtime".into();
    root["properties"]["extensions"]["items"]["pattern"] = "^[A-Za-z0-9]+$".into();
    root["allOf"] = json!([there("tool_type"), there("executor_id")]);
    let root = with_spellings(root);
    document("A runtime of rye", root, descriptor_definitions())
}

fn rye_toml() -> Value {
    let limits = object("tools.md", "limits", limit);
    let mcp = object("tools.md", "mcp", shown);
    let definitions = [("limits".to_owned(), limits), ("mcp".to_owned(), mcp)].into_iter().collect();
    document("rye.toml of a project or of the user space", object("tools.md", "rye.toml", shape), definitions)
}

fn all() -> [(&'static str, Value); 3] {
    [("tool.json", tool()), ("runtime.json", runtime()), ("rye.toml.json", rye_toml())]
}

fn problems(schema: &Value, toml: &str) -> Vec<String> {
    let node = TomlSource::file(&Arc::from("x.toml"), toml.to_owned()).parse();
    let value = node.unwrap_or_else(|problems| panic!("{problems:?}: {toml}")).to_json();
    let validator = jsonschema::draft7::new(schema).unwrap();
    validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_schemas_are_what_the_references_say() {
    #[expect(clippy::disallowed_methods, reason = "a test is a front end of its own")]
    let bless = std::env::var_os("RYE_BLESS").is_some();
    for (name, schema) in all() {
        let path = Path::new(ROOT).join("docs/schemas").join(name);
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if bless {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(before == text, "docs/schemas/{name} is out of date: run this with RYE_BLESS=1");
        for (key, one) in schema["properties"].as_object().unwrap() {
            assert!(one["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}: {key}");
        }
    }
    let of = |key: &str| tool()["definitions"]["config"]["properties"].get(key).is_some();
    assert!(CONFIG_KEYS.iter().chain(&EXCHANGE_KEYS).chain(&PEER_KEYS).all(|key| of(key)));
}

/// Whether a file says that it is a runtime.
fn is_runtime(text: &str) -> bool {
    let value = TomlSource::file(&Arc::from("x.toml"), text.to_owned()).parse().unwrap().to_json();
    ["tool_type", "__tool_type__"].iter().any(|key| value.get(key).is_some_and(|word| word == "runtime"))
}

fn toml_files(below: &str) -> Vec<PathBuf> {
    let all = walkdir::WalkDir::new(Path::new(ROOT).join(below))
        .into_iter()
        .map(|entry| entry.unwrap().into_path());
    all.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect()
}

#[test]
fn every_file_of_ours_fits_its_schema() {
    let (tool, runtime, config) = (tool(), runtime(), rye_toml());
    let mut seen = 0;
    let examples = toml_files("examples/.ai").into_iter().map(|path| std::fs::read_to_string(path).unwrap());
    let core = core_files().iter().map(|file| file.text.to_owned());
    for text in
        examples.chain(core).chain(crate::seeds::DESCRIPTORS.iter().map(|(_, text)| (*text).to_owned()))
    {
        let schema = if is_runtime(&text) { &runtime } else { &tool };
        assert_eq!(problems(schema, &text), [""; 0], "{text}");
        seen += 1;
    }
    assert!(seen > 14, "{seen}");
    let whole = "pass_env = ['A_*']\nallow_hosts = ['localhost']\n[runtimes]\nts = 'bun_runtime'\n[limits]\ntimeout = 1.5\nqueue = 3\n";
    assert_eq!(problems(&config, whole), [""; 0]);
}

/// Whether the reader takes a file.
fn reads(text: &str) -> bool {
    let file = ToolFile {
        file: Arc::from("x.toml"),
        extension: Some("toml"),
        bytes: text.as_bytes(),
        sidecar: None,
    };
    !matches!(Item::read(&file), Err(_) | Ok(Item::Other(NotATool::PlainToml { .. })))
}

type Reads = fn(&str) -> bool;

fn reads_config(text: &str) -> bool {
    let world = World::new();
    world.file("project/.ai/rye.toml", text);
    Resolver::new(Host { working_directory: world.project(), home: Some(world.home()), ..Host::default() })
        .is_ok()
}

#[test]
fn a_reader_and_its_schema_refuse_the_same() {
    const VALUES: [&str; 9] = ["'x'", "true", "1", "-1", "2.5", "[]", "['x']", "[1]", "{}"];
    const TOOL: &str = "executor_id = 'subprocess'\n";
    const RUNTIME: &str = "executor_id = 'subprocess'\ntool_type = 'runtime'\n";
    let (tool, runtime, config) = (tool(), runtime(), rye_toml());
    let cases: [(&Value, &str, &str, &str, &str, Reads); 9] = [
        (&tool, "tools.md", "tool keys", TOOL, "", reads),
        (&tool, "tools.md", "annotations", TOOL, "[annotations]\n", reads),
        (&tool, "tools.md", "tool limits", TOOL, "[limits]\n", reads),
        (&runtime, "runtimes.md", "runtime keys", RUNTIME, "", reads),
        (&runtime, "runtimes.md", "call keys", RUNTIME, "[call]\n", reads),
        (&runtime, "runtimes.md", "resource keys", RUNTIME, "[env_config.r]\n", reads),
        (&config, "tools.md", "rye.toml", "", "", reads_config),
        (&config, "tools.md", "limits", "", "[limits]\n", reads_config),
        (&config, "tools.md", "mcp", "", "[mcp]\n", reads_config),
    ];
    for (schema, page, table, base, head, reads) in cases {
        let (mut refused, mut apart) = (0, Vec::new());
        for (key, _) in rows(page, table).into_iter().chain([("zzzz".to_owned(), Map::new())]) {
            // Those of `http_config` are templates until a plan is made.
            let later = table == "resource keys" && ["timeout", "retries", "headers"].contains(&key.as_str());
            if later || base.contains(&key) && head.is_empty() {
                continue;
            }
            for value in VALUES {
                let text = format!("{base}{head}{key} = {value}\n");
                let said = problems(schema, &text);
                if said.is_empty() != reads(&text) {
                    apart.push(format!("{text}{said:?}"));
                }
                refused += usize::from(!said.is_empty());
            }
        }
        assert_eq!(apart, [""; 0]);
        assert!(refused > 8, "{table}: {refused}");
    }
}
