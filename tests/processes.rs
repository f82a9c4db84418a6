//! A run has an end, and when it has ended nothing of it is left, whatever the tool did to stay.

use std::time::{Duration, Instant};

use rye_executor::Config;
use serde_json::{Value, json};

use crate::library::{block_on, executor, start};
use crate::live::Live;
use crate::roster::{Roster, command_tool, habit_tool};
use crate::world::World;

/// The leader, a child, one with a group and one with a session of its own, a daemon.
const FAMILY: usize = 5;

fn milliseconds(outcome: &Value) -> f64 {
    outcome["duration_ms"].as_f64().unwrap()
}

#[test]
fn a_time_limit_ends_the_whole_family() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path()], "timeout = 2\ngrace = 30");
    let ran = world.rye(["--json", "run", "family"]).run();
    assert_eq!(ran.code, Some(124));
    let outcome = ran.json();
    assert_eq!(outcome["error"]["code"], "timed_out");
    assert!(outcome["error"]["hints"][0].as_str().unwrap().contains("--timeout"), "{outcome}");
    assert_eq!(outcome["ending"]["kind"], "timed_out");
    assert!(outcome["ending"].get("escalated").is_none(), "{outcome}");
    assert_eq!(outcome["success"], false);
    assert!((2000.0..20_000.0).contains(&milliseconds(&outcome)), "{outcome}");
    roster.assert_gone(FAMILY);
}

#[test]
fn a_family_that_ignores_term_is_killed_after_the_grace() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path(), "deaf"], "grace = 0.3");
    let ran = world.rye(["--json", "run", "--timeout", "2", "family"]).run();
    assert_eq!(ran.code, Some(124));
    let outcome = ran.json();
    assert_eq!(outcome["ending"]["kind"], "timed_out");
    assert_eq!(outcome["ending"]["escalated"], true);
    assert!(milliseconds(&outcome) >= 2300.0, "{outcome}");
    roster.assert_gone(FAMILY);
}

#[test]
fn an_attached_family_is_ended_at_its_time_limit() {
    for deaf in [None, Some("deaf")] {
        let world = World::new();
        let roster = Roster::new(&world);
        let words: Vec<&str> = ["family", roster.path()].into_iter().chain(deaf).collect();
        habit_tool(&world, "family", &words, "timeout = 2\ngrace = 0.3");
        let ran = world.rye(["run", "family"]).run();
        ran.fails(124, &["time limit of 2 s", "hint: ", "--timeout S"]);
        roster.assert_gone(FAMILY);
    }
}

#[test]
fn a_tool_that_ends_in_the_grace_is_not_waited_for() {
    let world = World::new();
    let script = "trap 'echo bye; exit 0' TERM; echo ready; sleep 100 & wait";
    command_tool(&world, "polite", &["/bin/sh", "-c", script], "timeout = 0.5\ngrace = 40");
    let outcome = world.outcome(["polite"]);
    assert_eq!(outcome["ending"]["kind"], "timed_out");
    assert!(outcome["stdout"].as_str().unwrap().ends_with("bye\n"), "{outcome}");
    assert!(milliseconds(&outcome) < 20_000.0, "{outcome}");
}

#[test]
fn a_tool_that_stopped_itself_is_ended_by_being_asked() {
    let world = World::new();
    habit_tool(&world, "stopped", &["stop-self"], "timeout = 1\ngrace = 40");
    let outcome = world.outcome(["stopped"]);
    assert_eq!(outcome["ending"], json!({ "kind": "timed_out" }));
    assert!(milliseconds(&outcome) < 20_000.0, "{outcome}");
}

#[test]
fn what_the_leader_left_behind_is_ended_and_counted() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "leave", &["family", roster.path(), "leave"], "");
    let ran = world.rye(["--json", "run", "leave"]).run();
    ran.ok();
    let outcome = ran.json();
    assert_eq!(outcome["success"], true);
    assert_eq!(outcome["ending"], json!({ "kind": "exited", "code": 0, "leaked_processes": 4 }));
    roster.assert_gone(FAMILY);
}

#[test]
fn what_ignores_term_and_was_left_behind_is_killed() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "leave", &["family", roster.path(), "leave", "deaf"], "");
    let outcome = world.outcome(["leave"]);
    let ending = json!({ "kind": "exited", "code": 0, "escalated": true, "leaked_processes": 4 });
    assert_eq!(outcome["ending"], ending);
    roster.assert_gone(FAMILY);
}

#[test]
fn what_an_attached_leader_left_behind_is_ended_and_told() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "leave", &["family", roster.path(), "leave"], "");
    let ran = world.rye(["run", "leave"]).run();
    assert_eq!(ran.ok(), "ready\n");
    let note = "note: 4 processes that it had left behind were ended";
    assert!(ran.stderr().contains(note), "{}", ran.stderr());
    roster.assert_gone(FAMILY);
}

