//! `rye.toml`: project over user, lists joined, and a wrong word is an error that names its place.

use crate::world::World;

const ENVIRONMENT: &str = "#!/bin/sh\nenv\n";

#[test]
fn runtimes_are_chosen_by_extension() {
    let world = World::new();
    let speaking = |word: &str| {
        format!(
            "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n\
             [config]\ncommand = \"echo\"\nargs = [\"{word}\"]\n[call]\nstyle = \"command\"\n"
        )
    };
    world.tool("runtimes/mine.toml", speaking("mine"));
    world.user_tool("runtimes/theirs.toml", speaking("theirs"));
    world.tool("x.sh", world.marking());
    world.tool("y.new", "");
    for (toml, id, expected) in [
        ("[runtimes]\nsh = \"mine\"\n", "x", "mine\n"),
        ("[runtimes]\nsh = \"runtimes/mine\"\n", "x", "mine\n"),
        ("[runtimes]\nsh = \"theirs\"\n", "x", "theirs\n"),
        ("[runtimes]\nnew = \"mine\"\n", "y", "mine\n"),
    ] {
        world.file("project/.ai/rye.toml", toml);
        assert_eq!(world.rye(["run", id]).run().ok(), expected, "{toml}");
    }
    // The project's word counts over the user's, and the user's where the project has none.
    world.file("home/.ai/rye.toml", "[runtimes]\nsh = \"theirs\"\nnew = \"theirs\"\n");
    world.file("project/.ai/rye.toml", "[runtimes]\nnew = \"mine\"\n");
    assert_eq!(world.rye(["run", "x"]).run().ok(), "theirs\n");
    assert_eq!(world.rye(["run", "y"]).run().ok(), "mine\n");
    assert!(!world.ran());
    // A name that nothing has.
    world.file("project/.ai/rye.toml", "[runtimes]\nsh = \"bash_runtme\"\n");
    let ran = world.rye(["--json", "run", "x"]).run();
    ran.refuses(127, "runtime_not_found", "no runtime `bash_runtme`", "did you mean `bash_runtime`?");
}

#[test]
fn a_project_does_not_choose_for_the_user() {
    let world = World::new();
    world.tool("runtimes/mine.toml", "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n");
    world.file("project/.ai/rye.toml", "[runtimes]\nsh = \"mine\"\n");
    world.user_tool("users.sh", "echo users\n");
    assert_eq!(world.rye(["run", "users"]).run().ok(), "users\n");
}

#[test]
fn names_to_pass_are_joined() {
    let world = World::new();
    world.tool("environment.sh", ENVIRONMENT);
    world.file("project/.ai/rye.toml", "pass_env = [\"FROM_PROJECT\"]\n");
    world.file("home/.ai/rye.toml", "pass_env = [\"FROM_USER_*\"]\n");
    let call =
        world.rye(["run", "environment"]).env("FROM_PROJECT", "1").env("FROM_USER_X", "2").env("OTHER", "3");
    let said = call.run().ok();
    assert!(said.contains("FROM_PROJECT=1\n") && said.contains("FROM_USER_X=2\n"), "{said}");
    assert!(!said.contains("OTHER"), "{said}");
}

#[test]
fn limits_are_defaults_and_the_project_comes_first() {
    let world = World::new();
    world.tool("x.sh", "printf '%s' 0123456789; exec sleep 50\n");
    world.file("home/.ai/rye.toml", "[limits]\ntimeout = 40\nmax_output = 4\n");
    let explained = world.rye(["--json", "explain", "x"]).run().json();
    assert_eq!(explained["timeout"]["seconds"], 40.0);
    assert_eq!(explained["max_output"], 4);
    world.file("project/.ai/rye.toml", "[limits]\ntimeout = 0.2\nconcurrency = 1\nqueue = 1\n");
    let explained = world.rye(["--json", "explain", "x"]).run().json();
    assert_eq!(explained["timeout"], serde_json::json!({ "seconds": 0.2, "source": "default" }));
    assert_eq!(explained["max_output"], 4);
    let ran = world.rye(["--json", "run", "x"]).run();
    assert_eq!((ran.code, &ran.json()["error"]["code"]), (Some(124), &"timed_out".into()));
    assert_eq!(ran.json()["stdout_bytes"], 10);
    // 0 means none.
    world.file("project/.ai/rye.toml", "[limits]\ntimeout = 0\n");
    assert_eq!(world.rye(["--json", "explain", "x"]).run().json()["timeout"], serde_json::Value::Null);
}

