//! Templates, merging and working directories: one pass, one item stays one argument, and what a template lacks is
//! named with file and key.

use serde_json::json;

use crate::world::World;

/// A command tool that shows each argument that it was given.
fn shows(args: &str) -> String {
    format!(
        r#"executor_id = "subprocess"
parameters = {{ a = {{}}, l = {{ type = "array" }} }}
call = {{ output = "text" }}
[config]
command = "printf"
args = ["<%s>", "", {args}]
"#
    )
}

/// A command tool that must not run.
fn leaves_mark(config: &str) -> String {
    format!(
        r#"executor_id = "subprocess"
parameters = {{ a = {{}}, list = {{ type = "array" }} }}
[config]
command = "touch"
args = ["ran"]
{config}
"#
    )
}

#[test]
fn every_placeholder_fills_as_documented() {
    let world = World::new();
    world.file("project/.env", "FROM_FILE='env file'\nTRAP='${SECRET} {a}'\n");
    let (project, home) = (world.project(), world.home());
    let (project, home) = (project.display(), home.display());
    for (args, given, want) in [
        ("'{a}'", json!({"a": "two words"}), "<two words>".to_owned()),
        ("'a={a}'", json!({"a": "two words"}), "<a=two words>".to_owned()),
        ("'{a}{a}'", json!({"a": "x"}), "<xx>".to_owned()),
        ("'{a}'", json!({"a": ""}), "<>".to_owned()),
        ("'{a}', '{a}'", json!({"a": [1, "b"]}), "<[1,\"b\"]><[1,\"b\"]>".to_owned()),
        ("'x{a}'", json!({"a": {"k": 1.5}}), "<x{\"k\":1.5}>".to_owned()),
        ("'{a}'", json!({"a": true}), "<true>".to_owned()),
        ("'{a?}', 'z'", json!({}), "<z>".to_owned()),
        ("'--x={a?}', 'z'", json!({}), "<z>".to_owned()),
        ("'--x={a?}', 'z'", json!({"a": null}), "<z>".to_owned()),
        ("'--x={a?}', 'z'", json!({"a": 0}), "<--x=0><z>".to_owned()),
        ("'{l...}', 'z'", json!({"l": ["a", "b c", 3, ""]}), "<a><b c><3><><z>".to_owned()),
        ("'{l...}', 'z'", json!({"l": []}), "<z>".to_owned()),
        ("'{l...}', 'z'", json!({}), "<z>".to_owned()),
        ("'{l}'", json!({"l": ["a", "b"]}), "<[\"a\",\"b\"]>".to_owned()),
        ("'{{a}}', '{{', '}}'", json!({"a": 1}), "<{a}><{><}>".to_owned()),
        ("'$$5', '$5', 'a$', '$$$${a}'", json!({"a": 1}), "<$5><$5><a$><$$1>".to_owned()),
        ("'${HOME}', '$<HOME>'", json!({}), format!("<{home}><{home}>")),
        ("'~', '~/x', 'a~', '~bob'", json!({}), format!("<{home}><{home}/x><a~><~bob>")),
        ("'${NONE:-d e}', '$<NONE:-d>', '${NONE:-}'", json!({}), "<d e><d><>".to_owned()),
        ("'${FROM_FILE}'", json!({}), "<env file>".to_owned()),
        ("'${TRAP}'", json!({"a": "x"}), "<${SECRET} {a}>".to_owned()),
        ("'{project_path}', '{caller_path}'", json!({}), format!("<{project}><{project}>")),
        ("'{user_space}'", json!({}), format!("<{home}/.ai>")),
        ("'{params_json}'", json!({"a": "ä"}), "<{\"a\":\"ä\"}>".to_owned()),
        ("1, 2.5, true", json!({}), "<1><2.5><true>".to_owned()),
        ("'glob *', '$(id)', '`id`', ';', '|'", json!({}), "<glob *><$(id)><`id`><;><|>".to_owned()),
    ] {
        world.tool("show.toml", shows(args));
        let got = world.data(["--params", &given.to_string(), "show"]);
        assert_eq!(got.as_str(), Some(format!("<>{want}").as_str()), "{args} {given}");
    }
}

