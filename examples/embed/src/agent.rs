//! The loop: the model is offered the tools, asks for calls, and is told what came of each. A call that goes wrong in
//! any way is something the model reads, never the end of the loop.

use std::sync::Arc;
use std::time::Duration;

use rye_executor::tools::dialect::Dialect;
use rye_executor::tools::{Item, PortableNames, Tool};
use rye_executor::{CallOptions, Code, Error, Executor, Outcome, Report, RunEvent, Stop, ToolId};
use serde_json::json;
use tokio::task::{JoinError, JoinSet};

use crate::model::{ScriptedModel, ToolCall, ToolDefinition, ToolResult, Turn};

/// No call may take longer, whatever the tool itself allows.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Output without a line end is shown in pieces of so many bytes.
const LONGEST_LINE: usize = 4096;

/// The tools of a project, in the hands of a model.
#[derive(Debug)]
pub(crate) struct Agent {
    executor: Arc<Executor>,
    definitions: Vec<ToolDefinition>,
    /// Providers allow no `/` in a name: which name stands for which id.
    names: PortableNames,
}

impl Agent {
    pub(crate) fn new(executor: Arc<Executor>) -> Self {
        let listing = executor.list();
        // A broken file is an entry with its problem; `rye check` is the place to see it.
        let tools =
            listing.items.iter().filter(|listed| !listed.shadowed).filter_map(|listed| {
                match &listed.item.as_ref().ok()?.item {
                    Item::Tool(tool) if !tool.metadata.hidden => Some((&listed.id, tool.as_ref())),
                    _ => None,
                }
            });
        // Hidden and broken tools have names too, so that no name changes when a file does.
        let names = listing.portable_names();
        let definitions = tools.filter_map(|(id, tool)| definition(names.name(id)?, tool)).collect();
        Self { executor, definitions, names }
    }

    /// Lets the model ask for calls until it has an answer.
    pub(crate) async fn answer(
        &self,
        question: &str,
        model: &mut ScriptedModel,
    ) -> Result<String, JoinError> {
        for tool in &self.definitions {
            println!("offered: {} {} {}", tool.name, tool.description, tool.input_schema);
        }
        let mut results = Vec::new();
        loop {
            match model.next(question, &self.definitions, results) {
                Turn::Answer(answer) => return Ok(answer),
                Turn::Calls(calls) => results = self.make(calls).await?,
            }
            for result in &results {
                let word = result.error.map_or("ok", Code::word);
                println!("{}: {word}: {}", result.name, result.content);
            }
        }
    }

    /// Makes all calls at once. Dropping this future drops the set, which aborts the tasks; a `Run` that is dropped
    /// ends with all that it started.
    async fn make(&self, calls: Vec<ToolCall>) -> Result<Vec<ToolResult>, JoinError> {
        let mut running = JoinSet::new();
        for (place, call) in calls.into_iter().enumerate() {
            // What was not offered cannot be called.
            let offered = self.definitions.iter().any(|tool| tool.name == call.name);
            let id = self.names.id(&call.name).filter(|_| offered).cloned();
            let executor = Arc::clone(&self.executor);
            running.spawn(async move {
                let came = match id {
                    Some(id) => run(&executor, &id, &call).await.map_err(|error| error.report()),
                    None => {
                        Err(Report::new(Code::ToolNotFound, format!("no tool has the name `{}`", call.name)))
                    }
                };
                (place, told(call.name, came))
            });
        }
        let mut results = Vec::new();
        while let Some(result) = running.join_next().await {
            results.push(result?);
        }
        // In the order in which they were asked for.
        results.sort_by_key(|(place, _)| *place);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }
}

/// A tool as the provider takes it: other dialects are further words of [`Dialect`]. What it cannot say costs no call,
/// as the executor holds every call to the whole schema; a tool that it cannot take at all is not offered.
fn definition(name: &str, tool: &Tool) -> Option<ToolDefinition> {
    let mut value = Dialect::Anthropic.tool(name, tool).ok()?.value;
    Some(ToolDefinition {
        name: name.to_owned(),
        description: value["description"].as_str().unwrap_or_default().to_owned(),
        input_schema: value["input_schema"].take(),
    })
}

/// One call, from the id to its end: what it prints is shown as it comes.
async fn run(executor: &Executor, id: &ToolId, call: &ToolCall) -> Result<Outcome, Error> {
    let options = CallOptions { timeout: Some(TIME_LIMIT), ..CallOptions::default() };
    let invocation = executor.invoke(executor.resolve(id)?, call.arguments.clone(), options)?;
    let mut run = executor.start(executor.plan(&invocation)?)?;
    let mut lines = Lines::default();
    while let Some(event) = run.next_event().await {
        let RunEvent::Stdout(bytes) = event else { continue };
        for line in lines.complete(&bytes) {
            println!("[{}] {line}", call.name);
        }
        if call.enough_lines.is_some_and(|enough| lines.count >= enough) {
            run.stopper().stop(Stop::Ask);
        }
    }
    run.outcome().await
}

/// What the model reads: the value, or why there is none and what to do about it.
fn told(name: String, came: Result<Outcome, Report>) -> ToolResult {
    let (error, content) = match came {
        Err(report) => (Some(report.code), json!({ "error": report })),
        Ok(outcome) => match outcome.error {
            // Exact JSON, for a model that reads text.
            None => {
                let content = outcome.data.map_or_else(|| "null".to_owned(), |data| data.get().to_owned());
                return ToolResult { name, error: None, content };
            }
            Some(report) => {
                let rest = json!({ "error": report, "stdout": outcome.stdout, "stderr": outcome.stderr });
                (Some(report.code), rest)
            }
        },
    };
    ToolResult { name, error, content: content.to_string() }
}

/// Lines out of pieces: an event may end in the middle of one, even of a character.
#[derive(Debug, Default)]
struct Lines {
    rest: Vec<u8>,
    count: usize,
}

impl Lines {
    fn complete(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let mut lines = Vec::new();
        loop {
            let end = self.rest.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n');
            let length = match end {
                Some(end) => end + 1,
                None if self.rest.len() >= LONGEST_LINE => LONGEST_LINE,
                None => break,
            };
            let line: Vec<u8> = self.rest.drain(..length).collect();
            // What a tool prints does not drive the terminal.
            let text = String::from_utf8_lossy(&line).trim_end().replace(char::is_control, "\u{fffd}");
            lines.push(text);
        }
        self.count += lines.len();
        lines
    }
}