#[test]
fn a_wrong_word_is_an_error_with_its_place() {
    let world = World::new();
    world.tool("x.sh", world.marking());
    let deep = format!("x = {}", "[".repeat(1 << 20));
    let rows = [
        ("pass_evn = []", "1:1: `pass_evn` is not a known key", "did you mean `pass_env`?"),
        ("banana = 1", "1:1: `banana` is not a known key", "known here: `pass_env`"),
        ("[limits]\ntimout = 3", "2:1: `timout` is not a known key", "did you mean `timeout`?"),
        ("pass_env = \"HOME\"", "1:12: `pass_env` is a string where a list of strings is wanted", ""),
        ("pass_env = [1]", "1:13: `pass_env` holds an integer where a string is wanted", ""),
        ("proxy = 3", "1:9: `proxy` is an integer where a string is wanted", ""),
        ("runtimes = \"py\"", "1:12: `runtimes` is not a table", "write `[runtimes]`"),
        ("[runtimes]\nsh = 1", "2:6: `sh` is an integer where the id of a runtime is wanted", ""),
        ("[limits]\nconcurrency = 0", "2:15: `concurrency` is not a positive integer", ""),
        ("[limits]\nmax_output = \"1 MB\"", "2:14: `max_output` is not a positive integer", ""),
        ("[limits]\ntimeout = -1", "2:11: `timeout` is not a number of seconds", "0 means no limit"),
        ("limits = 3", "1:10: an integer where a table is wanted", ""),
        ("[limits", "rye.toml:1:", ""),
        ("a = 1\na = 2", "rye.toml:2:1: ", ""),
        (&deep, "rye.toml:1:", ""),
    ];
    for file in ["project/.ai/rye.toml", "home/.ai/rye.toml"] {
        for (toml, fact, hint) in &rows {
            world.file(file, toml);
            for words in [["run", "x"].as_slice(), &["show", "x"], &["list"]] {
                let ran = world.rye(["--json"].iter().chain(words)).run();
                let error = &ran.json()["error"];
                assert_eq!(error["code"], "invalid_config", "{toml:.40}: {error}");
                assert_eq!(ran.code, Some(125));
                let (causes, hints) = (error["causes"].to_string(), error["hints"].to_string());
                assert!(causes.contains("rye.toml:") && causes.contains(fact), "{toml:.40}: {error}");
                assert!(hints.contains(hint), "{toml:.40}: {error}");
                assert!(ran.stdout.len() < 4000, "{toml:.40}: {} bytes", ran.stdout.len());
            }
        }
        std::fs::remove_file(world.root().join(file)).unwrap();
    }
    assert!(!world.ran());
}

#[test]
fn all_problems_of_a_file_are_told_at_once() {
    let world = World::new();
    world.tool("x.sh", world.marking());
    world.file("project/.ai/rye.toml", "proxy = 3\nbanana = 1\n[limits]\nqueue = 0\n");
    let wanted = ["rye.toml:1:9: ", "rye.toml:2:1: ", "rye.toml:4:9: ", "error: the configuration is wrong"];
    world.rye(["run", "x"]).run().fails(125, &wanted);
    assert!(!world.ran());
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let world = World::new();
    world.tool("x.sh", world.marking());
    std::fs::create_dir(world.project().join(".ai/rye.toml")).unwrap();
    let ran = world.rye(["--json", "run", "x"]).run();
    assert_eq!(ran.json()["error"]["code"], "invalid_config");
    assert!(ran.stdout().contains(".ai/rye.toml:1:1: it is refused: it is a directory"), "{}", ran.stdout());
    assert!(!world.ran());
}

#[test]
fn a_file_that_anyone_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    world.tool("x.sh", world.marking());
    let file = world.file("project/.ai/rye.toml", "pass_env = ['SECRET']\n");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    world.rye(["run", "x"]).run().fails(125, &["rye.toml:1:1: it is refused: anyone may write"]);
    assert!(!world.ran());
}