#[test]
fn what_a_template_lacks_is_named_with_file_and_key() {
    let world = World::new();
    for (config, exit, code, holds) in [
        (
            "env = { X = \"${NONE}\" }",
            125,
            "unknown_variable",
            &["bad.toml:6", "`${NONE}` in `X` is not set", "`.env` file", "`${NONE:-…}`"] as &[&str],
        ),
        ("cwd = \"$<NONE>\"", 125, "unknown_variable", &["bad.toml:6", "in `cwd`"]),
        (
            "env = { X = \"{nope}\" }",
            125,
            "invalid_descriptor",
            &["bad.toml:6", "`{nope}` is neither a parameter nor built in", "`[parameters.nope]`"],
        ),
        ("env = { X = \"{lst}\" }", 125, "invalid_descriptor", &["did you mean `{list}`?"]),
        ("env = { X = \"{tol_path}\" }", 125, "invalid_descriptor", &["did you mean `{tool_path}`?"]),
        (
            "env = { X = \"{a}\" }",
            125,
            "invalid_descriptor",
            &["`{a}` has no value in this call", "`{name?}` leaves the whole item out", "`required = true`"],
        ),
        (
            "env = { X = \"{tool_path}\" }",
            125,
            "invalid_descriptor",
            &["there is no `{tool_path}` for this tool"],
        ),
        (
            "env = { X = \"{a\" }",
            125,
            "invalid_metadata",
            &["bad.toml:6", "`{` that is not closed", "a literal brace is `{{`"],
        ),
        ("env = { X = \"a}\" }", 125, "invalid_metadata", &["closes nothing"]),
        (
            "env = { X = \"${1X}\" }",
            125,
            "invalid_metadata",
            &["`1X` is not the name of a variable", "a literal `$` is `$$`"],
        ),
        ("env = { X = \"x{list...}\" }", 125, "invalid_metadata", &["let `{name...}` stand alone"]),
        ("env = { \"A=B\" = \"x\" }", 125, "invalid_descriptor", &["`A=B` cannot name a variable"]),
        ("env = \"x\"", 125, "invalid_descriptor", &["`env` is not a table", "write `[config.env]`"]),
        (
            "arg = []",
            125,
            "invalid_descriptor",
            &["`arg` is not an option of `subprocess`", "did you mean `args`?"],
        ),
        ("timeout = \"soon\"", 125, "invalid_descriptor", &["`timeout` is not a number of seconds"]),
        ("timeout = -1", 125, "invalid_descriptor", &["`timeout` is not a number of seconds"]),
        ("max_output = 0", 125, "invalid_descriptor", &["`max_output` is not a positive number"]),
        ("cwd = \"missing\"", 125, "bad_cwd", &["missing", "make the folder, or change `cwd`"]),
    ] {
        world.tool("bad.toml", leaves_mark(config));
        world.refused(["bad"], exit, code, holds);
    }
}

#[test]
fn an_argument_never_chooses_the_program() {
    let world = World::new();
    let tool = |command: &str| leaves_mark("").replace("command = \"touch\"", command);
    for command in ["command = \"{a}\"", "command = \"/bin/{a}\""] {
        world.tool("bad.toml", tool(command));
        let holds = ["`{a}` in `command`", "an argument cannot choose the program; put it in `args`"];
        world.refused(["bad", "--a", "touch"], 125, "invalid_descriptor", &holds);
    }
    world.tool("bad.toml", tool("command = \"\""));
    world.refused(["bad"], 125, "invalid_descriptor", &["`command` is empty"]);
    world.tool("bad.toml", tool(""));
    world.refused(["bad"], 125, "invalid_descriptor", &["no `command` in its chain", "add `command = "]);
    world.tool("bad.toml", tool("command = \"no-such-program\""));
    world.refused(
        ["bad"],
        127,
        "command_not_found",
        &["no command `no-such-program`", "install `no-such-program`"],
    );
    // Names of parameters are not keys of `config`.
    let names = ["command", "args", "cwd", "env", "timeout"];
    let declared: String = names.map(|name| format!("[parameters.{name}]\n")).concat();
    world.tool("names.toml", format!("executor_id = \"subprocess\"\nconfig = {{ command = \"printf\", args = [\"<%s>\", \"{{command}}\"] }}\n{declared}"));
    let given = r#"{"command": "id", "args": ["x"], "cwd": "/", "env": {"A": "b"}, "timeout": 0.001}"#;
    assert_eq!(world.data(["--params", given, "names"]), "<id>");
}

