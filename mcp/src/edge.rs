//! Our types in the protocol's words, and back. A later revision of the protocol changes this file.
#![expect(deprecated, reason = "logging is deprecated in the newest revision and spoken to older clients")]

use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use rmcp::model::{
    CallToolResult, ContentBlock, EmbeddedResource, ErrorData, Implementation, LoggingLevel, MetaObject,
    RequestMetaObject, Resource, ResourceContents, TextContent, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rye_executor::{IdempotencyKey, InvalidIdempotencyKey, Panicked};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::call::UnknownTool;
use crate::catalogue::Row;
use crate::content::Content;
use crate::notice::Level;
use crate::reply::Reply;
use crate::resource;

/// Who we are.
pub(crate) fn implementation() -> Implementation {
    Implementation::new("rye", env!("CARGO_PKG_VERSION")).with_title("rye")
}

/// The revisions before 2026-07-28 allow objects only, as schema and as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// `initialize` began a session.
    Session,
    /// Each request stands for itself.
    Stateless,
}

/// `_meta` of a result: from 2026-07-28 on every result says who gives it.
pub(crate) fn result_meta(era: Era, own: Map<String, Value>) -> Option<MetaObject> {
    let mut meta = own;
    if era == Era::Stateless {
        meta.insert("io.modelcontextprotocol/serverInfo".to_owned(), json!(implementation()));
    }
    (!meta.is_empty()).then_some(MetaObject(meta))
}

/// A row of a listing. What the library cannot read is shown to nobody, and costs the other rows nothing.
pub(crate) fn tool(name: &str, row: &Row, era: Era) -> Option<Tool> {
    let mut tool = Tool::deserialize(Value::Object(row.tool(name)?)).ok()?;
    if era == Era::Stateless && tool.output_schema.is_none() {
        tool.output_schema = row.output_schema().map(Arc::new);
    }
    Some(tool)
}

/// A tool that stands for others.
pub(crate) fn meta_tool(tool: &Value) -> Option<Tool> {
    Tool::deserialize(tool).ok()
}

/// What a call gave back.
pub(crate) fn call_result(reply: Reply, era: Era) -> CallToolResult {
    let mut result = CallToolResult::success(reply.content.into_iter().filter_map(block).collect());
    result.is_error = Some(reply.is_error);
    // Clients hold even the data of a failure to the schema of a success.
    let data = reply.structured.filter(|_| !reply.is_error);
    result.structured_content = data.filter(|data| era == Era::Stateless || data.is_object());
    result.meta = result_meta(era, reply.meta);
    result
}

/// A block of content. All that is ours is the protocol's too.
fn block(content: Content) -> Option<ContentBlock> {
    match content {
        Content::Text { text, annotations: None } => Some(ContentBlock::Text(TextContent::new(text))),
        Content::Resource { resource, annotations: None } => {
            let contents = match (resource.text, resource.blob) {
                (Some(text), _) => ResourceContents::text(text, resource.uri),
                (None, blob) => ResourceContents::blob(blob.unwrap_or_default(), resource.uri),
            };
            let contents = match resource.mime_type {
                Some(kind) => contents.with_mime_type(kind),
                None => contents,
            };
            let contents = match resource.meta {
                Some(meta) => contents.with_meta(MetaObject(meta)),
                None => contents,
            };
            Some(ContentBlock::Resource(EmbeddedResource::new(contents)))
        }
        other => serde_json::to_value(other).ok().and_then(|value| serde_json::from_value(value).ok()),
    }
}

/// Something in the server panicked, and the request with it.
pub(crate) fn fault(fault: Panicked) -> ErrorData {
    ErrorData::internal_error(fault.to_string(), None)
}

/// No tool of that name.
pub(crate) fn unknown_tool(unknown: &UnknownTool) -> ErrorData {
    let data = unknown.nearest.as_ref().map(|near| json!({ "didYouMean": near }));
    ErrorData::invalid_params(unknown.to_string(), data)
}

/// An output that is kept, as a row of a list of resources.
pub(crate) fn resource(kept: &resource::Resource) -> Resource {
    Resource::new(&kept.uri, &kept.name).with_mime_type(kept.mime_type).with_size(kept.size)
}

