//! The public `Executor`, as a program uses it: many runs at once, events, stops, and an end that leaves nothing.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rye_executor::{
    CallOptions, Code, Config, EndingKind, Executor, Host, Outcome, Plan, Run, RunEvent, Stop,
};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::roster::{Roster, command_tool, habit_tool};
use crate::world::{BOUND, World};

const FAMILY: usize = 5;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Within the bound of every test.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let bounded = async { tokio::time::timeout(BOUND, future).await.expect("it does not come to an end") };
    runtime().block_on(bounded)
}

/// A server's surroundings: it adopts what its runs leave behind.
fn host(world: &World) -> Host {
    Host { working_directory: world.project(), subreaper: true, ..Host::default() }
}

pub(crate) fn executor(world: &World, config: Config) -> Executor {
    Executor::new(host(world), config).unwrap()
}

fn arguments(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

pub(crate) fn plan(executor: &Executor, tool: &str, options: CallOptions) -> Plan {
    let resolution = executor.resolve(&tool.parse().unwrap()).unwrap();
    executor.plan(&executor.invoke(resolution, Map::new(), options).unwrap()).unwrap()
}

pub(crate) fn start(executor: &Executor, tool: &str) -> Run {
    executor.start(plan(executor, tool, CallOptions::default())).unwrap()
}

pub(crate) async fn until_ready(run: &mut Run) {
    let mut text = Vec::new();
    while !text.windows(6).any(|window| window == b"ready\n") {
        if let RunEvent::Stdout(bytes) = run.next_event().await.unwrap() {
            text.extend(bytes);
        }
    }
}

/// What a stopped run must look like.
pub(crate) fn assert_stopped(outcome: &Outcome, escalated: bool) {
    assert_eq!(outcome.ending.kind, EndingKind::Stopped, "{outcome:?}");
    assert_eq!(outcome.ending.escalated, escalated, "{outcome:?}");
    assert_eq!(outcome.error.as_ref().map(|error| error.code), Some(Code::Stopped));
    assert!(!outcome.success);
}

#[test]
fn it_can_be_shared_and_needs_no_environment() {
    fn is_shared<T: Send + Sync + 'static>() {}
    is_shared::<Executor>();
    is_shared::<Outcome>();
    is_shared::<Plan>();
    fn is_sent<T: Send + 'static>(_: &T) {}

    let world = World::new();
    command_tool(&world, "environment", &["/usr/bin/env"], "");
    let executor = executor(&world, Config::default());
    let id = "environment".parse().unwrap();
    let call = executor.call(&id, Map::new(), CallOptions::default());
    let outcome = block_on(call).unwrap();
    assert!(outcome.success);
    let mut names: Vec<_> =
        outcome.stdout.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["RYE_CALLER_PATH", "RYE_PROJECT_PATH", "RYE_RUN_ID", "RYE_TOOL_ID"]);

    block_on(async {
        let run = start(&executor, "environment");
        is_sent(&run);
        is_sent(&run.stopper());
        assert!(run.outcome().await.unwrap().success);
    });
}

#[test]
fn many_runs_from_a_runtime_of_many_threads() {
    let world = World::new();
    command_tool(&world, "echo", &["/bin/sh", "-c", "echo $RYE_RUN_ID"], "");
    let executor =
        std::sync::Arc::new(executor(&world, Config { concurrency: 8, queue: 256, ..Config::default() }));
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let executor = executor.clone();
                tokio::spawn(async move {
                    let run = start(&executor, "echo");
                    let id = run.id().to_owned();
                    (id, run.outcome().await.unwrap())
                })
            })
            .collect();
        for task in tasks {
            let (id, outcome) = task.await.unwrap();
            assert_eq!(outcome.stdout, format!("{id}\n"));
            assert_eq!(outcome.run_id, id);
        }
    });
}

