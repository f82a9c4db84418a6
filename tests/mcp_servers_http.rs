//! Tools of other MCP servers over HTTP: what is sent in both eras, what becomes of sessions and streams, and servers
//! that answer badly. Loopback alone is ever asked.

use rye_executor::peer::{self, Address, Call, Terms};
use rye_executor::{CallOptions, Config, Host, RunEvent};
use serde_json::{Value, json};

use crate::http_server::{Answer, Request, Server, answer, answer_with};
use crate::library::{block_on, executor, plan};
use crate::mcp_http::Server as RyeServer;
use crate::mcp_peer::{SESSIONS, STATELESS};
use crate::world::World;

/// A tool `t` of the server at a URL, by a runtime of the server's own.
fn served(world: &World, url: &str, runtime: &str, tool: &str) {
    let text = format!(
        "tool_type = \"runtime\"\nexecutor_id = \"mcp_http_runtime\"\n[call]\nstyle = \"mcp\"\n[config]\nurl = {url:?}\nallow_hosts = [\"127.0.0.1\"]\n{runtime}\n"
    );
    world.tool("runtimes/theirs.toml", text);
    world.tool("t.toml", format!("executor_id = \"theirs\"\n[config]\ntool = \"greet\"\n{tool}\n"));
}

fn message(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

fn result(request: &Request, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": message(request)["id"], "result": result})
}

fn plain(request: &Request, given: Value) -> Answer {
    answer(200, "application/json", result(request, given).to_string())
}

fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

/// A server of the older era, but for calls.
fn older(request: &Request, call: impl Fn(&Request) -> Answer) -> Answer {
    if request.method != "POST" {
        return call(request);
    }
    match message(request)["method"].as_str() {
        Some("server/discover") => answer(400, "text/plain", "Bad Request: no valid session ID"),
        Some("initialize") => {
            let known = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}});
            let body = result(request, known).to_string();
            answer_with(200, &[("Content-Type", "application/json"), ("Mcp-Session-Id", "s1")], body)
        }
        Some("notifications/initialized") => answer(202, "text/plain", ""),
        Some("tools/list") => plain(request, json!({"tools": [{"name": "greet"}]})),
        _ => call(request),
    }
}

/// A stream of events.
fn stream(events: &[String]) -> Answer {
    answer(200, "text/event-stream; charset=utf-8", events.concat())
}

fn event(message: &Value) -> String {
    format!("event: message\ndata: {message}\n\n")
}

fn methods(server: &Server) -> Vec<String> {
    let seen = server.seen();
    seen.iter()
        .map(|request| match message(request)["method"].as_str() {
            Some(method) => method.to_owned(),
            None => request.method.clone(),
        })
        .collect()
}

#[test]
fn a_server_of_ours_is_reached_in_both_eras() {
    let world = World::new();
    let greet =
        "# /// rye\n# [parameters.name]\n# type = \"string\"\n# ///\necho \"Hello $RYE_PARAM_NAME\"\n";
    let other = World::new();
    other.tool("greet.sh", greet);
    let server = RyeServer::start(&other, &["127.0.0.1:0"]);
    let url = format!("http://127.0.0.1:{}/mcp", server.port);
    let revisions =
        SESSIONS.into_iter().chain([STATELESS]).map(|revision| format!("protocol = {revision:?}"));
    for config in revisions.chain([String::new()]) {
        served(&world, &url, &config, "");
        let outcome = world.outcome(["t", "--name", "Ada"]);
        assert_eq!(outcome["data"], "Hello Ada", "{config}: {outcome:#}");
        assert_eq!(
            (&outcome["ending"]["kind"], &outcome["ending"]["status"]),
            (&json!("responded"), &json!(200))
        );
        let chain: Vec<_> =
            outcome["chain"].as_array().unwrap().iter().map(|link| link["id"].clone()).collect();
        assert_eq!(chain, ["t", "runtimes/theirs", "rye/core/runtimes/mcp_http_runtime", "http_client"]);
    }
    let address = Address::Url { url, headers: vec![], allow_hosts: vec!["127.0.0.1".into()], proxy: None };
    let listed = block_on(peer::list(&address, &Host::default(), Terms::default())).unwrap();
    assert_eq!((listed.protocol.as_str(), listed.server.as_str()), (STATELESS, "rye"));
    assert_eq!(listed.tools[0]["name"], "greet");
    let arguments = json!({"name": "Eve"}).as_object().cloned().unwrap();
    let call = Call { tool: "greet".to_owned(), arguments, ..Call::default() };
    let outcome = block_on(peer::call(&address, call, &Host::default(), Terms::default()));
    assert_eq!(outcome.data_as::<String>().unwrap().as_deref(), Some("Hello Eve"));
}

