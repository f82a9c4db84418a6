//! A planned call of another server's tool, from its start to its outcome.

use std::sync::Arc;
use std::time::Instant;

use rye_primitives::{Process, ProcessRequest, start as start_process};
use rye_resolver::{PeerPlan, PeerReach, Plan, hexadecimal};

use super::failure::Failure;
use super::input::Input;
use super::stdio;
use super::talk::{Goal, Talk};
use super::teller::Teller;
use super::verdict::{Besides, verdict};
use super::{Aside, Met, Mirrored, Reached, http};
use crate::artifacts::keep;
use crate::error::Error;
use crate::exchange::request as exchange_request;
use crate::judge;
use crate::outcome::{EndingKind, Outcome};
use crate::report::{Code, Report, peer_report};
use crate::request::process_request;
use crate::run::{Reins, RunStopper, WorkEvents};
use crate::timings::{Stage, Timings};
use crate::work::Means;

/// A call that was begun.
#[derive(Debug)]
pub(crate) struct PeerWork {
    reach: Reach,
    talk: Talk,
    stopper: RunStopper,
    teller: Teller,
    events: Option<WorkEvents>,
}

#[derive(Debug)]
enum Reach {
    /// The process, and what starts it again.
    Process(Box<(Process, ProcessRequest)>),
    Site(Box<http::Site>),
}

impl PeerWork {
    pub(crate) fn begin(means: &Means, plan: &Plan, peer: &PeerPlan, reins: &Reins) -> Result<Self, Error> {
        let goal = Goal::Call { tool: peer.tool.clone(), arguments: peer.arguments.clone() };
        let input = if peer.answers_with_defaults { Input::Defaults } else { Input::Refused };
        let talk = Talk::new(goal, input, peer.protocol.as_deref());
        let (teller, told) = Teller::new();
        let mut events = WorkEvents { process: None, told: Some(told) };
        let reach = match &peer.reach {
            PeerReach::Process(process) => {
                let request = process_request(plan, process, means, &reins.pulse);
                let mut process = start_process(request.clone())
                    .map_err(|source| Error::Start { tool: plan.tool.to_string(), source })?;
                events.process = process.take_events();
                Reach::Process(Box::new((process, request)))
            }
            PeerReach::Exchange(exchange) => Reach::Site(Box::new(http::Site {
                client: Arc::clone(&means.client),
                base: exchange_request(plan, exchange),
                mirrored: peer.mirrored.iter().cloned().map(Mirrored::from).collect(),
                repeatable: peer.repeatable,
                limit: plan.timeout.map(|(limit, _)| limit),
                idle: judge::idle_limit(plan),
                pulse: reins.pulse.clone(),
                // A program that does one run has no next one.
                sessions: (!means.alone).then(|| Arc::clone(&means.sessions)),
            })),
        };
        Ok(Self { reach, talk, stopper: reins.stopper.clone(), teller, events: Some(events) })
    }

    pub(crate) fn take_events(&mut self) -> Option<WorkEvents> {
        self.events.take()
    }

    /// Holds the conversation and waits until nothing of it is left.
    pub(crate) async fn end(self, plan: &Plan) -> Outcome {
        let begun = Instant::now();
        let Self { reach, talk, stopper, teller, .. } = self;
        let met = match reach {
            Reach::Process(both) => {
                let (process, mut request) = *both;
                let restart = |elapsed| {
                    request.limits.timeout =
                        request.limits.timeout.map(|limit| limit.saturating_sub(elapsed));
                    start_process(request).map_err(Failure::Start)
                };
                stdio::converse(process, talk, &stopper, &teller, restart).await.into()
            }
            Reach::Site(site) => http::converse(*site, talk, &stopper, &teller).await.into(),
        };
        // Whoever reads events is told that no more will come before the outcome is.
        drop(teller);
        outcome(plan, met, begun)
    }
}

impl From<Result<stdio::Over, Failure>> for Met {
    fn from(over: Result<stdio::Over, Failure>) -> Self {
        over.map_or_else(Self::never, Self::from)
    }
}

impl From<stdio::Over> for Met {
    fn from(mut over: stdio::Over) -> Self {
        Self {
            ending: stdio::ending(&over.end),
            aside: Aside {
                stderr: over.end.stderr.text(),
                stderr_bytes: over.end.stderr.total,
                stderr_sha256: over.end.stderr.sha256.as_ref().map(|digest| hexadecimal(digest)),
                artifact: keep("stderr", &mut over.end.stderr),
                supervision: Some(over.end.supervision),
                garbage: over.garbage,
            },
            reached: over.reached,
        }
    }
}

impl From<http::Over> for Met {
    fn from(over: http::Over) -> Self {
        let http::Over { reached, status, garbage } = over;
        let kind = match (&reached, status) {
            (Err(Failure::Stopped), _) => EndingKind::Stopped,
            (Err(Failure::TimedOut | Failure::Idle), _) => EndingKind::TimedOut,
            (_, Some(status)) => EndingKind::Responded { status },
            (_, None) => EndingKind::NotStarted,
        };
        Self { reached, ending: kind.into(), aside: Aside { garbage, ..Aside::default() } }
    }
}

/// What came of a connection, as the outcome of a run.
fn outcome(plan: &Plan, met: Met, begun: Instant) -> Outcome {
    let Met { reached, mut ending, aside } = met;
    let read = reached.and_then(|reached| match reached {
        Reached::Called(result) => verdict(&result),
        Reached::Listed(_) => Err(Failure::Stopped),
    });
    let mut besides = None;
    let (data, error) = match read {
        Ok(verdict) => {
            besides = Some(verdict.besides);
            let error = match verdict.failed {
                Some(told) => Some(Report::new(Code::ToolFailed, told)),
                None => judge::broken_promise(plan, verdict.promised.as_deref()),
            };
            (verdict.data, error)
        }
        Err(failure) => {
            match failure {
                // That is an answer too.
                Failure::Refused { .. } => besides = Some(Besides::default()),
                Failure::Stopped => ending.kind = EndingKind::Stopped,
                Failure::TimedOut => ending.kind = EndingKind::TimedOut,
                Failure::Idle => {
                    (ending.kind, ending.idle) = (EndingKind::TimedOut, judge::idle_limit(plan));
                }
                _ => {}
            }
            let report = match judge::ended_early(plan, &ending) {
                Some(report) => report,
                None => peer_report(&failure, &aside),
            };
            (None, Some(report))
        }
    };
    let duration = begun.elapsed();
    Outcome {
        success: error.is_none(),
        data,
        error,
        ending,
        stderr: aside.stderr,
        stderr_bytes: aside.stderr_bytes,
        stderr_sha256: aside.stderr_sha256,
        artifacts: aside.artifact.into_iter().collect(),
        supervision: aside.supervision,
        duration,
        chain: plan.chain.clone(),
        besides,
        timings: plan.timings.then(|| Timings { stages: vec![(Stage::Exchange, duration)] }),
        ..Outcome::empty(&plan.tool.to_string(), &plan.run_id)
    }
}
