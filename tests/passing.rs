//! Six ways from a caller to a tool: each carries any value exactly as it is, or refuses it before anything runs. No
//! value is ever expanded, split or read as an option.

use serde_json::{Value, json};

use crate::world::{World, have};

/// What some shell, template or parser would make something else of.
const HOSTILE: &[&str] = &[
    "${SECRET}",
    "$<SECRET>",
    "$SECRET",
    "$$",
    "{tool_path}",
    "{value}",
    "{{x}}",
    "{",
    "}}",
    "$(id)",
    "`id`",
    "'single' \"double\"",
    "two\nlines\n",
    "tab\tand\r\nreturn",
    "back\\slash\\n",
    "; touch ran; #",
    "a b  c ",
    "*",
    "~",
    "~/x",
    "=",
    "--value=x",
    "%s%n",
    "null",
    "[1, 2]",
    "{\"a\": 1}",
    "ä漢😀\u{7f}\u{1b}[31m",
    "",
];

/// The ways, each with a tool that gives `value` back.
const WAYS: &[(&str, &str, &str)] = &[
    ("env", "env.sh", "printf %s \"$RYE_PARAM_VALUE\""),
    ("flags", "flags.sh", "printf %s \"${1#--value=}\""),
    ("argv", "argv.sh", "printf %s \"$1\""),
    ("stdin", "stdin.sh", "cat"),
];

const COMMAND: &str = r#"executor_id = "subprocess"
[parameters.value]
type = "string"
allow_dash = true
[config]
command = "printf"
args = ["%s", "{value}"]
[call]
output = "text"
"#;

fn script(way: &str, body: &str) -> String {
    let output = if way == "stdin" { "json" } else { "text" };
    format!(
        "#!/bin/sh\n# /// rye\n# call = {{ parameters = \"{way}\", output = \"{output}\" }}\n# [parameters.value]\n\
         # type = \"string\"\n# allow_dash = true\n# ///\n{body}\n"
    )
}

/// A tool for each way that this machine has, and their ids.
fn tools(world: &World) -> Vec<&'static str> {
    let mut ids = vec!["command"];
    world.tool("command.toml", COMMAND);
    for (way, file, body) in WAYS {
        world.tool(file, script(way, body));
        ids.push(way);
    }
    if have("python3") {
        world.tool("function.py", "def main(value: str):\n    return value\n");
        ids.push("function");
    }
    ids
}

fn value_of(way: &str, data: &Value) -> Value {
    if way == "stdin" { data["value"].clone() } else { data.clone() }
}

#[test]
fn a_hostile_value_arrives_as_it_is_whichever_way_it_goes() {
    let world = World::new();
    let ways = tools(&world);
    world.file("project/.env", "SECRET=leaked\nvalue=leaked\n");
    for way in ways {
        for value in HOSTILE {
            let got = world.data([way, "--value", value]);
            assert_eq!(value_of(way, &got), *value, "{way} by a flag");
        }
        for value in HOSTILE.iter().take(8) {
            let given = json!({ "value": value }).to_string();
            assert_eq!(value_of(way, &world.data(["--params", &given, way])), *value, "{way} by --params");
            let word = format!("--value={value}");
            assert_eq!(value_of(way, &world.data([way, &word])), *value, "{way} by =");
        }
    }
    assert!(!world.project().join("ran").exists());
}

#[test]
fn a_value_with_a_dash_is_a_value() {
    let world = World::new();
    for way in tools(&world) {
        for value in ["-", "-x", "--", "--help", "--json", "-rf /"] {
            let got = world.data([way, "--value", value]);
            assert_eq!(value_of(way, &got), value, "{way}");
        }
    }
}

#[test]
fn a_dash_where_a_program_would_read_an_option_is_refused() {
    let world = World::new();
    world.tool(
        "command.toml",
        COMMAND.replace("allow_dash = true\n", "").replace("printf", "touch").replace("%s", "ran"),
    );
    let argv = script("argv", "touch ran").replace("# allow_dash = true\n", "");
    world.tool("argv.sh", argv);
    for way in ["command", "argv"] {
        for value in ["-", "-x", "--", "--help"] {
            world.refused(
                [way, "--value", value],
                2,
                "argument_looks_like_option",
                &["`value` begins with `-`", "`allow_dash = true` in `[parameters.value]`"],
            );
        }
    }
    // Where no option can be read, nothing is refused.
    for (way, file, body) in WAYS.iter().filter(|(way, ..)| *way != "argv") {
        world.tool(file, script(way, body).replace("# allow_dash = true\n", ""));
        assert_eq!(value_of(way, &world.data([way, "--value", "--help"])), "--help", "{way}");
    }
}

#[test]
fn a_megabyte_goes_where_it_fits_and_is_refused_elsewhere() {
    let world = World::new();
    let large = "x".repeat(1_000_000);
    world.file("project/large.json", json!({ "value": large }).to_string());
    for way in tools(&world) {
        let words = ["--params", "@large.json", way];
        if ["function", "stdin"].contains(&way) {
            assert_eq!(value_of(way, &world.data(words)).as_str().map(str::len), Some(large.len()), "{way}");
        } else {
            let hint = "pass it on standard input: `parameters = \"stdin\"` in `[call]`";
            world.refused(words, 2, "argument_too_large", &[hint]);
        }
    }
}

