//! Spaces: which project is meant, which tool wins, and what no space may do to another.

use std::fs;
use std::os::unix::fs::chown;

use serde_json::Value;

use crate::world::{World, am_root, have};

const WHERE: &str = "#!/bin/sh\necho \"$RYE_TOOL_ID $RYE_PROJECT_PATH $PWD $RYE_CALLER_PATH\"\n";

fn says(word: &str) -> String {
    format!("#!/bin/sh\necho {word}\n")
}

/// A runtime that runs scripts with `sh` and says who it is.
fn runtime(word: &str) -> String {
    format!(
        "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\nextensions = [\"odd\"]\n\
         [config]\ncommand = \"sh\"\nargs = [\"-c\", \"echo {word}\"]\n[call]\nstyle = \"script\"\n"
    )
}

#[test]
fn a_run_from_a_subfolder_finds_its_project() {
    let world = World::new();
    world.tool("where.sh", WHERE);
    fs::create_dir_all(world.project().join("src/deep")).unwrap();
    let project = world.project().display().to_string();
    let ran = world.rye(["run", "where"]).cwd("src/deep").run();
    assert_eq!(ran.ok(), format!("where {project} {project} {project}/src/deep\n"));
    let ran = world.rye(["--json", "list"]).cwd("src/deep").run();
    assert_eq!(ran.json()[0]["id"], "where");
}

#[test]
fn the_nearest_project_is_meant() {
    let world = World::new();
    world.tool("hello.sh", says("outer"));
    world.tool("only_outer.sh", world.marking());
    world.file("project/inner/.ai/tools/hello.sh", says("inner"));
    assert_eq!(world.rye(["run", "hello"]).cwd("inner").run().ok(), "inner\n");
    // The outer project is no space of the inner one.
    let ran = world.rye(["--json", "run", "only_outer"]).cwd("inner").run();
    ran.refuses(127, "tool_not_found", "no tool `only_outer`", "rye list");
    assert!(!world.ran());
}

#[test]
fn a_project_may_be_named() {
    let world = World::new();
    world.tool("where.sh", WHERE);
    world.file("elsewhere/file", "");
    let (project, elsewhere) = (world.project().display().to_string(), world.root().join("elsewhere"));
    let expected = format!("where {project} {project} {}\n", elsewhere.display());
    for words in [
        ["--project", &project, "run", "where"],
        ["--project", "../project", "run", "where"],
        ["run", "--project", "../project", "where"],
        // What no shell has read comes with its tilde.
        ["--project", "~/../project", "run", "where"],
    ] {
        assert_eq!(world.rye(words).cwd(&elsewhere).run().ok(), expected, "{words:?}");
    }
}

#[test]
fn a_named_project_must_be_one() {
    let world = World::new();
    world.tool("hello.sh", world.marking());
    world.file("empty/file", "");
    for (named, fact) in [
        ("../empty", "no `.ai` folder in"),
        ("../nowhere", "no `.ai` folder in"),
        ("../empty/file", "no `.ai`"),
    ] {
        for words in [["run", "hello"].as_slice(), &["list"], &["show", "hello"], &["check"]] {
            let ran = world.rye(["--json", "--project", named].iter().chain(words)).run();
            ran.refuses(125, "invalid_config", fact, "mkdir -p .ai/tools");
        }
    }
    assert!(!world.ran());
}

#[test]
fn where_there_is_no_project_the_way_to_make_one_is_told() {
    let world = World::new();
    world.tool("hello.sh", world.marking());
    let ran = world.rye(["--json", "run", "hello"]).cwd(world.root()).run();
    ran.refuses(127, "tool_not_found", "there is no `.ai/` in this folder or above it", "mkdir -p .ai/tools");
    assert!(!world.ran());
}

#[test]
fn project_comes_before_user() {
    let world = World::new();
    world.tool("hello.sh", says("project"));
    world.user_tool("hello.sh", says("user"));
    world.user_tool("mine.sh", WHERE);
    assert_eq!(world.rye(["run", "hello"]).run().ok(), "project\n");
    let outcome = world.outcome(["mine"]);
    assert_eq!(outcome["chain"][0]["space"], "user");
    // A user's tool runs where the caller stands.
    fs::create_dir_all(world.project().join("src")).unwrap();
    let (project, ran) = (world.project(), world.rye(["run", "mine"]).cwd("src").run());
    assert_eq!(ran.ok(), format!("mine {0} {0}/src {0}/src\n", project.display()));
    // Outside of every project the user's tools are still there, with no project.
    let root = world.root();
    let ran = world.rye(["run", "mine"]).cwd(&root).run();
    assert_eq!(ran.ok(), format!("mine  {0} {0}\n", root.display()));
    assert_eq!(world.rye(["run", "hello"]).cwd(&root).run().ok(), "user\n");
}

