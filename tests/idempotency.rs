//! Calls under an idempotency key: asked for at once or later, they are one run, and everybody gets its outcome.

use rye_executor::{CallOptions, CallerLimits, Code, Config, EndingKind, Error, Executor, Run, Stop};
use serde_json::{Map, Value, json};

use crate::library::{assert_stopped, block_on, executor, until_ready};
use crate::mcp_http::{Server, answer_to};
use crate::mcp_peer::{Latch, Peer, text_of};
use crate::roster::{Roster, habit_tool};
use crate::supervision::belongings;
use crate::world::{BOUND, World};

const FAMILY: usize = 5;
const KEY: &str = "rye/idempotency-key";

/// A tool that says how often it has run.
const COUNTING: &str = "# /// rye\n# [parameters.n]\n# type = \"integer\"\n# [parameters.s]\n# type = \"string\"\n# ///\necho x >> count\nwc -l < count\n";

/// A call under a key.
struct Call {
    caller: Option<&'static str>,
    key: &'static str,
    tool: &'static str,
    arguments: Value,
}

impl Call {
    fn of(tool: &'static str) -> Self {
        Self { caller: None, key: "k", tool, arguments: json!({}) }
    }

    fn start(self, executor: &Executor) -> Result<Run, Error> {
        let options = CallOptions {
            caller: self.caller.map(Into::into),
            idempotency_key: Some(self.key.parse().unwrap()),
            ..CallOptions::default()
        };
        let arguments: Map<_, _> = self.arguments.as_object().unwrap().clone();
        let invocation = executor.invoke(executor.resolve(&self.tool.parse()?)?, arguments, options)?;
        executor.start(executor.plan(&invocation)?)
    }

    async fn outcome(self, executor: &Executor) -> (String, String) {
        let outcome = self.start(executor).unwrap().outcome().await.unwrap();
        assert!(outcome.success, "{outcome:?}");
        (outcome.run_id, outcome.stdout)
    }
}

#[test]
fn one_key_is_one_run_at_once_and_later() {
    let world = World::new();
    world.tool("count.sh", COUNTING);
    world.tool("other.sh", COUNTING);
    let executor = executor(&world, Config::default());
    block_on(async {
        let call = |arguments: Value| Call { arguments, ..Call::of("count") };
        let at_once: Vec<_> =
            (0..50).map(|_| call(json!({"n": 1, "s": "a"})).start(&executor).unwrap()).collect();
        let mut outcomes = Vec::new();
        for run in at_once {
            let outcome = run.outcome().await.unwrap();
            outcomes.push((outcome.run_id, outcome.stdout));
        }
        // Later, in another order, and as text that means the same; also after the configuration was read anew.
        outcomes.push(call(json!({"s": "a", "n": "1"})).outcome(&executor.reread().unwrap()).await);
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:?}");
        assert_eq!(outcomes[0].1.trim(), "1");

        // The same key means nothing else.
        let conflicts = [call(json!({"n": 2, "s": "a"})), call(json!({"n": 1})), Call::of("other")];
        for conflict in conflicts {
            let error = conflict.start(&executor).unwrap_err();
            assert!(matches!(error, Error::KeyTaken { .. }), "{error:?}");
            assert_eq!(error.report().code, Code::IdempotencyConflict);
        }
        // Another key, another caller, and no key at all are runs of their own.
        let same = || json!({"n": 1, "s": "a"});
        let other_key = Call { key: "l", ..call(same()) };
        let other_caller = Call { caller: Some("ada"), ..call(same()) };
        assert_eq!(other_key.outcome(&executor).await.1.trim(), "2");
        assert_eq!(other_caller.outcome(&executor).await.1.trim(), "3");
        let id = "count".parse().unwrap();
        let outcome = executor.call(&id, Map::new(), CallOptions::default()).await.unwrap();
        assert_eq!(outcome.stdout.trim(), "4");
        assert_eq!(call(same()).outcome(&executor).await, outcomes[0]);
    });
}