#[test]
fn a_nul_goes_where_it_can_and_is_refused_elsewhere() {
    let world = World::new();
    for way in tools(&world) {
        let words = ["--params", r#"{"value": "a\u0000b"}"#, way];
        if ["function", "stdin"].contains(&way) {
            assert_eq!(value_of(way, &world.data(words)), "a\0b", "{way}");
        } else {
            world.refused(words, 2, "invalid_arguments", &["`value`", "NUL"]);
        }
    }
}

#[test]
fn every_type_has_one_form_on_each_way() {
    let world = World::new();
    let given =
        r#"{"n": 1.50, "i": 3, "b": false, "l": ["a", "b c", 1], "o": {"k": "v"}, "s": "t", "z": null}"#;
    let declared: String =
        ["n", "i", "b", "l", "o", "s", "z", "gone"].map(|name| format!("# [parameters.{name}]\n")).concat();
    let head = |way: &str| {
        format!(
            "#!/bin/sh\n# /// rye\n# call = {{ parameters = \"{way}\", output = \"text\" }}\n{declared}# ///\n"
        )
    };
    world.tool("flags.sh", head("flags") + "printf '<%s>' \"$@\"");
    world.tool("argv.sh", head("argv") + "printf '<%s>' \"$@\"");
    world.tool("stdin.sh", head("stdin") + "cat");
    world.tool(
        "env.sh",
        head("env") + "printf '<%s>' \"$RYE_PARAM_N\" \"$RYE_PARAM_I\" \"$RYE_PARAM_B\" \"$RYE_PARAM_L\" \"$RYE_PARAM_O\" \"$RYE_PARAM_S\" \"${RYE_PARAM_Z-unset}\" \"${RYE_PARAM_GONE-unset}\"",
    );
    for (way, want) in [
        ("flags", "<--n=1.5><--i=3><--b=false><--l=[\"a\",\"b c\",1]><--o={\"k\":\"v\"}><--s=t>"),
        ("argv", "<1.5><3><false><a><b c><1><{\"k\":\"v\"}><t>"),
        ("env", "<1.5><3><false><[\"a\",\"b c\",1]><{\"k\":\"v\"}><t><unset><unset>"),
        (
            "stdin",
            "{\"n\":1.5,\"i\":3,\"b\":false,\"l\":[\"a\",\"b c\",1],\"o\":{\"k\":\"v\"},\"s\":\"t\",\"z\":null}",
        ),
    ] {
        assert_eq!(world.data(["--params", given, way]), want, "{way}");
    }
}

#[test]
fn several_ways_may_be_taken_at_once() {
    let world = World::new();
    world.tool(
        "all.sh",
        "#!/bin/sh\n# /// rye\n# call = { parameters = [\"env\", \"stdin\", \"flags\", \"argv\"] }\n# [parameters.a]\n# type = \"string\"\n# ///\necho \"$RYE_PARAM_A $1 $2 $(cat)\"\n",
    );
    assert_eq!(world.data(["all", "--a", "x"]), "x --a=x x {\"a\":\"x\"}\n");
}

#[test]
fn names_that_a_template_or_a_variable_could_confuse_are_refused() {
    let world = World::new();
    let hint = "choose another name";
    for (name, other, holds) in [
        ("tool_path", "a", "`tool_path` has the name of a placeholder"),
        ("params_json", "a", "`params_json` has the name of a placeholder"),
        ("project_path", "a", "`project_path` has the name of a placeholder"),
        ("__x", "a", "`__x` begins with `__`"),
        ("dry-run", "dry_run", "`dry-run` and `dry_run` both give `RYE_PARAM_DRY_RUN`"),
        ("Path", "path", "`Path` and `path` both give `RYE_PARAM_PATH`"),
    ] {
        let parameters = format!("[parameters.\"{name}\"]\n[parameters.\"{other}\"]\n");
        let command = "executor_id = \"subprocess\"\nconfig = { command = \"touch\", args = [\"ran\"] }\n";
        world.tool("bad.toml", format!("{command}{parameters}"));
        world.refused(["bad"], 125, "invalid_descriptor", &[holds, hint, "bad.toml"]);
        let checked = world.rye(["check"]).run();
        assert_eq!(checked.code, Some(1));
        assert!(checked.stdout().contains(holds), "{}", checked.stdout());
    }
    std::fs::remove_file(world.tools().join("bad.toml")).unwrap();
    // Where any name is taken, the call's own names are looked at.
    let open = |way: &str| {
        format!(
            "#!/bin/sh\n# /// rye\n# call = {{ parameters = \"{way}\" }}\n# [input_schema]\n# type = \"object\"\n# additionalProperties = true\n# ///\ntouch ran\n"
        )
    };
    world.tool("open.sh", open("env"));
    let clash = r#"{"a-b": 1, "a_b": 2}"#;
    world.refused(["--params", clash, "open"], 2, "invalid_arguments", &["`a_b`", "`RYE_PARAM_A_B`"]);
    world.tool("open.sh", open("flags"));
    for given in [r#"{"config=x": 1}"#, r#"{"": 1}"#, r#"{"-c": 1}"#] {
        world.refused(["--params", given, "open"], 2, "invalid_arguments", &["is no name for a flag"]);
    }
    std::fs::remove_file(world.tools().join("open.sh")).unwrap();
    // A script has no placeholders, but it has the variables.
    world.tool(
        "bad.sh",
        "#!/bin/sh\n# /// rye\n# [parameters.dry-run]\n# [parameters.dry_run]\n# ///\ntouch ran\n",
    );
    world.refused(["bad"], 125, "invalid_descriptor", &["both give `RYE_PARAM_DRY_RUN`", hint]);
}

#[test]
fn a_path_stays_beneath_the_folder_that_its_parameter_names() {
    use std::os::unix::fs::symlink;
    let world = World::new();
    world.file("project/data/a", "");
    world.file("project/outside", "");
    let data = world.project().join("data");
    symlink("a", data.join("in")).unwrap();
    symlink("..", data.join("out")).unwrap();
    symlink(world.root().join("made_later"), data.join("dangling")).unwrap();
    symlink("loop", data.join("loop")).unwrap();
    let parameters = "[parameters.paths]\ntype = \"array\"\nitems = { type = \"string\" }\nbeneath = \"data\"\n\
                      [parameters.path]\ntype = [\"string\", \"null\"]\nbeneath = \"data\"\n";
    let commented: String = parameters.lines().map(|line| format!("# {line}\n")).collect();
    world.tool(
        "command.toml",
        format!(
            "executor_id = \"subprocess\"\n{parameters}[config]\ncommand = \"echo\"\nargs = [\"{{path?}}\"]\n"
        ),
    );
    world.tool("script.sh", format!("# /// rye\n{commented}# ///\necho \"$RYE_PARAM_PATH\"\n"));
    let mut tools = vec!["command", "script"];
    if have("python3") {
        let function = "def main(path=None, paths=()):\n    return f\"{path}\\n\"\n";
        world.tool("function.py", format!("# /// rye\n{commented}# ///\n{function}"));
        tools.push("function");
    }
    let absolute = data.join("a").to_str().unwrap().to_owned();
    let stays = ["data/a", "data", "data/", "./data/../data/a", "data/in", "data/new/er", "data/out/data/a"];
    let [etc, root] = ["/etc/passwd".to_owned(), world.project().to_str().unwrap().to_owned()];
    let leaves = [
        "outside",
        ".",
        "..",
        "data/..",
        "data/out",
        "data/out/outside",
        "data/out/new",
        "database",
        &etc,
        &root,
    ];
    let unknown =
        ["data/dangling", "data/dangling/", "data/dangling/x", "data/loop", "data/a/x", "data/new/../../x"];
    for tool in tools {
        for path in stays.into_iter().chain([absolute.as_str()]) {
            assert_eq!(world.data([tool, "--path", path]), format!("{path}\n"), "{tool}");
        }
        for path in leaves {
            let out = format!("`path`: `{path}` leads out of `{}`", data.display());
            world.refused([tool, "--path", path], 2, "invalid_arguments", &[&out]);
        }
        for path in unknown {
            let where_to = format!("`path`: where `{path}` leads to cannot be told");
            world.refused([tool, "--path", path], 2, "invalid_arguments", &[&where_to]);
        }
        for (path, fact) in [("~", "begins with `~`"), ("~/a", "begins with `~`"), ("", "an empty path")] {
            world.refused([tool, "--path", path], 2, "invalid_arguments", &["`path`: ", fact]);
        }
        let list = r#"{"path": null, "paths": ["data/a", "outside", "data"]}"#;
        world.refused(["--params", list, tool], 2, "invalid_arguments", &["`paths[1]`: `outside` leads out"]);
    }
    let help = world.rye(["run", "command", "--help"]).run().stdout();
    assert!(help.contains("(beneath data)"), "{help}");
    assert!(!world.root().join("made_later").exists());
}

#[test]
fn a_path_beneath_a_folder_needs_the_folder() {
    let world = World::new();
    let parameters = "[parameters.path]\ntype = \"string\"\nbeneath = \"gone\"\n";
    world
        .tool("it.toml", format!("executor_id = \"subprocess\"\n{parameters}[config]\ncommand = \"true\"\n"));
    world.refused(
        ["it", "--path", "x"],
        2,
        "invalid_arguments",
        &["`path`: it is to stay beneath `", "/gone`"],
    );
    let get = "[config]\nurl = \"http://127.0.0.1:9/{path}\"\n";
    world.tool("get.toml", format!("executor_id = \"http_client\"\n{parameters}{get}"));
    world.refused(["get", "--path", "x"], 125, "invalid_descriptor", &["`beneath` of parameter `path`"]);
}
