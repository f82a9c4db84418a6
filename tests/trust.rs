//! What a folder that belongs to somebody else may not do to the tools and the terminal of who works in it.

use std::path::Path;
use std::process::Command;

use crate::world::{World, have};

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

const USER_TOOL: &str = "# /// rye\n# pass_env = [\"OWN\"]\n# ///\nenv | grep -E '^(OWN|SECRET)=' | sort\n";

#[test]
fn a_module_in_the_callers_folder_is_not_imported() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.user_tool("hi.py", "def main():\n    return \"hi\"\n");
    for module in ["_json", "json", "os", "binascii", "traceback"] {
        world.file(&format!("project/{module}.py"), "open('ran', 'w')\n");
    }
    assert_eq!(world.rye(["run", "hi"]).run().ok(), "hi\n");
    assert!(!world.project().join("ran").exists());
}

#[test]
fn a_projects_configuration_is_for_its_own_tools() {
    let world = World::new();
    world.file("project/.ai/rye.toml", "pass_env = [\"SECRET\"]\n");
    world.user_tool("mine.sh", USER_TOOL);
    world.tool("theirs.sh", USER_TOOL);
    let call = |tool| world.rye(["run", tool]).env("SECRET", "s").env("OWN", "o").run().ok();
    assert_eq!(call("mine"), "OWN=o\n");
    assert_eq!(call("theirs"), "OWN=o\nSECRET=s\n");
    world.file("home/.ai/rye.toml", "pass_env = [\"SECRET\"]\n");
    assert_eq!(call("mine"), "OWN=o\nSECRET=s\n");
}

#[test]
fn files_that_would_hold_a_reader_are_refused() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("ask.sh", "# /// rye\n# pass_env = [\"NAME_OF_NONE\"]\n# ///\necho ran > ran\n");
    fifo(&world.project().join(".env"));
    world.rye(["run", "ask"]).run().fails(125, &[".env:1:1: it is refused: it is a FIFO"]);
    assert!(!world.project().join("ran").exists());
    // A version file that cannot be trusted names nothing.
    world.tool("hello.py", "def main():\n    return 1\n");
    fifo(&world.project().join(".python-version"));
    assert_eq!(world.rye(["run", "hello"]).run().ok(), "1\n");
}

#[test]
fn what_files_say_cannot_drive_the_terminal() {
    let world = World::new();
    let evil = "\\u001b[2Jgone\\u0007\\u202e";
    world.tool("evil.sh", format!("# /// rye\n# description = \"{evil}\"\n# title = \"{evil}\"\n# ///\n"));
    world.tool("wrong.toml", format!("executor_id = \"subprocess\"\n\"{evil}\" = 1\n"));
    for words in [&["list"][..], &["show", "evil"], &["check"], &["run", "wrong"]] {
        let ran = world.rye(words).run();
        let said = ran.stdout() + &ran.stderr();
        assert!(said.contains("gone"), "{words:?}: {said}");
        assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{words:?}: {said:?}");
    }
}

#[test]
fn what_a_variable_holds_is_not_shown() {
    let world = World::new();
    let tool = "executor_id = \"subprocess\"\n[config]\ncommand = \"true\"\n\
                args = [\"--token\", \"${SECRET}\"]\n[env_config.env]\nAUTH = \"Bearer ${SECRET}\"\n";
    world.tool("t.toml", tool);
    for words in [&["explain", "--env", "SECRET", "t"][..], &["--json", "explain", "t"], &["explain", "t"]] {
        let ran = world.rye(words).env("SECRET", "hunter2").run();
        let said = ran.ok() + &ran.stderr();
        assert!(said.contains("AUTH") && said.contains("${SECRET}"), "{said}");
        assert!(!said.contains("hunter2"), "{words:?}: {said}");
    }
    // It reaches the tool all the same.
    world.tool("echo.toml", tool.replace("\"true\"", "\"echo\""));
    assert_eq!(world.rye(["run", "echo"]).env("SECRET", "hunter2").run().ok(), "--token hunter2\n");
}

