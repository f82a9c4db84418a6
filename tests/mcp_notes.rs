//! What a server says about itself, and what it takes in while it runs: names that collide, tools that nobody gets,
//! another `rye.toml`, a first folder of tools.

use serde_json::{Value, json};

use crate::mcp_peer::{Latch, Peer, stateless};
use crate::world::World;

/// A tool whose required parameter has a name that clients refuse.
const REFUSED: &str = "executor_id = \"subprocess\"\n[config]\ncommand = \"true\"\n[input_schema]\ntype = \"object\"\nrequired = [\"a b\"]\n[input_schema.properties.\"a b\"]\ntype = \"string\"\n";

/// A project with one of each.
fn odd(world: &World) {
    for id in ["a/b", "a_b", "plain"] {
        world.tool(&format!("{id}.sh"), "echo hello\n");
    }
    world.tool("refused.toml", REFUSED);
    world.tool("broken.toml", "executor_id = 1\n");
}

fn told(messages: &[Value]) -> Vec<&str> {
    let of_server = |message: &&Value| message["params"]["logger"] == "rye";
    let texts = messages.iter().filter(of_server).filter_map(|message| message["params"]["data"].as_str());
    texts.collect()
}

#[test]
fn what_is_odd_is_told_once_to_a_person_and_to_clients_that_keep_a_log() {
    let world = World::new();
    odd(&world);
    let mut peer = Peer::session(&world, "2025-11-25");
    assert_eq!(peer.names().len(), 3);
    peer.names();
    assert_eq!(told(&peer.unread()), [""; 0], "nobody asked for log lines");
    peer.ask("logging/setLevel", json!({"level": "warning"}));
    let messages = peer.unread();
    let texts = told(&messages);
    assert!(messages.iter().all(|message| message["params"]["level"] == "warning"), "{messages:?}");
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts[0].starts_with("several tools would be called `a_b`: `a/b` is `a_b_"), "{texts:?}");
    assert!(texts[1].starts_with("`refused` is shown to no client: `a b`: "), "{texts:?}");
    assert!(texts[2].contains("`rye check`"), "{texts:?}");
    // Once, unless there is something new.
    world.tool("broken2.toml", "executor_id = 1\n");
    peer.names();
    peer.names();
    let messages = peer.unread();
    assert_eq!(told(&messages).len(), 1, "{messages:?}");
    assert!(told(&messages)[0].starts_with("2 tools have mistakes"), "{messages:?}");
    peer.ask("logging/setLevel", json!({"level": "error"}));
    // A request that stands for itself hears what concerns it, if it asks.
    let mut params = stateless(json!({}));
    peer.ask("tools/list", params.clone());
    assert_eq!(told(&peer.unread()), [""; 0]);
    params["_meta"]["io.modelcontextprotocol/logLevel"] = json!("info");
    peer.ask("tools/list", params);
    assert_eq!(told(&peer.unread()).len(), 3);
    let printed = peer.stderr.until("note: 2 tools have mistakes");
    for text in texts {
        assert_eq!(printed.matches(&format!("note: {text}\n")).count(), 1, "{printed}");
    }
    let doctor = world.rye(["--json", "doctor"]).run();
    let warnings = doctor.json()["warnings"].to_string();
    assert!(
        warnings.contains("would be `a_b`") && warnings.contains("`refused` is shown to no"),
        "{warnings}"
    );
}

#[test]
fn many_odd_things_are_counted_and_not_all_told() {
    let world = World::new();
    for number in 0..60 {
        world.tool(&format!("x/{number}.sh"), "echo\n");
        world.tool(&format!("x_{number}.sh"), "echo\n");
    }
    let mut peer = Peer::session(&world, "2025-11-25");
    peer.ask("logging/setLevel", json!({"level": "debug"}));
    peer.names();
    let messages = peer.unread();
    let texts = told(&messages);
    assert_eq!((texts.len(), texts[19]), (20, "41 more such notes: `rye check` has them"));
}

#[test]
fn another_rye_toml_counts_at_once_and_a_broken_one_changes_nothing() {
    let world = World::new();
    let latch = Latch::new(&world);
    world.tool("one.sh", latch.script());
    world.tool("two.sh", "echo two\n");
    let config = |text: &str| world.file("project/.ai/rye.toml", text);
    let mut peer = Peer::session(&world, "2025-11-25");
    assert_eq!(peer.names(), ["one", "two"]);
    let changed = |message: &Value| message["method"] == "notifications/tools/list_changed";
    // Watching begins some time after the first listing: the change is made until it is heard of.
    let hear = |peer: &mut Peer, text: &str| {
        config(text);
        while !peer.heard(changed) {
            config(text);
        }
        peer.unread();
    };
    hear(&mut peer, "[mcp]\nhide = [\"two\"]\n");
    assert_eq!(peer.names(), ["one"]);
    assert_eq!(peer.error("tools/call", json!({"name": "two"})), -32602);
    config("[mcp]\nhide = \"two\n");
    assert_eq!(peer.names(), ["one"]);
    peer.stderr.wait_for("what was read before counts still: ");
    peer.stderr.wait_for("rye.toml");
    // Limits are no part of the list, and count all the same.
    config("[limits]\nconcurrency = 1\nqueue = 1\n");
    assert_eq!(peer.names(), ["one", "two"]);
    let calls = [(); 2].map(|()| peer.request("tools/call", json!({"name": "one"})));
    assert!(peer.failure("two", json!({})).starts_with("overloaded: "));
    for id in &calls {
        latch.release("go");
        assert_eq!(peer.answer(id)["result"]["content"][0]["text"], "go");
    }
    std::fs::remove_file(world.project().join(".ai/rye.toml")).unwrap();
    assert_eq!(peer.text("two", json!({})), "two");
}

