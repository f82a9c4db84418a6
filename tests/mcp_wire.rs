//! MCP on the raw wire: what a server of ours answers to what is right, to what is wrong, and to what is neither.

use serde_json::{Value, json};

use crate::mcp_peer::{Latch, Peer, SESSIONS, STATELESS, stateless};
use crate::world::World;

/// A world with one tool, `hello`.
fn world() -> World {
    let world = World::new();
    world.tool("hello.sh", "# /// rye\n# description = \"Says hello\"\n# ///\necho hello\n");
    world
}

#[test]
fn a_session_is_begun_in_each_revision_that_has_one() {
    let world = world();
    for revision in SESSIONS {
        let mut peer = Peer::start(&world);
        let answer = peer.initialize(revision);
        assert_eq!(answer["protocolVersion"], revision);
        assert_eq!(answer["serverInfo"]["name"], "rye");
        assert!(answer["capabilities"]["tools"].is_object(), "{answer:#}");
        assert_eq!(answer.get("resultType"), None, "{answer:#}");
        let list = peer.ask("tools/list", json!({}));
        assert_eq!(list["tools"][0]["name"], "hello");
        for key in ["resultType", "ttlMs", "cacheScope", "_meta"] {
            assert_eq!(list.get(key), None, "{list:#}");
        }
        assert_eq!(peer.text("hello", json!({})), "hello");
        assert_eq!(peer.ask("ping", json!({})), json!({}));
        assert_eq!(peer.end().0, Some(0));
    }
}

#[test]
fn a_revision_that_is_not_known_is_answered_with_the_newest_that_has_sessions() {
    let world = world();
    for wanted in ["1999-01-01", "2024-11-05", STATELESS, "2999-01-01"] {
        let mut peer = Peer::start(&world);
        assert_eq!(peer.initialize(wanted)["protocolVersion"], "2025-11-25", "{wanted}");
        // What was agreed on counts, not what was wanted.
        assert_eq!(peer.ask("ping", json!({})), json!({}), "{wanted}");
        assert_eq!(peer.ask("tools/list", json!({})).get("resultType"), None, "{wanted}");
    }
}

#[test]
fn a_second_initialize_begins_anew() {
    let world = world();
    let mut peer = Peer::session(&world, "2025-06-18");
    assert_eq!(peer.initialize("2999-01-01")["protocolVersion"], "2025-11-25");
    assert_eq!(peer.ask("ping", json!({})), json!({}));
    assert_eq!(peer.ask("tools/list", json!({})).get("resultType"), None);
}

