//! How many runs of one `Executor` may be on and how many calls may wait, and how it closes.

use std::time::Duration;

use rye_executor::tools::ToolLimits;
use rye_executor::{
    CallOptions, CallerLimits, Code, Config, EndingKind, Error, Executor, Host, LoadLimit, Run, Stop,
};

use crate::library::{assert_stopped, block_on, executor, plan, start, until_ready};
use crate::roster::{Roster, habit_tool};
use crate::world::World;

const FAMILY: usize = 5;

#[test]
fn more_than_may_wait_is_overloaded() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    let executor = executor(&world, Config { concurrency: 2, queue: 1, ..Config::default() });
    block_on(async {
        let running = [start(&executor, "stay"), start(&executor, "stay")];
        let waiting = start(&executor, "stay");
        let error = executor.start(plan(&executor, "stay", CallOptions::default())).unwrap_err();
        assert!(matches!(
            error,
            Error::Overloaded { running: 2, waiting: 1, limit: LoadLimit::Executor, .. }
        ));
        let report = error.report();
        assert_eq!(report.code, Code::Overloaded);
        // No run has ended yet: nobody knows how long they take.
        assert_eq!(report.retry_after, Some(Duration::from_secs(1)));
        assert_eq!(report.hints, ["try again in about 1 s"]);

        // A place that becomes free goes to who waits.
        let stopper = waiting.stopper();
        for run in running {
            run.stopper().stop(Stop::Ask);
            assert_stopped(&run.outcome().await.unwrap(), false);
        }
        let mut waiting = waiting;
        until_ready(&mut waiting).await;
        stopper.stop(Stop::Ask);
        assert_stopped(&waiting.outcome().await.unwrap(), false);
    });
}

#[test]
fn rye_toml_lowers_the_limits_and_never_raises_them() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    world.file("project/.ai/rye.toml", "[limits]\nconcurrency = 1\nqueue = 1000\n");
    let executor = executor(&world, Config { concurrency: 2, queue: 0, ..Config::default() });
    block_on(async {
        let _running = start(&executor, "stay");
        let error = executor.start(plan(&executor, "stay", CallOptions::default())).unwrap_err();
        assert!(matches!(
            error,
            Error::Overloaded { running: 1, waiting: 0, limit: LoadLimit::Executor, .. }
        ));
    });
}

#[test]
fn a_project_raises_no_limit_of_the_user() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    world.file("home/.ai/rye.toml", "[limits]\nconcurrency = 1\nqueue = 1\n");
    world.file("project/.ai/rye.toml", "[limits]\nconcurrency = 2\nqueue = 5\n");
    let user_space = Some(world.home().join(".ai"));
    let host = Host { working_directory: world.project(), user_space, subreaper: true, ..Host::default() };
    let executor = Executor::new(host, Config::default()).unwrap();
    block_on(async {
        let _runs = [(); 2].map(|()| start(&executor, "stay"));
        let error = executor.start(plan(&executor, "stay", CallOptions::default())).unwrap_err();
        assert!(matches!(error, Error::Overloaded { running: 1, waiting: 1, .. }), "{error:?}");
    });
}