#[test]
fn a_dash_at_the_beginning_of_an_item_needs_leave() {
    let world = World::new();
    for (args, given) in [
        ("'{a}'", json!({"a": "-n"})),
        ("'{a?}'", json!({"a": "--"})),
        ("'{a}x'", json!({"a": "-"})),
        ("'{l...}'", json!({"l": ["ok", "-rf"]})),
        ("'{l...}'", json!({"l": ["--", "-rf"]})),
        ("'{a}'", json!({"a": -1})),
        ("'x', '--y', '{a}'", json!({"a": "-n"})),
    ] {
        world.tool("show.toml", shows(args));
        let words = ["--params", &given.to_string(), "show"];
        world.refused(
            words,
            2,
            "argument_looks_like_option",
            &["show.toml:", "put `\"--\"` before the item"],
        );
    }
    for (args, given, want) in [
        ("'--', '{a}'", json!({"a": "-n"}), "<><--><-n>"),
        ("'--', '{l...}'", json!({"l": ["-a", "--"]}), "<><--><-a><-->"),
        ("'x={a}'", json!({"a": "-n"}), "<><x=-n>"),
        ("'{project_path?}{a}'", json!({"a": "-n"}), ""),
    ] {
        world.tool("show.toml", shows(args));
        let got = world.data(["--params", &given.to_string(), "show"]);
        assert!(got.as_str().is_some_and(|got| got.starts_with(want)), "{args}: {got}");
    }
    world.tool("show.toml", shows("'{a}'").replace("a = {}", "a = { allow_dash = true }"));
    assert_eq!(world.data(["show", "--a", "-n"]), "<><-n>");
}

#[test]
fn what_the_tool_says_is_laid_over_what_its_runtime_says() {
    let world = World::new();
    world.tool(
        "runtimes/show.toml",
        r#"tool_type = "runtime"
executor_id = "subprocess"
[env_config.env]
A = "runtime"
B = "runtime"
C = "runtime"
[config]
command = "sh"
args = ["-c", "exit 9"]
timeout = 77
[config.env]
D = "runtime"
E = "runtime"
"#,
    );
    let tool = r#"executor_id = "show"
[env_config.env]
B = "tool"
[config.env]
C = "tool"
E = "tool ${A}"
[config]
args = ["-c", 'echo $A $B $C $D $E']
"#;
    world.tool("merged.toml", tool);
    assert_eq!(world.data(["merged"]), "runtime tool tool runtime tool runtime\n");
    let explained = world.rye(["--json", "explain", "merged"]).run().json();
    assert_eq!(explained["timeout"]["seconds"], 77.0, "{explained:#}");
    let of_b =
        explained["environment"].as_array().unwrap().iter().find(|entry| entry["name"] == "B").unwrap();
    assert!(of_b["source"]["declared"].as_str().unwrap().contains("merged.toml:3"), "{of_b}");
}

#[test]
fn a_tool_runs_in_its_project_and_the_users_tool_where_the_caller_is() {
    let world = World::new();
    let pwd = |cwd: &str| format!("executor_id = \"subprocess\"\nconfig = {{ command = \"pwd\", {cwd} }}\n");
    std::fs::create_dir_all(world.project().join("sub/deep")).unwrap();
    world.tool("here.toml", pwd(""));
    world.tool("below.toml", pwd("cwd = \"sub\""));
    world.tool("there.toml", pwd("cwd = \"/\""));
    world.tool("home.toml", pwd("cwd = \"~\""));
    world.tool("caller.toml", pwd("cwd = \"caller\""));
    world.tool("script.sh", "pwd\n");
    world.user_tool("mine.toml", pwd(""));
    world.user_tool("mine_below.toml", pwd("cwd = \"deep\""));
    let (project, sub) = (world.project(), world.project().join("sub"));
    for (tool, want) in [
        ("here", project.clone()),
        ("below", sub.clone()),
        ("there", "/".into()),
        ("home", world.home()),
        ("caller", sub.clone()),
        ("script", project),
        ("mine", sub.clone()),
        ("mine_below", sub.join("deep")),
    ] {
        let ran = world.rye(["run", tool]).cwd("sub").run();
        assert_eq!(ran.ok(), format!("{}\n", want.display()), "{tool}");
    }
}

#[test]
fn a_template_in_env_can_leave_its_variable_out() {
    let world = World::new();
    world.tool(
        "env.toml",
        r#"executor_id = "subprocess"
[parameters.a]
[config]
command = "sh"
args = ["-c", 'echo "$X|$Y|$Z|$N"; env | grep -c ^[XY]= || true']
env = { X = "{a?}", Y = "y={a?}", Z = "$${{HOME}}", N = 5 }
"#,
    );
    assert_eq!(world.data(["env"]), "||${HOME}|5\n0\n");
    assert_eq!(world.data(["env", "--a", "v w"]), "v w|y=v w|${HOME}|5\n2\n");
}
