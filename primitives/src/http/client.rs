//! Makes exchanges: hop after hop, attempt after attempt, under one deadline.
//! Dropping the future of [`HttpClient::exchange`] closes its connection at once.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use reqwest::Response;
use reqwest::header::{HeaderMap, LOCATION};
use url::{Host, Url};

use super::answer::HttpAnswer;
use super::backoff::Backoff;
use super::body;
use super::budget::Budget;
use super::end::HttpEnd;
use super::error::HttpError;
use super::hop::Hop;
use super::lookup::{HostLookup, check};
use super::plan::Plan;
use super::pool::{Pool, Route, Scope};
use super::redirect;
use super::request::HttpRequest;
use super::retry::{is_passing, is_unsent, retry_after};
use super::roots::HttpRoots;
use super::target;

/// Nobody waits longer for another attempt, also without a deadline.
const MAX_PAUSE: Duration = Duration::from_secs(3600);

/// Makes exchanges and keeps their connections. It costs nothing until the first one.
pub struct HttpClient {
    pool: Pool,
    budget: Budget,
}

/// An answer that is the end, and the way to it.
struct Head {
    response: Response,
    url: Url,
    attempts: u32,
    redirects: usize,
}

/// What is counted over all hops.
struct Progress {
    deadline: Option<Instant>,
    attempts: u32,
    retries_left: u32,
    /// Made at the first pause: most exchanges need none.
    backoff: Option<Backoff>,
}

impl HttpClient {
    /// Trusts whom this machine trusts.
    pub fn new(lookup: HostLookup) -> Self {
        Self::with_roots(lookup, HttpRoots::System)
    }

    /// Trusts these.
    pub fn with_roots(lookup: HostLookup, roots: HttpRoots) -> Self {
        Self { pool: Pool::new(Arc::new(lookup), roots), budget: Budget::default() }
    }

    /// Makes one exchange. Dropping the future ends it at once.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime, or in one without its I/O and time drivers.
    pub async fn exchange(&self, request: &HttpRequest) -> Result<HttpEnd, HttpError> {
        let started = Instant::now();
        let plan = Plan::parse(request)?;
        let Some(limit) = plan.limits.timeout else { return self.hops(plan, started, None).await };
        let hops = self.hops(plan, started, started.checked_add(limit));
        tokio::time::timeout(limit, hops).await.unwrap_or(Err(HttpError::TimedOut { limit }))
    }

    /// Makes one exchange up to the head of its answer, for which the time limit holds; the body is left to be read
    /// as it comes. Dropping the future or the answer ends it at once.
    ///
    /// # Panics
    ///
    /// As [`HttpClient::exchange`].
    pub async fn open(&self, request: &HttpRequest) -> Result<HttpAnswer, HttpError> {
        let plan = Plan::parse(request)?;
        let (limit, most) = (plan.limits.timeout, plan.limits.max_body);
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let head = self.head(plan, deadline);
        let head = match limit {
            Some(limit) => {
                tokio::time::timeout(limit, head).await.unwrap_or(Err(HttpError::TimedOut { limit }))
            }
            None => head.await,
        }?;
        Ok(HttpAnswer { response: head.response, host: target::host(&head.url), limit: most })
    }

    async fn hops(
        &self,
        plan: Plan,
        started: Instant,
        deadline: Option<Instant>,
    ) -> Result<HttpEnd, HttpError> {
        let most = plan.limits.max_body;
        let Head { response, url, attempts, redirects } = self.head(plan, deadline).await?;
        let status = response.status().as_u16();
        let (headers, body) = body::read(response, most, &target::host(&url)).await?;
        Ok(HttpEnd {
            status,
            headers: pairs(&headers),
            body,
            url: target::without_query(&url),
            attempts,
            redirects: u32::try_from(redirects).unwrap_or(u32::MAX),
            duration: started.elapsed(),
        })
    }

    /// Sends what there is to send until an answer is the end.
    async fn head(&self, plan: Plan, deadline: Option<Instant>) -> Result<Head, HttpError> {
        let Plan { first: mut hop, scope, follow_redirects, limits } = plan;
        let retries_left = limits.retries;
        let mut progress = Progress { deadline, attempts: 0, retries_left, backoff: None };
        let mut seen = Vec::new();
        loop {
            let response = self.attempts(&hop, &scope, &mut progress).await?;
            let status = response.status();
            if follow_redirects
                && let Some(next) = redirect::next(&hop, status, response.headers().get(LOCATION))?
            {
                seen.push((hop.method, hop.url));
                check_road(&seen, &next, limits.max_redirects)?;
                hop = next;
                continue;
            }
            return Ok(Head { response, url: hop.url, attempts: progress.attempts, redirects: seen.len() });
        }
    }

