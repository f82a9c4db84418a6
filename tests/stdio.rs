//! What a tool is given at its start: standard input, three descriptors and no more, signals as they should be.

use std::process::Command;

use serde_json::json;

use crate::live::Live;
use crate::roster::{command_tool, habit_tool};
use crate::world::{World, have, misbehave, rye};

/// rye with these words, started by a shell that does something before.
fn through_shell(world: &World, before: &str, words: &[&str]) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{before} \"$0\" \"$@\"")]).arg(rye()).args(words);
    let call = world.rye(["x"]).command();
    command.env_clear().current_dir(world.project());
    command.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[test]
fn an_attached_tool_reads_the_callers_input_and_a_captured_one_none() {
    let world = World::new();
    habit_tool(&world, "read", &["read-stdin"], "");
    assert_eq!(world.rye(["run", "read"]).stdin("12345").run().ok(), "5\n");
    assert_eq!(world.rye(["--json", "run", "read"]).stdin("12345").run().json()["data"], "0\n");
    // `--params -` has read it.
    assert_eq!(world.rye(["run", "--params", "-", "read"]).stdin("{}").run().ok(), "0\n");
    assert_eq!(world.rye(["run", "read"]).stdin(vec![b'x'; 1 << 20]).run().ok(), "1048576\n");
}

#[test]
fn declared_input_comes_before_the_callers() {
    let world = World::new();
    habit_tool(&world, "read", &["read-stdin"], "stdin = \"123\"");
    assert_eq!(world.rye(["run", "read"]).stdin("12345").run().ok(), "3\n");
}

#[test]
fn input_that_nobody_reads_holds_nothing_up() {
    let world = World::new();
    let megabyte = "x".repeat(1 << 20);
    habit_tool(&world, "exit", &["exit", "0"], "");
    world.rye(["run", "exit"]).stdin(megabyte.clone()).run().ok();
    world.rye(["--json", "run", "exit"]).stdin(megabyte.clone()).run().ok();
    let block = "# /// rye\n# [parameters.text]\n# type = \"string\"\n# [call]\n# parameters = \"stdin\"\n# ///\nexit 0\n";
    world.tool("unread.sh", block);
    let params = json!({ "text": megabyte }).to_string();
    for words in
        [["run", "--params", "-", "unread"].as_slice(), &["--json", "run", "--params", "-", "unread"]]
    {
        world.rye(words).stdin(params.clone()).run().ok();
    }
}

#[test]
fn input_goes_on_when_no_output_is_captured_any_more() {
    let world = World::new();
    let block =
        "# /// rye\n# [parameters.text]\n# type = \"string\"\n# [call]\n# parameters = \"stdin\"\n# ///\n";
    let counted = world.root().join("counted");
    world.tool("count.sh", format!("{block}wc -c\n"));
    world.tool("mute.sh", format!("{block}exec >/dev/null 2>&1\nwc -c > '{}'\n", counted.display()));
    // More than any pipe holds.
    let params = json!({ "text": "x".repeat(2 << 20) }).to_string();
    let all = (params.len()).to_string();
    let given = |words: &[&str]| world.rye(words).stdin(params.clone()).run().ok();
    assert_eq!(given(&["run", "--timeout", "30", "--params", "-", "count"]).trim(), all);
    for words in [["run"].as_slice(), &["--json", "run"]] {
        given(&[words, &["--timeout", "30", "--params", "-", "mute"]].concat());
        assert_eq!(std::fs::read_to_string(&counted).unwrap().trim(), all, "{words:?}");
        std::fs::remove_file(&counted).unwrap();
    }
}

#[test]
fn a_tool_has_three_descriptors_whatever_rye_was_given() {
    let world = World::new();
    habit_tool(&world, "descriptors", &["descriptors"], "");
    let opened = "exec 3</dev/null 4>/dev/null 7</etc/passwd 9<&0; exec";
    let ran = Live::start(through_shell(&world, opened, &["run", "descriptors"])).end();
    assert_eq!(ran.ok(), "[0, 1, 2]\n");
    let ran = Live::start(through_shell(&world, opened, &["--json", "run", "descriptors"])).end();
    assert_eq!(ran.json()["data"], json!([0, 1, 2]));
}

#[test]
fn what_is_closed_when_rye_begins_is_open_to_nothing() {
    let world = World::new();
    let seen = world.root().join("seen");
    world.tool(
        "look.sh",
        format!("readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 > '{}'\n", seen.display()),
    );
    for (closed, null) in [("0<&-", 0), ("1>&-", 1), ("2>&-", 2)] {
        Live::start(through_shell(&world, &format!("exec {closed}; exec"), &["run", "look"])).end();
        let seen = std::fs::read_to_string(&seen).unwrap();
        let is_null: Vec<_> = seen.lines().map(|link| link == "/dev/null").collect();
        assert_eq!((is_null.len(), is_null.get(null)), (3, Some(&true)), "{closed}: {seen}");
    }
    Live::start(through_shell(&world, "exec 0<&- 1>&- 2>&-; exec", &["run", "look"])).end();
    assert_eq!(std::fs::read_to_string(&seen).unwrap(), "/dev/null\n".repeat(3));
}

