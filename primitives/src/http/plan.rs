//! A request after its check: what the first hop sends, and what holds for all hops.
//! Everything that can be refused without a network is refused here.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    RANGE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use url::{Url, form_urlencoded};

use super::allowed::AllowedHosts;
use super::credentials;
use super::error::HttpError;
use super::hop::Hop;
use super::pool::Scope;
use super::request::{HttpBody, HttpLimits, HttpRequest};
use super::target;

/// Codings that [`super::decode`] reads.
pub(super) const CODINGS: HeaderValue = HeaderValue::from_static("gzip, br, zstd");

/// A request after its check.
pub(super) struct Plan {
    pub(super) first: Hop,
    pub(super) scope: Scope,
    pub(super) follow_redirects: bool,
    pub(super) limits: HttpLimits,
}

impl Plan {
    pub(super) fn parse(request: &HttpRequest) -> Result<Self, HttpError> {
        let method = parse_method(&request.method)?;
        let mut url = target::parse(&request.url, &request.query)?;
        let mut headers = parse_headers(&request.headers)?;
        let auth = credentials::apply(request.auth.as_ref(), &mut url, &mut headers)?;
        let body = parse_body(&request.body, &mut headers);
        // Whoever asks for a part of the encoded bytes, or for a coding, knows what comes.
        if !headers.contains_key(ACCEPT_ENCODING) && !headers.contains_key(RANGE) {
            headers.insert(ACCEPT_ENCODING, CODINGS);
        }
        let allowed = AllowedHosts::parse(&request.allow_hosts)?;
        let proxy = request.proxy.as_deref().map(parse_proxy).transpose()?;
        Ok(Self {
            first: Hop { method, url, headers, body, repeatable: request.repeatable },
            scope: Scope { auth, proxy, allowed },
            follow_redirects: request.follow_redirects,
            limits: request.limits.clone(),
        })
    }
}

fn parse_method(text: &str) -> Result<Method, HttpError> {
    const WELL_KNOWN: [&str; 8] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "POST", "PATCH"];
    let text = WELL_KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(text)).unwrap_or(text);
    match Method::from_bytes(text.as_bytes()) {
        // It asks a proxy for a tunnel, which is no exchange.
        Ok(method) if method.as_str().eq_ignore_ascii_case("CONNECT") => {
            Err(HttpError::invalid("`method`", "cannot be CONNECT"))
        }
        Ok(method) => Ok(method),
        Err(_) => Err(HttpError::invalid("`method`", "is not a word of letters, digits and -_.")),
    }
}

fn parse_headers(pairs: &[(String, String)]) -> Result<HeaderMap, HttpError> {
    let mut headers = HeaderMap::new();
    for (index, (name, value)) in pairs.iter().enumerate() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
            HttpError::invalid(format!("the name of header {}", index + 1), "is not the name of a header")
        })?;
        if is_ours(&name) {
            return Err(HttpError::invalid(format!("header `{name}`"), "is set by the exchange itself"));
        }
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| HttpError::invalid(format!("header `{name}`"), "holds a control character"))?;
        let added = headers.try_append(name, value);
        added.map_err(|_| HttpError::invalid("`headers`", "are too many"))?;
    }
    Ok(headers)
}

/// Headers that decide where a message ends or where it goes: two opinions on them are an attack.
pub(super) fn is_ours(name: &HeaderName) -> bool {
    const OURS: [HeaderName; 7] = [CONNECTION, CONTENT_LENGTH, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
    OURS.contains(name)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection" | "proxy-authorization" | "expect")
}

fn parse_body(body: &HttpBody, headers: &mut HeaderMap) -> Option<Bytes> {
    let (kind, bytes) = match body {
        HttpBody::Empty => return None,
        HttpBody::Json(bytes) => ("application/json", bytes.clone()),
        HttpBody::Form(fields) => {
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            ("application/x-www-form-urlencoded", form.into_bytes())
        }
        HttpBody::Text(text) => ("text/plain; charset=utf-8", text.clone().into_bytes()),
    };
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
    Some(bytes.into())
}

fn parse_proxy(text: &str) -> Result<Url, HttpError> {
    match Url::parse(text) {
        Ok(url) if target::is_http(&url) && !text.chars().any(char::is_control) => Ok(url),
        _ => Err(HttpError::invalid("`proxy`", "is not an http or https URL")),
    }
}
