//! What a primitive does for a run, from its start to its end.

use std::sync::Arc;

use rye_primitives::{Cgroups, HttpClient, Process, start as start_process};
use rye_resolver::{Action, Plan};

use crate::artifacts::ArtifactConfig;
use crate::error::Error;
use crate::exchange::{self, Exchange};
use crate::judge;
use crate::outcome::Outcome;
use crate::peer::{PeerWork, Sessions};
use crate::request::process_request;
use crate::run::{Reins, WorkEvents};

/// What a start needs beside the plan.
#[derive(Clone, Debug)]
pub(crate) struct Means {
    /// This program does nothing but one run.
    pub(crate) alone: bool,
    pub(crate) client: Arc<HttpClient>,
    /// Where long outputs go; `None`: nowhere.
    pub(crate) artifacts: Option<ArtifactConfig>,
    /// Where runs get cgroups of their own from; `None`: they have none.
    pub(crate) cgroups: Option<Cgroups>,
    /// What is known of other MCP servers.
    pub(crate) sessions: Arc<Sessions>,
}

/// Something that was begun.
#[derive(Debug)]
pub(crate) enum Work {
    Process(Box<Process>),
    Exchange(Box<Exchange>),
    Peer(Box<PeerWork>),
}

impl Means {
    /// Begins what a plan asks for.
    pub(crate) fn begin(&self, plan: &Plan, reins: &Reins) -> Result<Work, Error> {
        match &plan.action {
            Action::Process(process) => {
                let process = start_process(process_request(plan, process, self, &reins.pulse))
                    .map_err(|source| Error::Start { tool: plan.tool.to_string(), source })?;
                reins.stopper.connect(process.stopper());
                Ok(Work::Process(Box::new(process)))
            }
            Action::Exchange(exchange) => {
                Ok(Work::Exchange(Box::new(Exchange::new(&self.client, plan, exchange, &reins.stopper))))
            }
            Action::Peer(peer) => Ok(Work::Peer(Box::new(PeerWork::begin(self, plan, peer, reins)?))),
        }
    }
}

impl Work {
    /// What it prints, to be read by whoever holds the run.
    pub(crate) fn take_events(&mut self) -> Option<WorkEvents> {
        match self {
            Self::Process(process) => Some(WorkEvents { process: process.take_events(), told: None }),
            Self::Exchange(_) => None,
            Self::Peer(peer) => peer.take_events(),
        }
    }

    /// Does what is left of it and waits for the end.
    pub(crate) async fn end(self, plan: &Plan) -> Outcome {
        match self {
            Self::Process(process) => judge::outcome(plan, process.end().await),
            // Theirs are large, and would make that of a process as large, which is moved several times.
            Self::Exchange(exchange) => exchange::outcome(plan, Box::pin(exchange.run()).await),
            Self::Peer(peer) => Box::pin(peer.end(plan)).await,
        }
    }
}
