//! What a model reads over MCP: never nothing, never too much, and nothing that only somebody at a shell can follow.

use serde_json::{Value, json};

use crate::mcp_peer::{Peer, stateless, text_of};
use crate::mcp_servers::hostile;
use crate::world::{World, have, python};

/// Every text of a result has something in it.
#[track_caller]
fn assert_says_something(result: &Value) {
    for block in result["content"].as_array().unwrap() {
        let is_blank = block["text"].as_str().is_some_and(|text| text.trim().is_empty());
        assert!(!is_blank, "{result:#}");
    }
}

#[test]
fn what_says_nothing_is_no_empty_block() {
    let world = World::new();
    world.tool("silent.sh", "true\n");
    world.tool("blank.sh", "echo; echo '  '\n");
    world.tool("aside.sh", "echo 'all 3 files are there already' >&2\n");
    world.tool("loud.sh", "seq 1 5000 >&2\n");
    world.tool(
        "nothing.sh",
        "echo '{\"mcp_result\": {\"content\": [{\"type\": \"text\", \"text\": \"\"}]}}'\n",
    );
    let mut peer = Peer::session(&world, "2025-11-25");
    for (name, text) in [
        ("silent", "(no output)"),
        ("blank", "(no output)"),
        ("aside", "(no output)\n\nstderr:\nall 3 files are there already"),
        ("nothing", "(no output)"),
    ] {
        let result = peer.call(name, json!({}));
        assert_says_something(&result);
        assert_eq!((&result["isError"], text_of(&result).as_str()), (&json!(false), text), "{name}");
    }
    // The end of it says most, and all of it can be read.
    let result = peer.call("loud", json!({}));
    let text = text_of(&result);
    assert!(text.len() < 4000 && text.contains("\n5000") && text.starts_with("(no output)"), "{text}");
    assert_eq!(result["content"][1]["type"], "resource_link", "{result:#}");
    if have("python3") {
        world.tool("empty.py", "def main() -> str:\n    print('3 done')\n    return ''\n");
        assert_eq!(peer.text("empty", json!({})), "3 done");
    }
}

#[test]
fn texts_of_an_envelope_are_as_harmless_and_as_short_as_any() {
    let world = World::new();
    let blocks = "yes '{\"type\": \"text\", \"text\": \"\\u001b[31m0123456789012345678901234567890123456789\"},' | head -n \"$RYE_PARAM_N\"";
    world.tool(
        "many.sh",
        format!(
            "# /// rye\n# [parameters.n]\n# type = \"integer\"\n# ///\necho '{{\"mcp_result\": {{\"content\": ['\n{blocks}\necho '{{\"type\": \"text\", \"text\": \"last\"}}]}}}}'\n"
        ),
    );
    let mut peer = Peer::session(&world, "2025-11-25");
    let few = peer.call("many", json!({"n": 2}));
    assert_eq!(few["content"].as_array().map(Vec::len), Some(3), "{few:#}");
    assert!(text_of(&few).starts_with("\\u{1b}[31m0123") && text_of(&few).ends_with("\nlast"), "{few:#}");
    let many = peer.call("many", json!({"n": 5000}));
    let text = text_of(&many);
    assert!(
        text.len() < 50_000 && text.ends_with("last") && text.contains("bytes cut out here"),
        "{}",
        text.len()
    );
}

#[test]
fn data_that_is_too_long_is_a_resource_unless_it_is_promised() {
    let world = World::new();
    let print = "echo \"{\\\"mcp_result\\\": {\\\"content\\\": [{\\\"type\\\": \\\"text\\\", \\\"text\\\": \\\"much\\\"}], \\\"structuredContent\\\": {\\\"a\\\": \\\"$(yes x | head -n 50000 | tr -d '\\n')\\\"}}}\"\n";
    world.tool("much.sh", print);
    let mut peer = Peer::session(&world, "2025-11-25");
    let result = peer.call("much", json!({}));
    assert_eq!(result.get("structuredContent"), None, "{result}");
    assert!(
        text_of(&result)
            .starts_with("much\n[… 50008 bytes of data left out here; the whole is the resource rye://")
    );
    let link = &result["content"][2];
    let read = peer.ask("resources/read", json!({"uri": link["uri"]}));
    assert_eq!(read["contents"][0]["text"].as_str().map(str::len), Some(50_008), "{link:#}");
}

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
fn what_a_server_says_besides_its_data_reaches_the_client_in_front() {
    if python().is_none() {
        return;
    }
    let world = World::new();
    hostile(&world, "report", "reports", "");
    hostile(&world, "failure", "reports-failure", "");
    hostile(&world, "much", "says-much", "");
    let mut peer = Peer::session(&world, "2025-11-25");
    let result = peer.call("report", json!({}));
    assert_eq!(text_of(&result), "3 rows were deleted", "{result:#}");
    assert_eq!(result["structuredContent"], json!({"n": 3}), "{result:#}");
    assert_eq!(result["_meta"], json!({"anthropic/maxResultSizeChars": 200_000}), "{result:#}");
    // What it wrote to its log while it began is no reason of a failure.
    let failed = peer.failure("failure", json!({}));
    assert!(failed.contains("3 rows were deleted") && !failed.contains("starting up"), "{failed}");
    let much = peer.call("much", json!({}));
    let text = text_of(&much);
    assert!(
        text.len() < 45_000 && text.starts_with("\\u{1b}[31mxx") && text.contains("cut out here"),
        "{}",
        text.len()
    );
    assert_eq!(much["content"][1]["type"], "image");
    // For a program the data is the data.
    assert_eq!(world.outcome(["report"])["data"], json!({"n": 3}));
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
