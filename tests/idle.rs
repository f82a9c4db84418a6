//! How long a run may say nothing: whatever it says, in whatever way, gives it that time anew.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::http_server::{Answer, Server, answer};
use crate::live::Live;
use crate::mcp_peer::Peer;
use crate::roster::{Roster, command_tool, habit_tool};
use crate::world::{BOUND, World, have, python};

/// The leader, a child, one with a group and one with a session of its own, a daemon.
const FAMILY: usize = 5;

/// Says something every half second, for three seconds, in the way that is given.
fn says(way: &str) -> String {
    format!("n=0; while [ $n -lt 6 ]; do sleep 0.5; n=$((n + 1)); {way}; done")
}

#[test]
fn silence_ends_a_run_and_all_that_it_started() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path(), "deaf"], "idle_timeout = 1.5\ngrace = 0.3");
    let ran = world.rye(["--json", "run", "family"]).run();
    assert_eq!(ran.code, Some(124));
    let outcome = ran.json();
    assert_eq!(outcome["ending"], json!({ "kind": "timed_out", "idle_ms": 1500.0, "escalated": true }));
    let error = &outcome["error"];
    assert_eq!(error["code"], "timed_out");
    assert_eq!(error["message"], "`family` was ended: it had said nothing for 1.5 s");
    assert!(error["hints"][0].as_str().unwrap().contains("--idle-timeout"), "{error}");
    // What it said before is there.
    assert_eq!(outcome["stdout"], "ready\n");
    roster.assert_gone(FAMILY);
}

#[test]
fn whatever_a_run_says_gives_it_its_time_anew() {
    let world = World::new();
    for (id, way) in [("out", "echo $n"), ("err", "echo $n >&2"), ("byte", "printf x")] {
        command_tool(&world, id, &["/bin/sh", "-c", &says(way)], "idle_timeout = 2");
        let outcome = world.outcome([id]);
        assert_eq!(outcome["success"], true, "{outcome:#}");
        assert!(outcome["duration_ms"].as_f64().unwrap() > 2900.0, "{outcome:#}");
    }
    // What it says elsewhere does not count, and all of its time still does.
    command_tool(&world, "hush", &["/bin/sh", "-c", &says(":")], "idle_timeout = 1");
    assert_eq!(world.outcome(["hush"])["ending"]["idle_ms"], 1000.0);
    command_tool(&world, "long", &["/bin/sh", "-c", &says("echo $n")], "idle_timeout = 2\ntimeout = 2.5");
    let outcome = world.outcome(["long"]);
    assert_eq!(outcome["ending"], json!({ "kind": "timed_out" }), "{outcome:#}");
}

#[test]
fn a_function_that_prints_is_heard_and_its_silence_is_not() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    let source = "import sys, time\n__tool_type__ = 'python'\n__executor_id__ = 'python_runtime'\nCONFIG = {'idle_timeout': 2}\ndef main(speaks: bool) -> str:\n    for n in range(6):\n        time.sleep(0.5)\n        if speaks:\n            print(n, flush=True)\n    return 'done'\n";
    world.tool("f.py", source);
    assert_eq!(world.data(["f", "--speaks"]), "done");
    assert_eq!(world.outcome(["f", "--no-speaks"])["ending"]["idle_ms"], 2000.0);
}

#[test]
fn what_came_while_rye_stood_still_is_heard_first() {
    let world = World::new();
    let counted = world.root().join("counted");
    let script = format!("while :; do sleep 0.1; echo x | tee -a '{}'; done", counted.display());
    command_tool(&world, "ticks", &["/bin/sh", "-c", &script], "idle_timeout = 1.5\ntimeout = 30");
    let live = Live::start(world.rye(["--json", "run", "ticks"]).command());
    let ticks = || std::fs::read_to_string(&counted).unwrap_or_default().len() / 2;
    let until = |wanted: usize| {
        let begin = Instant::now();
        while ticks() < wanted {
            assert!(begin.elapsed() < BOUND, "{}", ticks());
            std::thread::park_timeout(Duration::from_millis(20));
        }
    };
    until(1);
    live.signal(Signal::STOP);
    until(ticks() + 25);
    live.signal(Signal::CONT);
    until(ticks() + 5);
    live.signal(Signal::TERM);
    let outcome = live.end().json();
    assert_eq!(outcome["ending"], json!({ "kind": "stopped" }), "{outcome:#}");
}

