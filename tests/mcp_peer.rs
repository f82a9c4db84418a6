//! An MCP client of our own making: it writes raw lines to a real `rye mcp` and reads what comes back, line by line.
//! Whatever is not one JSON message a line fails the test, and no wait is without a bound.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::live::{Stream, wait};
use crate::world::{BOUND, World};

/// The newest revision, which knows no sessions.
pub(crate) const STATELESS: &str = "2026-07-28";
/// The revisions with a handshake, the newest first.
pub(crate) const SESSIONS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/// A server, and its client's end.
pub(crate) struct Peer {
    child: Option<Child>,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    pub(crate) stderr: Stream,
    /// What came and was not asked for yet.
    unread: Vec<Value>,
    last_id: u64,
    /// Whether nothing is read.
    paused: Arc<(Mutex<bool>, Condvar)>,
}

impl Peer {
    /// Starts `rye mcp` in the project of a world.
    pub(crate) fn start(world: &World) -> Self {
        Self::start_command(world.rye(["mcp"]).command())
    }

    pub(crate) fn start_command(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        let paused = Arc::new((Mutex::new(false), Condvar::new()));
        let seen = Arc::clone(&paused);
        std::thread::spawn(move || {
            for line in stdout.lines() {
                let Ok(line) = line else { return };
                drop(seen.1.wait_while(seen.0.lock().unwrap(), |paused| *paused));
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let stderr = Stream::of(child.stderr.take().unwrap());
        let stdin = child.stdin.take();
        Self { child: Some(child), stdin, lines, stderr, unread: Vec::new(), last_id: 100, paused }
    }

    /// Starts one and begins a session.
    pub(crate) fn session(world: &World, revision: &str) -> Self {
        let mut peer = Self::start(world);
        peer.initialize(revision);
        peer
    }

    /// `initialize` and what follows it; gives its result.
    pub(crate) fn initialize(&mut self, revision: &str) -> Value {
        let params = json!({
            "protocolVersion": revision,
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        });
        let result = self.ask("initialize", params);
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        result
    }

    /// Writes bytes as they are.
    pub(crate) fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        self.stdin.as_mut().unwrap().write_all(bytes.as_ref()).unwrap();
    }

    /// Writes one message.
    pub(crate) fn send(&mut self, message: &Value) {
        self.raw(format!("{message}\n"));
    }

    /// Writes a request with an id of its own, which it gives.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = json!(self.last_id);
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Asks and gives the whole answer.
    #[track_caller]
    pub(crate) fn exchange(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.answer(&id)
    }

    /// Asks and gives the result.
    #[track_caller]
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.exchange(method, params);
        assert!(answer.get("result").is_some(), "{answer:#}");
        answer["result"].clone()
    }

    /// Asks and gives the code of the error.
    #[track_caller]
    pub(crate) fn error(&mut self, method: &str, params: Value) -> i64 {
        let answer = self.exchange(method, params);
        answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("{answer:#}"))
    }

