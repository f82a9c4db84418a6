//! MCP over HTTP: both eras on one address, who may talk to it, and how calls end there. What the official suite holds
//! (`tests/conformance/`) is not held again.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::live::{Stream, wait};
use crate::mcp_peer::{STATELESS, stateless, text_of};
use crate::roster::{Roster, habit_tool};
use crate::world::{BOUND, World};

/// A server on an address of its own.
pub(crate) struct Server {
    child: Option<Child>,
    pub(crate) port: u16,
    pub(crate) stderr: Stream,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: String,
    body: String,
}

/// The message that comes of a call that was sent.
#[track_caller]
pub(crate) fn answer_to(stream: TcpStream) -> Value {
    Answer::read(stream).message()
}

impl Answer {
    fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (headers, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = headers.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        Self { status, headers: headers.to_owned(), body: body.to_owned() }
    }

    /// The message in the body, plain or as the last event of a stream.
    #[track_caller]
    pub(crate) fn message(&self) -> Value {
        let mut events = self.body.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
        let last = events.rfind(|event| event.starts_with('{'));
        let text = last.unwrap_or(self.body.trim());
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl Server {
    pub(crate) fn start(world: &World, words: &[&str]) -> Self {
        let words: Vec<_> = ["mcp", "--http"].iter().chain(words).copied().collect();
        Self::start_command(world.rye(words).env("RYE_STATE_DIR", world.root().join("state")).command())
    }

    fn start_command(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = Stream::of(child.stderr.take().unwrap());
        stderr.wait_for("listening: http://");
        stderr.wait_for(":");
        let port = stderr.until("/mcp").parse().unwrap();
        Self { child: Some(child), port, stderr }
    }

    /// Where it is, from this machine.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }

    /// Opens a connection and sends a request.
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head.push_str(&format!("Host: 127.0.0.1:{}\r\n", self.port));
        }
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        // A server that refuses may close before it has read everything.
        let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes());
        stream
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        Answer::read(self.send(method, path, headers, body))
    }

    fn post(&self, headers: &[(&str, &str)], message: &Value) -> Answer {
        let all = [&JSON, headers].concat();
        self.request("POST", "/mcp", &all, &message.to_string())
    }

    pub(crate) fn id(&self) -> Pid {
        Pid::from_child(self.child.as_ref().unwrap())
    }

    /// A request of the newest revision, with the headers that it must have.
    pub(crate) fn stateless(&self, method: &str, params: Value, more: &[(&str, &str)]) -> Answer {
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let mut headers = vec![("MCP-Protocol-Version", STATELESS), ("Mcp-Method", method)];
        if !name.is_empty() {
            headers.push(("Mcp-Name", &name));
        }
        headers.extend(more);
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": stateless(params)});
        self.post(&headers, &message)
    }

    /// Sends a call of the newest revision, from a client of this name, and does not wait for its answer.
    pub(crate) fn send_call(&self, client: &str, params: Value) -> TcpStream {
        let name = params["name"].as_str().unwrap().to_owned();
        let more = [("MCP-Protocol-Version", STATELESS), ("Mcp-Method", "tools/call"), ("Mcp-Name", &name)];
        let mut params = stateless(params);
        params["_meta"]["io.modelcontextprotocol/clientInfo"]["name"] = client.into();
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        self.send("POST", "/mcp", &[&JSON[..], &more].concat(), &call.to_string())
    }

    /// Begins a session of the older era.
    #[track_caller]
    pub(crate) fn begin_session(&self) -> String {
        self.post(&[], &initialize()).header("Mcp-Session-Id").unwrap().to_owned()
    }

    /// The answer to a call in a session.
    #[track_caller]
    pub(crate) fn call_in_session(&self, session: &str, params: Value) -> Value {
        let headers = [("Mcp-Session-Id", session), ("MCP-Protocol-Version", "2025-11-25")];
        let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params});
        self.post(&headers, &call).message()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(self.child.as_ref().unwrap()), signal).unwrap();
    }

    #[track_caller]
    /// Begins a session and gives its id.
    pub(crate) fn session(&self) -> String {
        self.post(&[], &initialize()).header("Mcp-Session-Id").unwrap().to_owned()
    }

    /// Asks in a session and gives the result.
    #[track_caller]
    pub(crate) fn ask(&self, session: &str, method: &str, params: Value) -> Value {
        let headers = [("Mcp-Session-Id", session), ("MCP-Protocol-Version", "2025-11-25")];
        let message = json!({"jsonrpc": "2.0", "id": 2, "method": method, "params": params});
        self.post(&headers, &message).message()["result"].clone()
    }

    fn end(mut self, signal: Signal) -> Option<i32> {
        let child = self.child.take().unwrap();
        kill_process(Pid::from_child(&child), signal).unwrap();
        wait(child).code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

const JSON: [(&str, &str); 2] =
    [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")];

/// A world with one tool, `hello`.
fn world() -> World {
    let world = World::new();
    world.tool("hello.sh", "echo hello\n");
    world
}

fn initialize() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
    }})
}