#[test]
fn a_tool_has_limits_of_its_own_and_other_tools_do_not_feel_them() {
    let world = World::new();
    let own = "\n[limits]\nconcurrency = 1\nqueue = 1\n";
    habit_tool(&world, "one", &["stay", "/dev/null"], own);
    habit_tool(&world, "other", &["stay", "/dev/null"], "");
    world.file("project/.ai/rye.toml", "[limits]\ntool_concurrency = 2\ntool_queue = 1\n");
    let executor = executor(&world, Config::default());
    let overloaded = |id: &str, most: usize| {
        let error = executor.start(plan(&executor, id, CallOptions::default())).unwrap_err();
        let Error::Overloaded { running, waiting: 1, limit: LoadLimit::Tool(tool), .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!((*running, tool.as_str()), (most, id));
        assert!(error.report().message.contains(&format!("of `{id}`")), "{:?}", error.report());
    };
    block_on(async {
        let mut running = start(&executor, "one");
        let waiting = start(&executor, "one");
        overloaded("one", 1);
        // Another tool starts at once, up to what `rye.toml` says of each.
        let mut others = [start(&executor, "other"), start(&executor, "other")];
        for run in others.iter_mut().chain([&mut running]) {
            until_ready(run).await;
        }
        let _third = start(&executor, "other");
        overloaded("other", 2);
        // Who stops waiting leaves room for the next.
        waiting.stopper().stop(Stop::Ask);
        assert!(matches!(waiting.outcome().await, Err(Error::StoppedInQueue)));
        let mut next = start(&executor, "one");
        overloaded("one", 1);
        running.stopper().stop(Stop::Ask);
        assert_stopped(&running.outcome().await.unwrap(), false);
        until_ready(&mut next).await;
        executor.shutdown().await;
    });
}

#[test]
fn turns_go_round_among_the_tools_that_wait() {
    let world = World::new();
    let order = world.root().join("order");
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    for id in ["a", "b", "c"] {
        world.tool(&format!("{id}.sh"), format!("echo {id} >> '{}'\n", order.display()));
    }
    let executor = executor(&world, Config { concurrency: 1, ..Config::default() });
    block_on(async {
        let running = start(&executor, "stay");
        let mut waiting = Vec::new();
        for id in ["a", "a", "a", "a", "b", "b", "c"] {
            waiting.push(start(&executor, id));
        }
        // One of a flood goes away, and takes nobody's turn.
        drop(waiting.remove(1));
        running.stopper().stop(Stop::Ask);
        running.outcome().await.unwrap();
        for run in waiting {
            assert!(run.outcome().await.unwrap().success);
        }
    });
    assert_eq!(std::fs::read_to_string(order).unwrap().split_whitespace().collect::<String>(), "abcaba");
}

/// A call of a tool by a caller.
fn start_for(executor: &Executor, caller: &str, tool: &str) -> Result<Run, Error> {
    let options = CallOptions { caller: Some(caller.into()), ..CallOptions::default() };
    executor.start(plan(executor, tool, options))
}

#[test]
fn turns_go_round_among_the_callers_that_wait() {
    let world = World::new();
    let order = world.root().join("order");
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    for id in ["a", "b", "c"] {
        world.tool(&format!("{id}.sh"), format!("echo {id} >> '{}'\n", order.display()));
    }
    let executor = executor(&world, Config { concurrency: 1, queue: 2000, ..Config::default() });
    block_on(async {
        let running = start(&executor, "stay");
        // One caller with a thousand calls, of one tool or of two, and others with few.
        let flood: Vec<_> = (0..1000)
            .map(|number| start_for(&executor, "many", if number % 2 == 0 { "a" } else { "b" }).unwrap())
            .collect();
        let few: Vec<_> =
            ["one", "one", "two"].map(|caller| start_for(&executor, caller, "c").unwrap()).into();
        running.stopper().stop(Stop::Ask);
        running.outcome().await.unwrap();
        for run in few {
            assert!(run.outcome().await.unwrap().success);
        }
        drop(flood);
        executor.shutdown().await;
    });
    let order = std::fs::read_to_string(order).unwrap();
    assert!(order.split_whitespace().collect::<String>().starts_with("accbc"), "{order}");
}

#[test]
fn a_caller_has_limits_and_other_callers_do_not_feel_them() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    world.file("project/.ai/rye.toml", "[limits]\ncaller_concurrency = 2\ncaller_queue = 9\n");
    let caller = CallerLimits { concurrency: Some(3), queue: Some(1) };
    let executor = executor(&world, Config { caller, ..Config::default() });
    let overloaded = |caller: &str| {
        let error = start_for(&executor, caller, "stay").unwrap_err();
        let of_caller =
            matches!(error, Error::Overloaded { running: 2, waiting: 1, limit: LoadLimit::Caller, .. });
        assert!(of_caller, "{error:?}");
        assert!(error.report().message.contains("of this caller"), "{:?}", error.report());
    };
    block_on(async {
        let mut runs = [(); 2].map(|()| start_for(&executor, "ada", "stay").unwrap());
        let mut waits = start_for(&executor, "ada", "stay").unwrap();
        overloaded("ada");
        // Another one has room, and so has who does not say who he is.
        for run in [(); 2].map(|()| start_for(&executor, "bob", "stay").unwrap()).iter_mut() {
            until_ready(run).await;
        }
        until_ready(&mut start(&executor, "stay")).await;
        for run in &mut runs {
            until_ready(run).await;
        }
        let [first, _second] = runs;
        first.stopper().stop(Stop::Ask);
        assert_stopped(&first.outcome().await.unwrap(), false);
        until_ready(&mut waits).await;
        executor.shutdown().await;
    });
}

