//! Metadata: three forms with one meaning, parsed and never executed, and wrong metadata told with its place.

use serde_json::{Value, json};

use crate::world::{World, have};

/// Asserts that `x` is refused for its metadata at every door, with these facts, and that nothing ran.
#[track_caller]
fn wrong(world: &World, facts: &[&str], hint: &str) {
    for command in ["run", "show", "explain"] {
        let ran = world.rye(["--json", command, "x"]).run();
        for fact in facts {
            ran.refuses_without_advice(125, "invalid_metadata", fact);
        }
        assert!(ran.json()["error"]["hints"].to_string().contains(hint), "{hint:?}: {}", ran.stdout());
        assert!(ran.stdout.len() < 20_000, "{} bytes", ran.stdout.len());
    }
    let listed = world.rye(["--json", "list"]).run();
    listed.ok();
    let row = listed.json().as_array().unwrap().iter().find(|row| row["id"] == "x").unwrap().clone();
    assert_eq!(row["problem"]["code"], "invalid_metadata");
    let checked = world.rye(["--json", "check"]).run();
    assert_eq!(checked.code, Some(1));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let problems = checked.json()["problems"].as_array().unwrap().clone();
    let told: Vec<_> =
        problems.iter().map(|one| format!("{}: {}", text(&one["place"]), text(&one["message"]))).collect();
    for fact in facts {
        assert!(told.iter().any(|one| one.contains(fact)), "no {fact:?} in {told:#?}");
    }
    assert!(!world.ran(), "{facts:?}");
}

/// A wrong piece of TOML, with its place in it (line, column), the fact and the advice.
const WRONG: &[(&str, (u32, u32), &str, &str)] = &[
    ("descripton = \"x\"", (1, 1), "`descripton` is not a known key", "did you mean `description`?"),
    ("banana = 1", (1, 1), "`banana` is not a known key", "known here: `version`"),
    ("title = \"x\"\nVersion = \"1\"", (2, 1), "`Version` is not a known key", "did you mean `version`?"),
    ("command = \"true\"", (1, 1), "`command` is not a known key", "put it into `[config]`"),
    ("args = []", (1, 1), "`args` is not a known key", "put it into `[config]`"),
    ("url = \"https://example.org\"", (1, 1), "`url` is not a known key", "put it into `[config]`"),
    ("output = \"json\"", (1, 1), "`output` is not a known key", "put it into `[call]`"),
    ("description = 3", (1, 15), "`description` is an integer where a string is wanted", ""),
    ("hidden = \"yes\"", (1, 10), "`hidden` is a string where true or false is wanted", ""),
    ("tags = \"x\"", (1, 8), "`tags` is a string where a list of strings is wanted", ""),
    ("tags = [1]", (1, 9), "`tags` holds an integer where a string is wanted", ""),
    ("call = 1", (1, 8), "an integer where a table is wanted", ""),
    ("[call]\nstyle = \"functon\"", (2, 9), "`style` cannot be `functon`", "did you mean `function`?"),
    ("[call]\nstile = \"function\"", (2, 1), "`stile` is not a known key", "did you mean `style`?"),
    ("[call]\nbootstrap = \"x.py\"", (1, 1), "`bootstrap = \"x.py\"` in a tool", "belongs to a runtime file"),
    ("[annotations]\nreadonly = true", (2, 1), "`readonly` is not a known key", "did you mean `read_only`?"),
    ("[env_config.a]\ntype = \"venv_pyton\"", (2, 8), "`type` cannot be `venv_pyton`", "`venv_python`"),
    ("config = []", (1, 10), "where a table is wanted", ""),
    ("[parameters.n]\ntype = \"int\"", (2, 8), "int", "`integer`"),
    ("[parameters.n]\nrequird = true", (2, 1), "requird", "did you mean `required`?"),
    ("[parameters]\nn = 3", (2, 5), "", ""),
    (
        "parameters = {}\ninput_schema = {}",
        (2, 1),
        "`input_schema` beside `parameters` in line 1",
        "keep one of",
    ),
    ("tool_type = \"primitive\"", (1, 1), "primitives are compiled into rye", "leave `tool_type` out"),
    ("pass_env = [\"A=B\"]", (1, 13), "`A=B` cannot name a variable", ""),
    ("version = 2020-01-01", (1, 11), "a date, where dates are written as strings", ""),
    ("config = { x = 99999999999999999999 }", (1, 16), "an integer that does not fit in 64 bits", ""),
    ("config = { x = nan }", (1, 16), "a number that JSON cannot say", ""),
    ("title = \"a\"\ntitle = \"b\"", (2, 1), "", ""),
    ("title = ", (1, 9), "", ""),
    ("title", (1, 6), "", ""),
];