#[test]
fn nul_is_refused_wherever_it_comes() {
    let world = World::new();
    let block = "executor_id = \"subprocess\"\n[parameters.text]\ntype = \"string\"\n[config]\ncommand = \"/usr/bin/touch\"\nargs = [\"marker{text}\"]\n";
    world.tool("touch.toml", block);
    let executor = executor(&world, Config::default());
    assert!("to\0uch".parse::<rye_executor::ToolId>().is_err());

    let id = "touch".parse().unwrap();
    let call = executor.call(&id, arguments(json!({ "text": "a\0b" })), CallOptions::default());
    let report = block_on(call).unwrap_err().report();
    assert_eq!(report.code, Code::InvalidArguments);
    assert!(report.causes[0].contains("NUL"), "{report:?}");
    assert!(!report.hints.is_empty(), "{report:?}");

    let options =
        CallOptions { environment: vec![("TEXT".to_owned(), Some("a\0b".into()))], ..CallOptions::default() };
    let call = executor.call(&id, arguments(json!({ "text": "x" })), options);
    assert_eq!(block_on(call).unwrap_err().report().code, Code::InvalidArguments);
    assert_eq!(std::fs::read_dir(world.project()).unwrap().count(), 1, "something ran");
}

#[test]
fn stops_escalate_and_come_late_without_harm() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    habit_tool(&world, "deaf", &["stay", "/dev/null", "deaf"], "grace = 1000");
    let executor = executor(&world, Config::default());
    block_on(async {
        for (tool, stops, escalated) in [
            ("stay", [Stop::Ask].as_slice(), false),
            ("stay", &[Stop::Ask, Stop::Ask], false),
            ("deaf", &[Stop::Force], true),
            ("deaf", &[Stop::Ask, Stop::Force], true),
            ("deaf", &[Stop::Force, Stop::Ask], true),
        ] {
            let mut run = start(&executor, tool);
            until_ready(&mut run).await;
            let stopper = run.stopper();
            stops.iter().for_each(|stop| stopper.stop(*stop));
            assert_stopped(&run.outcome().await.unwrap(), escalated);
            stopper.stop(Stop::Force);
            stopper.interrupt(15).unwrap();
        }
    });
}

#[test]
fn a_stop_that_comes_with_the_start_still_counts() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    let executor = executor(&world, Config::default());
    block_on(async {
        let run = start(&executor, "stay");
        run.stopper().stop(Stop::Ask);
        assert_stopped(&run.outcome().await.unwrap(), false);
    });
}

#[test]
fn a_run_that_is_dropped_ends_with_all_it_started() {
    for words in [["family"].as_slice(), &["family", "deaf"]] {
        let world = World::new();
        let roster = Roster::new(&world);
        let mut words = words.to_vec();
        words.insert(1, roster.path());
        habit_tool(&world, "family", &words, "grace = 0.2");
        let executor = executor(&world, Config { concurrency: 1, queue: 1, ..Config::default() });
        block_on(async {
            let mut run = start(&executor, "family");
            // Of the leader itself: its family is there by then.
            while roster.everyone().len() < FAMILY {
                run.next_event().await.unwrap();
            }
            drop(run);
            // Its place is free when it has ended, and not before.
            habit_tool(&world, "exit", &["exit", "0"], "");
            let next = start(&executor, "exit").outcome().await.unwrap();
            assert!(next.success);
            roster.assert_gone(FAMILY);
        });
    }
}

#[test]
fn a_runtime_that_is_shut_down_takes_its_runs_along() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path()], "");
    let executor = executor(&world, Config::default());
    let runtime = runtime();
    let run = runtime.block_on(async {
        let mut run = start(&executor, "family");
        while roster.everyone().len() < FAMILY {
            run.next_event().await.unwrap();
        }
        run
    });
    drop(runtime);
    roster.assert_gone(FAMILY);
    drop(run);
}