#[test]
fn a_request_that_names_its_revision_needs_no_session() {
    let world = world();
    let mut peer = Peer::start(&world);
    let found = peer.ask("server/discover", stateless(json!({})));
    assert_eq!(found["resultType"], "complete");
    assert!(found["ttlMs"].is_u64() && found["cacheScope"] == "private", "{found:#}");
    let versions = found["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!(STATELESS)), "{found:#}");
    let list = peer.ask("tools/list", stateless(json!({})));
    assert_eq!(list["resultType"], "complete");
    assert!(list["ttlMs"].is_u64() && list["cacheScope"] == "private", "{list:#}");
    assert_eq!(list["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "rye");
    let called = peer.ask("tools/call", stateless(json!({"name": "hello"})));
    assert_eq!((&called["resultType"], &called["content"][0]["text"]), (&json!("complete"), &json!("hello")));
    assert_eq!(called["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "rye");
    assert_eq!(peer.error("ping", stateless(json!({}))), -32601);
    assert_eq!(peer.error("logging/setLevel", stateless(json!({"level": "info"}))), -32601);
}

#[test]
fn both_eras_live_on_one_wire() {
    let world = world();
    let mut peer = Peer::start(&world);
    assert_eq!(peer.ask("tools/list", stateless(json!({})))["resultType"], "complete");
    peer.initialize("2025-11-25");
    assert_eq!(peer.ask("tools/list", json!({})).get("resultType"), None);
    assert_eq!(peer.ask("tools/list", stateless(json!({})))["resultType"], "complete");
    assert_eq!(peer.ask("ping", json!({})), json!({}));
}

#[test]
fn what_a_stateless_request_lacks_is_told() {
    let world = world();
    let mut peer = Peer::start(&world);
    let mut unknown = stateless(json!({}));
    unknown["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2999-01-01");
    for method in ["tools/list", "server/discover"] {
        let answer = peer.exchange(method, unknown.clone());
        assert_eq!(answer["error"]["code"], -32022, "{answer:#}");
        assert_eq!(answer["error"]["data"]["requested"], "2999-01-01", "{answer:#}");
        assert!(answer["error"]["data"]["supported"].as_array().unwrap().contains(&json!(STATELESS)));
    }
    let mut bare = stateless(json!({}));
    bare["_meta"].as_object_mut().unwrap().remove("io.modelcontextprotocol/clientCapabilities");
    assert_eq!(peer.error("tools/list", bare), -32602);
    let mut anonymous = stateless(json!({}));
    anonymous["_meta"].as_object_mut().unwrap().remove("io.modelcontextprotocol/clientInfo");
    assert!(peer.ask("tools/list", anonymous)["tools"].is_array());
}

#[test]
fn a_revision_that_nobody_can_read_begins_no_session() {
    let world = world();
    let mut peer = Peer::start(&world);
    for revision in [json!(5), Value::Null, json!(["2026-07-28"])] {
        let mut params = stateless(json!({"name": "hello"}));
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = revision.clone();
        assert_eq!(peer.error("tools/call", params), -32602, "{revision}");
    }
    assert_eq!(peer.error("tools/call", json!({"name": "hello", "_meta": 5})), -32602);
    assert_eq!(peer.ask("tools/call", stateless(json!({"name": "hello"})))["content"][0]["text"], "hello");
}

#[test]
fn before_a_session_only_ping_is_answered() {
    let world = world();
    let mut peer = Peer::start(&world);
    // What would end other servers: a notification, a cancellation, an answer to nothing.
    peer.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    peer.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}));
    peer.send(&json!({"jsonrpc": "2.0", "id": 9, "result": {}}));
    assert_eq!(peer.error("tools/list", json!({})), -32602);
    assert_eq!(peer.error("tools/call", json!({"name": "hello"})), -32602);
    assert_eq!(peer.ask("ping", json!({})), json!({}));
    peer.initialize("2025-11-25");
    assert_eq!(peer.names(), ["hello"]);
}

#[test]
fn methods_that_are_not_offered_are_not_there() {
    let world = world();
    let mut peer = Peer::session(&world, "2025-11-25");
    for (method, params) in [
        ("prompts/list", json!({})),
        ("prompts/get", json!({"name": "x"})),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a", "value": "b"}}),
        ),
        ("resources/subscribe", json!({"uri": "a:b"})),
        ("subscriptions/listen", json!({"notifications": {}})),
        ("tasks/get", json!({"taskId": "x"})),
        ("no/such", json!({})),
    ] {
        assert_eq!(peer.error(method, params), -32601, "{method}");
    }
    assert_eq!(peer.error("prompts/list", stateless(json!({}))), -32601);
}

#[test]
fn parameters_that_do_not_fit_are_not_an_unknown_method() {
    let world = world();
    let mut peer = Peer::session(&world, "2025-11-25");
    for params in [
        json!({}),
        json!({"name": 7}),
        json!({"name": "hello", "arguments": "text"}),
        json!({"name": "hello", "arguments": [1]}),
        json!({"name": "no-such-tool"}),
        json!([1, 2]),
    ] {
        assert_eq!(peer.error("tools/call", params.clone()), -32602, "{params}");
        let Value::Object(_) = params else { continue };
        assert_eq!(peer.error("tools/call", stateless(params.clone())), -32602, "{params}");
    }
    assert_eq!(peer.error("tools/list", json!({"cursor": 7})), -32602);
    assert_eq!(peer.error("resources/read", json!({})), -32602);
    // No arguments at all are none.
    assert_eq!(peer.text("hello", json!({})), "hello");
    assert_eq!(peer.ask("tools/call", json!({"name": "hello"}))["isError"], false);
}

#[test]
fn a_tool_that_is_not_there_has_a_nearest_name() {
    let world = world();
    let mut peer = Peer::session(&world, "2025-11-25");
    let answer = peer.exchange("tools/call", json!({"name": "helo"}));
    assert_eq!(answer["error"]["data"]["didYouMean"], "hello", "{answer:#}");
}

#[test]
fn ids_are_strings_or_whole_numbers_and_come_back_as_they_were() {
    let world = world();
    let mut peer = Peer::session(&world, "2025-11-25");
    for id in [json!(0), json!(-3), json!(i64::MAX), json!("text"), json!(""), json!("7")] {
        peer.send(&json!({"jsonrpc": "2.0", "id": id, "method": "ping"}));
        assert_eq!(peer.answer(&id)["result"], json!({}), "{id}");
    }
    for id in [json!(null), json!(1.5), json!(true), json!([1]), json!({"a": 1}), json!(u64::MAX)] {
        peer.send(&json!({"jsonrpc": "2.0", "id": id, "method": "ping"}));
        let answer = peer.wait_for(|message| message.get("error").is_some());
        assert_eq!(answer["error"]["code"], -32600, "{id}");
        assert_eq!(answer.get("id"), None, "{id}");
    }
}

#[test]
fn an_id_that_is_on_is_not_taken_twice() {
    let world = world();
    let latch = Latch::new(&world);
    world.tool("wait.sh", latch.script());
    let mut peer = Peer::session(&world, "2025-11-25");
    let call = json!({"jsonrpc": "2.0", "id": "x", "method": "tools/call", "params": {"name": "wait"}});
    peer.send(&call);
    peer.send(&json!({"jsonrpc": "2.0", "id": "x", "method": "ping"}));
    let refused = peer.wait_for(|message| message.get("error").is_some());
    assert_eq!((refused["error"]["code"].as_i64(), refused.get("id")), (Some(-32600), None));
    latch.release("go");
    assert_eq!(peer.answer(&json!("x"))["result"]["content"][0]["text"], "go");
    // It may be used again when it is answered.
    peer.send(&json!({"jsonrpc": "2.0", "id": "x", "method": "ping"}));
    assert_eq!(peer.answer(&json!("x"))["result"], json!({}));
}

#[test]
fn what_is_no_message_is_refused_or_passed_over_and_harms_nothing() {
    let world = world();
    let mut peer = Peer::session(&world, "2025-11-25");
    for garbage in ["garbage", "{", "\"", "{\"jsonrpc\":\"2.0\",\"id\":1,", "\u{0}\u{1}", "}{", "nul"] {
        peer.raw(format!("{garbage}\n"));
    }
    peer.raw(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\xff\"}\n");
    peer.raw(b"\n\r\n   \n");
    peer.raw(format!("{}\n", "[".repeat(100_000)));
    for (message, id) in [
        ("7", None),
        ("\"text\"", None),
        ("[]", None),
        ("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", None),
        ("{}", None),
        ("{\"id\":1}", Some(1)),
        ("{\"id\":2,\"method\":\"ping\"}", Some(2)),
        ("{\"jsonrpc\":\"1.0\",\"id\":3,\"method\":\"ping\"}", Some(3)),
        ("{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":7}", Some(4)),
        ("{\"jsonrpc\":\"2.0\",\"id\":5}", Some(5)),
    ] {
        peer.raw(format!("{message}\n"));
        let answer = peer.wait_for(|message| message.get("error").is_some());
        assert_eq!(answer["error"]["code"], -32600, "{message}: {answer}");
        assert_eq!(answer.get("id").and_then(Value::as_i64), id, "{message}: {answer}");
    }
    // A line with a Windows end, and one that comes in pieces.
    peer.raw("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}\r\n");
    assert_eq!(peer.answer(&json!("a"))["result"], json!({}));
    peer.raw("{\"jsonrpc\":\"2.0\",\"id\":\"b\",");
    assert_eq!(peer.unread(), Vec::<Value>::new());
    peer.raw("\"method\":\"ping\"}\n");
    assert_eq!(peer.answer(&json!("b"))["result"], json!({}));
    peer.stderr.wait_for("not JSON");
    peer.stderr.wait_for("not UTF-8");
    assert_eq!(peer.end(), (Some(0), Vec::new()));
}

#[test]
fn several_messages_in_one_line_belong_to_one_revision() {
    let world = world();
    let mut peer = Peer::session(&world, "2025-03-26");
    peer.raw("[{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"method\":\"tools/list\"}]\n");
    assert_eq!(peer.answer(&json!("b"))["result"]["tools"][0]["name"], "hello");
    assert_eq!(peer.answer(&json!("a"))["result"], json!({}));
}

#[test]
fn a_large_message_works_and_a_huge_one_is_refused() {
    let world = World::new();
    world.tool(
        "length.py",
        "def main(text: str) -> int:\n    \"\"\"How long a text is.\"\"\"\n    return len(text)\n",
    );
    if !crate::world::have("python3") {
        return;
    }
    let mut peer = Peer::session(&world, "2025-11-25");
    let text = "x".repeat(5 << 20);
    assert_eq!(peer.text("length", json!({ "text": text })), (5 << 20).to_string());
    for (head, tail, id) in [
        ("{\"jsonrpc\":\"2.0\",\"id\":\"h\",\"method\":\"x\",\"params\":{\"a\":\"", "\"}}\n", json!("h")),
        ("{\"params\":{\"a\":\"", "\"},\"method\":\"x\",\"jsonrpc\":\"2.0\",\"id\":7}\n", json!(7)),
        ("", "\n", Value::Null),
    ] {
        peer.raw(head);
        peer.raw(vec![b'y'; 17 << 20]);
        peer.raw(tail);
        let answer = peer.wait_for(|message| message.get("error").is_some());
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(-32600), &id), "{answer:#}");
        assert_eq!(peer.ask("ping", json!({})), json!({}));
    }
    peer.stderr.wait_for("16 MiB");
}

