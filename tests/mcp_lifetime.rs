//! How MCP calls and servers end: by cancellation, the end of the input, a signal, a client that is gone. Whatever it
//! is, no process of any call is left, and nothing that a tool does touches the wire.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::mcp_peer::{Latch, Peer, stateless, text_of};
use crate::roster::{Roster, habit_tool};
use crate::world::{World, have};

/// A tool `family` whose four or five processes write themselves into a roster.
fn family(world: &World, words: &[&str], config: &str) -> Roster {
    let roster = Roster::new(world);
    let words: Vec<_> = ["family", roster.path()].into_iter().chain(words.iter().copied()).collect();
    habit_tool(world, "family", &words, config);
    roster
}

#[test]
fn a_cancelled_call_ends_with_all_it_started_and_is_not_answered() {
    for modern in [false, true] {
        let world = World::new();
        let roster = family(&world, &["deaf"], "grace = 0.1");
        let mut peer = Peer::session(&world, "2025-11-25");
        let params = json!({"name": "family"});
        let id = peer.request("tools/call", if modern { stateless(params) } else { params });
        roster.wait_for(5);
        let cancel = json!({"requestId": id, "reason": "enough"});
        // Twice is like once, and what nobody asked for harms nobody.
        for id in [&cancel, &cancel, &json!({"requestId": "none"}), &json!({})] {
            peer.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": id}));
        }
        let begin = Instant::now();
        while roster.everyone().iter().any(|one| one.is_alive()) {
            assert!(begin.elapsed() < Duration::from_secs(30), "still there");
            peer.ask("ping", json!({}));
        }
        roster.assert_gone(5);
        let (code, rest) = peer.end();
        assert_eq!((code, rest), (Some(0), Vec::new()), "an answer came");
    }
}

#[test]
fn a_cancellation_before_or_after_a_call_harms_nothing() {
    let world = World::new();
    world.tool("hello.sh", "echo hello\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    peer.send(
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "later"}}),
    );
    let call = json!({"jsonrpc": "2.0", "id": "later", "method": "tools/call", "params": {"name": "hello"}});
    peer.send(&call);
    assert_eq!(peer.answer(&json!("later"))["result"]["content"][0]["text"], "hello");
    peer.send(
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "later"}}),
    );
    peer.send(&call);
    assert_eq!(peer.answer(&json!("later"))["result"]["content"][0]["text"], "hello");
}

#[test]
fn a_call_that_is_on_at_the_end_of_the_input_is_answered() {
    let world = World::new();
    let latch = Latch::new(&world);
    world.tool("wait.sh", latch.script());
    let mut peer = Peer::session(&world, "2025-11-25");
    let id = peer.request("tools/call", json!({"name": "wait"}));
    peer.hang_up();
    latch.release("in time");
    assert_eq!(peer.answer(&id)["result"]["content"][0]["text"], "in time");
    assert_eq!(peer.end(), (Some(0), Vec::new()));
}

#[test]
fn a_call_that_goes_on_after_the_end_of_the_input_is_ended_and_told_so() {
    let world = World::new();
    let roster = family(&world, &["deaf"], "grace = 0.2");
    let mut peer = Peer::session(&world, "2025-11-25");
    let id = peer.request("tools/call", json!({"name": "family"}));
    roster.wait_for(5);
    peer.hang_up();
    let answer = peer.answer(&id);
    assert_eq!(answer["result"]["isError"], true, "{answer:#}");
    assert!(text_of(&answer["result"]).starts_with("stopped: "), "{answer:#}");
    assert_eq!(peer.end(), (Some(0), Vec::new()));
    roster.assert_gone(5);
}

#[test]
fn a_signal_ends_every_call() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let world = World::new();
        let roster = family(&world, &["deaf"], "grace = 0.2");
        let mut peer = Peer::session(&world, "2025-11-25");
        peer.request("tools/call", json!({"name": "family"}));
        roster.wait_for(5);
        peer.signal(signal);
        let (ended, rest) = peer.end();
        assert_eq!(ended, Some(code));
        assert_eq!(rest.len(), 1, "{rest:?}");
        assert!(text_of(&rest[0]["result"]).starts_with("stopped: "), "{rest:?}");
        roster.assert_gone(5);
    }
}

