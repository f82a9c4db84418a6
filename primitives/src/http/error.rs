//! Why an exchange had no end, as a fact. An answer with any status is never an error.
//! No variant holds a credential, a user part, a path, a query string or a header's value.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use super::lookup::{Refused, Unresolved};

/// Why an exchange had no end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The request cannot be sent as it is; nothing was sent.
    #[error("{what} {reason}")]
    InvalidRequest {
        /// Which part of it.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The host has an address that a request may not reach unless it names the host; nothing was sent to it.
    #[error("host `{host}` is refused: {}{reason}", address.map(|address| format!("`{address}` ")).unwrap_or_default())]
    AddressRefused {
        /// As the URL has it.
        host: String,
        /// The address; `None` when the name alone decided.
        address: Option<IpAddr>,
        /// Which kind of address it is.
        reason: String,
    },
    /// The host has no address, or none could be asked for; nothing was sent to it.
    #[error("host `{host}` cannot be resolved: {reason}")]
    Unresolved {
        /// As the URL has it.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// No connection, or no agreement on TLS; the request was not sent.
    #[error("no connection to `{host}`: {reason}")]
    Connect {
        /// As the URL has it, with its port.
        host: String,
        /// What went wrong.
        reason: String,
    },
    /// The exchange broke off; the request may have been received.
    #[error("exchange with `{host}` failed: {reason}")]
    Transport {
        /// As the URL has it, with its port.
        host: String,
        /// What went wrong.
        reason: String,
    },
    /// The body is not what its `Content-Encoding` says.
    #[error("body of `{host}` is not valid {coding}: {reason}")]
    InvalidBody {
        /// Of the answer.
        status: u16,
        /// As the URL has it, with its port.
        host: String,
        /// `gzip`, `br` or `zstd`.
        coding: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// The body, encoded or decoded, is longer than the limit.
    #[error("body is larger than the limit of {limit} bytes")]
    BodyTooLarge {
        /// Of the answer.
        status: u16,
        /// In bytes.
        limit: usize,
    },
    /// The time limit came first.
    #[error("exchange took longer than its limit of {limit:?}")]
    TimedOut {
        /// Over all attempts.
        limit: Duration,
    },
    /// A redirect that is not followed.
    #[error("redirect to `{to}` is refused: {reason}")]
    RedirectRefused {
        /// Scheme and host, no more.
        to: String,
        /// Which rule it breaks.
        reason: String,
    },
    /// There are no certificates to trust, so no https request can be made.
    #[error("root certificates cannot be loaded: {reason}")]
    Roots {
        /// What went wrong.
        reason: String,
    },
}

impl HttpError {
    pub(super) fn invalid(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidRequest { what: what.into(), reason: reason.into() }
    }

    /// What reqwest says, without its URL.
    pub(super) fn from_transport(error: &reqwest::Error, host: &str) -> Self {
        let mut innermost: &(dyn Error + 'static) = error;
        while let Some(source) = innermost.source() {
            if let Some(refused) = source.downcast_ref::<Refused>() {
                return refused.clone().into();
            }
            if let Some(unresolved) = source.downcast_ref::<Unresolved>() {
                return unresolved.clone().into();
            }
            innermost = source;
        }
        let host = host.to_owned();
        // reqwest itself prints the URL with its query; what lies below does not know it.
        let reason = match innermost.is::<reqwest::Error>() {
            true => "the request could not be made".to_owned(),
            false => innermost.to_string(),
        };
        if error.is_connect() { Self::Connect { host, reason } } else { Self::Transport { host, reason } }
    }
}
