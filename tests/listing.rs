//! What is shown of tools without running them: `list`, `show`, `explain` and `check`, for people and as JSON.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::os::unix::ffi::OsStrExt;

use serde_json::{Value, json};

use crate::world::{World, have};

const HELLO: &str = r#"def main(name: str, times: int = 1) -> str:
    """Greet somebody.

    Args:
        name: who is greeted
        times: how often
    """
    return "hello " * times + name
"#;

fn ids(listed: &Value) -> Vec<&str> {
    listed.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

fn row<'v>(listed: &'v Value, id: &str) -> &'v Value {
    listed
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["id"] == id)
        .unwrap_or_else(|| panic!("no {id}: {listed}"))
}

/// A project with a good tool of each kind, a broken one, and a user's.
fn various() -> World {
    let world = World::new();
    let hidden = format!("{}# /// rye\n# hidden = true\n# ///\n", world.marking());
    world.tool("demo/hello.py", HELLO);
    world.tool("secret.sh", hidden);
    world.tool("broken.toml", "executor_id = \"subprocess\"\nbanana = 1\n");
    world.tool("lines.sh", "# /// rye\n# description = \"Count lines\"\n# tags = [\"text\"]\n# ///\nwc -l\n");
    world.tool(
        "runtimes/odd.toml",
        "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\ndescription = \"Odd\"\n",
    );
    world.user_tool("lines.sh", world.marking());
    world.user_tool("mine.sh", world.marking());
    world
}

#[test]
fn a_listing_is_one_line_for_each_tool_by_space() {
    let world = various();
    let listed = world.rye(["list"]).run();
    let lines: Vec<_> = listed.stdout().lines().map(str::to_owned).collect();
    assert_eq!(
        lines,
        [
            "project",
            "  broken      invalid_metadata .ai/tools/broken.toml:2:1: `banana` is not a known key",
            "  demo/hello  name:str [times:int]  Greet somebody.",
            "  lines       [args:list[str]]  Count lines",
            "user",
            "  mine        [args:list[str]]",
        ]
    );
    assert_eq!((listed.code, listed.stderr().as_str()), (Some(0), ""));
    assert!(!world.ran());
}

#[test]
fn a_listing_as_data_has_what_an_agent_needs() {
    let world = various();
    let listed = world.rye(["--json", "list"]).run().json();
    assert_eq!(ids(&listed), ["broken", "demo/hello", "lines", "mine"]);
    let hello = row(&listed, "demo/hello");
    assert_eq!(hello["space"], "project");
    assert_eq!(hello["path"], Value::from(world.tools().join("demo/hello.py").display().to_string()));
    assert_eq!(hello["parameters"]["required"], json!(["name"]));
    assert_eq!(hello["parameters"]["properties"]["times"]["type"], "integer");
    assert_eq!(hello["parameters"]["properties"]["name"]["description"], "who is greeted");
    assert_eq!(row(&listed, "lines")["tags"], json!(["text"]));
    assert_eq!(row(&listed, "mine")["space"], "user");
    let problem = &row(&listed, "broken")["problem"];
    assert_eq!(problem["code"], "invalid_metadata");
    assert!(problem["hints"][0].as_str().unwrap().starts_with("known here: "), "{problem}");
}

#[test]
fn all_shows_runtimes_the_hidden_and_the_shadowed_too() {
    let world = various();
    let listed = world.rye(["list", "--all", "--json"]).run().json();
    assert_eq!(row(&listed, "secret")["hidden"], true);
    let lines: Vec<_> = listed.as_array().unwrap().iter().filter(|row| row["id"] == "lines").collect();
    assert_eq!((&lines[0]["space"], &lines[0]["shadowed"]), (&json!("project"), &Value::Null));
    assert_eq!((&lines[1]["space"], &lines[1]["shadowed"]), (&json!("user"), &json!(true)));
    let odd = row(&listed, "runtimes/odd");
    assert_eq!((&odd["kind"], &odd["description"]), (&json!("runtime"), &json!("Odd")));
    let python = row(&listed, "rye/core/runtimes/python_runtime");
    assert_eq!(
        (&python["space"], &python["kind"], &python["path"]),
        (&json!("system"), &json!("runtime"), &Value::Null)
    );
    let text = world.rye(["list", "--all"]).run().ok();
    assert!(text.contains("\nsystem\n") && text.contains("  runtimes/odd "), "{text}");
}