#[test]
fn both_eras_live_on_one_address() {
    let world = world();
    let server = Server::start(&world, &["127.0.0.1:0"]);
    let called = server.stateless("tools/call", json!({"name": "hello"}), &[]);
    assert_eq!(called.status, 200, "{}", called.body);
    assert_eq!(called.message()["result"]["content"][0]["text"], "hello");
    assert_eq!(called.message()["result"]["resultType"], "complete");

    let begun = server.post(&[], &initialize());
    assert_eq!(begun.message()["result"]["protocolVersion"], "2025-11-25");
    let session = begun.header("Mcp-Session-Id").unwrap().to_owned();
    let headers = [("Mcp-Session-Id", session.as_str()), ("MCP-Protocol-Version", "2025-11-25")];
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "hello"}});
    let called = server.post(&headers, &call);
    assert_eq!(called.message()["result"]["content"][0]["text"], "hello", "{}", called.body);
    assert_eq!(called.message()["result"].get("resultType"), None);
    let ended = server.request("DELETE", "/mcp", &headers, "");
    assert_eq!((ended.status, ended.body.as_str()), (204, ""));
    assert_eq!(server.post(&headers, &call).status, 404, "the session is over");

    assert_eq!(server.request("GET", "/health", &[], "").body.trim(), "ok");
    assert_eq!(server.request("GET", "/else", &[], "").status, 404);
    assert_eq!(server.end(Signal::TERM), Some(143));
}