#[test]
fn a_call_that_never_began_is_forgotten() {
    let world = World::new();
    habit_tool(&world, "stay", &["stay", "/dev/null"], "");
    habit_tool(&world, "soon", &["stay", "/dev/null"], "timeout = 0.3");
    world.tool("count.sh", COUNTING);
    let caller = CallerLimits::default();
    let executor = executor(&world, Config { concurrency: 1, queue: 1, caller, ..Config::default() });
    block_on(async {
        let running = crate::library::start(&executor, "stay");
        let soon = [(); 2].map(|()| Call::of("soon").start(&executor).unwrap());
        // Sent away at once: nothing of it is kept.
        let refused = || Call { key: "c", ..Call::of("count") };
        assert!(matches!(refused().start(&executor), Err(Error::Overloaded { .. })));
        for run in soon {
            let error = run.outcome().await.unwrap_err();
            assert_eq!(error.report().code, Code::TimedOut, "{error:?}");
        }
        running.stopper().stop(Stop::Ask);
        running.outcome().await.unwrap();
        assert_eq!(refused().outcome(&executor).await.1.trim(), "1");
        // Nor of what ended while it waited: the key may be given to another call.
        assert_eq!(Call::of("count").outcome(&executor).await.1.trim(), "2");
    });
}

#[test]
fn a_run_ends_when_the_last_who_wants_it_goes() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path()], "");
    let executor = executor(&world, Config::default());
    block_on(async {
        let mut first = Call::of("family").start(&executor).unwrap();
        let [second, third] = [(); 2].map(|()| Call::of("family").start(&executor).unwrap());
        assert_eq!(first.id(), second.id());
        until_ready(&mut first).await;
        let all_are_there = async {
            while roster.everyone().len() < FAMILY {
                tokio::task::yield_now().await;
            }
        };
        all_are_there.await;
        // Who goes is told so at once, and hears no more of it.
        second.stopper().stop(Stop::Force);
        let error = second.outcome().await.unwrap_err();
        assert!(matches!(error, Error::Left), "{error:?}");
        assert_eq!(error.report().code, Code::Stopped);
        first.stopper().stop(Stop::Ask);
        while first.next_event().await.is_some() {}
        drop(first);
        assert!(roster.everyone().iter().all(|one| one.is_alive()));

        third.stopper().stop(Stop::Ask);
        let outcome = third.outcome().await.unwrap();
        assert_stopped(&outcome, false);
        roster.assert_gone(FAMILY);
        // It did run, and so it is not run again.
        let again = Call::of("family").start(&executor).unwrap().outcome().await.unwrap();
        assert_eq!((again.run_id, again.ending.kind), (outcome.run_id, EndingKind::Stopped));
    });
    roster.assert_gone(FAMILY);
}

#[test]
fn the_last_may_force_it_or_be_dropped() {
    for forced in [true, false] {
        let world = World::new();
        let roster = Roster::new(&world);
        habit_tool(
            &world,
            "family",
            &["family", roster.path(), "deaf"],
            if forced { "grace = 600" } else { "grace = 0.2" },
        );
        let executor = executor(&world, Config::default());
        block_on(async {
            let mut run = Call::of("family").start(&executor).unwrap();
            until_ready(&mut run).await;
            while roster.everyone().len() < FAMILY {
                tokio::task::yield_now().await;
            }
            if forced {
                run.stopper().stop(Stop::Ask);
                tokio::task::yield_now().await;
                run.stopper().stop(Stop::Force);
                assert_stopped(&run.outcome().await.unwrap(), true);
            } else {
                drop(run);
            }
            executor.shutdown().await;
        });
        roster.assert_gone(FAMILY);
    }
}

/// The parameters of a call over MCP.
fn keyed(name: &str, key: Value) -> Value {
    json!({"name": name, "_meta": {KEY: key}})
}