#[test]
fn wrong_metadata_is_told_with_its_place_in_every_form() {
    for (toml, (line, column), fact, hint) in WRONG {
        let at_start = toml.contains("bootstrap") || toml.contains("primitive");
        // Beside a script.
        let world = World::new();
        world.tool("x.sh", world.marking());
        world.tool("x.toml", toml);
        let place = if at_start { "x.sh:1:1: ".to_owned() } else { format!("x.toml:{line}:{column}: ") };
        wrong(&world, &[&place, fact], hint);
        // In a block: two lines farther down, two characters farther in.
        let world = World::new();
        let lines: String = toml.lines().map(|line| format!("# {line}\n")).collect();
        world.tool("x.sh", format!("{}# /// rye\n{lines}# ///\n", world.marking()));
        let place =
            if at_start { "x.sh:1:1: ".to_owned() } else { format!("x.sh:{}:{}: ", line + 3, column + 2) };
        wrong(&world, &[&place], hint);
    }
}

#[test]
fn a_declaration_is_read_like_metadata() {
    for (toml, (line, column), fact, hint) in WRONG.iter().filter(|row| !row.0.contains("primitive")) {
        let world = World::new();
        world.tool("x.toml", format!("executor_id = \"subprocess\"\n{toml}"));
        let at_start = toml.contains("bootstrap");
        let place =
            if at_start { "x.toml:1:1: ".to_owned() } else { format!("x.toml:{}:{column}: ", line + 1) };
        wrong(&world, &[&place, &fact.replace("line 1", "line 2")], hint);
    }
}

#[test]
fn a_block_is_closed_and_the_only_one() {
    for (block, fact, hint) in [
        (
            "# /// rye\n# title = \"x\"\n",
            "x.sh:3:1: a `# /// rye` block that is not closed",
            "end it with a line `# ///`",
        ),
        (
            "# /// rye\necho\n# ///\n",
            "x.sh:3:1: a `# /// rye` block that is not",
            "each line between begins with `#`",
        ),
        (
            "# /// rye\n# ///\n# /// rye\n# ///\n",
            "x.sh:5:1: a second `rye` block; the first stands in line 3",
            "keep one",
        ),
    ] {
        let world = World::new();
        world.tool("x.sh", format!("{}{block}", world.marking()));
        wrong(&world, &[fact], hint);
    }
}

