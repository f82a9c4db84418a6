//! The one door: everything that calls a tool goes through an [`Executor`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use rye_primitives::{Cgroups, HostLookup, HttpClient, Pulse, Supervision};
use rye_resolver::{
    CallOptions, CallerLimits, Catalogue, Host, Invocation, Limits, Listing, Outline, Plan, Resolution,
    Resolver,
};
use rye_runtimes::ItemId;
use rye_tools::ToolLimits;
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::admission::{Admission, Bounds, Place, Turn};
use crate::artifacts::{Artifact, ArtifactConfig, keep_text};
use crate::error::Error;
use crate::keyed::Keyed;
use crate::outcome::Outcome;
use crate::panic::caught;
use crate::request::process_request;
use crate::run::{Reins, Run, Stop};
use crate::timings::{Stage, StageClock};
use crate::work::{Means, Work};

/// The id of a tool.
pub type ToolId = ItemId;

/// The bounds of an executor. `rye.toml` may say less than is said here, never more.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many runs may be on at once.
    pub concurrency: usize,
    /// How many calls may wait for a turn.
    pub queue: usize,
    /// The same for each tool. A tool that says less of itself is held to that.
    pub tool: ToolLimits,
    /// The same for each caller (see [`CallOptions::caller`]).
    pub caller: CallerLimits,
    /// How the names of HTTP hosts become addresses.
    pub hosts: HostLookup,
    /// Where long outputs are kept whole; `None`: nowhere.
    pub artifacts: Option<ArtifactConfig>,
    /// The strongest means by which a run and all that it starts may be held together. What is not to be had here is
    /// done without, and the outcome names what was used. Nothing is tried for a [`Host::single_run`].
    pub supervision: Supervision,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            concurrency: 64,
            queue: 256,
            tool: ToolLimits::default(),
            caller: CallerLimits::default(),
            hosts: HostLookup::System,
            artifacts: None,
            supervision: Supervision::Cgroup,
        }
    }
}

/// Finds, plans, runs and ends tools for one caller.
///
/// It is cheap to share (`Arc`) and may be used from many tasks. [`Executor::start`] needs a Tokio runtime with
/// its I/O and time drivers on; which kind is the caller's choice.
#[derive(Debug)]
pub struct Executor {
    resolver: Resolver,
    admission: Admission,
    keyed: Keyed,
    means: Means,
    config: Config,
}

impl Executor {
    /// Finds the caller's spaces and reads their configuration. Makes this process a subreaper when `host` asks.
    ///
    /// # Errors
    /// A named project is not there, a `rye.toml` is wrong, or the system refuses the subreaper.
    pub fn new(host: Host, config: Config) -> Result<Self, Error> {
        let subreaper = host.subreaper;
        let resolver = Resolver::new(host)?;
        if subreaper {
            rye_primitives::become_subreaper().map_err(Error::Subreaper)?;
        }
        let limits = resolver.config().limits;
        let admission = Admission::new(bounds(&config, limits));
        let means = Means {
            alone: resolver.host().single_run,
            client: Arc::new(HttpClient::new(config.hosts.clone())),
            artifacts: artifacts(&config, limits),
            cgroups: cgroups(&config, resolver.host()),
            sessions: Arc::default(),
        };
        Ok(Self { resolver, admission, keyed: Keyed::default(), means, config })
    }

    /// The same with what the spaces and `rye.toml` say now, for those who stay long. Both count their runs together,
    /// and shutting one down shuts the other down.
    ///
    /// # Errors
    /// A `rye.toml` is wrong: then nothing has changed.
    pub fn reread(&self) -> Result<Self, Error> {
        let resolver = self.resolver.reread()?;
        let limits = resolver.config().limits;
        self.admission.rebound(bounds(&self.config, limits));
        Ok(Self {
            resolver,
            admission: self.admission.clone(),
            keyed: self.keyed.clone(),
            means: Means { artifacts: artifacts(&self.config, limits), ..self.means.clone() },
            config: self.config.clone(),
        })
    }

