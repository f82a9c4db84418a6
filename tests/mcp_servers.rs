//! Tools of other MCP servers: real servers are started and asked, and whatever they do, nothing of them is left.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use rye_executor::peer::{self, Address, Call, Terms};
use rye_executor::{Code, Config, EndingKind, Host, RunEvent, Stop};
use serde_json::{Value, json};

use crate::library::{block_on, executor, start};
use crate::mcp_peer::{Peer, SESSIONS, STATELESS, text_of};
use crate::roster::Roster;
use crate::world::{BOUND, World, have, python, rye};

/// A second project whose tools a server of ours offers: `rye --project … mcp`.
struct Served {
    world: World,
}

impl Served {
    fn new() -> Self {
        let world = World::new();
        world.file("other/.ai/tools/greet.sh", GREET);
        world.file("other/.ai/tools/fail.sh", "echo out; echo sorry >&2; exit 3\n");
        Self { world }
    }

    /// A tool of the project that is the server's.
    fn tool(&self, id: &str, theirs: &str, more: &str) {
        let (rye, other) = (rye(), self.world.root().join("other"));
        let text = format!(
            "executor_id = \"mcp_stdio_runtime\"\n[config]\ncommand = {rye:?}\nargs = [\"--project\", {other:?}, \"mcp\"]\ntool = {theirs:?}\n{more}\n"
        );
        self.world.tool(&format!("{id}.toml"), text);
    }
}

const GREET: &str = "# /// rye\n# description = \"Greet\"\n# [parameters.name]\n# type = \"string\"\n# required = true\n# ///\necho \"Hello $RYE_PARAM_NAME\"\n";

#[test]
fn a_tool_of_another_server_is_a_tool_in_both_eras() {
    let served = Served::new();
    served.tool("asked", "greet", "");
    for revision in SESSIONS.into_iter().chain([STATELESS]) {
        served.tool(&format!("v{revision}"), "greet", &format!("protocol = {revision:?}"));
    }
    let ids = SESSIONS.into_iter().chain([STATELESS]).map(|revision| format!("v{revision}"));
    for id in ids.chain(["asked".to_owned()]) {
        let outcome = served.world.outcome([id.as_str(), "--name", "Ada"]);
        assert_eq!(outcome["data"], "Hello Ada", "{outcome:#}");
        assert_eq!(outcome["ending"], json!({"kind": "exited", "code": 0}), "{outcome:#}");
        let chain: Vec<_> =
            outcome["chain"].as_array().unwrap().iter().map(|link| link["id"].clone()).collect();
        assert_eq!(chain, [id.as_str(), "rye/core/runtimes/mcp_stdio_runtime", "subprocess"]);
    }
    // A person gets the text as it is.
    assert_eq!(served.world.rye(["run", "asked", "--name", "Ada"]).run().ok(), "Hello Ada\n");
}

#[test]
fn what_a_server_refuses_is_told() {
    let served = Served::new();
    served.tool("fail", "fail", "");
    served.tool("nowhere", "no-such-tool", "");
    let outcome = served.world.outcome(["fail"]);
    assert_eq!((&outcome["success"], &outcome["error"]["code"]), (&json!(false), &json!("tool_failed")));
    assert!(outcome["error"]["message"].as_str().unwrap().contains("sorry"), "{outcome:#}");
    let outcome = served.world.outcome(["nowhere"]);
    assert_eq!(outcome["error"]["code"], "tool_failed", "{outcome:#}");
    let message = outcome["error"]["message"].as_str().unwrap();
    assert!(message.contains("no-such-tool") && message.contains("-32602"), "{message}");
}

#[test]
fn explain_says_which_server_and_starts_nothing() {
    let served = Served::new();
    served.world.program("bin/server", served.world.marking());
    let server = served.world.root().join("bin/server");
    let text = format!(
        "executor_id = \"mcp_stdio_runtime\"\n[config]\ncommand = {server:?}\ntool = \"greet\"\nprotocol = \"2025-06-18\"\n"
    );
    served.world.tool("x.toml", text);
    let explained = served.world.rye(["explain", "x", "--name", "Ada"]).run().ok();
    for word in ["MCP server", server.to_str().unwrap(), "greet({\"name\":\"Ada\"})", "2025-06-18"] {
        assert!(explained.contains(word), "no {word:?} in: {explained}");
    }
    let explained = served.world.rye(["--json", "explain", "x", "--name", "Ada"]).run().json();
    assert_eq!(explained["server_tool"], "greet");
    assert_eq!(explained["arguments"], json!({"name": "Ada"}));
    assert!(!served.world.ran());
}

/// A server in Python that misbehaves as its first word says.
const HOSTILE: &str = include_str!("programs/hostile_server.py");

