//! What it means to give something up: the future of a call, of an event or of a shutdown, or the executor itself.

use rye_executor::{CallOptions, Config, Error, RunEvent};
use serde_json::Map;

use crate::library::{assert_stopped, block_on, executor, plan, start, until_ready};
use crate::roster::{Roster, command_tool, habit_tool};
use crate::world::World;

const FAMILY: usize = 5;

#[test]
fn every_future_is_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let world = World::new();
    command_tool(&world, "true", &["/bin/true"], "");
    let executor = executor(&world, Config::default());
    let id = "true".parse().unwrap();
    block_on(is_send(async {
        let outcome = is_send(executor.call(&id, Map::new(), CallOptions::default())).await.unwrap();
        assert!(outcome.clone().success);
        let mut run = start(&executor, "true");
        assert_eq!(is_send(run.next_event()).await, None);
        assert!(is_send(run.outcome()).await.unwrap().success);
        is_send(executor.shutdown()).await;
    }));
}

#[test]
fn a_call_that_is_given_up_ends_its_run() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path()], "");
    habit_tool(&world, "exit", &["exit", "0"], "");
    let executor = executor(&world, Config { concurrency: 1, queue: 1, ..Config::default() });
    let id = "family".parse().unwrap();
    block_on(async {
        let everyone_is_there = async {
            while roster.everyone().len() < FAMILY {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            outcome = executor.call(&id, Map::new(), CallOptions::default()) => panic!("{outcome:?}"),
            () = everyone_is_there => {}
        }
        // Its place is free when it has ended, and not before.
        let next = start(&executor, "exit").outcome().await.unwrap();
        assert!(next.success);
        roster.assert_gone(FAMILY);
    });
}

#[test]
fn waiting_for_an_event_may_be_given_up() {
    let world = World::new();
    let script = "i=0; while [ $i -lt 500 ]; do i=$((i + 1)); echo line $i; done";
    command_tool(&world, "lines", &["/bin/sh", "-c", script], "");
    let executor = executor(&world, Config::default());
    block_on(async {
        let mut run = start(&executor, "lines");
        let (mut text, mut given_up) = (Vec::new(), 0);
        loop {
            tokio::select! {
                biased;
                event = run.next_event() => match event {
                    Some(RunEvent::Stdout(bytes)) => text.extend(bytes),
                    Some(event) => panic!("{event:?}"),
                    None => break,
                },
                () = tokio::task::yield_now() => given_up += 1,
            }
        }
        assert!(given_up > 0);
        let outcome = run.outcome().await.unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), outcome.stdout);
        assert!(outcome.stdout.ends_with("line 500\n"));
    });
}

#[test]
fn a_shutdown_may_be_given_up_and_asked_for_again() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    let executor = executor(&world, Config::default());
    block_on(async {
        let mut run = start(&executor, "stay");
        until_ready(&mut run).await;
        tokio::select! {
            biased;
            () = executor.shutdown() => panic!("something was on"),
            () = std::future::ready(()) => {}
        }
        let error = executor.start(plan(&executor, "stay", CallOptions::default())).unwrap_err();
        assert!(matches!(error, Error::ShuttingDown), "{error:?}");
        executor.shutdown().await;
        assert_stopped(&run.outcome().await.unwrap(), false);
        executor.shutdown().await;
    });
}

#[test]
fn a_run_outlives_its_executor() {
    let world = World::new();
    let script = "echo ready; until [ -e go ]; do sleep 0.01; done; echo over";
    command_tool(&world, "patient", &["/bin/sh", "-c", script], "[config.env]\nPATH = \"/usr/bin:/bin\"");
    let executor = executor(&world, Config::default());
    block_on(async {
        let mut run = start(&executor, "patient");
        let stopper = run.stopper();
        until_ready(&mut run).await;
        drop(executor);
        drop(stopper);
        world.file("project/go", "");
        let outcome = run.outcome().await.unwrap();
        assert_eq!((outcome.success, outcome.stdout.as_str()), (true, "ready\nover\n"));
    });
}