#[test]
fn numbers_arrive_exact_or_are_refused() {
    let world = World::new();
    world
        .tool("show.sh", "# /// rye\n# [parameters.n]\n# type = \"integer\"\n# ///\necho \"$RYE_PARAM_N\"\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    assert_eq!(peer.text("show", json!({"n": u64::MAX})), u64::MAX.to_string());
    for number in ["18446744073709551616", "1e400", "0.1234567890123456789012345"] {
        peer.raw(format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":\"n\",\"method\":\"tools/call\",\"params\":{{\"name\":\"show\",\"arguments\":{{\"n\":{number}}}}}}}\n"
        ));
        let answer = peer.answer(&json!("n"));
        assert_eq!(answer["error"]["code"], -32602, "{answer:#}");
    }
    assert_eq!(peer.ask("ping", json!({})), json!({}));
}

#[test]
fn fifty_calls_at_once_are_all_answered() {
    let world = World::new();
    world
        .tool("echo.sh", "# /// rye\n# [parameters.n]\n# type = \"integer\"\n# ///\necho \"$RYE_PARAM_N\"\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let ids: Vec<_> =
        (0..50).map(|n| peer.request("tools/call", json!({"name": "echo", "arguments": {"n": n}}))).collect();
    for (n, id) in ids.iter().enumerate() {
        let answer = peer.answer(id);
        assert_eq!(answer["result"]["content"][0]["text"], n.to_string(), "{answer:#}");
    }
    assert_eq!(peer.end(), (Some(0), Vec::new()));
}