    /// What finds tools here, for those who look and do not run.
    #[must_use]
    pub fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// What there is, for those who choose: quick, with what [`Host::cache`] remembers.
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        self.resolver.catalogue()
    }

    /// Every tool and runtime that the caller sees, with all that a run would need of it.
    #[must_use]
    pub fn list(&self) -> Listing {
        self.resolver.list()
    }

    /// Finds a tool and follows its chain.
    ///
    /// # Errors
    /// There is no such tool, or something in its chain is missing, wrong or refused.
    pub fn resolve(&self, id: &ToolId) -> Result<Arc<Resolution>, Error> {
        Ok(Arc::new(self.resolver.resolve(id)?))
    }

    /// Checks arguments against a tool.
    ///
    /// # Errors
    /// All the ways in which they do not fit.
    pub fn invoke(
        &self,
        resolution: Arc<Resolution>,
        arguments: Map<String, Value>,
        options: CallOptions,
    ) -> Result<Invocation, Error> {
        Ok(self.resolver.invoke(resolution, arguments, options)?)
    }

    /// Decides everything about a run and starts nothing.
    ///
    /// # Errors
    /// Something that the run needs is not there or does not fit.
    pub fn plan(&self, invocation: &Invocation) -> Result<Plan, Error> {
        Ok(self.resolver.plan(invocation)?)
    }

    /// Decides what can be decided of a run before its arguments are known, and starts nothing.
    ///
    /// # Errors
    /// Something that every run of the tool needs is not there or does not fit.
    pub fn outline(&self, resolution: Arc<Resolution>, options: CallOptions) -> Result<Outline, Error> {
        Ok(self.resolver.outline(resolution, options)?)
    }

    /// Checks what can be known of a plan before it is started: the program can be executed, its words fit.
    ///
    /// # Errors
    /// The plan cannot be started.
    pub fn check(&self, plan: &Plan) -> Result<(), Error> {
        let Some(process) = plan.process() else { return Ok(()) };
        let request = process_request(plan, process, &self.means, &Pulse::default());
        rye_primitives::check(&request).map_err(|source| Error::Start { tool: plan.tool.to_string(), source })
    }

    /// Starts a plan and returns at once. When all places are taken the run waits for its turn. Dropping the [`Run`]
    /// ends it; dropping the executor does not. With an idempotency key that was given before, it is the run of then.
    ///
    /// # Errors
    /// It could not be started, too many calls wait already, or its key was given before for another call.
    ///
    /// # Panics
    /// Outside of a Tokio runtime, or in one without its I/O and time drivers.
    pub fn start(&self, plan: Plan) -> Result<Run, Error> {
        match plan.once.clone() {
            Some(once) => self.keyed.start(&once, plan, |plan| self.begin(plan)),
            None => self.begin(plan),
        }
    }

    fn begin(&self, plan: Plan) -> Result<Run, Error> {
        let plan = Arc::new(plan);
        let reins = Reins::default();
        let (begun_sender, begun) = oneshot::channel();
        let (over_sender, over) = oneshot::channel();
        // Whoever held the run may have dropped it: then nobody wants to be told.
        match self.admission.enter(&plan, self.config.tool, &reins.stopper)? {
            Ok(place) => {
                let mut work = self.means.begin(&plan, &reins)?;
                let _ = begun_sender.send(work.take_events());
                let plan = Arc::clone(&plan);
                tokio::spawn(async move {
                    let over = ended(work, &plan).await;
                    drop(place);
                    let _ = over_sender.send(over);
                });
            }
            Err(turn) => {
                let (plan, reins, means) = (Arc::clone(&plan), reins.clone(), self.means.clone());
                tokio::spawn(async move {
                    let over = match in_turn(turn, &plan, &reins, &means).await {
                        Ok(Admitted { mut work, place, waited }) => {
                            let _ = begun_sender.send(work.take_events());
                            let mut over = ended(work, &plan).await;
                            if let Ok(Outcome { timings: Some(timings), .. }) = &mut over {
                                timings.stages.insert(0, (Stage::Queue, waited));
                            }
                            drop(place);
                            over
                        }
                        Err(error) => Err(error),
                    };
                    let _ = over_sender.send(over);
                });
            }
        }
        Ok(Run::new(plan, reins, Some(begun), over))
    }

    /// Resolves, checks, plans, runs and waits: the whole road in one call. Dropping the future ends the run.
    ///
    /// # Errors
    /// It could not be run. A tool that fails is an [`Outcome`].
    pub async fn call(
        &self,
        id: &ToolId,
        arguments: Map<String, Value>,
        options: CallOptions,
    ) -> Result<Outcome, Error> {
        let mut clock = StageClock::new(Stage::Resolve, Instant::now());
        let resolution = self.resolve(id)?;
        clock.begin(Stage::Arguments);
        let invocation = self.invoke(resolution, arguments, options)?;
        clock.begin(Stage::Plan);
        let plan = self.plan(&invocation)?;
        clock.plan_ends(&plan);
        let mut outcome = self.start(plan)?.outcome().await?;
        clock.run_ends(&mut outcome);
        Ok(outcome)
    }

    /// Keeps what came of a run whole, beside its long outputs. `None`: nothing is kept anywhere.
    #[must_use]
    pub fn keep(&self, text: &str) -> Option<Artifact> {
        self.means.artifacts.as_ref().and_then(|config| keep_text("result", text, config))
    }

    /// Asks every run that is on to end, or to end faster. More may begin: [`Executor::shutdown`] takes no more.
    pub fn stop_all(&self, stop: Stop) {
        self.admission.stop_all(stop);
    }

    /// Takes no more calls, asks every run to end, and returns when nothing is left. Dropping the future does not
    /// take that back; asking again waits for the rest.
    pub async fn shutdown(&self) {
        self.admission.close().await;
        self.means.sessions.end(&self.means.client).await;
        if let Some(cgroups) = &self.means.cgroups {
            cgroups.close();
        }
    }
}