#[test]
fn the_nearest_word_about_silence_counts() {
    let world = World::new();
    command_tool(&world, "own", &["/bin/true"], "idle_timeout = 7");
    command_tool(&world, "none", &["/bin/true"], "");
    let explained = |words: &[&str]| {
        world.rye(["--json", "explain"].iter().chain(words)).run().json()["idle_timeout"].clone()
    };
    assert_eq!(explained(&["none"]), json!(null));
    world.file("home/.ai/rye.toml", "[limits]\nidle_timeout = 30\n");
    assert_eq!(explained(&["none"]), json!({ "seconds": 30.0, "source": "default" }));
    world.file("project/.ai/rye.toml", "[limits]\nidle_timeout = 20\n");
    assert_eq!(explained(&["none"]), json!({ "seconds": 20.0, "source": "default" }));
    assert_eq!(explained(&["own"]), json!({ "seconds": 7.0, "source": "tool" }));
    assert_eq!(explained(&["--idle-timeout", "2", "own"]), json!({ "seconds": 2.0, "source": "call" }));
    assert_eq!(explained(&["--idle-timeout", "0", "own"]), json!(null));
}

#[test]
fn where_nothing_is_heard_silence_has_no_limit() {
    let world = World::new();
    command_tool(&world, "own", &["/bin/sh", "-c", "sleep 0.6; echo done"], "idle_timeout = 0.1");
    assert_eq!(world.rye(["run", "own"]).run().ok(), "done\n");
    let refused = world.rye(["run", "--idle-timeout", "1", "own"]).run();
    refused.fails(2, &["does not come to rye", "--json"]);
    world.tool("http.toml", "executor_id = \"http_client\"\n[config]\nurl = \"http://127.0.0.1:9/\"\n");
    let refused = world.rye(["--json", "run", "--idle-timeout", "1", "http"]).run();
    assert_eq!((refused.code, &refused.json()["error"]["code"]), (Some(2), &json!("invalid_arguments")));
}

#[test]
fn progress_is_a_sign_of_life_whoever_wants_to_know_it() {
    let world = World::new();
    let way = "echo \"progress $n\" > \"$RYE_REPORT\"";
    world.tool("steps.toml", "executor_id = \"bash_runtime\"\n[config]\nidle_timeout = 2\n");
    world.tool("steps.sh", says(way));
    let mut peer = Peer::session(&world, "2025-11-25");
    let asked = peer.request("tools/call", json!({"name": "steps", "_meta": {"progressToken": 1}}));
    let unasked = peer.request("tools/call", json!({"name": "steps"}));
    for id in [asked, unasked] {
        let answer = peer.answer(&id);
        assert_eq!(answer["result"]["isError"], false, "{answer:#}");
    }
    world.tool("steps.sh", says(":"));
    let told = peer.failure("steps", json!({}));
    assert!(told.starts_with("timed_out: `steps` was ended: it had said nothing for 2 s"), "{told}");
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let world = World::new();
    if have("python3") {
        let script = world.file("hostile.py", include_str!("programs/hostile_server.py"));
        let roster = Roster::new(&world);
        let (python, to) = (python().unwrap(), roster.path());
        world.tool("t.toml", format!("executor_id = \"mcp_stdio_runtime\"\n[config]\ncommand = {python:?}\nargs = [{script:?}, \"silent\", {to:?}]\ntool = \"t\"\nprotocol = \"2025-11-25\"\nidle_timeout = 1\n"));
        let outcome = world.outcome(["t"]);
        assert_eq!(outcome["ending"]["idle_ms"], 1000.0, "{outcome:#}");
        roster.assert_gone(1);
    }
    let server = Server::start(|_, request| match request.method.as_str() {
        "POST" => Answer::Silence,
        _ => answer(404, "text/plain", ""),
    });
    world.tool("u.toml", format!("executor_id = \"mcp_http_runtime\"\n[call]\nstyle = \"mcp\"\n[config]\nurl = \"{}/mcp\"\nallow_hosts = [\"127.0.0.1\"]\ntool = \"t\"\nprotocol = \"2026-07-28\"\nidle_timeout = 0.5\n", server.url()));
    let outcome = world.outcome(["u"]);
    assert_eq!(outcome["error"]["code"], "timed_out", "{outcome:#}");
    assert_eq!(outcome["ending"]["idle_ms"], 500.0, "{outcome:#}");
}