#[test]
fn who_is_sent_away_hears_when_it_is_worth_another_try() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    world.tool("slow.sh", "exec sleep 1.2\n");
    let executor = executor(&world, Config { concurrency: 1, queue: 2, ..Config::default() });
    block_on(async {
        let took = start(&executor, "slow").outcome().await.unwrap().duration;
        let _runs = [(); 3].map(|()| start(&executor, "stay"));
        let error = executor.start(plan(&executor, "stay", CallOptions::default())).unwrap_err();
        let Error::Overloaded { retry_after, .. } = error else { panic!("{error:?}") };
        // Two wait for one place.
        assert!(retry_after >= took * 2, "{retry_after:?} after {took:?}");
        assert!(retry_after < took * 2 + Duration::from_secs(5), "{retry_after:?} after {took:?}");
        let shown = serde_json::to_value(error.report()).unwrap();
        assert_eq!(shown["retry_after_ms"], u64::try_from(retry_after.as_millis()).unwrap());
    });
}

#[test]
fn one_tool_cannot_fill_the_whole_queue() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    world.tool("other.sh", "echo done\n");
    let tool = ToolLimits { queue: Some(5), ..ToolLimits::default() };
    let executor = executor(&world, Config { concurrency: 1, tool, ..Config::default() });
    block_on(async {
        let _running = start(&executor, "stay");
        let waiting: Vec<_> = (0..5).map(|_| start(&executor, "stay")).collect();
        let error = executor.start(plan(&executor, "stay", CallOptions::default())).unwrap_err();
        assert!(
            matches!(error, Error::Overloaded { waiting: 5, limit: LoadLimit::Tool(_), .. }),
            "{error:?}"
        );
        let _other = start(&executor, "other");
        drop(waiting);
        executor.shutdown().await;
    });
}

#[test]
fn what_rye_toml_says_later_counts_for_runs_that_are_on() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    world.file("project/.ai/rye.toml", "[limits]\nconcurrency = 1\nqueue = 1\n");
    let executor = executor(&world, Config::default());
    block_on(async {
        let _running = start(&executor, "stay");
        let mut waiting = start(&executor, "stay");
        world.file("project/.ai/rye.toml", "[limits]\nconcurrency = 2\nqueue = 0\n");
        assert_eq!(executor.reread().unwrap_err().report().code, Code::InvalidConfig);
        world.file("project/.ai/rye.toml", "[limits]\nconcurrency = 2\nqueue = 1\n");
        let later = executor.reread().unwrap();
        // There is room for who waited, and no more than that.
        until_ready(&mut waiting).await;
        let _third = start(&later, "stay");
        let error = executor.start(plan(&executor, "stay", CallOptions::default())).unwrap_err();
        assert!(matches!(error, Error::Overloaded { running: 2, waiting: 1, .. }), "{error:?}");
        later.shutdown().await;
        assert!(matches!(
            executor.start(plan(&executor, "stay", CallOptions::default())),
            Err(Error::ShuttingDown)
        ));
    });
}