#[test]
fn a_request_of_the_newer_era_says_all_in_its_head() {
    let world = World::new();
    let server = Server::start(|_, request| match message(request)["method"].as_str() {
        Some("server/discover") => plain(request, json!({"supportedVersions": [STATELESS]})),
        _ => {
            let exact = r#"{"resultType": "complete", "structuredContent": {"n": 1.50}, "content": []}"#;
            let id = &message(request)["id"];
            answer(200, "application/json", format!(r#"{{"jsonrpc": "2.0", "id": {id}, "result": {exact}}}"#))
        }
    });
    let headers = "[config.headers]\nAuthorization = \"Bearer ${TOKEN}\"\nAccept = \"text/html\"\nMcp-Session-Id = \"mine\"\n";
    served(&world, &server.url(), headers, "[config.mirrored]\nRegion = [\"region\"]\nGone = [\"gone\"]\n");
    let ran = world.rye(["--json", "run", "t", "--region", "Köln"]).env("TOKEN", "s3cret").run();
    assert_eq!(ran.json()["data"], json!({"n": 1.5}), "{}", ran.stdout());
    assert!(ran.stdout().contains("\"n\": 1.50") && !ran.stdout().contains("s3cret"), "{}", ran.stdout());
    let seen = server.seen();
    assert_eq!(methods(&server), ["server/discover", "tools/call"]);
    for request in &seen {
        assert_eq!(request.header("accept"), Some("application/json, text/event-stream"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("mcp-protocol-version"), Some(STATELESS));
        assert_eq!(request.header("mcp-method"), message(request)["method"].as_str());
        assert_eq!(request.header("authorization"), Some("Bearer s3cret"));
        assert_eq!(request.header("mcp-session-id"), None);
        let meta = &message(request)["params"]["_meta"];
        assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], STATELESS);
    }
    assert_eq!(seen[1].header("mcp-name"), Some("greet"));
    assert_eq!(seen[1].header("mcp-param-region"), Some("=?base64?S8O2bG4=?="));
    assert_eq!(seen[1].header("mcp-param-gone"), None);
}

#[test]
fn a_session_is_begun_used_and_ended() {
    let world = World::new();
    let server = Server::start(|_, request| {
        older(request, |request| match request.method.as_str() {
            "DELETE" => answer(200, "text/plain", ""),
            _ => {
                let token = &message(request)["params"]["_meta"]["progressToken"];
                let params = json!({"progressToken": token, "progress": 1, "total": 2});
                let progress =
                    json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params});
                stream(&[
                    event(&progress),
                    ": still here\n\n".to_owned(),
                    event(&result(request, text("hi"))),
                ])
            }
        })
    });
    served(&world, &server.url(), "", "");
    assert_eq!(world.data(["t"]), "hi");
    let words = ["server/discover", "initialize", "notifications/initialized", "tools/call", "DELETE"];
    assert_eq!(methods(&server), words);
    let seen = server.seen();
    assert_eq!((seen[1].header("mcp-session-id"), seen[1].header("mcp-protocol-version")), (None, None));
    for request in &seen[2..] {
        assert_eq!(request.header("mcp-session-id"), Some("s1"));
        assert_eq!(request.header("mcp-protocol-version"), Some("2025-11-25"));
        assert_eq!(request.header("mcp-method"), None);
    }

    // Two calls of one executor share a session, and the end of the executor is its end.
    let from = server.seen().len();
    let executor = executor(&world, Config::default());
    block_on(async {
        let mut run = executor.start(plan(&executor, "t", CallOptions::default())).unwrap();
        let mut events = Vec::new();
        while let Some(event) = run.next_event().await {
            events.push(event);
        }
        assert_eq!(events, [RunEvent::Progress { done: 1.0, total: Some(2.0), message: None }]);
        assert!(run.outcome().await.unwrap().success);
        let again = executor.start(plan(&executor, "t", CallOptions::default())).unwrap();
        assert!(again.outcome().await.unwrap().success);
        executor.shutdown().await;
    });
    let words =
        ["server/discover", "initialize", "notifications/initialized", "tools/call", "tools/call", "DELETE"];
    assert_eq!(methods(&server)[from..], words);
    let ids: Vec<_> = server.seen()[from..].iter().map(|request| message(request)["id"].clone()).collect();
    assert_ne!(ids[3], ids[4]);
}

#[test]
fn a_forgotten_session_is_begun_anew_once() {
    let world = World::new();
    let server = Server::start(|number, request| {
        older(request, |request| match (request.method.as_str(), number) {
            ("POST", 3) => answer(404, "text/plain", "no such session"),
            ("POST", _) => plain(request, text("again")),
            _ => answer(200, "text/plain", ""),
        })
    });
    served(&world, &server.url(), "protocol = \"2025-11-25\"", "");
    assert_eq!(world.data(["t"]), "again");
    let once = ["initialize", "notifications/initialized", "tools/call"];
    assert_eq!(methods(&server), [&once[..], &once, &["DELETE"]].concat());

    let server = Server::start(|_, request| older(request, |_| answer(404, "text/plain", "never")));
    served(&world, &server.url(), "protocol = \"2025-11-25\"", "");
    let outcome = world.outcome(["t"]);
    assert_eq!(outcome["error"]["code"], "http_status", "{outcome:#}");
    assert_eq!(methods(&server).iter().filter(|method| *method == "tools/call").count(), 2);
}

