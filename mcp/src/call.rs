//! One call: from a name and arguments to a [`Reply`]. Whatever ends it, nothing of its run is left when it returns.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rye_executor::{Attachment, CallOptions, Code, Error, IdempotencyKey, Outcome, Plan, Run, Stop, ToolId};
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::door::Door;
use crate::meta::{MetaTool, Next};
use crate::notice::{Notice, Notices, VARIABLE};
use crate::reply::{Form, Reply};
use crate::resource::keep;
use crate::takes::takes;
use crate::text::calm;

/// Clients give up after 60 s in which they hear nothing.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// What another server tells of a call waits here for the client.
const TOLD: usize = 64;

/// What a client asks for.
#[derive(Debug)]
pub(crate) struct CallRequest {
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
    /// Variables that tell the tool which trace it is part of.
    pub(crate) trace: Vec<(String, OsString)>,
    /// Who calls, where there may be several.
    pub(crate) caller: Option<Arc<str>>,
    /// The client's name for the call: asked for again, it is not run again.
    pub(crate) idempotency_key: Option<IdempotencyKey>,
    /// The client wants no answer any more.
    pub(crate) cancelled: CancellationToken,
    /// Where the client hears of the call while it is on, if it wants to.
    pub(crate) notices: Option<mpsc::Sender<Notice>>,
}

/// There is no tool of that name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownTool {
    pub(crate) name: String,
    pub(crate) nearest: Option<String>,
}

impl fmt::Display for UnknownTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no tool `{}`", calm(&self.name))?;
        self.nearest.iter().try_for_each(|near| write!(f, "; did you mean `{near}`?"))
    }
}

impl Door {
    /// Runs a tool.
    pub(crate) async fn call(&self, mut request: CallRequest) -> Result<Reply, UnknownTool> {
        let mut is_executed = false;
        if let Some(tool) = MetaTool::of(&request.name) {
            let catalogue = self.known().await;
            if catalogue.is_meta() {
                match tool.begin(&catalogue, &request.arguments) {
                    Next::Reply(reply) => return Ok(reply),
                    Next::Run { name, arguments } => {
                        (request.name, request.arguments, is_executed) = (name, arguments, true);
                    }
                }
            }
        }
        let Some(id) = self.find(&request.name).await else {
            let nearest = self.nearest(&request.name).await;
            let unknown = UnknownTool { name: request.name, nearest };
            // A model chose that name as an argument, and can choose another; the tool that it called is there.
            return if is_executed { Ok(Reply::refused(&unknown.to_string())) } else { Err(unknown) };
        };
        let reply = self.run(&id, request).await;
        Ok(reply.unwrap_or_else(|error| Reply::failure(&error.report())))
    }

    async fn run(&self, id: &ToolId, request: CallRequest) -> Result<Reply, Error> {
        // Without the pipe the call goes on: its tool finds no variable, as on a command line.
        let open = || Notices::open(self.scratch(), self.next_number()).ok();
        let mut notices = request.notices.as_ref().and_then(|_| open());
        let variable = |notices: &Notices| (VARIABLE.to_owned(), Some(notices.path().as_os_str().to_owned()));
        let environment = request.trace.into_iter().map(|(name, value)| (name, Some(value)));
        // On a pipe the client is on this machine, and reads files of its own.
        let is_near = request.caller.is_none();
        let options = CallOptions {
            environment: environment.chain(notices.as_ref().map(variable)).collect(),
            attachment: Attachment::Captured,
            caller: request.caller,
            idempotency_key: request.idempotency_key,
            ..CallOptions::default()
        };
        let executor = self.executor();
        let resolution = executor.resolve(id)?;
        let invoked = executor.invoke(Arc::clone(&resolution), request.arguments, options);
        let mut invocation = match invoked.map_err(|error| error.report()) {
            Ok(invocation) => invocation,
            Err(report) if report.code == Code::InvalidArguments => {
                let takes = takes(&request.name, &resolution.tool.parameters);
                return Ok(Reply::failure(&report.hint(format!("it is called as `{takes}`"))));
            }
            Err(report) => return Ok(Reply::failure(&report)),
        };
        let mut plan = executor.plan(&invocation)?;
        // Where silence ends a run, what it tells must be heard, whoever wants to know it.
        if plan.idle_timeout.is_some() && notices.is_none() {
            notices = open();
            invocation.options.environment.extend(notices.as_ref().map(variable));
            plan = executor.plan(&invocation)?;
        }
        let form = form(&plan);
        let run = executor.start(plan)?;
        let watch = Watch { notices, listener: request.notices };
        let outcome = self.watched(run, &request.cancelled, watch).await?;
        let keep = |part, text: &str| {
            let kept = keep(&executor, &outcome, part, text)?;
            Some(kept.map(|whole| if is_near { whole.near() } else { whole }))
        };
        let reply = Reply::of(&outcome, form, &keep);
        reply.wholes.iter().cloned().for_each(|whole| self.resources().insert(whole));
        Ok(reply)
    }

    /// Waits for the end of a run, and does meanwhile what its client wants.
    async fn watched(
        &self,
        mut run: Run,
        cancelled: &CancellationToken,
        mut watch: Watch,
    ) -> Result<Outcome, Error> {
        let (stopper, pulse) = (run.stopper(), run.pulse());
        let is_heard = watch.listener.is_some();
        // A listener that is slow misses some of it and holds nothing up.
        let (teller, mut told) = mpsc::channel(TOLD);
        let work = async move {
            while is_heard && let Some(event) = run.next_event().await {
                if let Some(notice) = Notice::of(event) {
                    let _ = teller.try_send(notice);
                }
            }
            run.outcome().await
        };
        let mut work = std::pin::pin!(work);
        let mut beat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let begun = Instant::now();
        let outcome = loop {
            tokio::select! {
                biased;
                over = &mut work => break over,
                () = cancelled.cancelled() => {
                    watch.listener = None;
                    stopper.stop(Stop::Ask);
                    break work.await;
                }
                notice = watch.next_notice() => {
                    pulse.beat();
                    beat.reset();
                    watch.tell(notice).await;
                }
                Some(notice) = told.recv() => {
                    beat.reset();
                    watch.tell(notice).await;
                }
                _ = beat.tick(), if is_heard => {
                    watch.tell(Notice::Heartbeat { seconds: begun.elapsed().as_secs() }).await;
                },
            }
        };
        while let Ok(notice) = told.try_recv() {
            watch.tell(notice).await;
        }
        watch.tell_the_rest().await;
        outcome
    }
}

fn form(plan: &Plan) -> Form {
    Form { style: plan.style, has_schema: plan.output_schema.is_some() }
}

/// What goes on beside a run.
struct Watch {
    notices: Option<Notices>,
    listener: Option<mpsc::Sender<Notice>>,
}

impl Watch {
    async fn next_notice(&mut self) -> Notice {
        match &mut self.notices {
            Some(notices) => notices.next().await,
            None => std::future::pending().await,
        }
    }

    async fn tell(&mut self, notice: Notice) {
        if let Some(listener) = &self.listener
            && listener.send(notice).await.is_err()
        {
            self.listener = None;
        }
    }

    async fn tell_the_rest(mut self) {
        if let Some(notices) = self.notices.take() {
            for notice in notices.rest() {
                self.tell(notice).await;
            }
        }
    }
}
