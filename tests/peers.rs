//! The clients that people have, driving a real `rye mcp`: FastMCP, the official SDKs of Python and TypeScript, the
//! MCP Inspector. All are asked to do the same (`tests/peers/README.md`), on both transports and in both eras, and what
//! they saw must be the same.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::mcp_http::Server;
use crate::mcp_peer::text_of;
use crate::roster::Roster;
use crate::world::{Ran, World, have, misbehave, rye};

/// Where `tests/peers/install` puts them.
pub(crate) const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers");

pub(crate) const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");

const ADD: &str = r#"#!/usr/bin/env bash
# /// rye
# description = "Add two whole numbers"
# [parameters.a]
# type = "integer"
# required = true
# [parameters.b]
# type = "integer"
# required = true
# [output_schema]
# type = "object"
# required = ["sum"]
# properties = { sum = { type = "integer" } }
# ///
echo "{\"sum\": $((RYE_PARAM_A + RYE_PARAM_B))}"
"#;

const STEPS: &str = r#"echo "progress 1/2 half" > "$RYE_REPORT"
echo "progress 2/2 whole" > "$RYE_REPORT"
echo done
"#;

const PICTURE: &str = r#"echo '{"mcp_result": {"content": [
  {"type": "image", "mimeType": "image/png", "data": "iVBORw0KGgo="},
  {"type": "resource_link", "uri": "file:///plot.png", "name": "plot"}
]}}'
"#;

const GROW: &str = r#"# /// rye
# description = "Write a tool"
# [parameters.name]
# type = "string"
# required = true
# ///
echo 'echo grown' > "$RYE_PROJECT_PATH/.ai/tools/$RYE_PARAM_NAME.sh"
"#;

/// The names that every client must see, in this order.
const NAMES: [&str; 7] = ["add", "fail", "family", "grow", "picture", "stay", "steps"];

/// What the peers are asked to use, and everyone whom their calls leave to be ended.
struct Stage {
    families: Roster,
    stayed: Roster,
    /// Gone last: the rosters are files of it.
    world: World,
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        let families = Roster::new(&world);
        let stayed = Roster::at(world.root().join("stayed"));
        world.tool("add.sh", ADD);
        world.tool("fail.sh", "echo 'no such thing' >&2\nexit 3\n");
        world.tool("grow.sh", GROW);
        world.tool("picture.sh", PICTURE);
        world.tool("steps.sh", STEPS);
        // Whoever is called here does not end when it is asked to. The family tells when all of it is there.
        let deaf = |habit: &str, roster: &Roster| {
            let short = "# /// rye\n# [config]\n# grace = 0.1\n# ///\n";
            format!("{short}'{}' {habit} '{}' deaf", misbehave(), roster.path())
        };
        let told = r#" | { read -r line; echo "progress 1 $line" > "$RYE_REPORT"; cat; }"#;
        world.tool("family.sh", deaf("family", &families) + told);
        world.tool("stay.sh", deaf("stay", &stayed));
        Self { families, stayed, world }
    }

    /// Has a client talk to `rye mcp` over stdio and over HTTP, in both eras, and gives what it says of each. Whoever
    /// was called by it is gone when it has cancelled the call or given up.
    #[track_caller]
    fn driven_by(&self, program: &str, script: &str) -> Vec<Value> {
        let server = Server::start(&self.world, &["127.0.0.1:0"]);
        let words = [
            PathBuf::from(SCRIPTS).join(script),
            server.url().into(),
            rye().into(),
            "--project".into(),
            self.world.project(),
            "mcp".into(),
        ];
        let client = self.world.rye(words).cwd("/").of(Path::new(INSTALLED).join(program));
        let said = client.env("FASTMCP_CHECK_FOR_UPDATES", "off").run().ok();
        let said: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(said.len(), 4, "{said:#?}");
        self.families.wait_until_gone(4 * 5);
        self.stayed.wait_until_nobody_is_left();
        drop(server);
        said
    }
}

