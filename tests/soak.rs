//! Calls of every kind at once, again and again, through one server: it keeps nothing of them. The long form, with its
//! series and slopes, is `bench -- soak`.

use std::time::Instant;

use serde_json::{Value, json};

use crate::mcp_peer::Peer;
use crate::roster::{Roster, command_tool, habit_tool};
use crate::world::{BOUND, World};

/// What is called in a round, and what becomes of it: a success, a failure, a refusal, or an end by cancellation.
const ROUND: [(&str, &str); 12] = [
    ("exit", "success"),
    ("exit", "success"),
    ("fail", "failure"),
    ("missing", "failure"),
    ("unknown", "refusal"),
    ("slow", "failure"),
    ("deaf", "failure"),
    ("leave", "success"),
    ("drip", "success"),
    ("flood", "success"),
    ("stay", "cancelled"),
    ("stay_family", "cancelled"),
];
/// From then on nothing is there for the first time.
const SETTLED: usize = 2;
const ROUNDS: usize = 6;
/// A descriptor may be open at one moment that is closed at another.
const SLACK: usize = 1;

/// What a server has when nothing is on.
#[derive(Debug)]
struct Belongings {
    descriptors: usize,
    threads: usize,
}

/// Waits until the server has no child.
fn belongings(peer: &Peer) -> Belongings {
    let process = format!("/proc/{}", peer.id().as_raw_nonzero());
    let tasks = || std::fs::read_dir(format!("{process}/task")).unwrap().flatten();
    let begin = Instant::now();
    while tasks().any(|task| {
        std::fs::read_to_string(task.path().join("children")).is_ok_and(|children| !children.is_empty())
    }) {
        assert!(begin.elapsed() < BOUND / 2, "children are left");
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    // A cgroup that waits for the next run is one; there are no more of them than runs were on at once.
    let is_cgroup = |link: &std::path::Path| link.to_string_lossy().contains("/rye-run-");
    let open = std::fs::read_dir(format!("{process}/fd")).unwrap().flatten();
    let links = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let descriptors = links.filter(|link| !is_cgroup(link)).count();
    Belongings { descriptors, threads: tasks().count() }
}

fn tools(world: &World) -> Roster {
    let roster = Roster::new(world);
    let limit = "timeout = 0.2\ngrace = 0.05";
    habit_tool(world, "exit", &["exit", "0"], "");
    habit_tool(world, "fail", &["exit", "3"], "");
    command_tool(world, "missing", &["no-such-program"], "");
    habit_tool(world, "slow", &["family", roster.path()], limit);
    habit_tool(world, "deaf", &["stay", roster.path(), "deaf"], limit);
    habit_tool(world, "leave", &["family", roster.path(), "every", "deaf", "leave"], "");
    habit_tool(world, "drip", &["drip", "2000"], "");
    habit_tool(world, "flood", &["flood", "2", "lines"], "");
    habit_tool(world, "stay", &["stay", roster.path()], "");
    habit_tool(world, "stay_family", &["family", roster.path(), "deaf"], "grace = 0.05");
    roster
}

fn kind(answer: &Value) -> &'static str {
    match (answer.pointer("/result/isError"), answer.get("error")) {
        (Some(Value::Bool(false)), None) => "success",
        (Some(Value::Bool(true)), None) => "failure",
        (None, Some(_)) => "refusal",
        _ => panic!("{answer:#}"),
    }
}

#[test]
fn a_server_is_after_many_mixed_calls_what_it_was_before() {
    let world = World::new();
    let roster = tools(&world);
    let temporary = world.root().join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let mut peer = Peer::start_command(world.rye(["mcp"]).env("TMPDIR", &temporary).command());
    peer.initialize("2025-11-25");
    let mut settled = None;
    for round in 1..=ROUNDS {
        let asked: Vec<_> =
            ROUND.map(|(tool, _)| peer.request("tools/call", json!({"name": tool, "arguments": {}}))).into();
        for (id, (_, wanted)) in asked.iter().zip(ROUND) {
            if wanted == "cancelled" {
                let params = json!({"requestId": id});
                peer.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}));
            }
        }
        for (id, (tool, wanted)) in asked.iter().zip(ROUND) {
            if wanted != "cancelled" {
                assert_eq!(kind(&peer.answer(id)), wanted, "{tool}");
            }
        }
        let now = belongings(&peer);
        roster.wait_until_nobody_is_left();
        if round <= SETTLED {
            settled = Some(now);
        } else if let Some(before) = &settled {
            assert!(now.descriptors <= before.descriptors + SLACK, "{before:?}, after round {round} {now:?}");
            assert!(now.threads <= before.threads + SLACK, "{before:?}, after round {round} {now:?}");
        }
    }
    // Every call has had its answer, and no more than that.
    let (code, rest) = peer.end();
    assert_eq!((code, rest), (Some(0), Vec::new()));
    // What was kept for clients went with the server.
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}
