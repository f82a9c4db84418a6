//! Everything that decides one exchange, as it was asked for; nothing here is checked yet.
//! What may be secret (values, bodies, credentials, user parts and queries of URLs) is never shown by Debug.

use std::fmt;
use std::time::Duration;

use super::target;

/// Everything that decides one exchange.
#[derive(Clone)]
pub struct HttpRequest {
    /// `GET`, `post`, or any other token; the well-known ones are taken in any case.
    pub method: String,
    /// An absolute http or https URL. A user and password in it become [`HttpAuth::Basic`].
    pub url: String,
    /// In order; a name may stand there several times.
    pub headers: Vec<(String, String)>,
    /// Appended to what the URL has already.
    pub query: Vec<(String, String)>,
    /// What is sent after the headers.
    pub body: HttpBody,
    /// Who asks.
    pub auth: Option<HttpAuth>,
    /// A second request does no more than the first, whatever its method: it may be sent again.
    pub repeatable: bool,
    /// Go where 301, 302, 303, 307 and 308 point; otherwise they are the end.
    pub follow_redirects: bool,
    /// Hosts (`host` or `host:port`) that may have any address; it limits nothing else.
    pub allow_hosts: Vec<String>,
    /// An http or https proxy for all hops. The environment is never asked for one. With it only the name of
    /// the host is checked, because the proxy resolves it.
    pub proxy: Option<String>,
    /// What bounds the exchange.
    pub limits: HttpLimits,
}

impl HttpRequest {
    /// A request with nothing but these, and default limits.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            query: Vec::new(),
            body: HttpBody::Empty,
            auth: None,
            repeatable: false,
            follow_redirects: true,
            allow_hosts: Vec::new(),
            proxy: None,
            limits: HttpLimits::default(),
        }
    }
}

/// What is sent after the headers; it sets `Content-Type` unless a header does.
#[derive(Clone, PartialEq, Eq)]
pub enum HttpBody {
    /// Nothing.
    Empty,
    /// These bytes, which are JSON already.
    Json(Vec<u8>),
    /// `name=value&…`, percent-encoded.
    Form(Vec<(String, String)>),
    /// Text in UTF-8.
    Text(String),
}

/// Who asks. Sent to the origin of [`HttpRequest::url`] alone.
#[derive(Clone, PartialEq, Eq)]
pub enum HttpAuth {
    /// `Authorization: Bearer …`.
    Bearer {
        /// Without the word `Bearer`.
        token: String,
    },
    /// A header of its own.
    ApiKey {
        /// Its name.
        header: String,
        /// The key.
        value: String,
    },
    /// `Authorization: Basic …`.
    Basic {
        /// Without a colon.
        user: String,
        /// May be empty.
        password: String,
    },
}

/// What bounds an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpLimits {
    /// One deadline over all attempts, pauses, redirects and the body; `None` for no limit.
    pub timeout: Option<Duration>,
    /// Further attempts after the first, over all hops together.
    pub retries: u32,
    /// Bytes of the answer's body, decoded; the encoded body is bounded by it too.
    pub max_body: usize,
    /// Redirects that are followed.
    pub max_redirects: u32,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self { timeout: Some(Duration::from_secs(30)), retries: 0, max_body: 10 << 20, max_redirects: 5 }
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &target::shown(&self.url))
            .field("header_names", &names(&self.headers))
            .field("query_names", &names(&self.query))
            .field("body", &self.body)
            .field("auth", &self.auth)
            .field("repeatable", &self.repeatable)
            .field("follow_redirects", &self.follow_redirects)
            .field("allow_hosts", &self.allow_hosts)
            .field("proxy", &self.proxy.as_deref().map(target::shown))
            .field("limits", &self.limits)
            .finish()
    }
}

impl fmt::Debug for HttpBody {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("Empty"),
            Self::Json(bytes) => write!(out, "Json({} bytes)", bytes.len()),
            Self::Form(fields) => write!(out, "Form({:?})", names(fields)),
            Self::Text(text) => write!(out, "Text({} bytes)", text.len()),
        }
    }
}

impl fmt::Debug for HttpAuth {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer { .. } => out.write_str("Bearer(…)"),
            Self::ApiKey { header, .. } => write!(out, "ApiKey({header:?}, …)"),
            Self::Basic { .. } => out.write_str("Basic(…)"),
        }
    }
}

fn names(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}