/// A tool of a hostile server.
pub(crate) fn hostile(world: &World, id: &str, habit: &str, config: &str) -> Roster {
    unasked(world, id, habit, &format!("protocol = \"2025-11-25\"\n{config}"))
}

/// The same, of which nothing is known.
fn unasked(world: &World, id: &str, habit: &str, config: &str) -> Roster {
    let script = world.file("hostile.py", HOSTILE);
    let roster = Roster::new(world);
    let text = format!(
        "executor_id = \"mcp_stdio_runtime\"\n[config]\ncommand = {:?}\nargs = [{script:?}, {habit:?}, {:?}]\ntool = \"t\"\n{config}\n",
        python().unwrap(),
        roster.path()
    );
    world.tool(&format!("{id}.toml"), text);
    roster
}

#[track_caller]
fn assert_fails(outcome: &Value, code: &str, words: &[&str]) {
    assert_eq!(outcome["error"]["code"], code, "{outcome:#}");
    let told = outcome["error"].to_string();
    for word in words {
        assert!(told.contains(word), "no {word:?} in: {outcome:#}");
    }
}

#[test]
fn whatever_a_server_does_the_call_ends_and_nothing_is_left() {
    if !have("python3") {
        return;
    }
    for (habit, config, code, words) in [
        ("silent", "timeout = 1", "timed_out", &["1 s"] as &[&str]),
        ("deaf", "timeout = 1\ngrace = 0.2", "timed_out", &["1 s"]),
        ("dies", "", "tool_failed", &["exited with code 7", "initialize", "stderr: I am tired"]),
        ("dies-in-call", "", "tool_failed", &["exited with code 7", "tools/call"]),
        ("closes", "grace = 0.2", "tool_failed", &["closed its output"]),
        ("garbage-and-dies", "", "tool_failed", &["3 of the lines", "exited with code 7"]),
        ("huge-line", "", "output_limit", &["16777216"]),
        ("endless-line", "", "output_limit", &["16777216"]),
        ("old", "", "invalid_output", &["1999-01-01"]),
        ("refuses", "", "tool_failed", &["no \\\\u{1b}", "-32000"]),
        ("wrong-result", "", "invalid_output", &["tools/call"]),
    ] {
        let world = World::new();
        let roster = hostile(&world, "t", habit, config);
        let outcome = world.outcome(["t"]);
        assert_fails(&outcome, code, words);
        roster.assert_gone(1);
    }
}

#[test]
fn what_a_server_does_beside_its_answer_costs_nothing_but_its_end() {
    if !have("python3") {
        return;
    }
    for (habit, processes) in [
        ("garbage", 1),
        ("asks", 1),
        ("stays", 1),
        ("daemon", 2),
        ("floods-stderr", 1),
        ("chatty", 1),
        ("batch", 1),
    ] {
        let world = World::new();
        let roster = hostile(&world, "t", habit, "grace = 0.2");
        let outcome = world.outcome(["t"]);
        assert_eq!(outcome["data"], "done", "{habit}: {outcome:#}");
        roster.assert_gone(processes);
    }
}

#[test]
fn a_server_that_is_asked_for_its_era_may_ignore_it_or_die_of_it() {
    if !have("python3") {
        return;
    }
    for (habit, processes) in [("plain", 1), ("ignores-the-question", 1), ("dies-when-asked", 2)] {
        let world = World::new();
        let roster = unasked(&world, "t", habit, "");
        let outcome = world.outcome(["t"]);
        assert_eq!(outcome["data"], "done", "{habit}: {outcome:#}");
        roster.assert_gone(processes);
    }
}

#[test]
fn what_a_server_said_before_it_was_started_anew_is_kept_nowhere() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    let roster = unasked(&world, "t", "dies-loudly-when-asked", "");
    let outcome = world.outcome(["t"]);
    assert_eq!(outcome["data"], "done", "{outcome:#}");
    roster.assert_gone(2);
    let kept = walkdir::WalkDir::new(world.home()).into_iter().map(|entry| entry.unwrap());
    let kept: Vec<_> = kept.filter(|entry| entry.file_type().is_file()).collect();
    assert!(kept.is_empty(), "{kept:?}");
}