/// The lesser of what the front end and `rye.toml` say.
fn bounds(config: &Config, limits: Limits) -> Bounds {
    let least = |ours: usize, theirs: Option<u64>| {
        theirs.map_or(ours, |theirs| ours.min(usize::try_from(theirs).unwrap_or(usize::MAX)))
    };
    let lesser = |ours: Option<usize>, theirs: Option<usize>| ours.into_iter().chain(theirs).min();
    Bounds {
        concurrency: least(config.concurrency, limits.concurrency),
        queue: least(config.queue, limits.queue),
        caller: CallerLimits {
            concurrency: lesser(config.caller.concurrency, limits.caller.concurrency),
            queue: lesser(config.caller.queue, limits.caller.queue),
        },
    }
}

/// The one place that chooses by what runs are held together. To find and make a cgroup costs more than one run is
/// late by: it is for those who have many.
fn cgroups(config: &Config, host: &Host) -> Option<Cgroups> {
    (config.supervision >= Supervision::Cgroup && !host.single_run).then(Cgroups::default)
}

fn artifacts(config: &Config, limits: Limits) -> Option<ArtifactConfig> {
    let kept = config.artifacts.clone()?;
    Some(kept.limited(limits.inline_output, limits.max_artifact))
}

/// Waits for the end of what was begun.
async fn ended(work: Work, plan: &Plan) -> Result<Outcome, Error> {
    let over = caught(work.end(plan)).await;
    over.map_err(|source| Error::Panicked { tool: plan.tool.to_string(), source })
}

/// A run whose turn came.
struct Admitted {
    work: Work,
    place: Place,
    waited: Duration,
}

/// Waits for a turn; the wait counts against the time limit.
async fn in_turn(turn: Turn, plan: &Plan, reins: &Reins, means: &Means) -> Result<Admitted, Error> {
    let limit = plan.timeout.map(|(limit, _)| limit);
    let expiry = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let asked = tokio::time::Instant::now();
    let place = tokio::select! {
        biased;
        () = reins.stopper.asked() => return Err(Error::StoppedInQueue),
        () = expiry => {
            return Err(Error::TimedOutInQueue { seconds: limit.unwrap_or_default().as_secs_f64() });
        }
        place = turn.place() => place?,
    };
    let waited = asked.elapsed();
    let mut plan = plan.clone();
    if let Some((limit, _)) = &mut plan.timeout {
        *limit = limit.saturating_sub(waited);
    }
    let work = means.begin(&plan, reins)?;
    Ok(Admitted { work, place, waited })
}