#[test]
fn the_user_space_is_never_a_project() {
    let world = World::new();
    world.user_tool("mine.sh", WHERE);
    let home = world.home();
    let ran = world.rye(["run", "mine"]).cwd(&home).run();
    assert_eq!(ran.ok(), format!("mine  {0} {0}\n", home.display()));
    assert_eq!(world.rye(["--json", "list"]).cwd(&home).run().json()[0]["space"], "user");
}

#[test]
fn the_user_space_may_lie_elsewhere() {
    let world = World::new();
    world.user_tool("hello.sh", says("home"));
    world.file("team/tools/hello.sh", says("team"));
    let team = world.root().join("team");
    assert_eq!(world.rye(["run", "hello"]).env("RYE_USER_SPACE", team).run().ok(), "team\n");
    assert_eq!(world.rye(["run", "hello"]).env("RYE_USER_SPACE", "").run().ok(), "home\n");
}

#[test]
fn what_lies_under_a_core_id_never_runs() {
    for user in [false, true] {
        let world = World::new();
        let core = "rye/core/runtimes/python_runtime";
        let file = format!("{core}.toml");
        let own = "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n[config]\ncommand = \"sh\"\n";
        let write =
            |name: &str, text: &str| if user { world.user_tool(name, text) } else { world.tool(name, text) };
        let (path, script) = (write(&file, own), write("rye/core/hello.sh", &world.marking()));
        for (id, path) in [(core, &path), ("rye/core/hello", &script), ("hello", &script)] {
            let ran = world.rye(["--json", "run", id]).run();
            ran.refuses(125, "protected_id", &path.display().to_string(), "out of `rye/core/`");
        }
        let listed = world.rye(["--json", "list", "--all"]).run().json();
        let row =
            listed.as_array().unwrap().iter().find(|row| row["id"] == "rye/core/hello").unwrap().clone();
        assert_eq!(row["problem"]["code"], "protected_id");
        let checked = world.rye(["check"]).run();
        assert_eq!(checked.code, Some(1));
        assert!(checked.stdout().contains("rye/core/hello.sh:1:1: error: "), "{}", checked.stdout());
        assert!(!world.ran());
        // The core itself is not touched by it.
        if have("python3") {
            world.tool("ok.py", "def main() -> str:\n    return 'ok'\n");
            assert_eq!(world.outcome(["ok"])["data"], "ok");
        }
    }
}

#[test]
fn a_user_tool_may_not_delegate_to_a_project_runtime() {
    let world = World::new();
    world.tool("runtimes/odd_runtime.toml", runtime("project"));
    let tool = format!("{}# /// rye\n# executor_id = \"odd_runtime\"\n# ///\n", world.marking());
    world.user_tool("mine.sh", &tool);
    let ran = world.rye(["--json", "run", "mine"]).run();
    ran.refuses(
        125,
        "not_allowed_space",
        "`odd_runtime` is in the project space",
        "a user item may use user and",
    );
    ran.refuses(125, "not_allowed_space", "mine.sh:4:17: ", "move one of the two");
    assert!(!world.ran());
    // The same tool in the project may.
    world.tool("ours.sh", &tool);
    assert_eq!(world.rye(["run", "ours"]).run().ok(), "project\n");
}

#[test]
fn a_project_takes_no_runtime_from_a_user_tool() {
    let world = World::new();
    world.user_tool("runtimes/odd_runtime.toml", runtime("user"));
    let tool = "#!/bin/sh\n# /// rye\n# executor_id = \"odd_runtime\"\n# ///\n";
    world.user_tool("mine.sh", tool);
    world.user_tool("claimed.odd", "");
    // A runtime of the same name in the project, sound or broken, is not seen from the user space.
    for text in [runtime("project"), "tool_type = \"runtime\"\nnonsense = 1\n".to_owned()] {
        world.tool("runtimes/odd_runtime.toml", &text);
        assert_eq!(world.rye(["run", "mine"]).run().ok(), "user\n", "{text}");
        assert_eq!(world.rye(["run", "claimed"]).run().ok(), "user\n", "{text}");
    }
}