#[test]
fn text_that_is_not_utf8_is_told_with_its_line() {
    let world = World::new();
    world.tool("x.sh", world.marking());
    world.tool("x.toml", b"title = \"x\"\ndescription = \"\xff\"\n");
    wrong(&world, &["x.toml:2:1: not UTF-8"], "");
    let world = World::new();
    world.tool("x.sh", [world.marking().as_bytes(), b"# /// rye\n# title = \"\xff\"\n# ///\n"].concat());
    wrong(&world, &["x.sh:4:1: a line of the block is not UTF-8"], "");
    // Python knows other encodings, and rye none in which a function could be called.
    let function = |coding: &str| [coding.as_bytes(), b"\ndef main():\n    return '\xe9'\n"].concat();
    for (coding, fact) in [
        ("#", "x.py:3:1: not UTF-8, and no line names another encoding"),
        ("# coding: latin-1", "x.py:3:1: not UTF-8, and only a script may have another encoding"),
    ] {
        let world = World::new();
        world.tool("x.py", function(coding));
        wrong(&world, &[fact], "save the file as UTF-8");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let world = World::new();
    let block = |mark: &str| format!("\u{feff}{mark} /// rye\n{mark} description = \"told\"\n{mark} ///\n");
    world.tool("block.sh", format!("{}exit 0\n", block("#")));
    world.tool("mark.mjs", format!("{}export default () => 'module'\n", block("//")));
    world.tool("sidecar.sh", "exit 0\n");
    world.tool("sidecar.toml", "\u{feff}description = \"told\"\n");
    for id in ["block", "mark", "sidecar"] {
        assert_eq!(world.rye(["--json", "show", id]).run().json()["description"], "told", "{id}");
    }
    world.tool("hello.mjs", "\u{feff}export default () => 'first line'\n");
    world.tool("hello2.py", "\u{feff}def main(n: int):\n    return n\n");
    world.tool("script.py", "\u{feff}print('script')\n");
    if have("node") {
        assert_eq!((world.data(["mark"]), world.data(["hello"])), ("module".into(), "first line".into()));
    }
    if have("python3") {
        assert_eq!((world.data(["hello2", "1"]), world.data(["script"])), (1.into(), "script\n".into()));
    }
    // What starts the file may stumble over it, and that is noted.
    world.program("project/.ai/tools/itself", "\u{feff}#!/bin/sh\n");
    world.refused(
        ["itself"],
        127,
        "tool_not_found",
        &["begins with a byte order mark", "save it as UTF-8 without"],
    );
    let notes = world.rye(["--json", "check"]).run().json()["notes"].clone();
    let about: Vec<_> = notes
        .as_array()
        .unwrap()
        .iter()
        .filter(|note| note["message"].as_str().unwrap().contains("byte order mark"))
        .map(|note| note["place"].as_str().unwrap())
        .collect();
    assert_eq!(about, [".ai/tools/block.sh:1:1", ".ai/tools/itself:1:1"], "{notes:#}");
}

#[test]
fn a_megabyte_of_nesting_is_an_error_and_no_crash() {
    let deep = 1 << 20;
    let rows = [
        ("x.toml", format!("tags = {}", "[".repeat(deep))),
        ("x.toml", format!("executor_id = \"subprocess\"\nconfig = {}", "{a=".repeat(deep / 3))),
        ("x.toml", format!("executor_id = \"subprocess\"\ninput_schema = {}1", "{items=".repeat(deep / 7))),
        ("x.toml", format!("executor_id = \"subprocess\"\n{}a = 1", "config.".repeat(deep / 7))),
        ("x.toml", format!("executor_id = \"subprocess\"\n[{}a]", "a.".repeat(deep / 2))),
        ("x.sh", format!("# /// rye\n# config = {}\n# ///\n", "[".repeat(deep))),
        ("x.py", format!("__tool_type__ = 'python'\nCONFIG = {}", "[".repeat(deep / 2))),
        (
            "x.py",
            format!("__tool_type__ = 'python'\nCONFIG = {}{}", "[".repeat(deep / 8), "]".repeat(deep / 8)),
        ),
        ("x.py", format!("def main(a: {}int{}): pass\n", "list[".repeat(deep / 6), "]".repeat(deep / 6))),
        ("x.py", format!("def main(a={}1): pass\n", "-".repeat(deep / 4))),
    ];
    for (name, text) in rows {
        let world = World::new();
        world.tool(name, &text);
        world.tool("good.sh", "echo good\n");
        for words in [["explain", "x"].as_slice(), &["check"]] {
            let ran = world.rye(["--json"].iter().chain(words)).run();
            assert_eq!(ran.signal, None, "{name} {words:?}: {}", ran.stderr());
            assert!(ran.stdout.len() < 100_000, "{name} {words:?}: {} bytes", ran.stdout.len());
        }
        assert_eq!(world.rye(["run", "good"]).run().ok(), "good\n");
    }
}

#[test]
fn python_that_does_not_parse_is_told_with_its_place() {
    let world = World::new();
    let mark = world.marking_python();
    for (text, fact) in [
        ("def main(:\n    pass\n".to_owned(), "x.py:2:10: not valid Python: "),
        ("print('a'\n".to_owned(), "x.py:"),
        ("if True:\nx = 1\n".to_owned(), "x.py:3:1: not valid Python: "),
        ("a = 1\n\0\n".to_owned(), "x.py:3:1: a NUL character"),
    ] {
        world.tool("x.py", format!("{mark}{text}"));
        wrong(&world, &[fact], "");
    }
    let (first, second) = ("x.py:2:5: not valid Python", "x.py:4:5: not valid Python");
    world.tool("x.py", format!("{mark}a = )\nb = 1\nc = ]\n"));
    wrong(&world, &[first, second], "");
}

#[test]
fn looking_at_a_python_file_does_not_execute_it() {
    let world = World::new();
    let mark = world.marking_python();
    world.tool(
        "x.py",
        format!(
            "import os\n{mark}\n{mark}def main(a: int = os.getpid()):\n    \"\"\"Do.\"\"\"\n    return a\n"
        ),
    );
    world
        .tool("y.py", format!("__tool_type__ = 'python'\n__version__ = '1'\n{mark}\nclass A:\n    {mark}\n"));
    for words in [
        ["list"].as_slice(),
        &["list", "--all"],
        &["show", "x"],
        &["explain", "x"],
        &["show", "y"],
        &["check"],
    ] {
        world.rye(words).run().ok();
        world.rye(["--json"].iter().chain(words)).run().ok();
        assert!(!world.ran(), "{words:?}");
    }
    world.rye(["run", "x", "--help"]).run().ok();
    assert!(!world.ran());
    if have("python3") {
        world.rye(["run", "x"]).run().ok();
        assert!(world.ran());
    }
}

#[test]
fn computed_metadata_is_an_error_where_it_counts() {
    for (line, name) in [
        ("__version__ = get_version()", "__version__"),
        ("__version__ = '1' + '2'", "__version__"),
        ("__category__ = f'{x}'", "__category__"),
        ("CONFIG = {'args': [name]}", "CONFIG"),
        ("CONFIG = dict(timeout=3)", "CONFIG"),
        ("__version__ += '1'", "__version__"),
        ("if True:\n    __version__ = open('x').read()", "__version__"),
        ("from elsewhere import CONFIG_SCHEMA", "CONFIG_SCHEMA"),
    ] {
        let world = World::new();
        let mark = world.marking_python();
        world.tool("x.py", format!("__tool_type__ = 'python'\n{mark}{line}\ndef main(): pass\n"));
        let at = if line.starts_with("if") { "x.py:4:" } else { "x.py:3:" };
        wrong(&world, &[at, &format!("`{name}`")], "");
    }
}

#[test]
fn a_computed_version_in_an_ordinary_script_is_nothing() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool(
        "x.py",
        "import sys\n__version__ = '.'.join(['1', '2'])\nCONFIG = dict(a=1)\nprint(__version__)\n",
    );
    assert_eq!(world.rye(["run", "x"]).run().ok(), "1.2\n");
    assert_eq!(world.rye(["--json", "show", "x"]).run().json()["version"], Value::Null);
    world.rye(["check"]).run().ok();
}

