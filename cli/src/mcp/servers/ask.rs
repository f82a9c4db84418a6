//! One question to a server: what tools it has. How it is reached is planned as a call of a tool would be, from the
//! same words, so that what is found now is found again when the tools run.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rye_executor::peer::{self, Address, Listed, Terms};
use rye_executor::report::resolve_report;
use rye_executor::resolver::{Action, ExchangePlan, FoundItem, PeerReach, ProcessPlan};
use rye_executor::tools::{Item, ToolFile};
use rye_executor::{CallOptions, Code, Executor, Plan, Report, Resolution, Space, Stop, ToolId};
use serde_json::{Map, json};

use super::folder::SERVERS;
use super::tool_file::{Via, write};
use crate::output::{Output, Style, plain_line};
use crate::run::event_loop;
use crate::signals::Watch;

/// How long a server may take, unless told otherwise.
const LIMIT: Duration = Duration::from_secs(60);
/// What stands for the tool where there is none yet.
const ASKED: &str = "tools";

/// How a server is reached, decided.
#[derive(Debug)]
pub(super) struct Door<'d> {
    executor: &'d Executor,
    plan: Plan,
}

/// The two ways to a server.
enum Way<'w> {
    Process(&'w ProcessPlan),
    Exchange(&'w ExchangePlan),
}

/// A tool that stands in no file, resolved as if it did. `file` is where it would stand.
pub(super) fn resolve(
    executor: &Executor,
    space: Space,
    id: ToolId,
    item: Item,
) -> Result<Arc<Resolution>, Report> {
    let found = FoundItem { id, space, item, file: None, sidecar: None, runs_itself: false };
    let resolution = executor.resolver().resolve_item(found);
    resolution.map(Arc::new).map_err(|error| resolve_report(&error))
}

impl<'d> Door<'d> {
    /// Plans how a server is reached. `name`: what it is called here.
    pub(super) fn plan(
        executor: &'d Executor,
        space: Space,
        name: &str,
        via: Via<'_>,
    ) -> Result<Self, Report> {
        let id = format!("{SERVERS}/{name}/{ASKED}");
        let any = json!({ "name": ASKED, "inputSchema": { "type": "object" } });
        let internal = |why: String| Report::new(Code::Internal, why);
        let written = write(via, any.as_object().unwrap_or(&Map::new())).map_err(internal)?;
        let source = ToolFile {
            file: Arc::from(format!("{SERVERS}/{name}.toml")),
            extension: Some("toml"),
            bytes: written.text.as_bytes(),
            sidecar: None,
        };
        let item = Item::read(&source).map_err(|problems| {
            let problem = problems.first().map(|problem| problem.message.clone());
            internal(problem.unwrap_or_default())
        })?;
        let id: ToolId = id.parse().map_err(|_| internal(format!("`{id}` is no id")))?;
        let resolution = resolve(executor, space, id, item)?;
        let invocation = executor.invoke(resolution, Map::new(), CallOptions::default());
        let plan = invocation.and_then(|invocation| executor.plan(&invocation));
        Ok(Self { executor, plan: plan.map_err(|error| error.report())? })
    }

    /// Says what is about to be started or asked, whole.
    pub(super) fn announce(&self, output: &Output) {
        match self.way() {
            Way::Process(process) => {
                let program = process.program.to_string_lossy().into_owned();
                let words = std::iter::once(program).chain(process.shown_args.iter().cloned());
                output.note(Style::Green, "starting", &shell_words(words));
                output.note(Style::Dim, "in", &process.cwd.display().to_string());
            }
            Way::Exchange(exchange) => output.note(Style::Green, "asking", &exchange.shown_url()),
        }
    }

    /// Asks. A signal ends the question, and what was started for it.
    pub(super) fn list(&self, limit: Option<Duration>) -> Result<Listed, Report> {
        let address = self.address();
        let host = self.executor.resolver().host();
        let terms = Terms { limit: limit.unwrap_or(LIMIT), ..Terms::default() };
        let stopper = terms.stopper.clone();
        event_loop()?.block_on(async {
            let mut signals = Watch::new();
            let mut stops = [Stop::Ask].into_iter();
            let mut listed = pin!(peer::list(&address, host, terms));
            loop {
                tokio::select! {
                    listed = &mut listed => return listed.map_err(as_a_question),
                    _ = signals.next() => stopper.stop(stops.next().unwrap_or(Stop::Force)),
                }
            }
        })
    }

    fn way(&self) -> Way<'_> {
        match &self.plan.action {
            Action::Process(process) => Way::Process(process),
            Action::Exchange(exchange) => Way::Exchange(exchange),
            Action::Peer(peer) => match &peer.reach {
                PeerReach::Process(process) => Way::Process(process),
                PeerReach::Exchange(exchange) => Way::Exchange(exchange),
            },
        }
    }

    fn address(&self) -> Address {
        match self.way() {
            Way::Process(process) => Address::Command {
                program: process.program.clone(),
                args: process.args.clone(),
                environment: self
                    .plan
                    .environment
                    .iter()
                    .map(|(name, value, _)| (name.into(), value.into()))
                    .collect(),
                folder: process.cwd.clone(),
            },
            Way::Exchange(exchange) => Address::Url {
                url: exchange.url.clone(),
                headers: exchange.headers.clone(),
                allow_hosts: exchange.allow_hosts.clone(),
                proxy: exchange.proxy.clone(),
            },
        }
    }
}

/// What helps somebody who asked and called no tool.
fn as_a_question(report: Report) -> Report {
    let hint = match report.code {
        Code::TimedOut => "`--timeout S` gives it longer; a first start may have to load the server",
        Code::HttpTransport => "look at the URL, and whether the server answers",
        _ => return report,
    };
    Report { hints: vec![hint.to_owned().into()], ..report }
}

/// Words as a shell reads them, on one line.
pub(super) fn shell_words(words: impl Iterator<Item = String>) -> String {
    let quoted = words.map(|word| shlex::try_quote(&word).map_or_else(|_| word.clone(), Into::into));
    plain_line(&quoted.collect::<Vec<_>>().join(" "))
}