#[test]
fn an_argument_chooses_neither_program_nor_place() {
    let world = World::new();
    world.program("project/evil", "#!/bin/sh\ntouch ran\n");
    let head = "executor_id = \"subprocess\"\n[parameters.x]\ntype = \"string\"\n";
    let rows = [
        "[config]\ncommand = \"{x}\"\n",
        "[config]\ncommand = \"${PROG}\"\n[config.env]\nPROG = \"{x}\"\n",
        "[config]\ncommand = \"${A}\"\n[env_config.env]\nB = \"{x}\"\nA = \"${B}\"\n",
        "[config]\ncommand = \"./evil\"\ncwd = \"{x}\"\n",
        "[config]\ncommand = \"evil\"\n[config.env]\nPATH = \"{x}:/usr/bin\"\n",
        "[config]\ncommand = \"true\"\n[config.env]\nLD_PRELOAD = \"{x}\"\n",
        "[config]\ncommand = \"true\"\ntimeout = \"{x}\"\n",
        "[config]\ncommand = \"${V}\"\n[env_config.r]\ntype = \"binary\"\nnames = [\"none-of-that-name\"]\nvar = \"V\"\nfallback = \"{x}\"\n",
    ];
    for row in rows {
        world.tool("t.toml", format!("{head}{row}"));
        let ran = world.rye(["run", "t", "--x", "./evil"]).run();
        ran.fails(125, &["hint: an argument"]);
        assert_eq!(world.rye(["check"]).run().code, Some(1), "{row}");
        assert!(!world.project().join("ran").exists(), "{row}");
    }
}

#[test]
fn a_dash_gets_by_no_side_door() {
    let world = World::new();
    let tool = |args: &str| {
        world.tool(
            "t.toml",
            format!(
                "executor_id = \"subprocess\"\n[parameters.free]\ntype = \"string\"\nallow_dash = true\n\
                 [parameters.b]\ntype = \"string\"\n[config]\ncommand = \"echo\"\nargs = {args}\n"
            ),
        );
    };
    let refused = |words: &[&str]| {
        let words = ["run", "t"].iter().chain(words);
        world.rye(words).run().fails(2, &["begins with `-`", "allow_dash"]);
    };
    tool("[\"{free}\", \"{b}\"]");
    refused(&["--free", "--", "--b", "-rf"]);
    tool("[\"${PREFIX:-}{b}\"]");
    refused(&["--b", "-rf"]);
    tool("[\"{free?}{b}\"]");
    refused(&["--free", "", "--b", "-rf"]);
    tool("[\"--\", \"{b}\"]");
    assert_eq!(world.rye(["run", "t", "--b", "-rf"]).run().ok(), "-- -rf\n");
    tool("[\"-{b}\"]");
    assert_eq!(world.rye(["run", "t", "--b", "x"]).run().ok(), "-x\n");
}

#[test]
fn a_function_that_never_answered_has_not_succeeded() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("gone.py", "import os\ndef main():\n    os._exit(0)\n");
    let outcome = world.outcome(["gone"]);
    assert_eq!((&outcome["success"], &outcome["error"]["code"]), (&false.into(), &"invalid_output".into()));
    world.tool("left.py", "import sys\ndef main():\n    sys.exit(0)\n");
    assert_eq!(world.outcome(["left"])["success"], true);
}

#[test]
fn checking_goes_on_beyond_a_broken_configuration_and_follows_runtimes() {
    let world = World::new();
    world.file("project/.ai/rye.toml", "banana = 1\n");
    world.tool("bad.toml", "executor_id = \"subprocess\"\nbanana = 1\n");
    world.tool("runtimes/x_runtime.toml", "tool_type = \"runtime\"\nexecutor_id = \"no_such_thing\"\n");
    let runtime =
        "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n[call]\nbootstrap = \"missing.py\"\n";
    world.tool("runtimes/y_runtime.toml", runtime);
    let checked = world.rye(["check"]).run();
    assert_eq!(checked.code, Some(1), "{}", checked.stderr());
    for word in
        ["rye.toml:1:1", "bad.toml:2:1", "no runtime `no_such_thing`", "`missing.py` is not beside it"]
    {
        assert!(checked.stdout().contains(word), "no {word}: {}", checked.stdout());
    }
}