#[test]
fn a_claim_of_the_project_is_none_for_the_user() {
    let world = World::new();
    world.program("home/.ai/tools/mine.odd", says("by itself"));
    world.tool("runtimes/odd_runtime.toml", runtime("project"));
    world.file("project/.ai/rye.toml", "[runtimes]\nodd = \"odd_runtime\"\n");
    assert_eq!(world.rye(["run", "mine"]).run().ok(), "by itself\n");
    let listed = world.rye(["--json", "list"]).run().json();
    assert_eq!((&listed[0]["id"], &listed[0]["problem"]), (&"mine".into(), &Value::Null));
    world.tool("ours.odd", "");
    assert_eq!(world.rye(["run", "ours"]).run().ok(), "project\n");
}

#[test]
fn a_project_of_another_user_is_meant_only_when_named() {
    let world = World::new();
    if !am_root() {
        return;
    }
    world.tool("hello.sh", world.marking());
    let ai = world.project().join(".ai");
    chown(&ai, Some(12345), Some(12345)).unwrap();
    let ran = world.rye(["--json", "run", "hello"]).run();
    ran.refuses(
        127,
        "tool_not_found",
        ".ai belongs to another user",
        "name it with `--project` if you trust it",
    );
    assert!(!world.ran());
    let listed = world.rye(["--json", "list"]).run().json();
    assert!(listed.as_array().unwrap().iter().all(|row| row["space"] != "project"), "{listed}");
    let listed = world.rye(["--json", "--project", ".", "list"]).run().json();
    assert_eq!(listed[0]["id"], "hello");
    // Who names a project trusts its owner, and nobody else.
    world.rye(["--project", ".", "run", "hello"]).run().ok();
    chown(world.tools().join("hello.sh"), Some(12346), None).unwrap();
    world.rye(["--project", ".", "run", "hello"]).run().fails(126, &["12346"]);
    // One farther up is not hidden by it.
    let world = World::new();
    world.tool("hello.sh", says("outer"));
    world.file("project/inner/.ai/tools/hello.sh", world.marking());
    chown(world.project().join("inner/.ai"), Some(12345), None).unwrap();
    assert_eq!(world.rye(["run", "hello"]).cwd("inner").run().ok(), "outer\n");
}

#[test]
fn a_tool_runs_in_a_project_of_any_name() {
    let names = [
        "with spaces",
        "(parentheses)",
        "quo'te",
        "dou\"ble",
        "dol$lar",
        "$HOME",
        "${HOME}",
        "$(id)",
        "{brace}",
        "{{twice}}",
        "{tool_path}",
        "`tick`",
        "semi;colon",
        "star*",
        "-dash",
        "~",
        "100%s",
        "back\\slash",
        "comma,colon:",
        "#hash",
        "naïve-日本",
        "new\nline",
    ];
    for name in names {
        let world = World::new();
        let project = world.root().join("in").join(name);
        let tools = format!("in/{name}/.ai/tools");
        let here = "#!/bin/sh\nprintf %s \"$PWD|$0|$RYE_PROJECT_PATH\"\n";
        world.file(&format!("{tools}/script.sh"), here);
        world.program(&format!("{tools}/itself"), here);
        world.file(
            &format!("{tools}/command.toml"),
            "executor_id = \"subprocess\"\n[config]\ncommand = \"printf\"\n\
             args = [\"%s\", \"{project_path}|${RYE_PROJECT}|{project_path}\"]\n\
             [config.env]\nRYE_PROJECT = \"{project_path}/x\"\n",
        );
        world.file(
            &format!("{tools}/function.py"),
            "import os\ndef main() -> str:\n    return '|'.join([os.getcwd(), __file__, os.environ['RYE_PROJECT_PATH']])\n",
        );
        world.file(
            &format!("{tools}/top.py"),
            "import os, sys\nprint('|'.join([os.getcwd(), sys.argv[0], os.environ['RYE_PROJECT_PATH']]), end='')\n",
        );
        let run = |id: &str| world.rye(["--json", "run", id]).cwd(&project).run().json();
        let shown = project.display().to_string();
        let expect = |id: &str, file: &str| {
            let outcome = run(id);
            let expected = format!("{shown}|{file}|{shown}");
            assert_eq!(outcome["data"], Value::from(expected), "{name:?}: {outcome}");
        };
        expect("script", &format!("{shown}/.ai/tools/script.sh"));
        expect("itself", &format!("{shown}/.ai/tools/itself"));
        expect("command", &format!("{shown}/x"));
        if have("python3") {
            expect("function", &format!("{shown}/.ai/tools/function.py"));
            expect("top", &format!("{shown}/.ai/tools/top.py"));
        }
    }
}