#[test]
fn two_forms_may_not_say_one_thing() {
    let world = World::new();
    let block = "# /// rye\n# description = \"block\"\n# version = \"1\"\n# ///\n";
    world.tool("x.sh", format!("{}{block}", world.marking()));
    world.tool("x.toml", "title = \"fine\"\ndescription = \"sidecar\"\n");
    let again = "x.toml:2:1: `description` says again what `description` in .ai/tools/x.sh:4:3 says";
    wrong(&world, &[again], "keep one of the two");
    let world = World::new();
    let mark = world.marking_python();
    world.tool(
        "x.py",
        format!("{mark}{block}__executor_id__ = 'python_runtime'\n__tool_description__ = 'Python'\n"),
    );
    let again = "x.py:7:1: `__tool_description__` says again what `description` in line 3 says";
    wrong(&world, &[again], "keep one of the two");
    // Different keys in different forms are one description.
    let world = World::new();
    world.tool("x.sh", "# /// rye\n# description = \"block\"\n# ///\necho x\n");
    world.tool("x.toml", "title = \"beside\"\n");
    let shown = world.rye(["--json", "show", "x"]).run().json();
    assert_eq!((&shown["description"], &shown["title"]), (&json!("block"), &json!("beside")));
}

#[test]
fn the_three_forms_mean_the_same() {
    if !have("python3") {
        return;
    }
    let toml = r#"version = "1.2.0"
description = "Say a word"
category = "demo"
executor_id = "python_runtime"
[input_schema]
type = "object"
required = ["word"]
[input_schema.properties.word]
type = "string"
description = "the word"
[input_schema.properties.times]
type = "integer"
minimum = 1
[config]
timeout = 7
"#;
    let spelled = toml
        .replace("version =", "__version__ =")
        .replace("description = \"Say", "__tool_description__ = \"Say")
        .replace("category =", "__category__ =")
        .replace("executor_id =", "__executor_id__ =")
        .replace("input_schema", "CONFIG_SCHEMA")
        .replace("[config]", "[CONFIG]");
    let python = r#"__version__ = "1.2.0"
__tool_description__: str = "Say a word"
__category__ = "demo"
__executor_id__ = "python_runtime"
CONFIG_SCHEMA = {
    "type": "object",
    "required": ["word"],
    "properties": {
        "word": {"type": "string", "description": "the word"},
        "times": {"type": "integer", "minimum": 1},
    },
}
CONFIG = {"timeout": 7}
"#;
    let main = "def main(word, times=1):\n    return word * times\n";
    let commented = |toml: &str| toml.lines().map(|line| format!("# {line}\n")).collect::<String>();
    let forms = [
        ("literals", format!("{python}{main}"), None),
        ("block", format!("# /// rye\n{}# ///\n{main}", commented(toml)), None),
        ("late block", format!("{main}# /// rye\n{}# ///\n", commented(toml)), None),
        ("sidecar", main.to_owned(), Some(toml.to_owned())),
        ("Python's spelling", main.to_owned(), Some(spelled)),
    ];
    let mut first: Option<Value> = None;
    for (name, script, sidecar) in forms {
        let world = World::new();
        world.tool("x.py", script);
        sidecar.map(|toml| world.tool("x.toml", toml));
        let mut shown = world.rye(["--json", "show", "x"]).run().json();
        let explained = world.rye(["--json", "explain", "x", "hey"]).run().json();
        assert_eq!(explained["timeout"], json!({ "seconds": 7.0, "source": "tool" }), "{name}");
        shown["path"].take();
        shown["chain"][0]["path"].take();
        shown["chain"][0]["sha256"].take();
        // A sidecar is a file of its own in the chain.
        let beside = shown["chain"][0].as_object_mut().unwrap().remove("beside");
        assert_eq!(beside.is_some(), world.tools().join("x.toml").exists(), "{name}");
        assert_eq!(first.get_or_insert_with(|| shown.clone()), &shown, "{name}");
        assert_eq!(world.outcome(["x", "hey", "--times", "2"])["data"], "heyhey", "{name}");
        let ran = world.rye(["--json", "run", "x", "hey", "--times", "0"]).run();
        ran.refuses(2, "invalid_arguments", "times", "--help");
    }
    let first = first.unwrap();
    assert_eq!(first["version"], "1.2.0");
    assert_eq!(first["category"], "demo");
    assert_eq!(first["description"], "Say a word");
}

#[test]
fn a_broken_file_elsewhere_does_no_harm() {
    let world = World::new();
    world.tool("good.sh", "echo good\n");
    world.tool("deep/other.sh", "echo other\n");
    world.tool("broken.toml", "tool_type = [[[");
    world.tool("broken.py", "def main(:\n");
    world.tool("runtimes/broken.toml", "tool_type = \"runtime\"\nnonsense = 1\nextensions = [\"sh\"]\n");
    world.user_tool("good.toml", "executor_id = 3\n");
    for id in ["good", "deep/other", "other"] {
        world.rye(["run", id]).run().ok();
        world.rye(["show", id]).run().ok();
    }
    world.rye(["list"]).run().ok();
    assert_eq!(world.rye(["check"]).run().code, Some(1));
}
