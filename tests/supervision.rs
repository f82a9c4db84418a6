//! What holds when rye itself is killed, stopped or fooled: a run and all that it started still comes to an end, however
//! its processes hide, and a server keeps nothing of a call that is over.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use rye_executor::{CallOptions, Config, Executor, Host};
use serde_json::{Value, json};

use crate::library::{block_on, executor, plan};
use crate::live::Live;
use crate::mcp_peer::{Latch, Peer, text_of};
use crate::roster::{Gate, Roster, command_tool, habit_tool};
use crate::world::{World, have, rye};

/// The leader, a child, one with a group and one with a session of its own, a daemon, a daemon without environment, and a
/// child that has stopped itself. All but that one ignore TERM.
const FAMILY: usize = 7;

fn family(world: &World, words: &[&str], config: &str) -> Roster {
    let roster = Roster::new(world);
    let words: Vec<_> = ["family", roster.path(), "every"].into_iter().chain(words.iter().copied()).collect();
    habit_tool(world, "family", &words, config);
    roster
}

#[test]
fn a_killed_rye_leaves_nothing_of_its_run() {
    for words in [["run", "family"].as_slice(), &["--json", "run", "family"]] {
        let world = World::new();
        let roster = family(&world, &["deaf"], "grace = 0.3");
        let live = Live::start(world.rye(words).command());
        roster.wait_for(FAMILY);
        live.signal(Signal::KILL);
        // Whatever holds its output is gone when that has ended.
        assert_eq!(live.end().signal, Some(9));
        roster.wait_until_gone(FAMILY);
    }
}

#[test]
fn what_would_end_by_itself_is_asked_first_when_rye_is_killed() {
    let world = World::new();
    let mut gate = Gate::new(&world);
    let script =
        format!("trap 'echo asked > {0}; exit' TERM; echo ready > {0}; while :; do wait; done", gate.path());
    command_tool(&world, "polite", &["/bin/sh", "-c", &script], "grace = 40");
    let live = Live::start(world.rye(["--json", "run", "polite"]).command());
    gate.wait_for("ready");
    live.signal(Signal::KILL);
    gate.wait_for("asked");
    live.end();
}

/// At no moment of its start is there a run that outlives rye.
#[test]
fn a_rye_that_is_killed_at_any_moment_leaves_nothing() {
    let world = World::new();
    let roster = family(&world, &["deaf", "holding"], "grace = 0");
    for step in 0..40 {
        let live = Live::start(world.rye(["run", "family"]).command());
        std::thread::park_timeout(Duration::from_micros(500 * step));
        live.signal(Signal::KILL);
        // Every one of the family holds its output.
        live.end();
        roster.wait_until_nobody_is_left();
    }
}

#[test]
fn a_killed_server_leaves_nothing_of_its_calls() {
    let world = World::new();
    let roster = family(&world, &["deaf"], "grace = 0.3");
    let mut peer = Peer::session(&world, "2025-11-25");
    for _ in 0..3 {
        peer.request("tools/call", json!({"name": "family"}));
    }
    roster.wait_for(3 * FAMILY);
    peer.signal(Signal::KILL);
    roster.wait_until_gone(3 * FAMILY);
}

/// The children of a process, and how many descriptors it has.
pub(crate) fn belongings(peer: &Peer) -> (String, usize) {
    let process = format!("/proc/{}", peer.id().as_raw_nonzero());
    let tasks = std::fs::read_dir(format!("{process}/task")).unwrap();
    let children =
        tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default());
    (children.collect(), std::fs::read_dir(format!("{process}/fd")).unwrap().count())
}

#[test]
fn a_server_keeps_nothing_of_a_call_that_left_its_session_and_environment() {
    for deaf in [None, Some("deaf")] {
        let world = World::new();
        let words: Vec<_> = ["leave"].into_iter().chain(deaf).collect();
        let roster = family(&world, &words, "");
        let latch = Latch::new(&world);
        world.tool("wait.sh", latch.script());
        let mut peer = Peer::session(&world, "2025-11-25");
        peer.call("family", json!({}));
        roster.assert_gone(FAMILY);
        // Once everything has been there, nothing is added.
        let before = belongings(&peer);
        assert_eq!(before.0, "");
        peer.call("family", json!({}));
        roster.assert_gone(2 * FAMILY);
        assert_eq!(belongings(&peer), before);
        // Another call that is on is not touched.
        let other = peer.request("tools/call", json!({"name": "wait"}));
        peer.call("family", json!({}));
        roster.assert_gone(3 * FAMILY);
        latch.release("still there");
        assert_eq!(text_of(&peer.answer(&other)["result"]), "still there");
    }
}

