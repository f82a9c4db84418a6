//! `rye run --timings`: where the time of one call went, told when it is asked for, and changing nothing else.

use std::time::Duration;

use rye_executor::{CallOptions, Config, Executor, Host, Stage};
use serde_json::{Map, Value};

use crate::http::{http_tool, to};
use crate::http_server::Server;
use crate::world::World;

const STAGES: [&str; 9] =
    ["read", "configure", "resolve", "arguments", "plan", "interpreter", "prepare", "start", "run"];

/// The names of the stages of a table on standard error.
fn names(stderr: &str) -> Vec<String> {
    let lines = stderr.lines().skip_while(|line| !line.starts_with("timings: ")).skip(1);
    lines.map(|line| line.split_whitespace().next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_person_sees_every_stage_beside_the_result() {
    let world = World::new();
    world.tool("t.sh", "echo out\necho err >&2\nexit 7\n");
    let ran = world.rye(["run", "--timings", "t"]).run();
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(7), "out\n"));
    assert!(ran.stderr().starts_with("err\nerror: "), "{}", ran.stderr());
    let want: Vec<_> = STAGES.into_iter().chain(["end", "report", "total"]).collect();
    assert_eq!(names(&ran.stderr()), want, "{}", ran.stderr());
    assert!(ran.stderr().lines().all(|line| line.chars().count() <= 80), "{}", ran.stderr());
    let ran = world.rye(["run", "t"]).run();
    assert!(!ran.stderr().contains("timings"), "{}", ran.stderr());
}

#[test]
fn the_outcome_has_them_when_they_are_asked_for() {
    let world = World::new();
    world.tool("t.sh", "echo out\n");
    assert!(world.outcome(["t"]).get("timings").is_none());
    let outcome = world.outcome(["--timings", "t"]);
    assert_eq!(outcome["data"], "out\n", "{outcome:#}");
    let timings = outcome["timings"].as_object().unwrap();
    let keys: Vec<_> = STAGES.iter().map(|stage| format!("{stage}_ms")).collect();
    let keys = [keys, vec!["end_ms".to_owned(), "total_ms".to_owned()]].concat();
    assert_eq!(timings.keys().cloned().collect::<Vec<_>>(), keys, "{outcome:#}");
    // Each is rounded to the microsecond.
    let sum = |keys: &[&str]| keys.iter().map(|key| timings[*key].as_f64().unwrap()).sum::<f64>();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    let (total, parts) = keys.split_last().unwrap();
    assert!((sum(parts) - sum(&[total])).abs() < 0.01, "{outcome:#}");
    let duration = outcome["duration_ms"].as_f64().unwrap();
    assert!((sum(&["start_ms", "run_ms", "end_ms"]) - duration).abs() < 0.01, "{outcome:#}");
}

#[test]
fn the_last_stage_is_the_one_that_failed() {
    let world = World::new();
    world.tool("t.sh", "# /// rye\n# [parameters.x]\n# type = \"integer\"\n# ///\n");
    for (words, last) in [(["nothing", "--x=1"], "resolve"), (["t", "--x=one"], "arguments")] {
        let ran = world.rye(["--json", "run", "--timings"].into_iter().chain(words)).run();
        let outcome = ran.json();
        assert_eq!(outcome["ending"]["kind"], "not_started", "{outcome:#}");
        let keys: Vec<_> = outcome["timings"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys.iter().rev().nth(1), Some(&format!("{last}_ms")), "{outcome:#}");
    }
}

#[test]
fn what_a_tool_takes_is_no_time_of_ryes() {
    let world = World::new();
    let server = Server::echo();
    http_tool(&world, "", &to(&server, "/"));
    let outcome = world.outcome(["--timings", "call"]);
    let timings = outcome["timings"].as_object().unwrap();
    assert_eq!(timings["exchange_ms"], outcome["duration_ms"], "{outcome:#}");
    assert!(!timings.contains_key("start_ms"), "{outcome:#}");
}

#[test]
fn a_call_that_waits_for_its_turn_tells_so() {
    let world = World::new();
    world.tool("t.sh", ":\n");
    let environment = world.rye(["x"]).command();
    let environment =
        environment.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    let host =
        Host { environment: environment.collect(), working_directory: world.project(), ..Host::default() };
    let executor = Executor::new(host, Config { concurrency: 1, ..Config::default() }).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let id = "t".parse().unwrap();
    let call = || {
        let options = CallOptions { timings: true, ..CallOptions::default() };
        executor.call(&id, Map::<String, Value>::new(), options)
    };
    let (first, second) = runtime.block_on(async { tokio::join!(call(), call()) });
    let stages = |outcome: Result<rye_executor::Outcome, _>| outcome.unwrap().timings.unwrap().stages;
    let (first, second) = (stages(first), stages(second));
    let names = |stages: &[(Stage, Duration)]| stages.iter().map(|(stage, _)| *stage).collect::<Vec<_>>();
    let before = [Stage::Resolve, Stage::Arguments, Stage::Plan, Stage::Interpreter, Stage::Prepare];
    let run = [Stage::Start, Stage::Run, Stage::End];
    assert_eq!(names(&first), [&before[..], &run].concat());
    assert_eq!(names(&second), [&before[..], &[Stage::Queue], &run].concat());
    assert!(second[before.len()].1 > Duration::ZERO);
}
