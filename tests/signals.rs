//! Signals that are sent to rye alone: the tool ends with it, and the exit code names the signal.

use std::time::Instant;

use rustix::process::Signal;

use crate::live::Live;
use crate::roster::{Gate, Roster, command_tool, habit_tool};
use crate::world::{World, misbehave};

const FAMILY: usize = 5;

#[test]
fn a_signal_to_rye_ends_an_attached_family() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let world = World::new();
        let roster = Roster::new(&world);
        habit_tool(&world, "family", &["family", roster.path()], "");
        let live = Live::start(world.rye(["run", "family"]).command());
        roster.wait_for(FAMILY);
        live.signal(signal);
        let ran = live.end();
        assert_eq!((ran.code, ran.signal), (Some(code), None), "{}", ran.stderr());
        roster.assert_gone(FAMILY);
    }
}

#[test]
fn a_signal_to_rye_ends_a_captured_family() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130), (Signal::QUIT, 131)] {
        let world = World::new();
        let roster = Roster::new(&world);
        habit_tool(&world, "family", &["family", roster.path()], "");
        let live = Live::start(world.rye(["--json", "run", "family"]).command());
        roster.wait_for(FAMILY);
        live.signal(signal);
        let ran = live.end();
        assert_eq!((ran.code, ran.signal), (Some(code), None), "{}", ran.stderr());
        let outcome = ran.json();
        assert_eq!(outcome["ending"]["kind"], "stopped", "{outcome}");
        assert_eq!(outcome["error"]["code"], "stopped");
        assert_eq!(outcome["success"], false);
        roster.assert_gone(FAMILY);
    }
}

#[test]
fn an_interrupt_to_rye_alone_is_passed_on_and_the_tool_decides() {
    let world = World::new();
    habit_tool(&world, "count", &["count-signals"], "");
    let mut live = Live::start(world.rye(["run", "count"]).command());
    live.stdout.wait_for("ready");
    live.signal(Signal::INT);
    live.stdout.wait_for("got 2");
    live.write("enough\n");
    live.stdout.wait_for("signals: 1\n");
    assert_eq!(live.end().code, Some(0));

    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    let mut live = Live::start(world.rye(["run", "stay"]).command());
    live.stdout.wait_for("ready");
    live.signal(Signal::INT);
    let ran = live.end();
    // Killed by the signal, or ended with what stands for it.
    assert_eq!(ran.code.unwrap_or(128 + ran.signal.unwrap_or(0)), 130);
}

#[test]
fn a_second_interrupt_to_rye_alone_means_it() {
    for (signal, got, code) in [(Signal::INT, "got 2", 130), (Signal::QUIT, "got 3", 131)] {
        let world = World::new();
        let roster = Roster::new(&world);
        // Both say that they are ready, and only one is asked.
        let deaf = format!(
            "{} stay {} deaf > /dev/null & exec {} count-signals",
            misbehave(),
            roster.path(),
            misbehave()
        );
        command_tool(&world, "count", &["/bin/sh", "-c", &deaf], "grace = 1000");
        let mut live = Live::start(world.rye(["run", "count"]).command());
        live.stdout.wait_for("ready");
        roster.wait_for(1);
        live.signal(signal);
        live.stdout.wait_for(got);
        live.signal(signal);
        let ran = live.end();
        assert_eq!((ran.code, ran.signal), (Some(code), None), "{}", ran.stderr());
        roster.assert_gone(1);
    }
}

#[test]
fn two_signals_that_differ_are_no_second() {
    let world = World::new();
    habit_tool(&world, "count", &["count-signals"], "");
    let mut live = Live::start(world.rye(["run", "count"]).command());
    live.stdout.wait_for("ready");
    for (signal, got) in [(Signal::INT, "got 2"), (Signal::QUIT, "got 3"), (Signal::INT, "got 2")] {
        live.signal(signal);
        live.stdout.wait_for(got);
    }
    live.write("enough\n");
    live.stdout.wait_for("signals: 3\n");
    assert_eq!(live.end().code, Some(0));
}

#[test]
fn a_second_term_does_not_wait_for_the_grace() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "count", &["count-signals"], "grace = 1000");
    let begin = Instant::now();
    let mut live = Live::start(world.rye(["run", "count"]).command());
    live.stdout.wait_for("ready");
    live.signal(Signal::TERM);
    live.stdout.wait_for("got 15");
    live.signal(Signal::TERM);
    assert_eq!(live.end().code, Some(143));
    assert!(begin.elapsed().as_secs() < 50);

    // The same for one that is captured: what it got it says at a gate.
    let mut gate = Gate::new(&world);
    let deaf = format!("{} stay {} deaf & ", misbehave(), roster.path());
    let script = format!(
        "trap 'echo got > {gate}' TERM; {deaf} echo ready > {gate}; while :; do wait; done",
        gate = gate.path()
    );
    command_tool(&world, "deaf", &["/bin/sh", "-c", &script], "grace = 1000");
    let live = Live::start(world.rye(["--json", "run", "deaf"]).command());
    gate.wait_for("ready");
    roster.wait_for(1);
    live.signal(Signal::TERM);
    gate.wait_for("got");
    live.signal(Signal::TERM);
    let ran = live.end();
    assert_eq!(ran.code, Some(143));
    assert_eq!(ran.json()["ending"]["escalated"], true);
    roster.assert_gone(1);
}

#[test]
fn what_nohup_ignores_stays_ignored() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "stay", &["stay", roster.path()], "");
    for words in [["run", "stay"].as_slice(), &["--json", "run", "stay"]] {
        let started = roster.everyone().len();
        let inner = world.rye(words).command();
        let mut command = std::process::Command::new("env");
        command.args(["--ignore-signal=HUP"]).arg(inner.get_program()).args(inner.get_args());
        command.env_clear().current_dir(world.project());
        command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let live = Live::start(command);
        roster.wait_for(started + 1);
        live.signal(Signal::HUP);
        live.signal(Signal::TERM);
        // Of the two, the one that it took.
        assert_eq!(live.end().code, Some(143));
    }
    roster.assert_gone(2);
}

#[test]
fn a_tool_that_sends_the_signal_to_its_caller_ends_with_it() {
    let world = World::new();
    command_tool(&world, "suicide", &["/bin/sh", "-c", "kill -TERM $PPID; exec sleep 1000"], "");
    assert_eq!(world.rye(["run", "suicide"]).run().code, Some(143));
    let ran = world.rye(["--json", "run", "suicide"]).run();
    assert_eq!(ran.code, Some(143));
    assert_eq!(ran.json()["ending"]["kind"], "stopped");
}