#[test]
fn a_hidden_tool_is_callable() {
    let world = various();
    world.rye(["run", "secret"]).run().ok();
    assert!(world.ran());
}

#[test]
fn an_empty_listing_says_how_to_begin() {
    let world = World::new();
    let listed = world.rye(["list"]).run();
    assert_eq!(listed.ok(), "");
    assert!(listed.stderr().contains("put a script in `.ai/tools/`"), "{}", listed.stderr());
    assert_eq!(world.rye(["--json", "list"]).run().json(), json!([]));
    world.rye(["check"]).run().ok();
}

#[test]
fn show_tells_what_the_files_say() {
    let world = various();
    let text = world.rye(["show", "hello"]).run().ok();
    for piece in [
        "demo/hello\n",
        "  description Greet somebody.\n",
        "  file        .ai/tools/demo/hello.py\n",
        "demo/hello (project) -> rye/core/runtimes/python_runtime (system) -> subprocess (system)\n",
        "--name",
        "who is greeted",
    ] {
        assert!(text.contains(piece), "no {piece:?} in {text}");
    }
    let shown = world.rye(["show", "--json", "hello"]).run().json();
    assert_eq!(shown["id"], "demo/hello");
    assert_eq!(shown["style"], "function");
    assert_eq!(shown["input_schema"]["additionalProperties"], false);
    let chain = shown["chain"].as_array().unwrap();
    assert_eq!(chain[0]["verified"], true);
    assert_eq!(chain[0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(chain[2], json!({ "id": "subprocess", "space": "system", "verified": true }));
    assert_eq!(world.rye(["--json", "show", "lines"]).run().json()["chain"][0]["verified"], false);
}

#[test]
fn explain_shows_every_decision_and_starts_nothing() {
    if !have("bash") {
        return;
    }
    let world = World::new();
    world.tool(
        "x.sh",
        format!(
            "{}# /// rye\n# pass_env = [\"TOKEN\"]\n# [parameters.word]\n# type = \"string\"\n# ///\n",
            world.marking()
        ),
    );
    let call = |words: &[&str]| world.rye(words).env("TOKEN", "s3cret").env("OTHER", "0ther").run();
    let text = call(&["explain", "x", "--word", "a b"]).ok();
    for piece in
        ["chain\n", "interpreter\n", "command\n", ": taken as ${RYE_BASH}", "RYE_PARAM_WORD=a b", "timeout "]
    {
        assert!(text.contains(piece), "no {piece:?} in {text}");
    }
    assert!(text.contains(" TOKEN  from you, asked by x\n"), "{text}");
    assert!(text.contains(" withheld (1): OTHER\n"), "{text}");
    let explained = call(&["--json", "explain", "x", "--word", "a b"]);
    let data = explained.json();
    assert_eq!(data["tool"], "x");
    assert_eq!(data["cwd"], Value::from(world.project().display().to_string()));
    assert_eq!(data["command"].as_array().unwrap().last().unwrap(), &json!(world.tools().join("x.sh")));
    assert_eq!(data["interpreters"].as_array().unwrap().len(), 1);
    assert_eq!(data["withheld"], json!(["OTHER"]));
    assert_eq!(data["error"], Value::Null);
    for shown in [text, explained.stdout()] {
        assert!(!shown.contains("s3cret") && !shown.contains("0ther"), "{shown}");
    }
    call(&["--json", "explain", "x", "--wrod", "a"]).refuses(2, "invalid_arguments", "wrod", "did you mean");
    assert!(!world.ran());
}

#[test]
fn explain_needs_no_arguments() {
    if !have("bash") {
        return;
    }
    let world = World::new();
    let metadata = "# /// rye\n# pass_env = [\"TOKEN\"]\n# env_config.env.MODE = \"fast\"\n# env_config.env.SAID = \"{word}\"\n# [parameters.word]\n# type = \"string\"\n# required = true\n# [parameters.times]\n# type = \"integer\"\n# required = true\n# ///\n";
    world.tool("need.sh", format!("{}{metadata}", world.marking()));
    let call = |words: &[&str]| world.rye(words).env("TOKEN", "s3cret").env("OTHER", "0ther").run();
    let text = call(&["explain", "need"]).ok();
    for piece in [
        "chain\n",
        "interpreter\n",
        ": taken as ${RYE_BASH}",
        "MODE=fast",
        " TOKEN  from you, asked by need\n",
        " withheld (1): OTHER\n",
        "timeout ",
        "missing for a call\n",
        "`word`: required and not given, expected a string\n",
        "`times`: required and not given, expected an integer\n",
    ] {
        assert!(text.contains(piece), "no {piece:?} in {text}");
    }
    assert!(!text.contains("SAID") && !text.contains("s3cret"), "{text}");
    let explained = call(&["--json", "explain", "need"]);
    explained.ok();
    let data = explained.json();
    assert_eq!((&data["tool"], &data["error"]), (&json!("need"), &Value::Null), "{data:#}");
    assert_eq!((&data["missing"][0]["path"], &data["missing"][1]["path"]), (&json!("word"), &json!("times")));
    assert_eq!((&data["withheld"], &data["command"]), (&json!(["OTHER"]), &Value::Null), "{data:#}");
    assert_eq!(data["interpreters"].as_array().unwrap().len(), 1, "{data:#}");

    // A call that is not one is explained as far as it goes, and is an error.
    let ran = call(&["explain", "need", "--word", "a", "--times", "many"]);
    ran.fails(2, &["`times`: expected an integer", "hint: `rye run need --help`"]);
    assert!(ran.stdout().contains("chain\n") && !ran.stdout().contains("missing"), "{}", ran.stdout());
    let ran = call(&["--json", "explain", "need", "--word", "a"]);
    ran.refuses(2, "invalid_arguments", "`times`: required and not given", "--help");
    assert_eq!((&ran.json()["missing"], &ran.json()["tool"]), (&json!([]), &json!("need")));
    assert!(!world.ran());
}

#[test]
fn explain_tells_what_would_keep_it_from_starting() {
    let world = World::new();
    world.tool("x.toml", "executor_id = \"subprocess\"\n[config]\ncommand = \"sh\"\ncwd = \"nowhere\"\n");
    let explained = world.rye(["--json", "explain", "x"]).run();
    assert_eq!(explained.json()["error"]["code"], "bad_cwd", "{}", explained.stdout());
    world.rye(["explain", "x"]).run().fails(125, &["nowhere", "hint: make the folder"]);
}

#[test]
fn check_tells_all_problems_at_once_with_their_places() {
    let world = World::new();
    world.tool("good.sh", world.marking());
    world.tool("a.toml", "executor_id = \"subprocess\"\nbanana = 1\ntitel = 2\n");
    world.tool("b.sh", "# /// rye\n# executor_id = \"nothing_runtime\"\n# ///\n");
    world.tool("c.toml", "executor_id = \"subprocess\"\n[config]\ncomand = \"sh\"\n");
    world.tool("d.py", "x = (\n");
    world.tool("e.toml", "executor_id = \"subprocess\"\n[config]\ncommand = \"echo\"\nargs = [\"{word}\"]\n");
    world.tool("deep/f.sh", "");
    world.tool("deep/f.py", "print()\n");
    world.tool("plain.toml", "x = 1\n");
    let checked = world.rye(["check"]).run();
    assert_eq!((checked.code, checked.stderr().as_str()), (Some(1), ""));
    let text = checked.stdout();
    for line in [
        ".ai/tools/a.toml:2:1: error: `banana` is not a known key\n",
        ".ai/tools/a.toml:3:1: error: `titel` is not a known key\n   3 | titel = 2\n     | ^^^^^\n    hint: did you mean `title`?\n",
        ".ai/tools/b.sh:2:17: error: no runtime `nothing_runtime`\n",
        ".ai/tools/c.toml:3:1",
        "error: `comand` is not an option of `subprocess`\n   3 | comand = \"sh\"\n     |          ^^^^\n    hint: did you mean `command`?\n",
        ".ai/tools/d.py:",
        ".ai/tools/e.toml:4:9: error: `{word}` is neither a parameter nor built in\n",
        ".ai/tools/deep/f.py:1:1: error: 2 files have the id `deep/f`\n",
        ".ai/tools/plain.toml:1:1: note: ",
    ] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
    let data = world.rye(["--json", "check"]).run().json();
    let problems = data["problems"].as_array().unwrap();
    assert!(text.ends_with(&format!(" {} problems\n", problems.len())) || problems.len() < 2, "{text}");
    let notes = data["notes"].as_array().unwrap();
    assert_eq!(notes.iter().filter(|one| one["place"] == ".ai/tools/plain.toml:1:1").count(), 1);
    let unknown = problems.iter().find(|one| one["message"] == "no runtime `nothing_runtime`").unwrap();
    assert_eq!(unknown["place"], ".ai/tools/b.sh:2:17");
    assert!(!world.ran());
}

#[test]
fn check_may_be_told_where_to_look() {
    let world = World::new();
    world.tool("a.toml", "executor_id = 1\n");
    world.tool("deep/b.toml", "executor_id = 2\n");
    world.tool("deep/er/c.sh", world.marking());
    for (cwd, path, expected) in [
        (".", ".ai/tools/deep", ["b.toml"].as_slice()),
        (".", ".ai/tools/a.toml", &["a.toml"]),
        (".", ".ai/tools/deep/er", &[]),
        (".", ".", &["a.toml", "b.toml"]),
        (".ai/tools/deep", ".", &["b.toml"]),
        (".ai/tools/deep", "../a.toml", &["a.toml"]),
        (".", "deep/b", &["b.toml"]),
        (".ai/tools", "deep/er/c", &[]),
    ] {
        let checked = world.rye(["--json", "check", path]).cwd(cwd).run();
        assert_eq!(checked.code, Some(i32::from(!expected.is_empty())), "{cwd} {path}: {}", checked.stdout());
        let data = checked.json();
        let problems = data["problems"].as_array().unwrap();
        assert_eq!(problems.len(), expected.len(), "{cwd} {path}: {data}");
        for (problem, name) in problems.iter().zip(expected) {
            assert!(problem["place"].as_str().unwrap().contains(name), "{problem}");
        }
    }
    let nowhere = world.rye(["--json", "check", ".ai/tools/nowhere"]).run();
    nowhere.refuses(2, "invalid_arguments", "tools/nowhere` cannot be checked", "name a file or folder in");
}

#[test]
fn what_is_shown_goes_to_a_closed_pipe_without_complaint() {
    let world = various();
    for words in [["list", "--all"].as_slice(), &["show", "lines"], &["check"]] {
        let mut command = world.rye(words).command();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = command.stdout(writer).stderr(std::process::Stdio::piped()).status().unwrap();
        assert!(status.code().is_some_and(|code| code < 2), "{words:?}: {status}");
    }
}

#[test]
fn a_path_that_is_no_text_is_shown_as_near_as_can_be() {
    let world = World::new();
    let odd = world.root().join(OsStr::from_bytes(b"odd\xff"));
    std::fs::create_dir_all(odd.join(".ai/tools")).unwrap();
    std::fs::write(odd.join(".ai/tools/t.sh"), "echo hello\n").unwrap();
    let runtime = "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n[env_config.sh]\ntype = \"binary\"\n\
                   names = [\"local\", \"sh\"]\npaths = [\"bin\"]\n";
    std::fs::create_dir_all(odd.join(".ai/tools/runtimes")).unwrap();
    std::fs::write(odd.join(".ai/tools/runtimes/odd.toml"), runtime).unwrap();
    let call = |words: &[&str]| {
        let ran = world.rye(["--json"].iter().chain(words)).cwd(&odd).run();
        assert_eq!(ran.code, Some(0), "{words:?}: {}{}", ran.stdout(), ran.stderr());
        ran.json()
    };
    let shown = |name: &str| json!(format!("{}/odd\u{fffd}/.ai/tools/{name}", world.root().display()));
    assert_eq!(call(&["new", "n", "--lang", "sh"])["path"], shown("n.sh"));
    let listed = call(&["list"]);
    assert_eq!(row(&listed, "t")["path"], shown("t.sh"));
    assert_eq!(row(&call(&["search", "t"]), "t")["path"], shown("t.sh"));
    let tool = call(&["show", "t"]);
    assert_eq!((&tool["path"], &tool["chain"][0]["path"]), (&shown("t.sh"), &shown("t.sh")));
    let explained = call(&["explain", "t"]);
    assert_eq!(explained["cwd"], json!(format!("{}/odd\u{fffd}", world.root().display())));
    let run = call(&["run", "t"]);
    assert_eq!((&run["data"], &run["chain"][0]["path"]), (&json!("hello\n"), &shown("t.sh")));
    assert_eq!(row(&call(&["runtimes"]), "runtimes/odd")["path"], shown("runtimes/odd.toml"));
    let seen = &call(&["doctor"])["surroundings"]["spaces"][0]["path"];
    assert_eq!(*seen, json!(format!("{}/odd\u{fffd}/.ai", world.root().display())));
}

#[test]
fn output_that_is_cut_off_is_an_error() {
    let world = World::new();
    world.tool("t.toml", "executor_id = \"subprocess\"\n[config]\ncommand = \"true\"\n");
    world.tool("f.py", "def main(n: int):\n    return n\n");
    let mut calls = vec![
        vec!["--help"],
        vec!["run", "t", "--help"],
        vec!["check"],
        vec!["completions", "bash"],
        vec!["search", "t"],
        vec!["runtimes"],
        vec!["explain", "t"],
        vec!["mcp", "install", "--dry-run"],
        vec!["new", "made"],
    ];
    if have("python3") {
        calls.push(vec!["run", "f", "1"]);
    }
    for words in [&["list"][..], &["run", "t"], &["show", "t"], &["doctor"]] {
        calls.push(["--json"].iter().chain(words).copied().collect());
        if words[0] != "run" {
            calls.push(words.to_vec());
        }
    }
    for words in calls {
        let mut command = world.rye(&words).command();
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        command.stdin(std::process::Stdio::null()).stdout(full).stderr(std::process::Stdio::piped());
        let ran = command.spawn().unwrap().wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(125), "{words:?}: {told}");
        assert!(told.contains("the output is cut off: "), "{words:?}: {told}");
    }
}

#[test]
fn a_command_line_that_cannot_be_read_is_an_error_of_its_verb() {
    let world = World::new();
    world.tool("deep/f.sh", world.marking());
    for words in [&["list", "--nope"][..], &["lst"]] {
        let ran = world.rye(["--json"].iter().chain(words)).run();
        ran.refuses(2, "invalid_arguments", words.last().unwrap(), "Usage: rye");
        assert_eq!(ran.json().as_object().unwrap().len(), 1, "{}", ran.stdout());
    }
    let ran = world.rye(["--json", "show"]).run();
    ran.refuses(2, "invalid_arguments", "were not provided: <TOOL>", "Usage: rye show");
    world.rye(["--json", "run"]).run().refused(2, "invalid_arguments", &["<TOOL>"]);

    // Who forgets the verb is told of it, if there is such a tool.
    let hint = "`rye run f` runs the tool";
    world.rye(["f", "1"]).run().fails(2, &["unrecognized subcommand 'f'", hint]);
    world.rye(["--json", "f", "1"]).run().refuses(2, "invalid_arguments", "'f'", hint);
    assert!(!world.rye(["g"]).run().stderr().contains("rye run"));
    let project = world.project();
    for words in
        [vec!["--project".into(), project.clone()], vec![format!("--project={}", project.display()).into()]]
    {
        world.rye(words.into_iter().chain(["f".into()])).cwd("/").run().fails(2, &[hint]);
    }
    assert!(!world.ran());
}

#[test]
fn a_listing_of_a_part_notes_what_is_in_it() {
    let world = World::new();
    for name in ["a/x.sh", "a/X.sh", "b/y.sh", "b/Y.sh"] {
        world.tool(name, "");
    }
    let noted = |words: &[&str]| {
        let told = world.rye(words).run().stderr();
        (told.contains("tools/a/"), told.contains("tools/b/"))
    };
    assert_eq!(noted(&["list"]), (true, true));
    assert_eq!(noted(&["list", "b/"]), (false, true));
    assert_eq!(noted(&["list", "a"]), (true, false));
}

#[test]
fn a_project_is_the_folder_above() {
    let world = World::new();
    let folder = world.project().join(".ai");
    std::fs::create_dir_all(&folder).unwrap();
    let hint = format!("name the folder above: `--project {}`", world.project().display());
    world.rye(["--project", ".ai", "--json", "list"]).run().refuses(125, "invalid_config", "no `.ai`", &hint);
}

#[test]
fn a_flag_that_is_advised_is_one_of_the_verb() {
    let world = World::new();
    world.tool("t.sh", "");
    world.rye(["run", "--timing", "t"]).run().fails(2, &["did you mean `--timings`?"]);
    let told = world.rye(["explain", "--timing", "t"]).run();
    told.fails(2, &["`--timing` is not a flag of rye's"]);
    assert!(!told.stderr().contains("--timings"), "{}", told.stderr());
    world
        .rye(["explain", "--xyzzy", "t"])
        .run()
        .fails(2, &["--timeout, --idle-timeout, --params, --env", "--project", "--help"]);
}
