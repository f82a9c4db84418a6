//! One URL on the way of an exchange, and what is sent there.

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use reqwest::{Method, Request};
use url::Url;

/// One URL on the way of an exchange, and what is sent there at every attempt.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    /// The caller says that a second request does no more than the first.
    pub(super) repeatable: bool,
}

impl Hop {
    /// Whether a second request does no more than the first.
    pub(super) fn may_repeat(&self) -> bool {
        self.repeatable
            || matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE" | "TRACE")
            || self.headers.contains_key("idempotency-key")
    }

    pub(super) fn request(&self) -> Request {
        let mut request = Request::new(self.method.clone(), self.url.clone());
        request.headers_mut().clone_from(&self.headers);
        match &self.body {
            Some(body) if !body.is_empty() => *request.body_mut() = Some(body.clone().into()),
            // hyper says nothing of an empty body, and some servers refuse a POST without a length.
            _ if matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") => {
                request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            _ => {}
        }
        request
    }
}
