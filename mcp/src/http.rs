//! MCP over HTTP (Streamable HTTP) at `/mcp`, and `/health`. Who may talk to it: a client on this machine, or one that
//! has the token; never a web page of somebody else's, whose requests name their origin.

mod sessions;

use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use rmcp::model::{ErrorCode, ErrorData, ServerJsonRpcMessage};
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rye_executor::caught;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::closing::Stage;
use crate::door::Door;
use crate::error::Error;
use crate::exact::{Unread, odd_cursor, odd_meta, read, request_id};
use crate::protocol::Protocol;
use crate::watch::watch;
pub use sessions::SessionLimits;
use sessions::Sessions;

/// The longest request.
const MAX_BODY: usize = 4 << 20;
/// How long clients may take to read the last answers.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long an answer takes from the door to its connection.
const ON_ITS_WAY: Duration = Duration::from_millis(50);
/// Web pages from which a browser may call: those that this machine serves to itself.
const ORIGINS: [&str; 6] = [
    "http://localhost:*",
    "http://127.0.0.1:*",
    "http://[::1]:*",
    "https://localhost:*",
    "https://127.0.0.1:*",
    "https://[::1]:*",
];

/// How a server is reached.
#[derive(Debug)]
pub struct HttpOptions {
    /// Where connections come in.
    pub listener: StdTcpListener,
    /// What a client must show as `Authorization: Bearer …`.
    pub token: Option<String>,
    /// Only requests that name this machine as their host are answered, so that no web page reaches it by a name of
    /// its own that leads here.
    pub local_hosts_only: bool,
    /// How long and how many sessions are kept that nobody uses.
    pub sessions: SessionLimits,
}

/// Serves clients until the door closes.
///
/// # Errors
/// The listener cannot be used.
pub async fn serve_http(door: Arc<Door>, options: HttpOptions) -> Result<(), Error> {
    let unusable = |source| Error::Stream { which: "listener", source };
    options.listener.set_nonblocking(true).map_err(unusable)?;
    let listener = tokio::net::TcpListener::from_std(options.listener).map_err(unusable)?;
    // Without it the end of an answer waits 40 ms for the client's acknowledgement of its beginning.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));

    let over = CancellationToken::new();
    let config = StreamableHttpServerConfig::default()
        .with_max_request_body_bytes(MAX_BODY)
        .with_allowed_origins(ORIGINS)
        .enforce_origin_validation()
        .with_cancellation_token(over.clone());
    let config = if options.local_hosts_only { config } else { config.disable_allowed_hosts() };
    tokio::spawn(watch(Arc::clone(&door)));
    let closing = door.closing().clone();
    let client = Arc::clone(&door);
    let sessions = Arc::new(Sessions::new(options.sessions));
    let protocol = move || Ok(Protocol::new(Arc::clone(&client)));
    let service = StreamableHttpService::new(protocol, Arc::clone(&sessions), config);
    let token = options.token.map(Arc::from);
    let router = Router::new()
        .route_service("/mcp", service)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&door), exact))
        .layer(axum::middleware::from_fn(over_and_done))
        .layer(axum::middleware::from_fn_with_state(token, authorized))
        .route("/health", get(async || "ok\n"));
    let draining = closing.clone();
    // Who calls is told apart by where he is.
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service)
        .with_graceful_shutdown(async move { draining.reached(Stage::Draining).await });
    let ending = async {
        closing.reached(Stage::Ending).await;
        door.end().await;
        // What the end of the runs gave as answers is sent still, if anybody reads it.
        let _ = tokio::time::timeout(FAREWELL, door.answered()).await;
        tokio::time::sleep(ON_ITS_WAY).await;
        // Whoever listens for what never comes hears that it is over.
        over.cancel();
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        served = server.into_future() => served.map_err(unusable)?,
        () = ending => {}
        () = sessions.tidy() => {}
    }
    // Clients may have gone before the end of their calls.
    door.end().await;
    Ok(())
}

/// Lets a request pass that shows the token.
async fn authorized(State(token): State<Option<Arc<str>>>, request: Request, next: Next) -> Response {
    let Some(token) = token else { return next.run(request).await };
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.split_once(' '));
    let shown =
        shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, shown)| shown.trim());
    if shown.is_some_and(|shown| is_same(shown, &token)) {
        return next.run(request).await;
    }
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer realm=\"rye\"")], "a token is needed\n")
        .into_response()
}

/// Compares in a time that tells nothing about where two texts differ.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

/// A session that its client has ended leaves nothing to say.
async fn over_and_done(request: Request, next: Next) -> Response {
    let ends = request.method() == Method::DELETE;
    let mut response = next.run(request).await;
    if ends && response.status() == StatusCode::ACCEPTED {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    response
}

/// Lets a request pass that the library reads as it was meant.
async fn exact(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    // What is not even called JSON is the library's to refuse.
    if request.method() != Method::POST || !is_json(&request) {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MAX_BODY).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "a request has at most 4 MiB\n").into_response();
    };
    let refused = match read(&bytes) {
        Ok(Value::Object(message)) => {
            let method = message.get("method").and_then(Value::as_str).unwrap_or_default();
            // The library looks up what a tool takes and cannot wait for it.
            if method == "tools/call" && door.shown().is_none() && caught(door.known()).await.is_err() {
                return (StatusCode::INTERNAL_SERVER_ERROR, "the tools cannot be read\n").into_response();
            }
            odd(&message).map(|error| (message.get("id").and_then(request_id), error))
        }
        Ok(Value::Array(_)) => Some((None, odd_message("several messages in one body"))),
        Ok(_) => Some((None, odd_message("a message is an object"))),
        Err(Unread::Inexact { id, reason }) => Some((id, ErrorData::invalid_params(reason, None))),
        Err(Unread::NotUtf8) => Some((None, ErrorData::parse_error("the body is not UTF-8", None))),
        Err(Unread::NotJson(why)) => {
            Some((None, ErrorData::parse_error(format!("the body is not JSON: {why}"), None)))
        }
    };
    match refused {
        Some((id, error)) => {
            let answer = ServerJsonRpcMessage::error(error, id);
            let text = serde_json::to_string(&answer).unwrap_or_default();
            (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/json")], text).into_response()
        }
        None => next.run(Request::from_parts(head, Body::from(bytes))).await,
    }
}

fn is_json(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// What is wrong with a message that is JSON, as far as the library would say it in another way.
fn odd(message: &Map<String, Value>) -> Option<ErrorData> {
    if message.get("jsonrpc").is_none_or(|version| version != "2.0") {
        return Some(odd_message("`jsonrpc` must be \"2.0\""));
    }
    let Some(method) = message.get("method") else {
        let is_answer = message.contains_key("result") || message.contains_key("error");
        return (!is_answer).then(|| odd_message("there is no `method`"));
    };
    if message.get("id").is_some_and(|id| request_id(id).is_none()) {
        return Some(odd_message("`id` must be a string or an integer of 64 bits"));
    }
    let Some(method) = method.as_str() else { return Some(odd_message("`method` must be a string")) };
    if message.get("params").is_some_and(|params| !params.is_object()) {
        return Some(ErrorData::invalid_params("`params` must be an object", None));
    }
    let params = message.get("params").and_then(Value::as_object);
    odd_cursor(method, params).or_else(|| odd_meta(params))
}

fn odd_message(reason: &'static str) -> ErrorData {
    ErrorData::new(ErrorCode::INVALID_REQUEST, reason, None)
}
