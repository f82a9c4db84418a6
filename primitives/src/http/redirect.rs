//! Where an answer sends us on, decided without a network.
//! A hop to another origin carries nothing that the caller gave: no header, credential, cookie or body.

use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, HeaderMap,
    HeaderValue,
};
use reqwest::{Method, StatusCode};
use url::Url;

use super::error::HttpError;
use super::hop::Hop;
use super::plan::CODINGS;
use super::target;

/// The hop that an answer asks for; `None` when the answer is the end, also when its `Location` is no URL.
pub(super) fn next(
    hop: &Hop,
    status: StatusCode,
    location: Option<&HeaderValue>,
) -> Result<Option<Hop>, HttpError> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(url) = location.and_then(|location| follow(&hop.url, location)) else { return Ok(None) };

    let refused = |reason: &str| {
        Err(HttpError::RedirectRefused { to: target::scheme_and_host(&url), reason: reason.to_owned() })
    };
    if !target::is_http(&url) {
        return refused("its scheme is not http or https");
    }
    if hop.url.scheme() == "https" && url.scheme() == "http" {
        return refused("it leads from https to http");
    }

    let (method, drops_body) = change_method(&hop.method, status);
    let mut next =
        Hop { method, url, headers: hop.headers.clone(), body: hop.body.clone(), repeatable: hop.repeatable };
    if drops_body {
        drop_body(&mut next);
    }
    if next.url.origin() != hop.url.origin() {
        next.headers = HeaderMap::from_iter([(ACCEPT_ENCODING, CODINGS)]);
        next.body = None;
    }
    Ok(Some(next))
}

fn follow(base: &Url, location: &HeaderValue) -> Option<Url> {
    let text = std::str::from_utf8(location.as_bytes()).ok()?;
    if text.is_empty() || text.chars().any(char::is_control) {
        return None;
    }
    let mut url = base.join(text).ok()?;
    url.set_fragment(None);
    // A server hands out no credentials.
    target::strip_user(&mut url);
    Some(url)
}

/// As browsers do.
fn change_method(method: &Method, status: StatusCode) -> (Method, bool) {
    match status.as_u16() {
        301 | 302 if *method == Method::POST => (Method::GET, true),
        303 if *method != Method::GET && *method != Method::HEAD => (Method::GET, true),
        _ => (method.clone(), false),
    }
}

fn drop_body(hop: &mut Hop) {
    hop.body = None;
    for name in [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE] {
        hop.headers.remove(name);
    }
    // It was the key of the request that was answered.
    hop.headers.remove("idempotency-key");
}
