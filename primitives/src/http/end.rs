//! How an exchange ended, as data: any status is an end, and its body is whole and decoded.

use std::fmt;
use std::time::Duration;

/// How an exchange ended.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpEnd {
    /// 100 to 999; a 404 or a 500 is an end like any other.
    pub status: u16,
    /// In the order they came, names in lower case; bytes that are not UTF-8 are replaced. When the body was
    /// decoded, `content-encoding` and `content-length` are left out.
    pub headers: Vec<(String, String)>,
    /// The body, decoded from gzip, br or zstd.
    pub body: Vec<u8>,
    /// Where the answer came from, without user, query and fragment.
    pub url: String,
    /// Requests that were sent or tried, over all hops.
    pub attempts: u32,
    /// Redirects that were followed.
    pub redirects: u32,
    /// From the call to the last byte of the body.
    pub duration: Duration,
}

impl HttpEnd {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Values of headers and the body may be secret: only names and lengths are shown.
impl fmt::Debug for HttpEnd {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        out.debug_struct("HttpEnd")
            .field("status", &self.status)
            .field("header_names", &names)
            .field("body_bytes", &self.body.len())
            .field("url", &self.url)
            .field("attempts", &self.attempts)
            .field("redirects", &self.redirects)
            .field("duration", &self.duration)
            .finish()
    }
}
