//! Calls over HTTP on one connection, in both eras, beside the tool itself.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::Failure;
use crate::product::Product;
use crate::program::Program;
use crate::sample::{Contender, Rounds, in_turn};
use crate::table::{Row, Target};
use crate::world::World;

/// The revision that knows no sessions.
pub(crate) const STATELESS: &str = "2026-07-28";

/// What a server has to end in when it is asked to.
const GRACE: Duration = Duration::from_secs(20);

/// `tools/call` of a command that does nothing.
pub(super) fn over_http(product: &Product, world: &World, rounds: Rounds) -> Result<Vec<Row>, Failure> {
    let server = Server::start(&world.program(&product.rye, ["mcp", "--http", "127.0.0.1:0"]))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let post = |headers: Vec<(&'static str, String)>, body: Value| {
        let mut request = client.post(&server.url).header("content-type", "application/json");
        request = request.header("accept", "application/json, text/event-stream").body(body.to_string());
        headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
    };
    let session = runtime.block_on(async {
        let answer = post(Vec::new(), initialize()).send().await?;
        let id = answer.headers().get("mcp-session-id").ok_or("no session")?.to_str()?.to_owned();
        answer.bytes().await?;
        Ok::<_, Failure>(vec![("mcp-session-id", id), ("mcp-protocol-version", "2025-11-25".to_owned())])
    })?;
    let stateless = vec![
        ("mcp-protocol-version", STATELESS.to_owned()),
        ("mcp-method", "tools/call".to_owned()),
        ("mcp-name", "nothing".to_owned()),
    ];
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": STATELESS,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let begun = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    runtime.block_on(async { post(session.clone(), begun).send().await?.bytes().await })?;
    let call = |headers: &[(&'static str, String)], params: Value| -> Result<Duration, Failure> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let request = post(headers.to_vec(), body);
        runtime.block_on(async {
            let begin = Instant::now();
            let body = request.send().await?.bytes().await?;
            let taken = begin.elapsed();
            let text = String::from_utf8_lossy(&body);
            if text.contains("\"isError\":false") { Ok(taken) } else { Err(text.into()) }
        })
    };
    let bare = world.program("/bin/true".as_ref(), [""; 0]);
    let contenders = vec![
        Contender::new("session", || call(&session, json!({ "name": "nothing" }))),
        Contender::new("stateless", || call(&stateless, json!({ "name": "nothing", "_meta": meta }))),
        Contender::new("by hand", || bare.capture()),
    ];
    let samples = in_turn(contenders, rounds)?;
    let [session, stateless, bare] = samples.as_slice() else { return Err("samples are missing".into()) };
    let target = Some(Target::Over(0.001));
    Ok(vec![
        Row::beside("tools/call over HTTP, a session, /bin/true", session, bare, target),
        Row::beside("tools/call over HTTP, stateless, /bin/true", stateless, bare, target),
    ])
}

/// The first message of a session.
pub(crate) fn initialize() -> Value {
    let client = json!({ "name": "bench", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params })
}

/// `rye mcp --http` on a port of its own; ended when dropped.
pub(crate) struct Server {
    child: Child,
    url: String,
}

impl Server {
    pub(crate) fn start(program: &Program) -> Result<Self, Failure> {
        let mut child = program.serve_and_tell()?;
        let stderr = child.stderr.take().ok_or("no pipe")?;
        let mut server = Self { child, url: String::new() };
        for line in BufReader::new(stderr).lines() {
            if let Some(url) = line?.strip_prefix("listening: ") {
                url.clone_into(&mut server.url);
                return Ok(server);
            }
        }
        Err("`rye mcp --http` does not listen".into())
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Asks it to end, as a service manager does, and waits for that.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let begin = Instant::now();
        while self.child.try_wait()?.is_none() {
            if begin.elapsed() > GRACE {
                return Err("the server does not end when it is asked to".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing runs any more: there is nothing to be asked for first.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