#[test]
fn a_stream_that_breaks_off_is_taken_up_where_it_did() {
    let world = World::new();
    let server = Server::start(|_, request| {
        older(request, |request| match request.method.as_str() {
            "POST" => stream(&["id: 7\nretry: 10\ndata: \n\n".to_owned(), "data: {\"half".to_owned()]),
            "GET" if request.header("last-event-id") == Some("7") => {
                // The call was the third request with an id.
                stream(&[event(&json!({"jsonrpc": "2.0", "id": 2, "result": text("late")}))])
            }
            _ => answer(200, "text/plain", ""),
        })
    });
    served(&world, &server.url(), "protocol = \"2025-11-25\"", "");
    assert_eq!(world.data(["t"]), "late");
    let words = ["initialize", "notifications/initialized", "tools/call", "GET", "DELETE"];
    assert_eq!(methods(&server), words);
    assert_eq!(server.seen()[3].header("accept"), Some("text/event-stream"));
}

#[test]
fn what_a_server_asks_in_a_stream_is_answered() {
    let world = World::new();
    let server = Server::start(|_, request| {
        older(request, |request| match (request.method.as_str(), message(request).get("result").is_some()) {
            ("POST", false) if message(request)["method"] == "tools/call" => {
                let asks = json!({"jsonrpc": "2.0", "id": "q", "method": "ping"});
                stream(&[event(&asks), event(&result(request, text("thanks")))])
            }
            ("POST", true) => answer(202, "text/plain", ""),
            _ => answer(405, "text/plain", ""),
        })
    });
    served(&world, &server.url(), "protocol = \"2025-11-25\"", "");
    assert_eq!(world.data(["t"]), "thanks");
    let answered = server.seen().into_iter().map(|request| message(&request)).find(|sent| sent["id"] == "q");
    assert_eq!(answered, Some(json!({"jsonrpc": "2.0", "id": "q", "result": {}})));
}

#[test]
fn a_server_that_answers_badly_is_a_failure_that_says_how() {
    let huge = format!("data: {}", "x".repeat(11 << 20));
    for (call, code, told) in [
        (answer(401, "text/plain", "who are you \u{1b}[31m"), "http_status", "who are you \\\\u{1b}"),
        (answer(500, "text/html", "<html>"), "http_status", "500"),
        (answer(200, "text/html", "<html>"), "invalid_output", "text/html"),
        (answer(202, "text/plain", ""), "invalid_output", "202"),
        (
            answer(200, "application/json", "{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}"),
            "invalid_output",
            "200",
        ),
        (answer(200, "text/event-stream", ""), "http_transport", "closed its stream"),
        (answer(200, "text/event-stream", huge), "output_limit", "10485760"),
        (Answer::Raw(Vec::new()), "http_transport", "failed"),
    ] {
        let world = World::new();
        let server = Server::start(move |_, request| older(request, |_| call.clone()));
        served(&world, &server.url(), "protocol = \"2025-11-25\"\nretries = 0", "");
        let outcome = world.outcome(["t"]);
        assert_eq!(outcome["error"]["code"], code, "{outcome:#}");
        assert!(outcome["error"].to_string().contains(told), "no {told:?} in {outcome:#}");
    }
}

#[test]
fn a_server_that_keeps_silent_meets_the_deadline() {
    let world = World::new();
    let server = Server::start(|_, request| {
        older(request, |request| match (request.method.as_str(), message(request)["method"].as_str()) {
            ("POST", Some("notifications/cancelled")) => answer(202, "text/plain", ""),
            ("POST", _) => Answer::Silence,
            _ => answer(200, "text/plain", ""),
        })
    });
    served(&world, &server.url(), "protocol = \"2025-11-25\"", "timeout = 1");
    let outcome = world.outcome(["t"]);
    assert_eq!(
        (&outcome["error"]["code"], &outcome["ending"]["kind"]),
        (&json!("timed_out"), &json!("timed_out"))
    );
    server.wait_for_leaving();
    let cancelled = server
        .seen()
        .into_iter()
        .map(|request| message(&request))
        .find(|sent| sent["method"] == "notifications/cancelled");
    assert_eq!(cancelled.unwrap()["params"]["requestId"], 2);
}

#[test]
fn a_special_address_is_refused_unless_its_host_is_named() {
    let world = World::new();
    let server = Server::echo();
    world.tool(
        "t.toml",
        format!(
            "executor_id = \"mcp_http_runtime\"\n[call]\nstyle = \"mcp\"\n[config]\ntool = \"x\"\nurl = {:?}\n",
            server.url()
        ),
    );
    let outcome = world.outcome(["t"]);
    assert_eq!(outcome["error"]["code"], "address_refused", "{outcome:#}");
    server.untouched();
}