    /// Sends the hop until it is answered for good, or no further attempt is due.
    async fn attempts(
        &self,
        hop: &Hop,
        scope: &Scope,
        progress: &mut Progress,
    ) -> Result<Response, HttpError> {
        loop {
            progress.attempts = progress.attempts.saturating_add(1);
            let outcome = self.send(hop, scope).await;
            let asked = match &outcome {
                Ok(response) if is_passing(response.status()) => {
                    retry_after(response.headers(), SystemTime::now()).unwrap_or(Duration::ZERO)
                }
                Err(error) if is_unsent(error) => Duration::ZERO,
                _ => return outcome,
            };
            if progress.retries_left == 0 || !hop.may_repeat() {
                return outcome;
            }
            let pause = progress.backoff.get_or_insert_with(Backoff::new).pause().max(asked);
            if !progress.has_time_for(pause) || !self.budget.take(&target::host(&hop.url), Instant::now()) {
                return outcome;
            }
            progress.retries_left -= 1;
            drop(outcome);
            tokio::time::sleep(pause).await;
        }
    }

    async fn send(&self, hop: &Hop, scope: &Scope) -> Result<Response, HttpError> {
        let is_named = scope.allowed.names(&hop.url);
        if !is_named {
            check_name(&hop.url, scope.proxy.is_some())?;
        }
        // A proxy's own address is whatever its owner configured.
        let is_guarded = !is_named && scope.proxy.is_none();
        let is_secure =
            [Some(&hop.url), scope.proxy.as_ref()].iter().flatten().any(|url| url.scheme() == "https");
        let client = self.pool.client(scope, Route { is_guarded, is_secure }).await?;

        let host = target::host(&hop.url);
        let sent = client.execute(hop.request()).await;
        let response = sent.map_err(|error| HttpError::from_transport(&error, &host))?;
        if is_guarded {
            check_remote(&hop.url, response.remote_addr())?;
        }
        body::check_head(response.headers(), &host)?;
        Ok(response)
    }
}

impl Progress {
    fn has_time_for(&self, pause: Duration) -> bool {
        let left =
            self.deadline.map_or(MAX_PAUSE, |deadline| deadline.saturating_duration_since(Instant::now()));
        pause < left.min(MAX_PAUSE)
    }
}

/// A host that is an address is never looked up, so it is checked here; of a name that a proxy will look up,
/// what can be known.
pub(super) fn check_name(url: &Url, has_proxy: bool) -> Result<(), HttpError> {
    let name = url.host_str().unwrap_or_default();
    match url.host() {
        Some(Host::Ipv4(address)) => Ok(check(name, address.into())?),
        Some(Host::Ipv6(address)) => Ok(check(name, address.into())?),
        Some(Host::Domain(domain)) if has_proxy && is_local(domain) => Err(HttpError::AddressRefused {
            host: name.to_owned(),
            address: None,
            reason: "it names this machine".to_owned(),
        }),
        _ => Ok(()),
    }
}

fn is_local(domain: &str) -> bool {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    domain == "localhost" || domain.ends_with(".localhost")
}

/// Whoever answered must be somebody that may be asked, however the connection came about.
pub(super) fn check_remote(url: &Url, remote: Option<SocketAddr>) -> Result<(), HttpError> {
    let name = url.host_str().unwrap_or_default();
    match remote {
        Some(address) => Ok(check(name, address.ip())?),
        None => Err(HttpError::AddressRefused {
            host: name.to_owned(),
            address: None,
            reason: "nobody can say where the answer came from".to_owned(),
        }),
    }
}

fn check_road(seen: &[(reqwest::Method, Url)], next: &Hop, limit: u32) -> Result<(), HttpError> {
    let refused =
        |reason: String| Err(HttpError::RedirectRefused { to: target::scheme_and_host(&next.url), reason });
    if seen.iter().any(|(method, url)| *method == next.method && *url == next.url) {
        return refused("it leads back to where it came from".to_owned());
    }
    if seen.len() > limit as usize {
        return refused(format!("it is one more than the limit of {limit}"));
    }
    Ok(())
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpClient").finish_non_exhaustive()
    }
}
