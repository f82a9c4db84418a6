//! What a model reads over MCP: never nothing, never too much, and nothing that only somebody at a shell can follow.

use serde_json::json;

use crate::mcp_peer::{Peer, stateless, text_of};
use crate::world::{World, have};

#[test]
fn hints_speak_to_those_who_have_no_shell() {
    let world = World::new();
    world.tool("add.sh", "# /// rye\n# [parameters.a]\n# type = \"integer\"\n# required = true\n# [parameters.b]\n# type = \"integer\"\n# default = 2\n# [parameters.c]\n# type = \"string\"\n# ///\necho\n");
    world.tool("slow.sh", "# /// rye\n# [config]\n# timeout = 0.1\n# ///\nsleep 100\n");
    world.tool("fail.sh", "exit 3\n");
    let mut peer = Peer::start_command(world.rye(["mcp"]).env("WITHHELD", "1").command());
    peer.initialize("2025-11-25");
    let wrong = peer.failure("add", json!({"b": "x"}));
    assert!(wrong.contains("hint: it is called as `add(a: int, b: int = 2, c?: str)`"), "{wrong}");
    let slow = peer.failure("slow", json!({}));
    assert!(slow.contains("raise `timeout` in `[config]`"), "{slow}");
    for told in [wrong, slow, peer.failure("fail", json!({}))] {
        for word in ["`rye ", "`--"] {
            assert!(!told.contains(word), "{word:?} in: {told}");
        }
    }
    // At a shell they are as ever.
    let refused = world.rye(["--json", "run", "add"]).run();
    refused.refuses(2, "invalid_arguments", "required and not given", "`rye run add --help`");
}

#[test]
fn a_name_that_no_tool_has_is_met_with_the_nearest() {
    let world = World::new();
    world.tool("add.sh", "echo 3\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let error = peer.exchange("tools/call", json!({"name": "ad"}))["error"].clone();
    assert_eq!(error["code"], -32602);
    assert_eq!(error["message"], "there is no tool `ad`; did you mean `add`?");
    assert_eq!(error["data"], json!({"didYouMean": "add"}));
    world.file("project/.ai/rye.toml", "[mcp]\nmode = \"meta\"\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let told = peer.failure("execute", json!({"name": "ad"}));
    assert_eq!(told, "invalid_arguments: there is no tool `ad`; did you mean `add`?");
    assert_eq!(peer.text("execute", json!({"name": "add", "arguments": "{}"})), "3");
    // What a client writes as text is read, as for any tool.
    for names in [json!(["add"]), json!("[\"add\"]"), json!("add")] {
        let loaded = peer.call("load", json!({"names": names}));
        assert_eq!(loaded["structuredContent"]["tools"][0]["name"], "add", "{loaded:#}");
    }
    let found = peer.call("search", json!({"query": "add", "limit": "3"}));
    assert_eq!(found["structuredContent"]["total"], 1, "{found:#}");
}

#[test]
fn null_for_what_may_be_left_out_leaves_it_out() {
    let world = World::new();
    world.tool(
        "show.sh",
        "# /// rye\n# [call]\n# parameters = \"stdin\"\n# [parameters.a]\n# type = \"integer\"\n# [parameters.b]\n# type = [\"integer\", \"null\"]\n# [parameters.c]\n# type = \"object\"\n# properties = { d = { type = \"integer\" } }\n# [parameters.must]\n# type = \"integer\"\n# required = true\n# ///\ncat\n",
    );
    let mut peer = Peer::session(&world, "2025-11-25");
    assert_eq!(peer.text("show", json!({"a": null, "b": null, "must": 1})), "{\"b\":null,\"must\":1}");
    let told = peer.failure("show", json!({"must": null, "c": {"d": null}}));
    assert!(told.contains("`must`: expected an integer, found null"), "{told}");
    assert!(told.contains("`c.d`: expected an integer, found null"), "{told}");
    // At every door.
    let stateless =
        peer.ask("tools/call", stateless(json!({"name": "show", "arguments": {"a": null, "must": 1}})));
    assert_eq!(text_of(&stateless), "{\"must\":1}");
}

#[test]
fn each_alternative_says_why_it_does_not_fit() {
    let world = World::new();
    world.tool(
        "pick.sh",
        "# /// rye\n# [parameters.at]\n# required = true\n# oneOf = [{ type = \"object\", properties = { x = { type = \"integer\" } }, required = [\"x\"] }, { type = \"object\", properties = { name = { type = \"string\" } }, required = [\"name\"] }]\n# ///\ntrue\n",
    );
    let mut peer = Peer::session(&world, "2025-11-25");
    let told = peer.failure("pick", json!({"at": {"x": "a"}}));
    assert!(told.contains("`at`: an object fits none of the alternatives: (1) `at.x`: "), "{told}");
    assert!(told.contains("(2) `at`: \"name\" is a required property"), "{told}");
}

#[test]
fn errors_of_a_server_that_was_started_at_the_root_name_whole_paths() {
    let world = World::new();
    world.tool("broken.sh", "# /// rye\n# descripton = 1\n# ///\necho\n");
    let project = world.project();
    let mut command = world.rye(["--project", project.to_str().unwrap(), "mcp"]).command();
    command.current_dir("/");
    let mut peer = Peer::start_command(command);
    peer.initialize("2025-11-25");
    let told = peer.failure("broken", json!({}));
    let file = project.join(".ai/tools/broken.sh").canonicalize().unwrap();
    assert!(told.contains(file.to_str().unwrap()), "{told}");
}
