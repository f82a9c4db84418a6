//! Ids: one grammar at every door, short names, and what is proposed when nothing has the name.

use std::os::unix::fs::PermissionsExt;

use rye_executor::{Host, Resolver};

use crate::world::World;

const SCRIPT: &str = "#!/bin/sh\necho \"$RYE_TOOL_ID\"\n";

/// What is no id, with the rule that it breaks as the message tells it.
fn no_ids() -> Vec<(String, &'static str)> {
    let long = "x".repeat(10 << 10);
    let rows = [
        ("../../x", "it holds `..`"),
        ("..", "it holds `..`"),
        ("a/../b", "it holds `..`"),
        ("/etc/passwd", "an absolute path"),
        ("", "it is empty"),
        (&long, "it has 10240 characters, and 128 are allowed"),
        ("-rf", "begins with '-'"),
        ("--", "begins with '-'"),
        ("a/-b", "begins with '-'"),
        ("a//b", "an empty segment"),
        ("a/", "an empty segment"),
        (".", "begins with '.'"),
        (".hidden", "begins with '.'"),
        ("_private", "begins with '_'"),
        ("a b", "it holds ' '"),
        ("a\\b", "it holds '\\\\'"),
        ("a\nb", "it holds '\\n'"),
        ("caf\u{e9}", "it holds '\u{e9}'"),
        ("$(id)", "it holds '$'"),
    ];
    rows.into_iter().map(|(id, rule)| (id.to_owned(), rule)).collect()
}

#[test]
fn what_is_no_id_is_refused_at_every_door() {
    let world = World::new();
    // What a door that only joins paths would find.
    for path in
        ["project/x.sh", "project/.ai/tools/b.sh", "project/.ai/tools/a/b.sh", "project/.ai/tools/.hidden.sh"]
    {
        world.file(path, world.marking());
    }
    for (id, rule) in no_ids() {
        // `--` itself ends the options of a command line, so it stands before every id here.
        for words in [["run", "--", &id], ["explain", "--", &id], ["show", "--", &id]] {
            let ran = world.rye(["--json"].iter().chain(&words)).run();
            ran.refuses(2, "invalid_id", rule, "a path below `tools/` without extension");
            assert!(ran.json()["error"].to_string().len() < 1000);
        }
        assert!(!world.ran(), "{id:?} ran something");
    }
    world.rye(["run", "../../x"]).run().fails(2, &["error: `../../x` is not an id", "hint: an id is"]);
    // A word that begins with a dash, where the id is wanted.
    world.rye(["--json", "run", "-rf"]).run().refuses(2, "invalid_id", "begins with '-'", "an id is a path");
    let usage = world.rye(["show", "-rf"]).run();
    usage.fails(2, &["unexpected argument '-r'"]);
}

#[test]
fn the_longest_id_is_still_one() {
    let world = World::new();
    let id = format!("{}/{}", "d".repeat(63), "f".repeat(64));
    world.tool(&format!("{id}.sh"), SCRIPT);
    assert_eq!(world.rye(["run", &id]).run().ok(), format!("{id}\n"));
    let over = format!("{id}f");
    world.rye(["--json", "run", &over]).run().refuses(2, "invalid_id", "it has 129 characters", "an id is");
}

#[test]
fn a_short_id_is_the_unique_last_segment() {
    let world = World::new();
    world.tool("deep/down/hello.sh", SCRIPT);
    assert_eq!(world.rye(["run", "hello"]).run().ok(), "deep/down/hello\n");
    assert_eq!(world.rye(["run", "deep/down/hello"]).run().ok(), "deep/down/hello\n");
    assert_eq!(world.outcome(["hello"])["tool"], "deep/down/hello");
    // Only a last segment, and only of a short id.
    world.rye(["--json", "run", "down/hello"]).run().refuses(127, "tool_not_found", "down/hello", "rye list");
    // An exact match comes first.
    world.tool("hello.sh", SCRIPT);
    assert_eq!(world.rye(["run", "hello"]).run().ok(), "hello\n");
}

#[test]
fn a_short_id_of_several_is_an_error_that_lists_them() {
    let world = World::new();
    world.tool("a/hello.sh", world.marking());
    world.tool("b/hello.py", world.marking_python());
    let ran = world.rye(["--json", "run", "hello"]).run();
    ran.refuses(2, "ambiguous_id", "a/hello\nb/hello", "write the whole id");
    world.rye(["show", "hello"]).run().fails(2, &["the last part of 2 tools", "  a/hello\n", "  b/hello\n"]);
    assert!(!world.ran());
}

#[test]
fn the_first_space_with_a_match_decides_a_short_id() {
    let world = World::new();
    world.tool("a/hello.sh", SCRIPT);
    world.user_tool("b/hello.sh", SCRIPT);
    world.user_tool("c/hello.sh", SCRIPT);
    assert_eq!(world.rye(["run", "hello"]).run().ok(), "a/hello\n");
    // An exact match of a later space is exact still.
    world.user_tool("hello.sh", SCRIPT);
    assert_eq!(world.rye(["run", "hello"]).run().ok(), "hello\n");
}

#[test]
fn only_tools_make_a_short_id_ambiguous() {
    let world = World::new();
    world.tool("a/hello.sh", SCRIPT);
    world.tool("b/hello.py", "import json\nNAMES = []\n");
    world.tool("c/hello.toml", "answer = 42\n");
    world.tool("runtimes/hello.toml", "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n");
    world.tool("lib/hello.sh", SCRIPT);
    assert_eq!(world.rye(["run", "hello"]).run().ok(), "a/hello\n");
    std::fs::remove_file(world.tools().join("a/hello.sh")).unwrap();
    let ran = world.rye(["--json", "run", "hello"]).run();
    ran.refuses(127, "tool_not_found", "hello.toml is a runtime, not a tool", "`executor_id`");
    ran.refuses(127, "tool_not_found", "b/hello.py has only imports", "give it a function `main`");
}