fn assert_lost(outcome: &Value) {
    assert_eq!(outcome["error"]["code"], "supervisor_lost", "{outcome:#}");
    assert_eq!(outcome["ending"]["kind"], "lost", "{outcome:#}");
}

#[test]
fn a_tool_that_kills_its_parent_is_ended_and_that_is_told() {
    let world = World::new();
    let roster = family(&world, &["deaf", "parricide"], "");
    let ran = world.rye(["--json", "run", "family"]).run();
    assert_eq!(ran.code, Some(125));
    assert_lost(&ran.json());
    roster.assert_gone(FAMILY);
    world.rye(["run", "family"]).run().fails(125, &["keeper was killed"]);
    roster.assert_gone(2 * FAMILY);
}

#[test]
fn a_server_outlives_a_tool_that_kills_its_parent() {
    let world = World::new();
    // What has neither environment nor session is not found any more: its keeper alone knew it.
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path(), "deaf", "parricide"], "");
    let mut peer = Peer::session(&world, "2025-11-25");
    let told = peer.failure("family", json!({}));
    assert!(told.starts_with("supervisor_lost: "), "{told}");
    roster.assert_gone(5);
    assert_eq!(peer.ask("ping", json!({})), json!({}));
}

/// The tool itself has exited 0 by then.
#[test]
fn what_kills_its_parent_when_it_is_asked_to_end_leaves_nothing() {
    let world = World::new();
    // The avenging one; what it leaves may be ended before it is in the roster.
    let all = FAMILY + 1;
    let roster = family(&world, &["avenging", "leave"], "");
    let assert_gone = |started: usize| {
        let everyone = roster.everyone();
        let left: Vec<_> = everyone.iter().filter(|process| process.is_alive()).collect();
        assert!(left.is_empty() && everyone.len() >= started, "{left:?} of {everyone:?}");
    };
    let ran = world.rye(["--json", "run", "family"]).run();
    assert_lost(&ran.json());
    assert_gone(all);
    let mut peer = Peer::session(&world, "2025-11-25");
    let told = peer.failure("family", json!({}));
    assert!(told.starts_with("supervisor_lost: "), "{told}");
    assert_gone(2 * all);
    assert_eq!(belongings(&peer).0.trim(), "", "zombies are left");
}

#[test]
fn a_tool_that_stops_its_parent_still_ends() {
    let world = World::new();
    let roster = family(&world, &["hold-parent"], "");
    let begin = Instant::now();
    let outcome = world.outcome(["family"]);
    assert_eq!(outcome["ending"]["kind"], "exited", "{outcome:#}");
    assert!(begin.elapsed() < Duration::from_secs(30));
    roster.assert_gone(FAMILY);
}

#[test]
fn a_rye_that_stands_still_has_its_time_limit_kept() {
    let world = World::new();
    let roster = family(&world, &["deaf"], "grace = 0.2");
    let live = Live::start(world.rye(["--json", "run", "--timeout", "3", "family"]).command());
    roster.wait_for(FAMILY);
    live.signal(Signal::STOP);
    let begin = Instant::now();
    roster.wait_until_gone(FAMILY);
    assert!(begin.elapsed() < Duration::from_secs(30));
    live.signal(Signal::CONT);
    let ran = live.end();
    assert_eq!(ran.json()["ending"]["kind"], "timed_out", "{}", ran.stdout());
    assert_eq!(ran.code, Some(124));
    roster.assert_gone(FAMILY);
}

#[test]
fn a_thread_that_ends_takes_no_run_along() {
    let world = World::new();
    let mut gate = Gate::new(&world);
    let script = format!("echo ready > {0}; until [ -e go ]; do sleep 0.01; done; echo over", gate.path());
    command_tool(&world, "patient", &["/bin/sh", "-c", &script], "[config.env]\nPATH = \"/usr/bin:/bin\"");
    let executor = executor(&world, Config::default());
    block_on(async {
        let handle = tokio::runtime::Handle::current();
        let planned = plan(&executor, "patient", CallOptions::default());
        let run = std::thread::scope(|scope| {
            let started = scope.spawn(|| {
                let _entered = handle.enter();
                executor.start(planned).unwrap()
            });
            started.join().unwrap()
        });
        gate.wait_for("ready");
        world.file("project/go", "");
        let outcome = run.outcome().await.unwrap();
        assert_eq!((outcome.success, outcome.stdout.as_str()), (true, "over\n"));
    });
}