#[test]
fn what_was_meant_to_be_left_running_is_left() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "leave", &["family", roster.path(), "leave"], "leave_running = true");
    let outcome = world.outcome(["leave"]);
    assert_eq!(outcome["ending"], json!({ "kind": "exited", "code": 0 }));
    let alive = roster.everyone().into_iter().filter(|process| process.is_alive()).count();
    assert_eq!(alive, FAMILY - 1);
}

/// Whoever adopts what is left need not be one that reaps.
#[test]
fn what_leaves_something_running_is_no_zombie_itself() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "leave", &["family", roster.path(), "leave"], "leave_running = true");
    let executor = executor(&world, Config::default());
    block_on(async { start(&executor, "leave").outcome().await }).unwrap();
    let leader = roster.everyone().pop().unwrap().number;
    let stat = std::fs::read_to_string(format!("/proc/{leader}/stat")).unwrap_or_default();
    assert!(!stat.contains(") Z "), "{stat}");
}

#[test]
fn leave_running_does_not_outlast_a_time_limit() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path()], "leave_running = true\ntimeout = 2");
    let outcome = world.outcome(["family"]);
    assert_eq!(outcome["ending"]["kind"], "timed_out");
    roster.assert_gone(FAMILY);
}

#[test]
fn a_survivor_that_holds_stdout_holds_nothing_up() {
    let world = World::new();
    let roster = Roster::new(&world);
    let words = ["family", roster.path(), "leave", "holding"];
    // Ended with the tool, and left to live on purpose.
    for (config, left) in [("", 0), ("leave_running = true", FAMILY - 1)] {
        habit_tool(&world, "hold", &words, config);
        let ran = world.rye(["--json", "run", "hold"]).run();
        let outcome = ran.json();
        assert_eq!(ran.code, Some(0), "{outcome}");
        assert!(outcome["stdout"].as_str().unwrap().contains("ready\n"), "{outcome}");
        assert!(milliseconds(&outcome) < 20_000.0, "{outcome}");
        let alive = roster.everyone().into_iter().filter(|process| process.is_alive()).count();
        assert_eq!(alive, left);
    }
}

#[test]
fn a_python_function_leaves_nothing_behind_either() {
    if !crate::world::have("python3") {
        return;
    }
    let world = World::new();
    let roster = Roster::new(&world);
    let source = format!(
        "import subprocess\ndef main():\n    subprocess.run([{:?}, 'daemon', {:?}], stdout=subprocess.DEVNULL)\n    return 'done'\n",
        crate::world::misbehave(),
        roster.path()
    );
    world.tool("leave.py", source);
    let outcome = world.outcome(["leave"]);
    assert_eq!(outcome["data"], "done", "{outcome}");
    // Whether the daemon got as far as its roster is its own affair.
    assert!(roster.everyone().iter().all(|process| !process.is_alive()));
    assert_eq!(outcome["ending"]["leaked_processes"], 1, "{outcome}");
}

/// The exit codes of a tool pass unchanged.
#[test]
fn exit_codes_pass() {
    let world = World::new();
    for code in [0, 1, 2, 3, 64, 124, 125, 126, 127, 128, 130, 137, 139, 143, 254, 255] {
        habit_tool(&world, "exit", &["exit", &code.to_string()], "");
        let ran = world.rye(["--json", "run", "exit"]).run();
        let outcome = ran.json();
        assert_eq!(ran.code, Some(code));
        assert_eq!(outcome["ending"], json!({ "kind": "exited", "code": code }));
        assert_eq!(outcome["success"], code == 0);
        let word = outcome["error"]["code"].as_str();
        assert_eq!(word, (code != 0).then_some("tool_failed"), "{outcome}");
        assert_eq!(world.rye(["run", "exit"]).run().code, Some(code));
    }
}

#[test]
fn an_end_by_signal_is_not_an_exit() {
    let world = World::new();
    for signal in [4, 6, 8, 9, 11, 15, 31] {
        command_tool(&world, "die", &["/bin/sh", "-c", &format!("kill -{signal} $$$$")], "");
        let ran = world.rye(["--json", "run", "die"]).run();
        assert_eq!(ran.code, Some(128 + signal));
        let outcome = ran.json();
        assert_eq!(outcome["ending"], json!({ "kind": "signaled", "signal": signal }));
        assert_eq!(outcome["error"]["code"], "tool_failed");
        world.rye(["run", "die"]).run().fails(128 + signal, &[&format!("killed by signal {signal} (SIG")]);
    }
    habit_tool(&world, "abort", &["abort"], "");
    assert_eq!(world.outcome(["abort"])["ending"], json!({ "kind": "signaled", "signal": 6 }));
}

#[test]
fn a_thousand_milliseconds_are_one_second() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    let begin = Instant::now();
    let live = Live::start(world.rye(["run", "--timeout", "0.25", "stay"]).command());
    let ran = live.end();
    assert_eq!(ran.code, Some(124), "{}", ran.stderr());
    assert!((Duration::from_millis(250)..Duration::from_secs(20)).contains(&begin.elapsed()));
    world.rye(["run", "--timeout", "soon", "stay"]).run().fails(2, &["not a number of seconds"]);
    world.rye(["run", "--timeout", "-1", "stay"]).run().fails(2, &["seconds"]);
}