/// What each client must have seen, whichever it is.
#[track_caller]
fn assert_saw_all(said: &Value) {
    let revision = if said["era"] == "modern" { "2026-07-28" } else { "2025-11-25" };
    assert_eq!(said["revision"], revision, "{said:#}");
    let names: Vec<_> = said["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let grown = |name: &&str| name.contains("_legacy") || name.contains("_modern");
    assert_eq!(names.into_iter().filter(|name| !grown(name)).collect::<Vec<_>>(), NAMES, "{said:#}");

    let right = &said["right"];
    assert_eq!(
        (&right["isError"], &right["structuredContent"]["sum"]),
        (&json!(false), &json!(42)),
        "{said:#}"
    );
    assert_eq!(text_of(right), r#"{"sum": 42}"#, "{said:#}");
    let wrong = text_of(&said["wrong"]);
    assert_eq!(said["wrong"]["isError"], true, "{said:#}");
    assert!(wrong.contains("`a`: expected an integer") && wrong.contains("`b`: required"), "{wrong}");
    assert_eq!(said["failed"]["isError"], true, "{said:#}");
    assert!(text_of(&said["failed"]).contains("no such thing"), "{said:#}");
    let picture = &said["picture"]["content"];
    assert_eq!(
        (&picture[0]["type"], &picture[0]["mimeType"]),
        (&json!("image"), &json!("image/png")),
        "{said:#}"
    );
    assert_eq!(
        (&picture[0]["data"], &picture[1]["name"]),
        (&json!("iVBORw0KGgo="), &json!("plot")),
        "{said:#}"
    );
    assert_eq!(said["unknown"], -32602, "{said:#}");

    // The TypeScript SDK drops what it reads together with the answer. That progress is heard while a call is on, the
    // cancelled call shows: it is cancelled by whoever hears of it.
    let heard = said["progress"].as_array().unwrap();
    let steps = [json!([1.0, 2.0, "half"]), json!([2.0, 2.0, "whole"])];
    assert!(heard.len() <= steps.len(), "{said:#}");
    for (heard, step) in heard.iter().zip(&steps) {
        assert_eq!((heard[0].as_f64(), heard[1].as_f64()), (step[0].as_f64(), step[1].as_f64()), "{said:#}");
        assert_eq!(heard[2], step[2], "{said:#}");
    }
    for told in ["cancelled", "timed_out"] {
        assert_eq!(said[told], true, "{told}: {said:#}");
    }
    assert_eq!(said["after"]["structuredContent"]["sum"], 2, "{said:#}");
}

#[test]
fn the_python_sdk_sees_all() {
    if !have("peers") {
        return;
    }
    for said in Stage::new().driven_by("venv/bin/python3", "python_client.py") {
        assert_saw_all(&said);
        assert_eq!(said["grown"], true, "{said:#}");
    }
}

#[test]
fn the_typescript_sdk_sees_all() {
    if !have("peers") {
        return;
    }
    for said in Stage::new().driven_by("node", "typescript_client.ts") {
        assert_saw_all(&said);
        assert_eq!(said["grown"], true, "{said:#}");
    }
}

#[test]
fn fastmcp_sees_all() {
    if !have("peers") {
        return;
    }
    for said in Stage::new().driven_by("venv/bin/python3", "fastmcp_client.py") {
        assert_saw_all(&said);
        // It makes a type of the output schema.
        assert_eq!(said["typed"], 42, "{said:#}");
    }
}

/// One call of the Inspector's command line.
fn inspect(world: &World, server: &[&str], words: &[&str]) -> Ran {
    let inspector = format!("{INSTALLED}/node_modules/.bin/mcp-inspector");
    let all = [&[&inspector, "--cli", "--format", "json"], server, words].concat();
    world.rye(all).cwd("/").of(Path::new(INSTALLED).join("node")).run()
}

/// The Inspector's result; it exits 0.
#[track_caller]
fn inspected(world: &World, server: &[&str], words: &[&str]) -> Value {
    let text = inspect(world, server, words).ok();
    let said: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    said["result"].clone()
}

/// The code that the Inspector tells on standard error.
#[track_caller]
fn told(ran: &Ran) -> String {
    let stderr = ran.stderr();
    let envelope = stderr.lines().find(|line| line.starts_with("{\"error\"")).unwrap_or_default();
    let said: Value = serde_json::from_str(envelope).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    said["error"]["code"].as_str().unwrap().to_owned()
}

#[test]
fn the_inspector_sees_all_over_stdio() {
    if !have("peers") {
        return;
    }
    let world = Stage::new().world;
    let project = world.project();
    let stdio = [rye().to_str().unwrap(), "--project", project.to_str().unwrap(), "mcp"];
    for (era, revision) in [("legacy", "2025-11-25"), ("modern", "2026-07-28")] {
        let ask = |words: &[&str]| {
            let words = [words, &["--protocol-era", era]].concat();
            inspected(&world, &stdio, &words)
        };
        let begun = ask(&["--method", "initialize"]);
        assert_eq!(
            (&begun["protocolVersion"], &begun["serverInfo"]["name"]),
            (&json!(revision), &json!("rye"))
        );
        // It fails a list with a schema that some client would not take.
        let listed = ask(&["--method", "tools/list", "--strict"]);
        assert_eq!(listed["tools"].as_array().unwrap().len(), NAMES.len(), "{listed:#}");
        let added = ask(&["--method", "tools/call", "--tool-name", "add", "--tool-arg", "a=2", "b=40"]);
        assert_eq!(added["structuredContent"]["sum"], 42, "{added:#}");
        let typed = r#"{"a": "2", "b": 3.0}"#;
        let added = ask(&["--method", "tools/call", "--tool-name", "add", "--tool-args-json", typed]);
        assert_eq!(added["structuredContent"]["sum"], 5, "{added:#}");
    }
    let many = ["--load", "--load-requests", "40", "--load-concurrency", "8"];
    let load = [&["--method", "tools/call", "--tool-name", "steps"][..], &many].concat();
    let load = inspected(&world, &stdio, &load);
    assert_eq!((&load["ok"], &load["errorRate"]), (&json!(40), &json!(0)), "{load:#}");

    let picture = world.root().join("picture.png");
    let raw = ["--output-format", "raw", "--output", picture.to_str().unwrap()];
    inspected(&world, &stdio, &[&["--method", "tools/call", "--tool-name", "picture"][..], &raw].concat());
    assert_eq!(fs::read(picture).unwrap(), b"\x89PNG\r\n\x1a\n");
}

#[test]
fn the_inspector_tells_each_failure_by_its_exit_code() {
    if !have("peers") {
        return;
    }
    let world = Stage::new().world;
    let project = world.project();
    let stdio = [rye().to_str().unwrap(), "--project", project.to_str().unwrap(), "mcp"];
    let call = |words: &[&str]| {
        inspect(&world, &stdio, &[&["--method", "tools/call", "--tool-name"], words].concat())
    };
    for (words, code) in [
        (&["add", "--tool-arg", "a=two"][..], "tool_is_error"),
        (&["fail"], "tool_is_error"),
        (&["nobody"], "tool_not_found"),
    ] {
        let ran = call(words);
        assert_eq!((ran.code, told(&ran).as_str()), (Some(5), code), "{words:?}: {ran:?}");
    }
    let nowhere = [rye().to_str().unwrap(), "--project", "/nowhere", "mcp"];
    let ran = inspect(&world, &nowhere, &["--method", "tools/list"]);
    ran.fails(1, &["no `.ai` folder in `/nowhere`"]);
}

#[test]
fn the_inspector_sees_all_over_http_with_a_token_and_nothing_without() {
    if !have("peers") {
        return;
    }
    let world = Stage::new().world;
    let mut server = Server::start(&world, &["0.0.0.0:0"]);
    server.stderr.wait_for("token: ");
    let token = fs::read_to_string(world.root().join("state/mcp-token")).unwrap();
    let header = format!("Authorization: Bearer {}", token.trim());
    let url = server.url();
    let http = ["--transport", "http", "--server-url", &url];
    for era in ["legacy", "modern"] {
        let list = ["--method", "tools/list", "--protocol-era", era, "--stored-auth-only"];
        let ran = inspect(&world, &http, &list);
        assert_eq!((ran.code, told(&ran).as_str()), (Some(3), "auth_required"), "{ran:?}");
        let listed = inspected(&world, &http, &[&list[..], &["--header", &header]].concat());
        assert_eq!(listed["tools"].as_array().unwrap().len(), NAMES.len(), "{listed:#}");
    }
}