#[test]
fn a_foreign_page_is_refused_and_a_local_one_is_not() {
    let world = world();
    let server = Server::start(&world, &["127.0.0.1:0"]);
    for foreign in [("Origin", "https://evil.example"), ("Origin", "null"), ("Host", "evil.example")] {
        let answer = server.stateless("tools/list", json!({}), &[foreign]);
        assert_eq!(answer.status, 403, "{foreign:?}: {}", answer.body);
    }
    for local in
        [("Origin", "http://localhost:3000"), ("Origin", "http://127.0.0.1:1"), ("Host", "localhost")]
    {
        assert_eq!(server.stateless("tools/list", json!({}), &[local]).status, 200, "{local:?}");
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let world = world();
    let server = Server::start(&world, &["127.0.0.1:0"]);
    let text = "x".repeat(5 << 20);
    let answer = server.stateless("tools/call", json!({"name": "hello", "arguments": {"args": [text]}}), &[]);
    assert!(matches!(answer.status, 413 | 0), "{} {}", answer.status, answer.body);
    assert_eq!(server.stateless("tools/list", json!({}), &[]).status, 200);
}

/// The status of an answer, and the code of its error.
fn refusal(answer: &Answer) -> (u16, i64) {
    (answer.status, answer.message()["error"]["code"].as_i64().unwrap_or(0))
}

#[test]
fn numbers_and_cursors_are_read_as_exactly_as_on_a_pipe() {
    let world = World::new();
    let shows = "# /// rye\n# [parameters.n]\n# type = \"integer\"\n# ///\necho \"$RYE_PARAM_N\"\n";
    world.tool("show.sh", shows);
    let server = Server::start(&world, &["127.0.0.1:0"]);
    for number in [u64::MAX, (1 << 53) + 1] {
        let params = json!({"name": "show", "arguments": {"n": number}});
        let answer = server.stateless("tools/call", params, &[]);
        assert_eq!(answer.message()["result"]["content"][0]["text"], number.to_string());
    }
    let headers = [
        &JSON[..],
        &[("MCP-Protocol-Version", STATELESS), ("Mcp-Method", "tools/call"), ("Mcp-Name", "show")],
    ]
    .concat();
    let params = stateless(json!({"name": "show", "arguments": {"n": 12345}}));
    let call = json!({"jsonrpc": "2.0", "id": "x", "method": "tools/call", "params": params}).to_string();
    for number in ["18446744073709551616", "1e400", "0.1234567890123456789012345"] {
        let answer = server.request("POST", "/mcp", &headers, &call.replace("12345", number));
        assert_eq!((refusal(&answer), &answer.message()["id"]), ((400, -32602), &json!("x")), "{number}");
    }
    for cursor in [json!(1), json!({}), json!("none of ours")] {
        let answer = server.stateless("tools/list", json!({"cursor": cursor}), &[]);
        assert_eq!(answer.message()["error"]["code"], -32602, "{cursor}: {}", answer.body);
    }
}

#[test]
fn a_body_that_is_no_message_is_told_what_it_is() {
    let world = world();
    let server = Server::start(&world, &["127.0.0.1:0"]);
    let meta = stateless(json!({}))["_meta"].to_string();
    let listing = |id: &str, meta: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list","params":{{"_meta":{meta}}}}}"#)
    };
    let revision = format!("{STATELESS:?}");
    for (body, code) in [
        (String::new(), -32700),
        ("{".to_owned(), -32700),
        ("ü".to_owned(), -32700),
        ("[]".to_owned(), -32600),
        (format!("[{}]", listing("1", &meta)), -32600),
        ("3".to_owned(), -32600),
        ("{}".to_owned(), -32600),
        (listing("null", &meta), -32600),
        (listing("1.5", &meta), -32600),
        (listing("1", "5"), -32602),
        (listing("1", &meta.replace(&revision, "5")), -32602),
        (listing("1", &meta.replace(&revision, "null")), -32602),
    ] {
        let headers =
            [&JSON[..], &[("MCP-Protocol-Version", STATELESS), ("Mcp-Method", "tools/list")]].concat();
        let answer = server.request("POST", "/mcp", &headers, &body);
        assert_eq!(refusal(&answer), (400, code), "{body}: {}", answer.body);
    }
    // What is not called JSON is refused as ever.
    let plain = [("Content-Type", "text/plain"), JSON[1]];
    assert_eq!(server.request("POST", "/mcp", &plain, "{").status, 415);
}

#[test]
fn a_parameter_that_travels_in_a_header_is_held_to_the_body() {
    let world = World::new();
    let shows = "# /// rye\n# [parameters.region]\n# type = \"string\"\n# x-mcp-header = \"Region\"\n# ///\necho \"in $RYE_PARAM_REGION\"\n";
    world.tool("deploy.sh", shows);
    let server = Server::start(&world, &["127.0.0.1:0"]);
    let call = |headers: &[(&str, &str)]| {
        server.stateless("tools/call", json!({"name": "deploy", "arguments": {"region": "eu"}}), headers)
    };
    // Before any listing too.
    assert_eq!(refusal(&call(&[("Mcp-Param-Region", "us")])), (400, -32020));
    assert_eq!(refusal(&call(&[])), (400, -32020));
    let called = call(&[("Mcp-Param-Region", "eu")]);
    assert_eq!(called.message()["result"]["content"][0]["text"], "in eu", "{}", called.body);
    let tools = server.stateless("tools/list", json!({}), &[]).message()["result"]["tools"].clone();
    assert_eq!(tools[0]["inputSchema"]["properties"]["region"]["x-mcp-header"], "Region", "{tools:#}");
}

#[test]
fn an_address_that_is_taken_is_told_with_what_to_do() {
    let world = world();
    let server = Server::start(&world, &["127.0.0.1:0"]);
    let address = format!("127.0.0.1:{}", server.port);
    let taken = world.rye(["--json", "mcp", "--http", &address]).run();
    let fact = format!("`{address}` is in use by another program");
    taken.refuses(2, "invalid_arguments", &fact, "--http 127.0.0.1:0");
    let foreign = world.rye(["--json", "mcp", "--no-token", "--http", "203.0.113.1:0"]).run();
    foreign.refuses(2, "invalid_arguments", "no address of this machine", "ip address");
}