#[test]
fn a_list_is_asked_for_without_a_file() {
    if !have("python3") {
        return;
    }
    let served = Served::new();
    let address = |program: PathBuf, args: Vec<OsString>| Address::Command {
        program,
        args,
        environment: vec![
            ("HOME".into(), served.world.home().into()),
            ("PATH".into(), "/usr/bin:/bin".into()),
        ],
        folder: served.world.project(),
    };
    let host = Host { subreaper: true, ..Host::default() };
    let other = served.world.root().join("other");
    let ours = address(rye().to_owned(), vec!["--project".into(), other.into(), "mcp".into()]);
    for revision in SESSIONS.into_iter().chain([STATELESS]).map(Some).chain([None]) {
        let terms = || Terms { protocol: revision.map(str::to_owned), ..Terms::default() };
        let listed = block_on(peer::list(&ours, &host, terms())).unwrap();
        assert_eq!(
            (listed.server.as_str(), listed.protocol.as_str()),
            ("rye", revision.unwrap_or(STATELESS))
        );
        let names: Vec<_> = listed.tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["fail", "greet"]);
        let arguments = json!({"name": "Ada"}).as_object().cloned().unwrap();
        let call = Call { tool: "greet".to_owned(), arguments, ..Call::default() };
        let outcome = block_on(peer::call(&ours, call, &host, terms()));
        assert_eq!(outcome.data_as::<String>().unwrap().as_deref(), Some("Hello Ada"));
    }

    let script = served.world.file("hostile.py", HOSTILE);
    for (habit, processes, code, told) in [
        ("endless-pages", 1, Code::OutputLimit, "1000 pages"),
        ("dies", 2, Code::ToolFailed, "exited with code 7"),
        ("silent", 1, Code::TimedOut, "time limit"),
    ] {
        let roster = Roster::new(&served.world);
        let _ = std::fs::remove_file(roster.path());
        let args = vec![script.clone().into(), habit.into(), roster.path().into()];
        let limit = if habit == "silent" { Duration::from_secs(1) } else { BOUND };
        let terms = Terms { limit, ..Terms::default() };
        let hostile = address(python().unwrap().clone(), args);
        let report = block_on(peer::list(&hostile, &host, terms)).unwrap_err();
        assert_eq!(report.code, code, "{report:?}");
        assert!(report.message.contains(told), "{report:?}");
        roster.assert_gone(processes);
    }
    let nowhere = address("/no/such/program".into(), Vec::new());
    let report = block_on(peer::list(&nowhere, &host, Terms::default())).unwrap_err();
    assert_eq!(report.code, Code::CommandNotFound);
}

#[test]
fn one_server_in_front_of_another_passes_on_what_it_has() {
    if !have("python3") {
        return;
    }
    let served = Served::new();
    let image = json!({"type": "image", "data": "QUJD", "mimeType": "image/png"});
    let envelope = json!({"mcp_result": {"content": [{"type": "text", "text": "see"}, image]}});
    served.world.file("other/.ai/tools/picture.sh", format!("# /// rye\n# ///\necho '{envelope}'\n"));
    served.tool("picture", "picture", "");
    let _roster = hostile(&served.world, "chatty", "chatty", "");
    let mut peer = Peer::session(&served.world, SESSIONS[0]);
    let result = peer.call("picture", json!({}));
    assert_eq!(result["content"], json!([{"type": "text", "text": "see"}, image]), "{result:#}");
    let id = peer.request(
        "tools/call",
        json!({"name": "chatty", "arguments": {}, "_meta": {"progressToken": "mine"}}),
    );
    let progress = peer.notification("notifications/progress");
    assert_eq!(progress["params"]["progressToken"], "mine", "{progress:#}");
    assert_eq!(text_of(&peer.answer(&id)["result"]), "done");
    let (code, _) = peer.end();
    assert_eq!(code, Some(0));
}

#[test]
fn a_server_that_asks_without_end_and_reads_no_answer_takes_no_memory() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    let roster = hostile(&world, "t", "asks-without-end", "");
    let most = world.data(["t"])["kB"].as_u64().unwrap();
    assert!(most < 100_000, "{most} kB");
    roster.assert_gone(1);
}

#[test]
fn a_stop_is_told_to_the_server_and_ends_it() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    let roster = hostile(&world, "t", "waits", "");
    let executor = executor(&world, Config::default());
    block_on(async {
        let mut run = start(&executor, "t");
        while !matches!(run.next_event().await, Some(RunEvent::Log { .. })) {}
        run.stopper().stop(Stop::Ask);
        let outcome = run.outcome().await.unwrap();
        assert_eq!(outcome.error.unwrap().code, Code::Stopped);
        assert_eq!(outcome.ending.kind, EndingKind::Stopped);
        assert!(outcome.stderr.contains("cancelled 2"), "{}", outcome.stderr);
    });
    roster.assert_gone(1);

    // Whoever gives a call up ends its server, too.
    let world = World::new();
    let roster = hostile(&world, "t", "stays-silent", "grace = 0.2");
    let executor = self::executor(&world, Config::default());
    block_on(async {
        let mut run = start(&executor, "t");
        while !matches!(run.next_event().await, Some(RunEvent::Stderr(_))) {}
        drop(run);
        executor.shutdown().await;
    });
    roster.assert_gone(1);
}
