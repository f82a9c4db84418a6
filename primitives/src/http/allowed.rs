//! The hosts that a request names, in one canonical form: lower case, punycode, no trailing dot.
//! Two spellings of a host are equal exactly when a URL with either would go to the same place.

use url::{Host, Url};

use super::error::HttpError;

/// One entry of `allow_hosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AllowedHost {
    host: Host,
    /// `None` for every port.
    port: Option<u16>,
}

/// The hosts that may have any address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AllowedHosts(Vec<AllowedHost>);

impl AllowedHosts {
    pub(super) fn parse(entries: &[String]) -> Result<Self, HttpError> {
        let parse = |entry: &String| {
            AllowedHost::parse(entry).ok_or_else(|| {
                // An entry that holds more than a host may hold a secret too.
                HttpError::invalid("an entry of `allow_hosts`", "is neither `host` nor `host:port`")
            })
        };
        entries.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn names(&self, url: &Url) -> bool {
        let Some(host) = url.host().map(canonical) else { return false };
        let port = url.port_or_known_default();
        self.0.iter().any(|allowed| allowed.host == host && (allowed.port.is_none() || allowed.port == port))
    }
}

impl AllowedHost {
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']')?;
                let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
                (Host::Ipv6(address.parse().ok()?), port)
            }
            None => match text.parse() {
                Ok(address) => (Host::Ipv6(address), None),
                Err(_) => {
                    let (host, port) = match text.split_once(':') {
                        Some((host, port)) => (host, Some(port)),
                        None => (text, None),
                    };
                    (parse_host(host)?, port)
                }
            },
        };
        let port = match port {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
            Some(_) => return None,
            None => None,
        };
        Some(Self { host, port })
    }
}

/// A host as a URL would have it; `None` for what is more or less than a host.
pub(super) fn parse_host(text: &str) -> Option<Host> {
    if text.contains(['*', '%']) || text.contains(char::is_whitespace) || text.trim_matches('.').is_empty() {
        return None;
    }
    Host::parse(text).ok().map(|host| canonical(host.to_owned()))
}

fn canonical<S: AsRef<str>>(host: Host<S>) -> Host {
    match host {
        Host::Domain(name) => {
            let name = name.as_ref();
            Host::Domain(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase())
        }
        Host::Ipv4(address) => Host::Ipv4(address),
        Host::Ipv6(address) => Host::Ipv6(address),
    }
}
