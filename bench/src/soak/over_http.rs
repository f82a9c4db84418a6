//! The same over HTTP: clients with a session and without one, of which many go away in the middle of a call.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::gauges::{GAUGES, Watched};
use super::mix::Called;
use super::series::Series;
use super::tally::Tally;
use super::{Extent, Place, Soaked, rounds};
use crate::Failure;
use crate::mcp::{STATELESS, Server, initialize};
use crate::processes::everyone;
use crate::product::Product;

/// No answer takes longer.
const LIMIT: Duration = Duration::from_secs(60);

pub(super) fn over_http(product: &Product, seed: u64, extent: Extent) -> Result<Soaked, Failure> {
    let place = Place::new(product, seed)?;
    let begin = Instant::now();
    let server = Server::start(&place.server(product, &["mcp", "--http", "127.0.0.1:0"]))?;
    let watched = Watched::new(server.id(), &place.temporary, &place.state);
    let tally = Tally::default();
    // reqwest wants to know who would do the cryptography, even of a plain exchange.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let readings = std::thread::scope(|scope| {
        scope.spawn(|| watched.look());
        let readings = rounds(extent.http_runs, extent.rounds, &watched, |runs| {
            let next = AtomicUsize::new(runs.start);
            std::thread::scope(|scope| {
                let clients: Vec<_> = (0..extent.at_once)
                    .map(|which| {
                        let (place, tally, next, url) = (&place, &tally, &next, server.url());
                        scope.spawn(move || {
                            let runtime =
                                tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                            runtime.block_on(async {
                                let client = Client::new(url, which.is_multiple_of(2)).await?;
                                loop {
                                    let number = next.fetch_add(1, Ordering::SeqCst);
                                    if number >= runs.end {
                                        break;
                                    }
                                    let called = place.mix.run(number);
                                    tally.count(&called, client.one(&called).await);
                                }
                                client.end().await
                            })
                        })
                    })
                    .collect();
                let failed = |_| Failure::from("a client has failed");
                clients.into_iter().try_for_each(|client| client.join().map_err(failed)?)
            })
        });
        watched.over();
        readings
    })?;
    server.end()?;
    let left = place.left(&watched);
    let processes = watched.count().max(everyone(&place.roster).len());
    let series = Series { gauges: GAUGES.to_vec(), readings };
    Ok(Soaked { tally, series, taken: begin.elapsed(), processes, left })
}

/// A client with connections of its own.
struct Client {
    http: reqwest::Client,
    url: String,
    session: Option<String>,
    /// No request has the id of another, even of one that nobody waits for any more.
    last: AtomicUsize,
}

impl Client {
    async fn new(url: &str, has_session: bool) -> Result<Self, Failure> {
        let http = reqwest::Client::builder().no_proxy().timeout(LIMIT).build()?;
        let mut client = Self { http, url: url.to_owned(), session: None, last: AtomicUsize::new(0) };
        if has_session {
            let answer = client.post(&initialize()).send().await?;
            let id = answer.headers().get("mcp-session-id").ok_or("no session")?.to_str()?.to_owned();
            answer.bytes().await?;
            client.session = Some(id);
            let begun = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
            client.post(&begun).send().await?.bytes().await?;
        }
        Ok(client)
    }

    fn post(&self, body: &Value) -> reqwest::RequestBuilder {
        let request = self.http.post(&self.url).header("content-type", "application/json");
        let request = request.header("accept", "application/json, text/event-stream").body(body.to_string());
        match &self.session {
            Some(id) => request.header("mcp-session-id", id).header("mcp-protocol-version", "2025-11-25"),
            None => request,
        }
    }

    /// One call: its answer, or nothing when the client went away.
    async fn one(&self, called: &Called) -> Result<Option<Value>, Failure> {
        let answer = self.call(called);
        match called.cancelled_after {
            Some(after) => match tokio::time::timeout(after, answer).await {
                Ok(answer) => answer.map(Some),
                // The connection is closed with what was dropped.
                Err(_) => Ok(None),
            },
            None => answer.await.map(Some),
        }
    }

    async fn call(&self, called: &Called) -> Result<Value, Failure> {
        let mut params = json!({ "name": called.tool, "arguments": called.arguments });
        let mut meta = json!({});
        if called.listens {
            meta["progressToken"] = json!("soak");
        }
        let is_stateless = self.session.is_none();
        if is_stateless {
            meta["io.modelcontextprotocol/protocolVersion"] = json!(STATELESS);
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        params["_meta"] = meta;
        let id = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        let mut request = self.post(&body);
        if is_stateless {
            let headers = [("protocol-version", STATELESS), ("method", "tools/call"), ("name", called.tool)];
            for (name, value) in headers {
                request = request.header(format!("mcp-{name}"), value);
            }
        }
        let text = request.send().await?.text().await?;
        answer(&text, id).ok_or_else(|| format!("no answer: {text}").into())
    }

    async fn end(self) -> Result<(), Failure> {
        if let Some(id) = &self.session {
            self.http.delete(&self.url).header("mcp-session-id", id).send().await?;
        }
        Ok(())
    }
}

/// The answer to a request among what was sent: alone, or as an event among others.
fn answer(text: &str, id: usize) -> Option<Value> {
    let lines = text.lines().map(|line| line.strip_prefix("data:").unwrap_or(line));
    let mut messages = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.find(|message| message["id"] == id && message.get("method").is_none())
}