#[test]
fn a_call_that_waits_can_be_stopped_and_its_wait_counts() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    habit_tool(&world, "never", &["stay", roster.path()], "");
    habit_tool(&world, "soon", &["stay", roster.path()], "timeout = 0.3");
    habit_tool(&world, "late", &["stay", "/dev/null"], "timeout = 3");
    habit_tool(&world, "second", &["stay", "/dev/null"], "timeout = 1");
    let executor = executor(&world, Config { concurrency: 1, queue: 8, ..Config::default() });
    block_on(async {
        let running = start(&executor, "stay");
        let waiting = start(&executor, "never");
        waiting.stopper().stop(Stop::Ask);
        let error = waiting.outcome().await.unwrap_err();
        assert!(matches!(error, Error::StoppedInQueue), "{error:?}");
        assert_eq!(error.report().code, Code::Stopped);

        let error = start(&executor, "soon").outcome().await.unwrap_err();
        assert!(matches!(error, Error::TimedOutInQueue { .. }), "{error:?}");
        assert_eq!(error.report().code, Code::TimedOut);

        // What is left of its time after the wait is all it has: it waits for a run that takes a second.
        let second = start(&executor, "second");
        let late = start(&executor, "late");
        running.stopper().stop(Stop::Ask);
        running.outcome().await.unwrap();
        second.outcome().await.unwrap();
        let outcome = late.outcome().await.unwrap();
        assert_eq!(outcome.ending.kind, EndingKind::TimedOut);
        assert!(outcome.duration < Duration::from_secs(3), "{outcome:?}");

        // Who is dropped while waiting leaves the queue, and is never started.
        let running = start(&executor, "stay");
        let waiting = start(&executor, "never");
        tokio::task::yield_now().await;
        drop(waiting);
        running.stopper().stop(Stop::Ask);
        running.outcome().await.unwrap();
        executor.shutdown().await;
    });
    roster.assert_gone(0);
}

#[test]
fn shutdown_ends_everything_and_refuses_more() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path()], "");
    let executor = executor(&world, Config { concurrency: 1, queue: 4, ..Config::default() });
    block_on(async {
        let mut running = start(&executor, "family");
        while roster.everyone().len() < FAMILY {
            running.next_event().await.unwrap();
        }
        let waiting = start(&executor, "family");
        let end = tokio::spawn(running.outcome());
        // It stands in the queue before the shutdown begins.
        tokio::task::yield_now().await;
        executor.shutdown().await;
        roster.assert_gone(FAMILY);
        assert_stopped(&end.await.unwrap().unwrap(), false);
        let error = waiting.outcome().await.unwrap_err();
        assert_eq!(error.report().code, Code::Stopped, "{error:?}");
        let error = executor.start(plan(&executor, "family", CallOptions::default())).unwrap_err();
        assert!(matches!(error, Error::ShuttingDown), "{error:?}");
    });
    roster.assert_gone(FAMILY);
}

#[test]
fn a_run_that_has_ended_gives_its_place_on_whether_or_not_anybody_asks() {
    let world = World::new();
    world.tool("quick.sh", "echo done\n");
    let executor = executor(&world, Config { concurrency: 1, queue: 8, ..Config::default() });
    block_on(async {
        let held = start(&executor, "quick");
        let next = start(&executor, "quick").outcome().await.unwrap();
        assert!(next.success);
        // Shut down while a run is held that nobody awaits.
        executor.shutdown().await;
        assert!(held.outcome().await.unwrap().success);
    });
}

#[test]
fn an_outcome_that_is_no_longer_awaited_ends_its_run() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    let executor = executor(&world, Config { concurrency: 1, queue: 8, ..Config::default() });
    block_on(async {
        let mut run = start(&executor, "stay");
        until_ready(&mut run).await;
        let waited = tokio::time::timeout(Duration::from_millis(1), run.outcome()).await;
        assert!(waited.is_err(), "it ended by itself");
        // The place comes back only when the tree is gone, and it does come back.
        let mut next = start(&executor, "stay");
        until_ready(&mut next).await;
        next.stopper().stop(Stop::Ask);
        assert_stopped(&next.outcome().await.unwrap(), false);
    });
}

#[test]
fn one_plan_is_one_run() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    let executor = executor(&world, Config::default());
    block_on(async {
        let plan = plan(&executor, "stay", CallOptions::default());
        let run = executor.start(plan.clone()).unwrap();
        let error = executor.start(plan).unwrap_err();
        assert!(matches!(error, Error::StartedTwice { .. }), "{error:?}");
        run.stopper().stop(Stop::Force);
        assert_stopped(&run.outcome().await.unwrap(), true);
    });
}