#[test]
fn over_mcp_a_key_stands_in_meta() {
    let world = World::new();
    let latch = Latch::new(&world);
    world.tool("count.sh", COUNTING);
    world.tool("wait.sh", format!("echo x >> waited\n{}", latch.script()));
    let mut peer = Peer::session(&world, "2025-11-25");
    for _ in 0..3 {
        assert_eq!(text_of(&peer.ask("tools/call", keyed("count", "a".into()))).trim(), "1");
    }
    assert_eq!(text_of(&peer.ask("tools/call", keyed("count", "b".into()))).trim(), "2");
    assert_eq!(peer.text("count", json!({})).trim(), "3");
    let conflict = peer.ask("tools/call", keyed("wait", "a".into()));
    assert_eq!(conflict["isError"], true);
    assert!(text_of(&conflict).starts_with("idempotency_conflict: "), "{conflict:#}");
    for wrong in [json!(""), json!(7), json!("x".repeat(300))] {
        assert_eq!(peer.error("tools/call", keyed("count", wrong)), -32602);
    }

    // One that is cancelled leaves the run to the other.
    let [first, second] = [(); 2].map(|()| peer.request("tools/call", keyed("wait", "w".into())));
    let waited = world.project().join("waited");
    let begin = std::time::Instant::now();
    while !waited.exists() {
        assert!(begin.elapsed() < BOUND, "it does not begin");
        peer.ask("ping", json!({}));
    }
    let cancel = json!({"requestId": first});
    peer.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel}));
    peer.ask("ping", json!({}));
    latch.release("went on");
    assert_eq!(text_of(&peer.answer(&second)["result"]), "went on");
    assert_eq!(text_of(&peer.ask("tools/call", keyed("wait", "w".into()))), "went on");
    assert_eq!(std::fs::read_to_string(waited).unwrap(), "x\n");
    assert_eq!(peer.unread(), Vec::<Value>::new(), "an answer came to a call that was cancelled");
}

#[test]
fn a_long_output_is_whole_for_everybody_who_asks() {
    let world = World::new();
    world.tool("big.sh", "echo x >> count; head -c 3000000 /dev/zero | tr '\\0' y\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let link = |result: &Value| {
        let content = result["content"].as_array().unwrap().clone();
        content.into_iter().find(|one| one["type"] == "resource_link").expect("no link")
    };
    let first = peer.ask("tools/call", keyed("big", "k".into()));
    let second = peer.ask("tools/call", keyed("big", "k".into()));
    assert_eq!(link(&first), link(&second));
    assert_eq!(link(&second)["size"], 3_000_000);
    assert_eq!(std::fs::read_to_string(world.project().join("count")).unwrap(), "x\n");
}

#[test]
fn over_http_each_session_and_each_client_has_keys_of_its_own() {
    let world = World::new();
    world.tool("count.sh", COUNTING);
    let server = Server::start(&world, &["127.0.0.1:0"]);
    // Each call comes by a connection of its own.
    let sessions = [(); 2].map(|()| server.begin_session());
    let in_session = |session: &str| {
        let answer = server.call_in_session(session, keyed("count", "k".into()));
        text_of(&answer["result"]).trim().to_owned()
    };
    assert_eq!(in_session(&sessions[0]), "1");
    assert_eq!(in_session(&sessions[1]), "2");
    assert_eq!(in_session(&sessions[0]), "1");
    let stateless = |name: &str| {
        text_of(&answer_to(server.send_call(name, keyed("count", "k".into())))["result"]).trim().to_owned()
    };
    assert_eq!(stateless("ada"), "3");
    assert_eq!(stateless("bob"), "4");
    assert_eq!((stateless("ada").as_str(), stateless("bob").as_str()), ("3", "4"));
}

#[test]
fn what_is_kept_under_keys_holds_neither_descriptors_nor_arguments() {
    let world = World::new();
    world.tool("count.sh", COUNTING);
    let mut peer = Peer::session(&world, "2025-11-25");
    let call = |peer: &mut Peer, number: usize| {
        let text = "x".repeat(100_000);
        let params = json!({"name": "count", "arguments": {"s": text}, "_meta": {KEY: number.to_string()}});
        text_of(&peer.ask("tools/call", params)).trim().to_owned()
    };
    let descriptors = |peer: &Peer| belongings(peer).1;
    assert_eq!(call(&mut peer, 0), "1");
    let before = descriptors(&peer);
    let memory = resident(&peer);
    for number in 1..=300 {
        assert_eq!(call(&mut peer, number), (number + 1).to_string());
    }
    assert!(descriptors(&peer) <= before + 2, "{before} descriptors became {}", descriptors(&peer));
    // The arguments were 30 MB.
    let grown = resident(&peer).saturating_sub(memory);
    assert!(grown < 15 << 20, "{grown} bytes more");
    // What came of the first is known all the same.
    assert_eq!(call(&mut peer, 0), "1");
}

/// How many bytes of memory a server has.
fn resident(peer: &Peer) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", peer.id().as_raw_nonzero())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}