    /// Calls a tool and gives the result.
    #[track_caller]
    pub(crate) fn call(&mut self, name: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({"name": name, "arguments": arguments}))
    }

    /// Calls a tool and gives the text of its result, which must be no error.
    #[track_caller]
    pub(crate) fn text(&mut self, name: &str, arguments: Value) -> String {
        let result = self.call(name, arguments);
        assert_eq!(result["isError"], false, "{result:#}");
        text_of(&result)
    }

    /// Calls a tool that must fail and gives the text.
    #[track_caller]
    pub(crate) fn failure(&mut self, name: &str, arguments: Value) -> String {
        let result = self.call(name, arguments);
        assert_eq!(result["isError"], true, "{result:#}");
        assert_eq!(result.get("structuredContent"), None, "{result:#}");
        text_of(&result)
    }

    /// The names that are listed.
    #[track_caller]
    pub(crate) fn names(&mut self) -> Vec<String> {
        let result = self.ask("tools/list", json!({}));
        let tools = result["tools"].as_array().unwrap();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits for the message with an id.
    #[track_caller]
    pub(crate) fn answer(&mut self, id: &Value) -> Value {
        self.wait_for(|message| message.get("method").is_none() && message.get("id") == Some(id))
    }

    /// Waits for a notification of a method.
    #[track_caller]
    pub(crate) fn notification(&mut self, method: &str) -> Value {
        self.wait_for(|message| message["method"] == method)
    }

    /// Waits for a message; what comes before it stays unread.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        if let Some(at) = self.unread.iter().position(&fits) {
            return self.unread.remove(at);
        }
        loop {
            let message = self.next(BOUND.saturating_sub(begin.elapsed()));
            if fits(&message) {
                return message;
            }
            self.unread.push(message);
        }
    }

    /// Whether such a message comes within half a second; it stays unread.
    pub(crate) fn heard(&mut self, fits: impl Fn(&Value) -> bool) -> bool {
        let end = Instant::now() + Duration::from_millis(500);
        while !self.unread.iter().any(&fits) {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.unread.push(message(&line)),
                Err(_) => return false,
            }
        }
        true
    }

    #[track_caller]
    fn next(&mut self, bound: Duration) -> Value {
        let line = self.lines.recv_timeout(bound);
        let line = line.unwrap_or_else(|why| panic!("no message ({why}); unread: {:?}", self.unread));
        message(&line)
    }

    /// What came and nobody asked for, once the server has answered a `ping` or something like it.
    pub(crate) fn unread(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.unread)
    }

    /// Leaves what the server writes where it is.
    pub(crate) fn stop_reading(&self) {
        *self.paused.0.lock().unwrap() = true;
    }

    pub(crate) fn read_on(&self) {
        *self.paused.0.lock().unwrap() = false;
        self.paused.1.notify_all();
    }

    pub(crate) fn id(&self) -> Pid {
        Pid::from_child(self.child.as_ref().unwrap())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).unwrap();
    }

    /// Ends the server's input.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Ends its input, waits for its end, and gives the exit code with everything that was not read.
    #[track_caller]
    pub(crate) fn end(mut self) -> (Option<i32>, Vec<Value>) {
        self.hang_up();
        let status = wait(self.child.take().unwrap());
        let mut rest = self.unread();
        let bound = Instant::now() + BOUND;
        loop {
            match self.lines.recv_timeout(bound.saturating_duration_since(Instant::now())) {
                Ok(line) => rest.push(message(&line)),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return (status.code(), rest),
                Err(why) => panic!("its output stays open ({why})"),
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // A test that failed leaves no server.
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[track_caller]
fn message(line: &str) -> Value {
    let message: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    assert_eq!(message["jsonrpc"], "2.0", "{line}");
    message
}

/// The text of a result.
#[track_caller]
pub(crate) fn text_of(result: &Value) -> String {
    let blocks = result["content"].as_array().unwrap_or_else(|| panic!("{result:#}"));
    blocks.iter().filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n")
}

/// A pipe on which tools wait for a line.
pub(crate) struct Latch(PathBuf);

impl Latch {
    pub(crate) fn new(world: &World) -> Self {
        let path = world.root().join("latch");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        Self(path)
    }

    /// A script that waits for a line and prints it.
    pub(crate) fn script(&self) -> String {
        format!("read line < '{}'\necho \"$line\"\n", self.0.display())
    }

    /// Lets one tool go on, with a line.
    pub(crate) fn release(&self, line: &str) {
        let (path, line) = (self.0.clone(), format!("{line}\n"));
        // It waits for a tool to read, which the test does too, within its bound.
        std::thread::spawn(move || std::fs::write(path, line));
    }
}

/// Parameters of a request of the newest revision.
pub(crate) fn stateless(mut params: Value) -> Value {
    let meta = params.as_object_mut().unwrap().entry("_meta").or_insert_with(|| json!({}));
    let meta = meta.as_object_mut().unwrap();
    meta.insert("io.modelcontextprotocol/protocolVersion".to_owned(), json!(STATELESS));
    meta.insert("io.modelcontextprotocol/clientCapabilities".to_owned(), json!({}));
    meta.insert("io.modelcontextprotocol/clientInfo".to_owned(), json!({"name": "test", "version": "1"}));
    params
}
