//! How a host becomes addresses, and the check of all of them before one is used.
//! One name among them that is refused refuses the host: an answer with both kinds is a trick or a mistake.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::addresses::address_refusal;
use super::allowed::parse_host;
use super::aside::aside;
use super::error::HttpError;

/// How a host becomes addresses.
#[derive(Debug, Clone, Default)]
pub enum HostLookup {
    /// As every program on this machine does it.
    #[default]
    System,
    /// These and no others.
    Fixed(BTreeMap<String, Vec<IpAddr>>),
}

/// A host that has a refused address.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{address}` {reason}")]
pub(super) struct Refused {
    host: String,
    address: IpAddr,
    reason: &'static str,
}

/// A host that has no address.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Unresolved {
    host: String,
    reason: String,
}

impl From<Refused> for HttpError {
    fn from(Refused { host, address, reason }: Refused) -> Self {
        Self::AddressRefused { host, address: Some(address), reason: reason.to_owned() }
    }
}

impl From<Unresolved> for HttpError {
    fn from(Unresolved { host, reason }: Unresolved) -> Self {
        Self::Unresolved { host, reason }
    }
}

impl HostLookup {
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Unresolved> {
        let unresolved = |reason: String| Unresolved { host: host.to_owned(), reason };
        let found = match self {
            Self::System => {
                let name = host.to_owned();
                let found =
                    aside(move || Ok((name.as_str(), 0).to_socket_addrs()?.collect::<Vec<_>>())).await;
                let found: io::Result<Vec<SocketAddr>> = found.flatten();
                found.map_err(|error| unresolved(error.to_string()))?.iter().map(SocketAddr::ip).collect()
            }
            Self::Fixed(hosts) => {
                let wanted = parse_host(host);
                let known = hosts.iter().find(|(name, _)| wanted.is_some() && parse_host(name) == wanted);
                known.map(|(_, addresses)| addresses.clone()).unwrap_or_default()
            }
        };
        if found.is_empty() { Err(unresolved("it has no address".to_owned())) } else { Ok(found) }
    }
}

/// What the connections of one pool ask for addresses; reqwest connects to what it gives and to nothing else.
pub(super) struct CheckedLookup {
    pub(super) lookup: Arc<HostLookup>,
    /// Whether special addresses are refused.
    pub(super) is_guarded: bool,
}

impl Resolve for CheckedLookup {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = Arc::clone(&self.lookup);
        let is_guarded = self.is_guarded;
        Box::pin(async move {
            let host = name.as_str();
            let addresses = lookup.addresses(host).await?;
            if is_guarded {
                addresses.iter().try_for_each(|address| check(host, *address))?;
            }
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

pub(super) fn check(host: &str, address: IpAddr) -> Result<(), Refused> {
    match address_refusal(address) {
        Some(reason) => Err(Refused { host: host.to_owned(), address, reason }),
        None => Ok(()),
    }
}