#[test]
fn a_name_that_nothing_has_is_met_with_the_nearest() {
    let world = World::new();
    world.tool("hello.sh", world.marking());
    world.tool("demo/greet.sh", world.marking());
    for (typed, hint) in [
        ("helo", "did you mean `hello`?"),
        ("Hello", "did you mean `hello`?"),
        ("greeet", "did you mean `demo/greet`?"),
        ("demo/gret", "did you mean `demo/greet`?"),
        ("hello.py", "ids have no extension: `rye run hello`"),
        ("demo/greet.sh", "ids have no extension: `rye run demo/greet`"),
        ("greet.sh", "ids have no extension: `rye run demo/greet`"),
        ("banana", "`rye list` shows every tool"),
    ] {
        let fact = format!("no tool `{typed}`");
        for command in ["run", "show", "explain"] {
            let ran = world.rye(["--json", command, typed]).run();
            ran.refuses(127, "tool_not_found", &fact, hint);
            ran.refuses(127, "tool_not_found", ".ai/tools", "rye list");
            assert_eq!(
                typed == "banana",
                !ran.stdout().contains("did you mean") && !ran.stdout().contains("ids have")
            );
        }
    }
    assert!(!world.ran());
}

#[test]
fn what_is_no_tool_is_not_advised() {
    let world = World::new();
    world.tool("a/epy.py", "import json\nNAMES = []\n");
    let ran = world.rye(["--json", "run", "epi"]).run();
    ran.refuses(127, "tool_not_found", "no tool `epi`", "rye list");
    assert!(!ran.stdout().contains("did you mean"), "{}", ran.stdout());
    // The next nearest is, and what is broken may be meant.
    world.tool("b/epyc.sh", SCRIPT);
    world.rye(["--json", "run", "epyk"]).run().refuses(127, "tool_not_found", "`epyk`", "mean `b/epyc`?");
    world.tool("c/opal.py", "def main(:\n");
    world.rye(["--json", "run", "opel"]).run().refuses(127, "tool_not_found", "`opel`", "mean `c/opal`?");
}

#[test]
fn what_is_missing_of_a_tool_is_what_is_advised() {
    let world = World::new();
    world.tool("data.json", "{}\n");
    let ran = world.rye(["--json", "run", "data"]).run();
    ran.refuses(127, "tool_not_found", "data.json has no `#!` line", "begin it with a `#!` line");
    assert!(!ran.stdout().contains("chmod"), "{}", ran.stdout());
    world.tool("count.awk", "#!/usr/bin/awk -f\n");
    let ran = world.rye(["--json", "run", "count"]).run();
    ran.refuses(127, "tool_not_found", "count.awk is not executable", "`chmod +x ");
    for (text, hint) in [
        ("[config]\ncommand = \"true\"\n", "add `executor_id = \"subprocess\"` at its top"),
        ("[config]\nurl = \"https://example.org\"\n", "add `executor_id = \"http_client\"` at its top"),
        ("title = \"x\"\n", "add `executor_id = \"subprocess\"` and a `[config]`"),
    ] {
        world.tool("plain.toml", text);
        let ran = world.rye(["--json", "run", "plain"]).run();
        ran.refuses(127, "tool_not_found", "plain.toml has neither `executor_id`", hint);
    }
}

#[test]
fn ids_that_differ_by_case_are_a_problem_for_check() {
    let world = World::new();
    world.tool("demo/hello.sh", SCRIPT);
    world.tool("demo/Hello.py", "print('hi')\n");
    let ran = world.rye(["--json", "check"]).run();
    assert_eq!(ran.code, Some(1), "{}", ran.stdout());
    let problem = &ran.json()["problems"][0];
    assert_eq!(problem["message"], "the id `demo/hello` differs from `demo/Hello` only by case");
    assert_eq!(problem["place"], ".ai/tools/demo/hello.sh:1:1");
    assert!(problem["hint"].as_str().unwrap().contains("rename"));
}

#[test]
fn a_file_whose_name_is_no_id_is_a_problem_for_check() {
    let world = World::new();
    world.tool("my tool.sh", world.marking());
    world.tool("good.sh", SCRIPT);
    let ran = world.rye(["check"]).run();
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout().contains(".ai/tools/my tool.sh:1:1: error: `my tool` is not an id: it holds ' '"));
    assert!(ran.stdout().contains("1 tool, 1 problem"), "{}", ran.stdout());
    let listed = world.rye(["list"]).run();
    assert_eq!(listed.ok(), "project\n  good  [args:list[str]]\n");
    assert_eq!(listed.stderr(), "note: .ai/tools/my tool.sh:1:1: `my tool` is not an id: it holds ' '\n");
    assert!(!world.ran());
}

#[test]
fn an_id_of_two_files_is_known_once() {
    let world = World::new();
    world.tool("a-b.sh", "");
    world.tool("a.sh", "");
    let program = world.tool("a", SCRIPT);
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let host = Host { working_directory: world.project(), ..Host::default() };
    let ids = Resolver::new(host).unwrap().ids();
    let ids: Vec<_> = ids.iter().map(|known| known.id.as_str()).collect();
    assert_eq!(ids[..2], ["a", "a-b"]);
    assert_eq!(ids.iter().filter(|id| **id == "a").count(), 1);
}