#[test]
fn events_come_while_it_runs() {
    let world = World::new();
    let script = "echo ready; echo log >&2; read -r line; echo over";
    command_tool(&world, "talk", &["/bin/sh", "-c", script], "");
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    let executor = executor(&world, Config::default());
    block_on(async {
        let mut run = start(&executor, "stay");
        until_ready(&mut run).await;
        run.stopper().stop(Stop::Ask);
        assert_stopped(&run.outcome().await.unwrap(), false);

        let mut run = start(&executor, "talk");
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        while let Some(event) = run.next_event().await {
            match event {
                RunEvent::Stdout(bytes) => stdout.extend(bytes),
                RunEvent::Stderr(bytes) => stderr.extend(bytes),
                other => panic!("nothing is lost of so little: {other:?}"),
            }
        }
        assert_eq!(stdout, b"ready\nover\n");
        assert_eq!(stderr, b"log\n");
        let outcome = run.outcome().await.unwrap();
        assert_eq!((outcome.stdout.as_bytes(), outcome.stderr.as_bytes()), (&*stdout, &*stderr));
    });
}

#[test]
fn a_slow_reader_loses_events_and_not_the_outcome() {
    let world = World::new();
    let written = world.root().join("written");
    habit_tool(&world, "flood", &["flood", "16", "lines", written.to_str().unwrap()], "");
    let executor = executor(&world, Config::default());
    block_on(async {
        let mut run = start(&executor, "flood");
        // It is read only once the tool has written everything, far more than is kept for a reader.
        while !written.exists() {
            tokio::task::yield_now().await;
        }
        let (mut read, mut dropped) = (0, 0);
        while let Some(event) = run.next_event().await {
            match event {
                RunEvent::Stdout(bytes) | RunEvent::Stderr(bytes) => read += bytes.len() as u64,
                RunEvent::Dropped { bytes } => dropped += bytes,
                other => panic!("{other:?}"),
            }
        }
        assert!(dropped > 0 && read > 0, "read {read}, dropped {dropped}");
        assert_eq!(read + dropped, 16 << 20);
        let outcome = run.outcome().await.unwrap();
        assert_eq!(outcome.stdout_bytes, 16 << 20);
        assert!(
            outcome.stdout.starts_with("0123456789abcde\n") && outcome.stdout.ends_with("0123456789abcde\n")
        );
    });
}

#[test]
fn a_thousand_runs_leave_no_zombie() {
    let world = World::new();
    let script = "read -r number rest </proc/self/stat; echo $number";
    command_tool(&world, "self", &["/bin/sh", "-c", script], "");
    let executor = executor(&world, Config { concurrency: 4, queue: 1000, ..Config::default() });
    let begin = Instant::now();
    let numbers: Vec<u32> = block_on(async {
        let runs: Vec<_> = (0..1000).map(|_| start(&executor, "self")).collect();
        let mut numbers = Vec::new();
        for run in runs {
            let outcome = run.outcome().await.unwrap();
            assert!(outcome.success, "{outcome:?}");
            numbers.push(outcome.stdout.trim().parse().unwrap());
        }
        numbers
    });
    assert_eq!(numbers.len(), 1000);
    let ours = std::process::id().to_string();
    for number in numbers {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{number}/stat")) else { continue };
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        // Another test's process may have the number by now; it is no zombie for long.
        let is_our_zombie = fields.next() == Some("Z") && fields.next() == Some(ours.as_str());
        assert!(!is_our_zombie, "{stat}");
    }
    assert!(begin.elapsed() < Duration::from_secs(50));
}

#[test]
fn other_children_of_the_program_are_left_alone() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path(), "leave"], "");
    let mut command = std::process::Command::new(crate::world::misbehave());
    command.args(["stay", "/dev/null"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut other = command.spawn().unwrap();
    let executor = executor(&world, Config::default());
    let outcome = block_on(async { start(&executor, "family").outcome().await }).unwrap();
    assert_eq!(outcome.ending.leaked_processes, 4);
    roster.assert_gone(FAMILY);
    assert!(other.try_wait().unwrap().is_none(), "it was ended");
    other.kill().unwrap();
    other.wait().unwrap();
}
