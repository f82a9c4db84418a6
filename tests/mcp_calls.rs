//! Tools over MCP: what is listed, how arguments get in, how results and failures come out.

use serde_json::{Value, json};

use crate::mcp_peer::{Peer, stateless, text_of};
use crate::roster::habit_tool;
use crate::world::{World, have};

const ADD: &str = "\
# /// rye
# title = \"Adder\"
# description = \"Adds\"
# tags = [\"math\"]
# [parameters.a]
# type = \"integer\"
# required = true
# [parameters.b]
# type = \"integer\"
# default = 1
# [output_schema]
# type = \"object\"
# properties = { sum = { type = \"integer\" } }
# required = [\"sum\"]
# [annotations]
# read_only = true
# idempotent = true
# [call]
# output = \"json\"
# ///
echo \"{\\\"sum\\\": $((RYE_PARAM_A + ${RYE_PARAM_B:-1}))}\"
";

#[test]
fn a_tool_is_listed_with_all_it_says() {
    let world = World::new();
    world.tool("math/add.sh", ADD);
    let mut peer = Peer::session(&world, "2025-11-25");
    let list = peer.ask("tools/list", json!({}));
    let tool = &list["tools"][0];
    assert_eq!(tool["name"], "math_add");
    assert_eq!((&tool["title"], &tool["description"]), (&json!("Adder"), &json!("Adds")));
    assert_eq!(tool["inputSchema"]["type"], "object");
    assert_eq!(tool["inputSchema"]["required"], json!(["a"]));
    assert_eq!(tool["inputSchema"]["additionalProperties"], false);
    assert_eq!(tool["outputSchema"]["required"], json!(["sum"]));
    assert_eq!(tool["annotations"], json!({"readOnlyHint": true, "idempotentHint": true}));
    let result = peer.call("math_add", json!({"a": 2}));
    assert_eq!(result["structuredContent"], json!({"sum": 3}));
    assert_eq!(text_of(&result), "{\"sum\": 3}");
    // Its id is its name too, for people who know it.
    assert_eq!(peer.call("math/add", json!({"a": 2, "b": 5}))["structuredContent"], json!({"sum": 7}));
}

#[test]
fn lists_come_in_the_order_of_names_and_in_pages() {
    let world = World::new();
    world.file("project/.ai/rye.toml", "[mcp]\nmode = \"tools\"\n");
    for n in 0..1010 {
        world.tool(&format!("t{:04}.sh", (n * 7) % 1010), "echo\n");
    }
    let mut peer = Peer::session(&world, "2025-11-25");
    let first = peer.ask("tools/list", json!({}));
    let cursor = first["nextCursor"].as_str().unwrap().to_owned();
    let second = peer.ask("tools/list", json!({ "cursor": cursor }));
    assert_eq!(second.get("nextCursor"), None);
    let name = |tool: &Value| tool["name"].as_str().unwrap().to_owned();
    let names = |page: &Value| page["tools"].as_array().unwrap().iter().map(name).collect::<Vec<_>>();
    let all = [names(&first), names(&second)].concat();
    let wanted: Vec<_> = (0..1010).map(|n| format!("t{n:04}")).collect();
    assert_eq!(all, wanted);
    assert_eq!(peer.ask("tools/list", json!({"cursor": ""}))["tools"].as_array().unwrap().len(), 1000);
    for cursor in ["nonsense", "x", "AAAA"] {
        assert_eq!(peer.error("tools/list", json!({ "cursor": cursor })), -32602, "{cursor}");
        assert_eq!(peer.error("tools/list", stateless(json!({ "cursor": cursor }))), -32602, "{cursor}");
    }
}