#[test]
fn a_survivor_that_keeps_writing_is_not_waited_for() {
    let world = World::new();
    let ready = world.root().join("ready");
    // It ends when nobody is left to read what it writes.
    let writer = format!("while echo more; do : > {0}; done", ready.display());
    let script = format!("( {writer} ) & until [ -e {0} ]; do :; done", ready.display());
    command_tool(&world, "leave", &["/bin/sh", "-c", &script], "leave_running = true");
    let outcome = world.outcome(["leave"]);
    assert_eq!(outcome["ending"]["kind"], "exited", "{outcome:#}");
    assert!(outcome["duration_ms"].as_f64().unwrap() < 20_000.0, "{outcome:#}");
}

#[test]
fn what_is_short_of_descriptors_is_told_and_leaves_nothing() {
    let world = World::new();
    let roster = family(&world, &["leave"], "");
    let call = world.rye(["--json", "run", "family"]).command();
    let mut refused = 0;
    for most in 8..40 {
        let mut command = std::process::Command::new("/bin/sh");
        let script = format!("ulimit -n {most}; exec \"$@\"");
        command.args(["-c", &script, "sh"]).arg(call.get_program()).args(call.get_args());
        command.env_clear().current_dir(world.project());
        command.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let ran = Live::start(command).end();
        if ran.code == Some(0) {
            break;
        }
        if ran.stdout.is_empty() {
            continue;
        }
        let outcome = ran.json();
        refused += usize::from(outcome["error"]["code"] == "resource_exhausted");
        assert_eq!(outcome["success"], false, "{outcome:#}");
    }
    assert!(refused > 0);
    assert!(roster.everyone().iter().all(|process| !process.is_alive()));
}

#[test]
fn a_large_parent_starts_as_fast_as_a_small_one() {
    let world = World::new();
    command_tool(&world, "true", &["/bin/true"], "");
    let executor = executor(&world, Config::default());
    let large = vec![1_u8; 512 << 20];
    let fastest = block_on(async {
        let mut fastest = Duration::MAX;
        for _ in 0..20 {
            let planned = plan(&executor, "true", CallOptions::default());
            let begin = Instant::now();
            let run = executor.start(planned).unwrap();
            fastest = fastest.min(begin.elapsed());
            assert!(run.outcome().await.unwrap().success);
        }
        fastest
    });
    assert_eq!(large.iter().step_by(4096).map(|byte| usize::from(*byte)).sum::<usize>(), large.len() / 4096);
    // To copy what the kernel knows of so much memory takes four times as long.
    assert!(fastest < Duration::from_millis(10), "{fastest:?}");
}

/// The keeper needs nothing of the program that it works for.
#[test]
fn a_program_that_adopts_nobody_keeps_nothing_either() {
    let world = World::new();
    let roster = family(&world, &["deaf", "leave"], "");
    let host = Host { working_directory: world.project(), ..Host::default() };
    let executor = Executor::new(host, Config::default()).unwrap();
    let outcome = block_on(async {
        executor.start(plan(&executor, "family", CallOptions::default())).unwrap().outcome().await.unwrap()
    });
    assert_eq!(outcome.ending.leaked_processes, 6);
    roster.assert_gone(FAMILY);
}

#[test]
fn the_outcome_names_what_held_the_run_together() {
    let world = World::new();
    command_tool(&world, "true", &["/bin/true"], "");
    let outcome = world.outcome(["true"]);
    assert_eq!(outcome["supervision"], "subreaper", "{outcome:#}");
}

#[test]
fn the_end_of_a_tool_is_no_hangup_for_its_callers_group() {
    if !have("bash") || !have("setsid") {
        return;
    }
    let world = World::new();
    world.tool("t.sh", "echo ran\n");
    // A group that nobody looks after, as a container's or a CI's, in which somebody stands still.
    let rye = rye().display();
    let script = format!(
        "#!/bin/bash\ntrap 'echo hangup' HUP\nkill -STOP $BASHPID & stopped=$!\nuntil grep -q 'State:.T' /proc/$stopped/status; do :; done\n{rye} \"$@\"\nkill -KILL $stopped\nwait $stopped 2>/dev/null\necho over\n"
    );
    let script = world.program("orphaned", script);
    let caller =
        world.program("caller", format!("#!/bin/bash\nexec setsid --wait {}  \"$@\"\n", script.display()));
    assert_eq!(world.rye(["run", "t"]).of(caller).run().stdout(), "ran\nover\n");
}
