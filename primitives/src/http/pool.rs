//! The connections that are kept, one reqwest client for each credential scope.
//! A connection made without the guard is never given to a hop that the guard watches.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use reqwest::{Client, Proxy, redirect, retry};
use rustls::ClientConfig;
use url::Url;

use super::allowed::AllowedHosts;
use super::aside::aside;
use super::error::HttpError;
use super::lookup::{CheckedLookup, HostLookup};
use super::request::HttpAuth;
use super::roots::{self, HttpRoots};

/// Clients that are kept; who changes its token at every request must not fill the memory.
const MAX_CLIENTS: usize = 32;
const MAX_IDLE_PER_HOST: usize = 8;
const USER_AGENT: &str = concat!("rye/", env!("CARGO_PKG_VERSION"));

/// Requests that may share connections. It holds secrets.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) auth: Option<HttpAuth>,
    pub(super) proxy: Option<Url>,
    pub(super) allowed: AllowedHosts,
}

/// How the connections of one client come about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Route {
    /// Names are resolved here and their addresses checked.
    pub(super) is_guarded: bool,
    pub(super) is_secure: bool,
}

struct Pooled {
    scope: Scope,
    route: Route,
    client: Client,
}

/// Cheap to make: clients and certificates come when they are needed.
pub(super) struct Pool {
    lookup: Arc<HostLookup>,
    roots: HttpRoots,
    secure: OnceLock<ClientConfig>,
    /// The one used last stands last.
    clients: Mutex<Vec<Pooled>>,
}

impl Pool {
    pub(super) const fn new(lookup: Arc<HostLookup>, roots: HttpRoots) -> Self {
        Self { lookup, roots, secure: OnceLock::new(), clients: Mutex::new(Vec::new()) }
    }

    pub(super) async fn client(&self, scope: &Scope, route: Route) -> Result<Client, HttpError> {
        if let Some(client) = self.known(scope, route) {
            return Ok(client);
        }
        let tls = if route.is_secure { self.trusting().await? } else { roots::nobody()? };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        // Another exchange may have been faster, and its connection is worth having.
        if let Some(known) = clients.iter().find(|known| known.is(scope, route)) {
            return Ok(known.client.clone());
        }
        let client = self.build(scope, route, tls)?;
        if clients.len() >= MAX_CLIENTS {
            clients.remove(0);
        }
        clients.push(Pooled { scope: scope.clone(), route, client: client.clone() });
        Ok(client)
    }

    fn known(&self, scope: &Scope, route: Route) -> Option<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let index = clients.iter().position(|known| known.is(scope, route))?;
        clients[index..].rotate_left(1);
        clients.last().map(|known| known.client.clone())
    }

    /// Files are read on a thread that may wait, so that the deadline holds.
    async fn trusting(&self) -> Result<ClientConfig, HttpError> {
        if let Some(config) = self.secure.get() {
            return Ok(config.clone());
        }
        let roots = self.roots.clone();
        let loaded = aside(move || roots.load()).await;
        let config = loaded.map_err(|error| HttpError::Roots { reason: error.to_string() })??;
        Ok(self.secure.get_or_init(|| config).clone())
    }

    fn build(&self, scope: &Scope, route: Route, tls: ClientConfig) -> Result<Client, HttpError> {
        let lookup = CheckedLookup { lookup: Arc::clone(&self.lookup), is_guarded: route.is_guarded };
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(lookup)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .http1_only()
            .no_proxy()
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .user_agent(USER_AGENT);
        if let Some(proxy) = &scope.proxy {
            let proxy = Proxy::all(proxy.clone())
                .map_err(|_| HttpError::invalid("`proxy`", "is not an http or https URL"))?;
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|error| HttpError::from_transport(&error, "this machine"))
    }
}

impl Pooled {
    fn is(&self, scope: &Scope, route: Route) -> bool {
        self.route == route && self.scope == *scope
    }
}