#[test]
fn hidden_and_broken_files_are_not_listed_and_say_what_they_are_when_called() {
    let world = World::new();
    world.tool("good.sh", "echo good\n");
    world.tool("secret.sh", "# /// rye\n# hidden = true\n# ///\necho secret\n");
    world.tool("broken.sh", "# /// rye\n# descripton = 1\n# ///\necho\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    assert_eq!(peer.names(), ["good"]);
    assert_eq!(peer.text("secret", json!({})), "secret");
    let told = peer.failure("broken", json!({}));
    assert!(told.starts_with("invalid_metadata: ") && told.contains("descripton"), "{told}");
}

#[test]
fn a_file_that_is_new_or_changed_counts_at_once() {
    let world = World::new();
    world.tool("one.sh", "echo one\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    assert_eq!(peer.text("one", json!({})), "one");
    world.tool("two.sh", "echo two\n");
    assert_eq!(peer.text("two", json!({})), "two");
    world.tool("one.sh", "echo changed\n");
    assert_eq!(peer.text("one", json!({})), "changed");
    assert_eq!(peer.names(), ["one", "two"]);
}

#[test]
fn names_that_would_be_one_are_two() {
    let world = World::new();
    world.tool("a/b.sh", "echo slash\n");
    world.tool("a_b.sh", "echo underscore\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let names = peer.names();
    assert_eq!(names.len(), 2, "{names:?}");
    let mut texts: Vec<_> = names.iter().map(|name| peer.text(name, json!({}))).collect();
    texts.sort();
    assert_eq!(texts, ["slash", "underscore"]);
    // What was a name before the second file came means none of the two.
    assert_eq!(peer.error("tools/call", json!({"name": "a_b"})), -32602);
    assert_eq!(peer.text("a/b", json!({})), "slash");
}

#[test]
fn all_that_is_wrong_with_arguments_is_one_text() {
    let world = World::new();
    world.tool("math/add.sh", ADD);
    let mut peer = Peer::session(&world, "2025-11-25");
    let told = peer.failure("math_add", json!({"a": "two", "c": 1}));
    assert!(told.starts_with("invalid_arguments: "), "{told}");
    for word in ["`a`", "`c`"] {
        assert!(told.contains(word), "{told}");
    }
    let told = peer.failure("math_add", json!({}));
    assert!(told.contains("`a`"), "{told}");
    // What a client wrote as text is read as what the schema wants.
    assert_eq!(peer.call("math_add", json!({"a": "2"}))["structuredContent"], json!({"sum": 3}));
}

#[test]
fn a_failure_tells_what_the_tool_said() {
    let world = World::new();
    world.tool("fail.sh", "echo out; echo err >&2; exit 3\n");
    world.tool("slow.sh", "# /// rye\n# [config]\n# timeout = 1\n# ///\necho begun\nsleep 60\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let told = peer.failure("fail", json!({}));
    for word in ["tool_failed: `fail` exited with code 3", "stderr:\nerr", "stdout:\nout"] {
        assert!(told.contains(word), "no {word:?} in: {told}");
    }
    let told = peer.failure("slow", json!({}));
    assert!(told.starts_with("timed_out: ") && told.contains("stdout:\nbegun"), "{told}");
}

#[test]
fn results_of_every_kind_are_data_where_the_revision_allows_it() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("give.py", "import json\ndef main(value: str):\n    return json.loads(value)\n");
    world.tool("quiet.py", "def main():\n    print('printed')\n");
    world.tool("silent.py", "def main():\n    pass\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let mut give = |value: &str| {
        let arguments = json!({"name": "give", "arguments": {"value": value}});
        let old = peer.ask("tools/call", arguments.clone());
        let new = peer.ask("tools/call", stateless(arguments));
        assert_eq!(text_of(&old), text_of(&new));
        let data = |result: &Value| result.get("structuredContent").cloned();
        (text_of(&old), data(&old), data(&new))
    };
    let object = json!({"a": [1, 2]});
    assert_eq!(give("{\"a\": [1, 2]}"), ("{\"a\":[1,2]}".into(), Some(object.clone()), Some(object)));
    assert_eq!(give("[1, 2]"), ("[1,2]".into(), None, Some(json!([1, 2]))));
    assert_eq!(give("3"), ("3".into(), None, Some(json!(3))));
    assert_eq!(give("\"text\""), ("text".into(), None, None));
    assert_eq!(peer.text("quiet", json!({})), "printed");
    assert_eq!(peer.text("silent", json!({})), "(no output)");
}

#[test]
fn a_schema_that_is_no_object_is_shown_only_where_the_revision_allows_it() {
    let world = World::new();
    let script = "# /// rye\n# [output_schema]\n# type = \"array\"\n# items = { type = \"integer\" }\n# [call]\n# output = \"json\"\n# ///\necho '[1, 2]'\n";
    world.tool("numbers.sh", script);
    let mut peer = Peer::session(&world, "2025-11-25");
    let tool = peer.ask("tools/list", json!({}))["tools"][0].clone();
    assert_eq!(tool.get("outputSchema"), None);
    let tool = peer.ask("tools/list", stateless(json!({})))["tools"][0].clone();
    assert_eq!(tool["outputSchema"]["type"], "array");
    assert_eq!(peer.call("numbers", json!({})).get("structuredContent"), None);
    let called = peer.ask("tools/call", stateless(json!({"name": "numbers"})));
    assert_eq!(called["structuredContent"], json!([1, 2]));
}

#[test]
fn a_result_that_breaks_its_schema_is_a_failure() {
    let world = World::new();
    world.tool("math/add.sh", ADD.replace("\\\"sum\\\"", "\\\"total\\\""));
    let mut peer = Peer::session(&world, "2025-11-25");
    let told = peer.failure("math_add", json!({"a": 1}));
    assert!(told.starts_with("invalid_output: ") && told.contains("sum"), "{told}");
}

#[test]
fn an_envelope_carries_every_kind_of_content() {
    let world = World::new();
    world.tool(
        "show.sh",
        r#"cat <<'END'
{"mcp_result": {"content": [
  {"type": "text", "text": "look", "annotations": {"audience": ["user"], "priority": 0.5}},
  {"type": "image", "data": "QUJD", "mimeType": "image/png"},
  {"type": "audio", "data": "QUJD", "mimeType": "audio/wav"},
  {"type": "resource_link", "uri": "file:///x", "name": "x", "size": 3},
  {"type": "resource", "resource": {"uri": "test://r", "mimeType": "text/plain", "text": "inside"}}
], "structuredContent": {"n": 1}, "_meta": {"example.org/k": "v"}}}
END
"#,
    );
    world.tool("bad.sh", "echo '{\"mcp_result\": {\"content\": [{\"type\": \"image\"}]}}'\n");
    world.tool("refuse.sh", "echo '{\"mcp_result\": {\"content\": [{\"type\": \"text\", \"text\": \"no\"}], \"isError\": true}}'\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let result = peer.call("show", json!({}));
    let blocks = result["content"].as_array().unwrap();
    let kinds: Vec<_> = blocks.iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text", "image", "audio", "resource_link", "resource"], "{result:#}");
    assert_eq!(blocks[0]["annotations"], json!({"audience": ["user"], "priority": 0.5}));
    assert_eq!(blocks[1], json!({"type": "image", "data": "QUJD", "mimeType": "image/png"}));
    assert_eq!(blocks[3]["size"], 3);
    assert_eq!(blocks[4]["resource"]["text"], "inside");
    assert_eq!(blocks[4]["resource"]["mimeType"], "text/plain");
    assert_eq!(result["structuredContent"], json!({"n": 1}));
    assert_eq!(result["_meta"]["example.org/k"], "v");
    let told = peer.failure("bad", json!({}));
    assert!(told.starts_with("invalid_output: ") && told.contains("data"), "{told}");
    assert_eq!(peer.failure("refuse", json!({})), "no");
}

#[test]
fn what_moves_a_cursor_is_written_out() {
    let world = World::new();
    world.tool("color.sh", "printf '\\033[31mred\\033[0m \\342\\200\\256x'\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    assert_eq!(peer.text("color", json!({})), "\\u{1b}[31mred\\u{1b}[0m \\u{202e}x");
}

#[test]
fn a_tool_has_the_trace_and_not_the_servers_variables() {
    let world = World::new();
    habit_tool(&world, "environment", &["environment"], "");
    let mut peer = Peer::start_command({
        let mut command = world.rye(["mcp"]).env("SECRET_TOKEN", "hunter2").command();
        command.env("TRACEPARENT", "inherited");
        command
    });
    peer.initialize("2025-11-25");
    let params = json!({"name": "environment", "_meta": {"traceparent": "00-abc-def-01", "baggage": "a=b"}});
    let text = text_of(&peer.ask("tools/call", params));
    assert!(text.contains("TRACEPARENT=00-abc-def-01\n") && text.contains("BAGGAGE=a=b\n"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    let text = peer.text("environment", json!({}));
    assert!(!text.contains("TRACEPARENT"), "{text}");
}

#[test]
fn a_configuration_says_what_is_shown() {
    let world = World::new();
    for name in ["demo/one", "demo/two", "other", "tagged"] {
        let tags = if name == "tagged" { "tags = [\"safe\"]" } else { "" };
        world.tool(&format!("{name}.sh"), format!("# /// rye\n# {tags}\n# ///\necho {name}\n"));
    }
    world.user_tool("mine.sh", "echo mine\n");
    let names = |config: &str| {
        world.file("project/.ai/rye.toml", config);
        Peer::session(&world, "2025-11-25").names()
    };
    assert_eq!(names(""), ["demo_one", "demo_two", "mine", "other", "tagged"]);
    assert_eq!(names("[mcp]\ntools = [\"demo/*\"]\n"), ["demo_one", "demo_two", "mine"]);
    assert_eq!(names("[mcp]\nhide = [\"demo/*\", \"mine\"]\n"), ["other", "tagged"]);
    assert_eq!(names("[mcp]\nspaces = [\"user\"]\n"), ["mine"]);
    assert_eq!(names("[mcp]\ntags = [\"safe\"]\n"), ["mine", "tagged"]);
    // What is not shown cannot be called either.
    let mut peer = Peer::session(&world, "2025-11-25");
    assert_eq!(peer.error("tools/call", json!({"name": "other"})), -32602);
    world.file(
        "project/.ai/rye.toml",
        "[mcp]\ntool = []\nmode = \"loud\"\nthreshold = 0\nspaces = [\"moon\"]\n",
    );
    let ran = world.rye(["--json", "mcp"]).run();
    let told = ran.json()["error"].to_string();
    for word in ["invalid_config", "`tool`", "did you mean `tools`", "`loud`", "threshold", "moon"] {
        assert!(told.contains(word), "no {word:?} in {told}");
    }
}

#[test]
fn three_tools_stand_for_many() {
    let world = World::new();
    world.file("project/.ai/rye.toml", "[mcp]\nthreshold = 2\n");
    world.tool("math/add.sh", ADD);
    world.tool("one.sh", "echo one\n");
    let names = |world: &World| Peer::session(world, "2025-11-25").names();
    assert_eq!(names(&world), ["math_add", "one"]);
    world.tool("search.sh", "echo mine\n");
    assert_eq!(names(&world), ["execute", "load", "search"]);
    let mut peer = Peer::session(&world, "2025-11-25");
    let list = peer.ask("tools/list", json!({}));
    let tools = list["tools"].as_array().unwrap();
    assert!(tools.iter().all(|tool| tool["inputSchema"]["type"] == "object"), "{list:#}");

    let found = peer.call("search", json!({"query": "adds"}));
    assert_eq!(found["structuredContent"]["tools"][0]["name"], "math_add", "{found:#}");
    assert_eq!(found["structuredContent"]["tools"][0]["arguments"], json!(["a", "b"]));
    assert!(text_of(&found).contains("math_add"));
    let loaded = peer.call("load", json!({"names": ["math_add", "on"]}));
    let data = &loaded["structuredContent"];
    assert_eq!(data["tools"][0]["inputSchema"]["required"], json!(["a"]), "{loaded:#}");
    assert_eq!(data["unknown"][0], json!({"name": "on", "didYouMean": "one"}));
    let run = peer.call("execute", json!({"name": "math_add", "arguments": {"a": 1, "b": 2}}));
    assert_eq!(run["structuredContent"], json!({"sum": 3}));
    let run = peer.call("execute", json!({"name": "math_add", "arguments": "{\"a\": 1}"}));
    assert_eq!(run["structuredContent"], json!({"sum": 2}));
    // A tool whose name one of the three has is run by way of it.
    assert_eq!(text_of(&peer.call("execute", json!({"name": "search"}))), "mine");
    // Every other is callable by its own name.
    assert_eq!(peer.text("one", json!({})), "one");
    for (name, arguments) in [
        ("search", json!({})),
        ("search", json!({"query": "x", "limit": 0})),
        ("load", json!({"names": []})),
        ("execute", json!({})),
        ("execute", json!({"name": "one", "arguments": [1]})),
    ] {
        assert!(peer.failure(name, arguments).starts_with("invalid_arguments: "));
    }
    world.file("project/.ai/rye.toml", "[mcp]\nthreshold = 2\nmode = \"tools\"\n");
    assert_eq!(names(&world), ["math_add", "one", "search"]);
    world.file("project/.ai/rye.toml", "[mcp]\nmode = \"meta\"\n");
    assert_eq!(names(&world), ["execute", "load", "search"]);
}