#[test]
fn after_a_signal_what_waits_is_sent_away_and_nothing_more_begins() {
    let world = World::new();
    let roster = family(&world, &["deaf"], "grace = 1.5");
    world.tool("mark.sh", world.marking());
    world.file("project/.ai/rye.toml", "[limits]\nconcurrency = 1\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let on = peer.request("tools/call", json!({"name": "family"}));
    roster.wait_for(5);
    let waits = peer.request("tools/call", json!({"name": "mark"}));
    peer.ask("ping", json!({}));
    peer.signal(Signal::TERM);
    // Who waits hears of it at once, while the run that is on still has its grace.
    let answer = peer.answer(&waits);
    assert!(text_of(&answer["result"]).starts_with("stopped: "), "{answer:#}");
    peer.request("tools/call", json!({"name": "mark"}));
    let answer = peer.answer(&on);
    assert!(text_of(&answer["result"]).starts_with("stopped: "), "{answer:#}");
    assert_eq!(peer.end(), (Some(143), Vec::new()));
    assert!(!world.ran(), "a call began after the signal");
    roster.assert_gone(5);
}

#[test]
fn a_signal_ends_a_server_in_bounded_time_whatever_grace_its_tools_want() {
    let world = World::new();
    let roster = family(&world, &["deaf"], "grace = 600");
    let mut peer = Peer::session(&world, "2025-11-25");
    let id = peer.request("tools/call", json!({"name": "family"}));
    roster.wait_for(5);
    let begin = Instant::now();
    peer.signal(Signal::TERM);
    let answer = peer.answer(&id);
    assert!(text_of(&answer["result"]).starts_with("stopped: "), "{answer:#}");
    assert_eq!(peer.end(), (Some(143), Vec::new()));
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    roster.assert_gone(5);
}

#[test]
fn a_second_signal_kills_at_once() {
    let world = World::new();
    let roster = family(&world, &["deaf"], "grace = 600");
    let mut peer = Peer::session(&world, "2025-11-25");
    let id = peer.request("tools/call", json!({"name": "family"}));
    roster.wait_for(5);
    let begin = Instant::now();
    peer.signal(Signal::TERM);
    // Two that have not been delivered yet are one.
    let status = format!("/proc/{}/status", peer.id().as_raw_nonzero());
    while !std::fs::read_to_string(&status).unwrap().contains("ShdPnd:\t0000000000000000\n") {
        assert!(begin.elapsed() < Duration::from_secs(4));
        std::thread::yield_now();
    }
    peer.signal(Signal::TERM);
    let answer = peer.answer(&id);
    assert!(text_of(&answer["result"]).starts_with("stopped: "), "{answer:#}");
    assert_eq!(peer.end(), (Some(143), Vec::new()));
    // Less than the five seconds that one signal gives the runs.
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    roster.assert_gone(5);
}

#[test]
fn a_server_without_calls_ends_at_once() {
    let world = World::new();
    for signal in [None, Some(Signal::TERM)] {
        let peer = Peer::session(&world, "2025-11-25");
        if let Some(signal) = signal {
            peer.signal(signal);
        }
        let begin = Instant::now();
        peer.end();
        assert!(begin.elapsed() < Duration::from_millis(1500), "{:?}", begin.elapsed());
    }
}

#[test]
fn a_client_that_is_gone_takes_its_calls_with_it() {
    let world = World::new();
    let roster = family(&world, &["deaf"], "grace = 0.1");
    let mut peer = Peer::session(&world, "2025-11-25");
    peer.request("tools/call", json!({"name": "family"}));
    roster.wait_for(5);
    peer.hang_up();
    roster.wait_until_gone(5);
}

#[test]
fn nothing_that_a_tool_does_touches_the_wire() {
    let world = World::new();
    let frame = json!({"jsonrpc": "2.0", "id": 101, "result": {"forged": true}});
    world.tool("forge.sh", format!("echo '{frame}'\necho '{frame}' >&2\n"));
    world.tool("steal.sh", "cat\necho \"read nothing\"\n");
    habit_tool(&world, "descriptors", &["descriptors"], "");
    let mut peer = Peer::session(&world, "2025-11-25");
    // What it prints is a result, and no message.
    let result = peer.call("forge", json!({}));
    assert_eq!(result["structuredContent"], frame);
    assert_eq!(peer.text("steal", json!({})), "read nothing");
    let before = peer.text("descriptors", json!({}));
    assert_eq!(peer.text("descriptors", json!({})), before);
    if have("python3") {
        world.tool(
            "rough.py",
            "import fcntl, os\ndef main() -> str:\n    for fd in (0, 1, 2):\n        flags = fcntl.fcntl(fd, fcntl.F_GETFL)\n        fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)\n    os.write(1, b'{\"jsonrpc\": \"2.0\", \"id\": 102, \"result\": {}}\\n')\n    for fd in range(3, 64):\n        try:\n            os.write(fd, b'noise\\n')\n        except OSError:\n            pass\n    return 'done'\n",
        );
        let result = peer.call("rough", json!({}));
        // It may have spoiled its own call, never the wire.
        assert!(result["isError"].is_boolean(), "{result:#}");
    }
    assert_eq!(peer.ask("ping", json!({})), json!({}));
    let left: Vec<Value> = peer.unread();
    assert_eq!(left, Vec::<Value>::new());
    assert_eq!(peer.end(), (Some(0), Vec::new()));
}

#[test]
fn what_a_call_leaves_behind_is_ended_with_it_and_other_calls_are_not() {
    let world = World::new();
    let roster = family(&world, &["leave"], "");
    let latch = Latch::new(&world);
    world.tool("wait.sh", latch.script());
    let mut peer = Peer::session(&world, "2025-11-25");
    let other = peer.request("tools/call", json!({"name": "wait"}));
    let result = peer.call("family", json!({}));
    assert_eq!(result["isError"], false, "{result:#}");
    roster.assert_gone(5);
    latch.release("go");
    assert_eq!(peer.answer(&other)["result"]["content"][0]["text"], "go");
}

#[test]
fn a_tool_tells_its_progress_and_a_client_that_asked_hears_it() {
    let world = World::new();
    world.tool(
        "steps.sh",
        "for n in 0 50 50 100; do echo \"progress $n/100 step $n\" > \"$RYE_REPORT\"; done\necho 'log info at work' > \"$RYE_REPORT\"\necho 'log debug hush' > \"$RYE_REPORT\"\necho done\n",
    );
    let mut peer = Peer::session(&world, "2025-11-25");
    let params = json!({"name": "steps", "_meta": {"progressToken": "t"}});
    let id = peer.request("tools/call", params.clone());
    for done in [0.0, 50.0, 100.0] {
        let told = peer.notification("notifications/progress")["params"].clone();
        assert_eq!((told["progressToken"].as_str(), told["progress"].as_f64()), (Some("t"), Some(done)));
        assert_eq!(
            (told["total"].as_f64(), told["message"].as_str()),
            (Some(100.0), Some(&*format!("step {done}")))
        );
    }
    let log = peer.notification("notifications/message")["params"].clone();
    assert_eq!((&log["level"], &log["data"]), (&json!("info"), &json!("at work")));
    assert_eq!(peer.answer(&id)["result"]["content"][0]["text"], "done");
    assert_eq!(peer.unread(), Vec::<Value>::new(), "what was not asked for came");
    peer.ask("logging/setLevel", json!({"level": "error"}));
    let id = peer.request("tools/call", json!({"name": "steps"}));
    peer.answer(&id);
    assert_eq!(peer.unread(), Vec::<Value>::new(), "nobody asked for it");
    // A stateless request asks for log lines by itself.
    let mut params = stateless(json!({"name": "steps"}));
    params["_meta"]["io.modelcontextprotocol/logLevel"] = json!("debug");
    let id = peer.request("tools/call", params);
    peer.answer(&id);
    assert_eq!(peer.unread().len(), 2);
    peer.ask("tools/call", stateless(json!({"name": "steps"})));
    assert_eq!(peer.unread(), Vec::<Value>::new());
}

#[test]
fn a_python_function_tells_its_progress_and_holds_nobody_up() {
    let world = World::new();
    let source = r#"import os, rye_report
def main(pages: int = 2) -> str:
    for page in range(1, pages + 1):
        rye_report.progress(page, pages, f"page {page}\nprogress 9 forged")
    rye_report.log("info", "x" * 10_000)
    os.environ["RYE_REPORT"] = "/nowhere/at/all"
    rye_report.progress(9)
    return rye_report.__name__
"#;
    world.tool("pages.py", source);
    let mut peer = Peer::session(&world, "2025-11-25");
    let id = peer
        .request("tools/call", json!({"name": "pages", "arguments": {}, "_meta": {"progressToken": "t"}}));
    for done in [1.0, 2.0] {
        let told = peer.notification("notifications/progress")["params"].clone();
        assert_eq!((told["progress"].as_f64(), told["total"].as_f64()), (Some(done), Some(2.0)));
        assert_eq!(told["message"], format!("page {done} progress 9 forged"));
    }
    let log = peer.notification("notifications/message")["params"]["data"].clone();
    assert_eq!(log.as_str().map(str::len), Some(4095 - "log info ".len()));
    assert_eq!(peer.answer(&id)["result"]["content"][0]["text"], "rye_report");
    assert_eq!(peer.unread(), Vec::<Value>::new());
    // At a terminal nobody listens; and a module of the project's own comes first.
    assert_eq!(world.rye(["run", "pages"]).run().ok(), "rye_report\n");
    world.file(
        "project/.ai/tools/rye_report.py",
        "def progress(*_): pass\nlog = progress\n__name__ = 'own'\n",
    );
    assert_eq!(world.rye(["run", "pages"]).run().ok(), "own\n");
}

#[test]
fn more_calls_than_may_wait_are_told_so() {
    let world = World::new();
    let latch = Latch::new(&world);
    world.file("project/.ai/rye.toml", "[limits]\nconcurrency = 1\nqueue = 1\n");
    world.tool("wait.sh", latch.script());
    let mut peer = Peer::session(&world, "2025-11-25");
    let first = peer.request("tools/call", json!({"name": "wait"}));
    let second = peer.request("tools/call", json!({"name": "wait"}));
    let told = peer.failure("wait", json!({}));
    assert!(told.starts_with("overloaded: ") && told.contains("try again"), "{told}");
    for id in [first, second] {
        latch.release("go");
        assert_eq!(peer.answer(&id)["result"]["content"][0]["text"], "go");
    }
}

#[test]
fn a_tool_that_takes_one_call_at_a_time_holds_no_other_tool_up() {
    let world = World::new();
    let latch = Latch::new(&world);
    let own = "# /// rye\n# [limits]\n# concurrency = 1\n# queue = 1\n# ///\n";
    world.tool("wait.sh", format!("{own}{}", latch.script()));
    world.tool("hello.sh", "echo hello\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let call = || json!({"name": "wait"});
    let first = peer.request("tools/call", call());
    let second = peer.request("tools/call", call());
    let told = peer.failure("wait", json!({}));
    assert!(told.starts_with("overloaded: 1 runs of `wait` are on and 1 calls wait"), "{told}");
    assert!(told.contains("hint: try again"), "{told}");
    assert_eq!(peer.text("hello", json!({})), "hello");
    // A call that is cancelled while it waits leaves its place to another.
    peer.send(
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": second}}),
    );
    let third = loop {
        let id = peer.request("tools/call", call());
        if !peer.heard(|message| message["id"] == id) {
            break id;
        }
    };
    for id in [first, third] {
        latch.release("go");
        assert_eq!(peer.answer(&id)["result"]["content"][0]["text"], "go");
    }
}

#[test]
fn clients_hear_of_a_list_that_changed_and_of_nothing_else() {
    let world = World::new();
    world.tool("one.sh", "echo one\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    peer.ask("tools/list", json!({}));
    let listen = stateless(json!({"notifications": {"toolsListChanged": true, "promptsListChanged": true}}));
    let listener = peer.request("subscriptions/listen", listen);
    let begun = peer.notification("notifications/subscriptions/acknowledged");
    assert_eq!(begun["params"]["notifications"], json!({"toolsListChanged": true}), "{begun:#}");
    let of_listener =
        |message: &Value| message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == listener;
    // Watching begins some time after the first listing: a change is made until it is heard of.
    let mut made = 0;
    while !peer.heard(|message| message["method"] == "notifications/tools/list_changed") {
        made += 1;
        world.tool(&format!("new{made}.sh"), "echo new\n");
    }
    peer.notification("notifications/tools/list_changed");
    let settle = |peer: &mut Peer| {
        while peer.heard(|message| message["method"].is_string()) {
            peer.unread();
        }
    };
    settle(&mut peer);
    // A body changes no list.
    world.tool("one.sh", "echo changed\n");
    assert!(!peer.heard(|message| message["method"].is_string()));
    world.tool("one.sh", "# /// rye\n# description = \"Another\"\n# ///\necho changed\n");
    let begin = Instant::now();
    let (mut session, mut stream) = (false, false);
    while !(session && stream) {
        assert!(begin.elapsed() < Duration::from_secs(60), "{session} {stream}");
        let told = peer.notification("notifications/tools/list_changed");
        if of_listener(&told) { stream = true } else { session = true }
    }
    // At the end whoever listens is told so.
    peer.hang_up();
    assert_eq!(peer.answer(&listener)["result"]["resultType"], "complete");
}

#[test]
fn a_client_that_does_not_read_holds_nothing_up() {
    let world = World::new();
    let roster = family(&world, &["deaf"], "grace = 0.1");
    world.tool("big.sh", "head -c 39000 /dev/zero | tr '\\0' x\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    peer.stop_reading();
    // More than a pipe holds.
    let ids: Vec<_> = (0..20).map(|_| peer.request("tools/call", json!({"name": "big"}))).collect();
    let id = peer.request("tools/call", json!({"name": "family", "_meta": {"progressToken": 1}}));
    roster.wait_for(5);
    peer.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}));
    let begin = Instant::now();
    while roster.everyone().iter().any(|one| one.is_alive()) {
        assert!(begin.elapsed() < Duration::from_secs(30), "still there");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    peer.read_on();
    for id in ids {
        assert_eq!(text_of(&peer.answer(&id)["result"]).len(), 39_000);
    }
    assert_eq!(peer.end(), (Some(0), Vec::new()));
    roster.assert_gone(5);
}
