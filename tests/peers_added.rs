//! Servers of other people's frameworks, taken in by `rye mcp add`: a FastMCP server, over stdio and over HTTP, and one
//! of the official TypeScript SDK. Their tools run by `rye run`, and by `rye mcp` in front of them.

use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::live::Stream;
use crate::mcp_peer::Peer;
use crate::peers::{INSTALLED, SCRIPTS};
use crate::world::{World, have};

/// A FastMCP server on a port of its own; ended when dropped.
struct Web {
    child: Child,
    url: String,
    /// It logs there, and answers nothing sensible when nobody reads.
    _stderr: Stream,
}

impl Web {
    fn start(world: &World) -> Self {
        let words = [format!("{SCRIPTS}/fastmcp_server.py"), "0".to_owned()];
        let mut command = world.rye(words).of(format!("{INSTALLED}/venv/bin/python3").into()).command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = Stream::of(child.stderr.take().unwrap());
        stderr.wait_for("running on ");
        let url = stderr.until(" ") + "/mcp";
        Self { child, url, _stderr: stderr }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Takes a server in as `peer`.
#[track_caller]
fn add(world: &World, words: &[&str]) {
    let added = world.rye(["mcp", "add", "peer"].iter().chain(words)).run().ok();
    assert!(added.starts_with("added peer: 6 tools of peer "), "{added}");
    let checked = world.rye(["--json", "check"]).run().json();
    assert_eq!((&checked["problems"], &checked["tools"]), (&json!([]), &json!(6)), "{checked:#}");
}

/// Runs each of its tools, at the command line and over MCP; `sum` and `hello` are what the framework makes of the
/// same results.
#[track_caller]
fn assert_all_run(world: &World, sum: &Value, hello: &Value) {
    assert_eq!(&world.data(["mcp/peer/add", "--a", "2", "--b", "40"]), sum);
    assert_eq!(&world.data(["mcp/peer/hello", "--name", "Ada", "--times", "2"]), hello);
    let picture = world.data(["mcp/peer/picture"]);
    let block = &picture["mcp_result"]["content"][0];
    assert_eq!(
        (&block["mimeType"], &block["data"]),
        (&json!("image/png"), &json!("iVBORw0KGgo=")),
        "{picture:#}"
    );
    let failed = world.outcome(["mcp/peer/fail"]);
    assert_eq!(failed["error"]["code"], "tool_failed", "{failed:#}");
    assert!(failed["error"]["message"].as_str().unwrap().contains("no such thing"), "{failed:#}");
    // What the server has declared is checked before it is asked.
    world.refused(["mcp/peer/add", "--a", "two"], 2, "invalid_arguments", &["`a`", "`b`"]);

    let mut client = Peer::session(world, "2025-11-25");
    let added = client.call("mcp_peer_add", json!({"a": 2, "b": 40}));
    assert_eq!((&added["isError"], &added["structuredContent"]), (&json!(false), sum), "{added:#}");
    let picture = client.call("mcp_peer_picture", json!({}));
    assert_eq!(picture["content"][0]["mimeType"], "image/png", "{picture:#}");
    let failed = client.failure("mcp_peer_fail", json!({}));
    assert!(failed.contains("no such thing"), "{failed}");
    let call = json!({"name": "mcp_peer_steps", "arguments": {}, "_meta": {"progressToken": "steps"}});
    client.ask("tools/call", call);
    let heard = &client.notification("notifications/progress")["params"];
    assert_eq!((&heard["progressToken"], &heard["message"]), (&json!("steps"), &json!("half")), "{heard:#}");
}

#[test]
fn the_tools_of_a_fastmcp_server_are_taken_in_and_run() {
    if !have("peers") {
        return;
    }
    let world = World::new();
    let [python, script] = [format!("{INSTALLED}/venv/bin/python3"), format!("{SCRIPTS}/fastmcp_server.py")];
    add(&world, &["--", &python, &script]);
    let hello = json!({"greeting": "Hello Ada Hello Ada", "length": 3});
    assert_all_run(&world, &json!({"result": 42}), &hello);
}

#[test]
fn the_tools_of_a_fastmcp_server_over_http_are_taken_in_and_run() {
    if !have("peers") {
        return;
    }
    let world = World::new();
    let web = Web::start(&world);
    add(&world, &["--url", &web.url]);
    let hello = json!({"greeting": "Hello Ada Hello Ada", "length": 3});
    assert_all_run(&world, &json!({"result": 42}), &hello);
}

#[test]
fn the_tools_of_a_typescript_server_are_taken_in_and_run() {
    if !have("peers") {
        return;
    }
    let world = World::new();
    let [node, script] = [format!("{INSTALLED}/node"), format!("{SCRIPTS}/typescript_server.ts")];
    add(&world, &["--", &node, &script]);
    assert_all_run(&world, &json!({"sum": 42}), &json!("Hello Ada Hello Ada"));
}