#[test]
fn an_address_that_others_reach_needs_a_token() {
    use std::os::unix::fs::PermissionsExt;
    let world = world();
    let mut server = Server::start(&world, &["0.0.0.0:0"]);
    server.stderr.wait_for("token: ");
    let path = world.root().join("state/mcp-token");
    let token = std::fs::read_to_string(&path).unwrap().trim().to_owned();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    server.stderr.wait_for(&token);
    let list = |headers: &[(&str, &str)]| server.stateless("tools/list", json!({}), headers).status;
    let (right, wrong) =
        (format!("Bearer {token}"), format!("Bearer {}", token.replace(|_: char| true, "0")));
    assert_eq!(list(&[]), 401);
    assert_eq!(list(&[("Authorization", &wrong)]), 401);
    assert_eq!(list(&[("Authorization", &right)]), 200);
    assert_eq!(list(&[("Authorization", &right), ("Origin", "https://evil.example")]), 403);
    drop(server);
    // It stays the same, and is not shown again.
    let again = Server::start(&world, &["0.0.0.0:0"]);
    assert_eq!(again.stateless("tools/list", json!({}), &[("Authorization", &right)]).status, 200);
    drop(again);
    let open = Server::start(&world, &["0.0.0.0:0", "--no-token"]);
    assert_eq!(open.stateless("tools/list", json!({}), &[]).status, 200);
}

/// A tool whose family writes itself into a roster.
fn family(world: &World) -> Roster {
    let roster = Roster::new(world);
    habit_tool(world, "family", &["family", roster.path(), "deaf"], "grace = 0.1");
    roster
}

#[test]
fn a_client_that_goes_away_ends_its_stateless_call() {
    let world = World::new();
    let roster = family(&world);
    let server = Server::start(&world, &["127.0.0.1:0"]);
    let stream = server.send_call("test", json!({"name": "family"}));
    roster.wait_for(5);
    stream.shutdown(Shutdown::Both).unwrap();
    drop(stream);
    roster.wait_until_gone(5);
}

#[test]
fn a_call_that_nobody_awaits_holds_the_end_up_no_longer_than_another() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path(), "deaf"], "grace = 600");
    let server = Server::start(&world, &["127.0.0.1:0"]);
    let stream = server.send_call("test", json!({"name": "family"}));
    roster.wait_for(5);
    stream.shutdown(Shutdown::Both).unwrap();
    drop(stream);
    let begin = Instant::now();
    assert_eq!(server.end(Signal::TERM), Some(143));
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    roster.assert_gone(5);
}

#[test]
fn a_signal_ends_calls_and_listeners() {
    let world = World::new();
    let roster = family(&world);
    let server = Server::start(&world, &["127.0.0.1:0"]);
    let begun = server.post(&[], &initialize());
    let session = begun.header("Mcp-Session-Id").unwrap().to_owned();
    let session = [("Mcp-Session-Id", session.as_str()), ("MCP-Protocol-Version", "2025-11-25")];
    let listens = [&session[..], &[("Accept", "text/event-stream")]].concat();
    let _listener = server.send("GET", "/mcp", &listens, "");
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "family"}});
    let caller = server.send("POST", "/mcp", &[&JSON[..], &session[..]].concat(), &call.to_string());
    roster.wait_for(5);
    assert_eq!(server.end(Signal::TERM), Some(143));
    roster.assert_gone(5);
    assert!(text_of(&answer_to(caller)["result"]).starts_with("stopped: "));
}

#[test]
fn a_second_signal_kills_at_once_and_nobody_gets_in_meanwhile() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path(), "deaf"], "grace = 600");
    let server = Server::start(&world, &["127.0.0.1:0"]);
    let caller = server.send_call("test", json!({"name": "family"}));
    roster.wait_for(5);
    let begin = Instant::now();
    server.signal(Signal::TERM);
    while TcpStream::connect(("127.0.0.1", server.port)).is_ok() {
        assert!(begin.elapsed() < BOUND, "connections are taken");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    assert!(roster.everyone().iter().all(|one| one.is_alive()), "it was not asked first");
    let begin = Instant::now();
    assert_eq!(server.end(Signal::TERM), Some(143));
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    roster.assert_gone(5);
    assert!(text_of(&answer_to(caller)["result"]).starts_with("stopped: "));
}
