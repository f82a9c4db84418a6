//! More calls than a server runs: what is on and waits stays bounded, who is sent away hears when to come again, and
//! what has waited for too long never begins.

use std::sync::mpsc::channel;

use serde_json::{Value, json};

use crate::mcp_http::{Server, answer_to};
use crate::mcp_peer::{Latch, Peer, text_of};
use crate::world::{BOUND, World};

/// When a call that was sent away may come again.
#[track_caller]
fn retry_after(result: &Value) -> u64 {
    let text = text_of(result);
    assert!(text.starts_with("overloaded: ") && text.contains("\nhint: try again in about "), "{text}");
    let after = result["_meta"]["rye/retry-after-ms"].as_u64();
    let after = after.unwrap_or_else(|| panic!("no time: {result:#}"));
    assert!((100..=60_000).contains(&after), "{after}");
    after
}

#[test]
fn a_thousand_calls_at_once_are_bounded_and_each_is_answered() {
    let world = World::new();
    world.file("project/.ai/rye.toml", "[limits]\nconcurrency = 8\nqueue = 60\n");
    let log = world.root().join("log");
    // What it writes last it writes before it has ended.
    let work = format!("echo + >> '{0}'\nsleep 0.05\necho - >> '{0}'\necho done\n", log.display());
    world.tool("work.sh", &work);
    world.tool("other.sh", "echo other\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    peer.ask("tools/list", json!({}));
    let ids: Vec<_> = (0..1000).map(|_| peer.request("tools/call", json!({"name": "work"}))).collect();
    let (mut done, mut sent_away) = (0, 0);
    for id in ids {
        let result = peer.answer(&id)["result"].clone();
        if result["isError"] == true {
            retry_after(&result);
            sent_away += 1;
        } else {
            assert_eq!(text_of(&result), "done");
            done += 1;
        }
    }
    assert!(done >= 68 && sent_away > 0, "{done} done, {sent_away} sent away");
    let (mut on, mut most) = (0_i32, 0);
    for line in std::fs::read_to_string(log).unwrap().lines() {
        on += if line == "+" { 1 } else { -1 };
        most = most.max(on);
    }
    assert!(on == 0 && most <= 8, "{most} at once");
    assert_eq!(peer.text("other", json!({})), "other");
}

#[test]
fn what_has_waited_beyond_its_time_never_begins() {
    let world = World::new();
    let latch = Latch::new(&world);
    world.file("project/.ai/rye.toml", "[limits]\nconcurrency = 1\n");
    world.tool("wait.sh", latch.script());
    world.tool("mark.sh", world.marking());
    world.tool("mark.toml", "[config]\ntimeout = 0.5\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let first = peer.request("tools/call", json!({"name": "wait"}));
    let told = peer.failure("mark", json!({}));
    assert!(told.starts_with("timed_out: the time limit of 0.5 s came before it was started"), "{told}");
    latch.release("go");
    assert_eq!(text_of(&peer.answer(&first)["result"]), "go");
    // Its turn would have been now.
    assert_eq!(peer.ask("ping", json!({})), json!({}));
    assert!(!world.ran());
}

#[test]
fn who_is_sent_away_over_http_hears_when_to_come_again() {
    let world = World::new();
    let latch = Latch::new(&world);
    world.file("project/.ai/rye.toml", "[limits]\nconcurrency = 1\nqueue = 9\ncaller_queue = 1\n");
    world.tool("wait.sh", latch.script());
    let server = Server::start(&world, &["127.0.0.1:0"]);
    let (sender, answers) = channel();
    let call = |client: &'static str| {
        let (stream, sender) = (server.send_call(client, json!({"name": "wait"})), sender.clone());
        std::thread::spawn(move || sender.send((client, answer_to(stream))));
    };
    // Of three calls of one client one runs and one waits; another client has room to wait.
    (0..3).for_each(|_| call("ada"));
    let (_, answer) = answers.recv_timeout(BOUND).unwrap();
    retry_after(&answer["result"]);
    assert!(text_of(&answer["result"]).contains("of this caller"), "{answer:#}");
    call("bob");
    for _ in 0..3 {
        latch.release("go");
        let (client, answer) = answers.recv_timeout(BOUND).unwrap();
        assert_eq!(text_of(&answer["result"]), "go", "{client}: {answer:#}");
    }
}