#[test]
fn a_first_folder_of_tools_is_seen() {
    let world = World::new();
    world.tool("x.sh", "echo x\n");
    std::fs::remove_dir_all(world.tools()).unwrap();
    let mut peer = Peer::session(&world, "2025-11-25");
    assert_eq!(peer.names(), [""; 0]);
    let mut made = 0;
    while !peer.heard(|message| message["method"] == "notifications/tools/list_changed") {
        made += 1;
        world.tool(&format!("new{made}.sh"), "echo new\n");
    }
    assert_eq!(peer.text("new1", json!({})), "new");
}

#[test]
fn a_client_with_a_token_hears_every_ten_seconds_that_a_silent_tool_runs() {
    let world = World::new();
    let latch = Latch::new(&world);
    let before = "echo 'progress 5/10 begun' > \"${RYE_REPORT:-/dev/null}\"\n";
    let after = "echo 'progress 6/10 woken' > \"${RYE_REPORT:-/dev/null}\"\n";
    world.tool("quiet.sh", format!("{before}{}{after}", latch.script()));
    let mut peer = Peer::session(&world, "2025-11-25");
    let id = peer.request("tools/call", json!({"name": "quiet", "_meta": {"progressToken": "t"}}));
    let mut heard = Vec::new();
    for message in ["begun", "running for"] {
        let told = peer.notification("notifications/progress")["params"].clone();
        assert_eq!(told["progressToken"], "t");
        assert!(told["message"].as_str().unwrap().starts_with(message), "{told}");
        heard.push(told["progress"].as_f64().unwrap());
    }
    latch.release("go");
    assert_eq!(peer.answer(&id)["result"]["content"][0]["text"], "go");
    heard.push(peer.notification("notifications/progress")["params"]["progress"].as_f64().unwrap());
    assert!(heard.is_sorted_by(|one, next| one < next) && (heard[0], heard[2]) == (5.0, 6.0), "{heard:?}");
    assert!(!peer.heard(|message| message["method"] == "notifications/progress"), "after the answer");
}

#[test]
fn schemas_are_shown_as_declared_to_those_who_ask_for_it() {
    let world = World::new();
    let schema = "executor_id = \"subprocess\"\n[config]\ncommand = \"true\"\n[input_schema]\ntype = \"object\"\n[input_schema.properties.x]\n\"$ref\" = \"#/$defs/word\"\n[input_schema.\"$defs\".word]\ntype = \"string\"\n";
    world.tool("refers.toml", schema);
    world.tool("refused.toml", REFUSED);
    let mut peer = Peer::session(&world, "2025-11-25");
    let tools = peer.ask("tools/list", json!({}))["tools"].clone();
    assert_eq!(tools[0]["inputSchema"]["properties"]["x"], json!({"type": "string"}), "{tools:#}");
    assert_eq!(tools.as_array().map(Vec::len), Some(1), "{tools:#}");
    world.file("project/.ai/rye.toml", "[mcp]\nschemas = \"raw\"\n");
    let tools = peer.ask("tools/list", json!({}))["tools"].clone();
    let names: Vec<_> = tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["refers", "refused"]);
    assert_eq!(tools[0]["inputSchema"]["properties"]["x"], json!({"$ref": "#/$defs/word"}), "{tools:#}");
    assert_eq!(tools[1]["inputSchema"]["required"], json!(["a b"]), "{tools:#}");
}

#[test]
fn who_listens_hears_of_changes_though_nobody_has_listed() {
    let world = World::new();
    world.tool("one.sh", "echo one\n");
    let mut peer = Peer::start(&world);
    for wrong in [json!({}), json!({"notifications": 5}), json!({"notifications": {"toolsListChanged": "x"}})]
    {
        assert_eq!(peer.error("subscriptions/listen", stateless(wrong.clone())), -32602, "{wrong}");
    }
    peer.request("subscriptions/listen", stateless(json!({"notifications": {"toolsListChanged": true}})));
    peer.notification("notifications/subscriptions/acknowledged");
    let is_change = |message: &Value| message["method"] == "notifications/tools/list_changed";
    // Which of them is there at the first listing is not known; the next one is a change.
    for number in 0..60 {
        world.tool(&format!("new{number}.sh"), "echo new\n");
        if peer.heard(is_change) {
            return;
        }
    }
    panic!("nothing was heard");
}