/// A piece of an output that is kept, and where it goes on.
pub(crate) fn resource_contents(piece: resource::Piece) -> Vec<ResourceContents> {
    use base64::Engine;
    let next = piece.next();
    let resource::Piece { resource: kept, from, bytes } = piece;
    let uri = if from == 0 { kept.uri.clone() } else { kept.uri_from(from) };
    let contents = match String::from_utf8(bytes) {
        Ok(text) => ResourceContents::text(text, uri).with_mime_type(kept.mime_type),
        Err(error) => {
            let blob = base64::engine::general_purpose::STANDARD.encode(error.as_bytes());
            ResourceContents::blob(blob, uri).with_mime_type("application/octet-stream")
        }
    };
    let rest = next.map(|next| {
        let (uri, left) = (kept.uri_from(next), kept.size - next);
        ResourceContents::text(format!("[… {left} bytes more: read {uri} …]"), uri)
    });
    std::iter::once(contents).chain(rest).collect()
}

/// The trace that a request belongs to, as variables. What cannot be one is left out.
pub(crate) fn trace(meta: &RequestMetaObject) -> Vec<(String, OsString)> {
    let fits = |text: &&str| text.len() <= 8192 && text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    let found = |name: &str| meta.get(name).and_then(Value::as_str).filter(fits).map(OsString::from);
    ["traceparent", "tracestate", "baggage"]
        .into_iter()
        .filter_map(|name| Some((name.to_ascii_uppercase(), found(name)?)))
        .collect()
}

/// Under which key of `_meta` a call says what it is called, so that asking again runs nothing again.
const IDEMPOTENCY_KEY: &str = "rye/idempotency-key";

/// The name that a client gives to its call, if it gives one.
pub(crate) fn idempotency_key(meta: &RequestMetaObject) -> Result<Option<IdempotencyKey>, ErrorData> {
    let Some(value) = meta.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = value.as_str().ok_or("it is no string".to_owned());
    let key = text.and_then(|text| text.parse().map_err(|error: InvalidIdempotencyKey| error.to_string()));
    key.map(Some).map_err(|why| {
        ErrorData::invalid_params(format!("`{IDEMPOTENCY_KEY}` in `_meta` is wrong: {why}"), None)
    })
}

/// How much of the name that a client gives itself counts.
const MAX_NAME: usize = 100;

/// Who calls. On a pipe there is one client; over HTTP it is the session, or, where each request stands for itself, the
/// address and the name that the client gives itself: it is the same one when it comes back by another connection.
pub(crate) fn caller(context: &RequestContext<RoleServer>, era: Era) -> Option<Arc<str>> {
    let head = context.extensions.get::<Parts>()?;
    if era == Era::Session
        && let Some(session) = head.headers.get("mcp-session-id")
    {
        return Some(format!("session {}", String::from_utf8_lossy(session.as_bytes())).into());
    }
    let address = head.extensions.get::<ConnectInfo<SocketAddr>>();
    let address = address.map(|ConnectInfo(address)| address.ip().to_string()).unwrap_or_default();
    let name = context.meta.client_info().map(|info| info.name).unwrap_or_default();
    let name: String = name.chars().take(MAX_NAME).collect();
    Some(format!("{address} {name}").into())
}

/// A level in the protocol's word.
pub(crate) fn logging_level(level: Level) -> LoggingLevel {
    match level {
        Level::Debug => LoggingLevel::Debug,
        Level::Info => LoggingLevel::Info,
        Level::Notice => LoggingLevel::Notice,
        Level::Warning => LoggingLevel::Warning,
        Level::Error => LoggingLevel::Error,
        Level::Critical => LoggingLevel::Critical,
        Level::Alert => LoggingLevel::Alert,
        Level::Emergency => LoggingLevel::Emergency,
    }
}

/// A level of the protocol's.
pub(crate) fn level(level: LoggingLevel) -> Level {
    match level {
        LoggingLevel::Debug => Level::Debug,
        LoggingLevel::Info => Level::Info,
        LoggingLevel::Notice => Level::Notice,
        LoggingLevel::Warning => Level::Warning,
        LoggingLevel::Error => Level::Error,
        LoggingLevel::Critical => Level::Critical,
        LoggingLevel::Alert => Level::Alert,
        LoggingLevel::Emergency => Level::Emergency,
    }
}