#[test]
fn a_function_has_the_call_besides_and_does_not_hand_it_on() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    let source = format!(
        "import os, subprocess\ndef main():\n    own = f'/proc/{{os.getpid()}}/fd'\n    numbers = [int(n) for n in os.listdir(own) if os.path.exists(f'{{own}}/{{n}}')]\n    child = subprocess.run([{:?}, 'descriptors'], capture_output=True, text=True, close_fds=False)\n    return numbers, child.stdout, 'RYE_CALL_FD' in os.environ\n",
        misbehave()
    );
    world.tool("look.py", source);
    let opened = "exec 4>/dev/null 7</etc/passwd; exec";
    for words in [["run", "look"].as_slice(), &["--json", "run", "look"]] {
        let ran = Live::start(through_shell(&world, opened, words)).end();
        let data = if words.len() == 3 { ran.json()["data"].clone() } else { ran.json() };
        assert_eq!(data, json!([[0, 1, 2, 3], "[0, 1, 2]\n", false]));
    }
}

#[test]
fn a_captured_tool_starts_with_default_signals_whatever_rye_was_given() {
    let world = World::new();
    command_tool(&world, "status", &["/bin/cat", "/proc/self/status"], "");
    let before = "exec env --ignore-signal=INT --ignore-signal=HUP --block-signal=USR1 --block-signal=INT";
    let ran = Live::start(through_shell(&world, before, &["--json", "run", "status"])).end();
    let status = ran.json()["data"].as_str().unwrap().to_owned();
    assert_eq!((mask(&status, "SigBlk"), mask(&status, "SigIgn")), (0, 0), "{status}");
    // One that shares the caller's terminal shares what the caller ignores; nothing is blocked.
    let ran = Live::start(through_shell(&world, before, &["run", "status"])).end();
    let status = ran.ok();
    assert_eq!((mask(&status, "SigBlk"), mask(&status, "SigIgn")), (0, 0b11), "{status}");
}

/// The signals of a mask, but for those above 31: the C library keeps two of them for itself.
fn mask(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap() & 0x7FFF_FFFF
}

/// Programs that are not there, or cannot be started: the config, the code, the exit code, a word of the hint.
#[test]
fn what_cannot_be_started_is_told_apart() {
    let world = World::new();
    let file = world.file("project/plain.txt", "#!/bin/sh\ntouch marker\n");
    let no_line = world.program("project/no-line", "touch marker\n");
    let crlf = world.program("project/crlf", "#!/bin/sh\r\ntouch marker\r\n");
    let lost = world.program("project/lost", "#!/no/such/interpreter -x\ntouch marker\n");
    let empty = world.program("project/empty", "#!\n");
    let folder = world.project().join(".ai");
    let shown = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let touch = "/usr/bin/touch".to_owned();
    let rows = [
        (
            "no-such-program-of-rye".to_owned(),
            "",
            "command_not_found",
            127,
            "install `no-such-program-of-rye`",
        ),
        ("/no/such/program".to_owned(), "", "command_not_found", 127, "install it"),
        (shown(&file), "", "not_executable", 126, "chmod +x"),
        (shown(&no_line), "", "not_executable", 126, "`#!` line"),
        (shown(&folder), "", "not_executable", 126, "chmod +x"),
        (shown(&crlf), "", "bad_interpreter_line", 126, "dos2unix"),
        (shown(&lost), "", "bad_interpreter_line", 126, "correct the `#!` line"),
        (shown(&empty), "", "bad_interpreter_line", 126, "correct the `#!` line"),
        (touch.clone(), "cwd = \"no/such/folder\"", "bad_cwd", 125, "make the folder"),
        (touch, "cwd = \"plain.txt\"", "bad_cwd", 125, "`cwd` in `[config]`"),
    ];
    let marker = world.project().join("marker");
    for (command, config, code, exit, hint) in rows {
        command_tool(&world, "start", &[&command, shown(&marker).as_str()], config);
        let ran = world.rye(["--json", "run", "start"]).run();
        let outcome = ran.json();
        assert_eq!(ran.code, Some(exit), "{outcome}");
        assert_eq!(outcome["error"]["code"], code, "{outcome}");
        assert_eq!(outcome["ending"], json!({ "kind": "not_started" }), "{command}");
        assert_eq!(outcome["data"], json!(null));
        assert!(outcome["error"]["hints"].to_string().contains(hint), "{outcome}");
        world.rye(["run", "start"]).run().fails(exit, &["error: ", "hint: ", hint]);
        assert!(!marker.exists(), "{command}");
    }
}

#[test]
fn a_tool_without_extension_has_its_interpreter_line_checked() {
    let world = World::new();
    for (line, words) in [
        ("#!/no/such/interpreter\n", ["/no/such/interpreter", "does not exist"]),
        ("#!/bin/sh\r\n", ["carriage return", "dos2unix"]),
    ] {
        world.program("project/.ai/tools/deploy", format!("{line}touch marker\n"));
        world.rye(["run", "deploy"]).run().fails(126, &words);
        assert_eq!(world.outcome(["deploy"])["error"]["code"], "bad_interpreter_line");
    }
    assert!(!world.project().join("marker").exists());
}
