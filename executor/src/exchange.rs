//! HTTP exchanges: the one conversion from a plan, the run, and what its end means for the tool.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rye_primitives::{HttpAuth, HttpBody, HttpClient, HttpEnd, HttpError, HttpLimits, HttpRequest};
use rye_resolver::{ExchangeAuth, ExchangeBody, ExchangePlan, Plan};
use serde_json::value::RawValue;

use crate::outcome::{Ending, EndingKind, Outcome};
use crate::report::{Code, Report, exchange_report};
use crate::run::RunStopper;
use crate::timings::{Stage, Timings};

/// An exchange that is to be made.
#[derive(Debug)]
pub(crate) struct Exchange {
    client: Arc<HttpClient>,
    request: HttpRequest,
    stopper: RunStopper,
}

/// How an exchange ended.
#[derive(Debug)]
pub(crate) struct Over {
    /// `None`: a stop was asked for.
    end: Option<Result<HttpEnd, HttpError>>,
    duration: Duration,
}

impl Exchange {
    pub(crate) fn new(
        client: &Arc<HttpClient>,
        plan: &Plan,
        exchange: &ExchangePlan,
        stopper: &RunStopper,
    ) -> Self {
        Self { client: Arc::clone(client), request: request(plan, exchange), stopper: stopper.clone() }
    }

    /// Makes it. It ends when it is answered, at its deadline, or when a stop is asked for.
    pub(crate) async fn run(&self) -> Over {
        let begun = Instant::now();
        let end = tokio::select! {
            end = self.client.exchange(&self.request) => Some(end),
            () = self.stopper.asked() => None,
        };
        Over { end, duration: begun.elapsed() }
    }
}

pub(crate) fn request(plan: &Plan, exchange: &ExchangePlan) -> HttpRequest {
    HttpRequest {
        method: exchange.method.clone(),
        url: exchange.url.clone(),
        headers: exchange.headers.clone(),
        query: exchange.query.clone(),
        body: match &exchange.body {
            ExchangeBody::Empty => HttpBody::Empty,
            ExchangeBody::Json(value) => HttpBody::Json(value.to_string().into_bytes()),
            ExchangeBody::Form(pairs) => HttpBody::Form(pairs.clone()),
            ExchangeBody::Text(text) => HttpBody::Text(text.clone()),
        },
        auth: exchange.auth.clone().map(|auth| match auth {
            ExchangeAuth::Bearer { token } => HttpAuth::Bearer { token },
            ExchangeAuth::ApiKey { header, value } => HttpAuth::ApiKey { header, value },
            ExchangeAuth::Basic { user, password } => HttpAuth::Basic { user, password },
        }),
        repeatable: false,
        follow_redirects: exchange.follow_redirects,
        allow_hosts: exchange.allow_hosts.clone(),
        proxy: exchange.proxy.clone(),
        limits: HttpLimits {
            timeout: plan.timeout.map(|(limit, _)| limit),
            retries: exchange.retries,
            max_body: exchange.max_body,
            ..HttpLimits::default()
        },
    }
}

/// What the end of an exchange means for the tool.
pub(crate) fn outcome(plan: &Plan, over: Over) -> Outcome {
    let Over { end, duration } = over;
    let (kind, headers, data, error) = match end {
        Some(Ok(end)) => {
            let error = failed(plan, &end);
            (EndingKind::Responded { status: end.status }, end.headers.clone(), data(end), error)
        }
        Some(Err(error)) => {
            // Whoever sees `not_started` may send it again: nothing of it has been received.
            let kind = match error {
                HttpError::TimedOut { .. } => EndingKind::TimedOut,
                HttpError::InvalidBody { status, .. } | HttpError::BodyTooLarge { status, .. } => {
                    EndingKind::Responded { status }
                }
                HttpError::Transport { .. } | HttpError::RedirectRefused { .. } => EndingKind::Lost,
                _ => EndingKind::NotStarted,
            };
            (kind, Vec::new(), None, Some(exchange_report(&error)))
        }
        None => {
            let report = Report::new(Code::Stopped, format!("`{}` was stopped", plan.tool));
            (EndingKind::Stopped, Vec::new(), None, Some(report))
        }
    };
    let error = error.or_else(|| crate::judge::broken_promise(plan, data.as_deref()));
    Outcome {
        success: error.is_none(),
        data,
        error,
        ending: Ending { headers, ..kind.into() },
        duration,
        chain: plan.chain.clone(),
        timings: plan.timings.then(|| Timings { stages: vec![(Stage::Exchange, duration)] }),
        ..Outcome::empty(&plan.tool.to_string(), &plan.run_id)
    }
}

/// An answer that says that the request failed.
fn failed(plan: &Plan, end: &HttpEnd) -> Option<Report> {
    if end.status < 400 {
        return None;
    }
    let report =
        Report::new(Code::HttpStatus, format!("`{}` was answered with status {}", plan.tool, end.status));
    // The path may hold what a variable gave: the host alone is told.
    let host = end.url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let report = report.cause(format!("by {host}"));
    Some(match end.status {
        401 | 403 => report.hint("look at `auth` and `headers` in `[config]`, and at the variables they use"),
        404 => report.hint("look at `url` in `[config]`, and at the arguments in its path"),
        429 => report.hint("call it less often, or raise `retries` in `[config]`"),
        500.. => report.hint("try again later, or raise `retries` in `[config]`"),
        _ => report,
    })
}

/// The body: JSON as it is, text as a string, anything else in base64.
fn data(end: HttpEnd) -> Option<Box<RawValue>> {
    if end.body.is_empty() {
        return None;
    }
    let kind = end.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let kind = kind.map(|(_, value)| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let is_json = kind.is_some_and(|kind| kind == "application/json" || kind.ends_with("+json"));
    match String::from_utf8(end.body) {
        Ok(text) => {
            let json = is_json.then(|| serde_json::from_str::<Box<RawValue>>(text.trim()).ok()).flatten();
            json.or_else(|| serde_json::value::to_raw_value(&text).ok())
        }
        Err(error) => serde_json::value::to_raw_value(
            &serde_json::json!({ "base64": STANDARD.encode(error.as_bytes()) }),
        )
        .ok(),
    }
}
