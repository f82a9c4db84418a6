//! The model's side: what it is offered, what it asks for, what it is told. It plays back three turns, and words its
//! answer from what came back.

use rye_executor::Code;
use serde_json::{Map, Value, json};

/// A tool as a provider wants it described.
#[derive(Clone, Debug)]
pub(crate) struct ToolDefinition {
    /// Of `[A-Za-z0-9_-]`, 64 characters at most.
    pub(crate) name: String,
    pub(crate) description: String,
    /// JSON Schema.
    pub(crate) input_schema: Value,
}

/// A call that the model wants made.
#[derive(Clone, Debug)]
pub(crate) struct ToolCall {
    /// The name of a [`ToolDefinition`], if the model did not make one up.
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
    /// After how many lines the model has seen what it wants: for a tool that ends only when it is stopped.
    pub(crate) enough_lines: Option<usize>,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub(crate) struct ToolResult {
    pub(crate) name: String,
    /// Why it did not succeed, for programs; the model reads `content`.
    pub(crate) error: Option<Code>,
    pub(crate) content: String,
}

/// What a model says.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// Make these calls, all at once.
    Calls(Vec<ToolCall>),
    /// That is all.
    Answer(String),
}

/// A model that always says the same.
#[derive(Debug, Default)]
pub(crate) struct ScriptedModel {
    turn: usize,
    seen: Vec<ToolResult>,
}

impl ScriptedModel {
    /// The next turn, after the results of the last one. A real one sends `question` and `tools` to its provider.
    pub(crate) fn next(
        &mut self,
        question: &str,
        tools: &[ToolDefinition],
        results: Vec<ToolResult>,
    ) -> Turn {
        self.turn += 1;
        self.seen.extend(results);
        match self.turn {
            1 => {
                // Of every tool at once; for one of them it gets the arguments wrong.
                let arguments = |name: &str| match name {
                    "release_changes" => json!({ "since": "1.0", "limit": "a few" }),
                    _ => json!({}),
                };
                Turn::Calls(tools.iter().map(|tool| call(&tool.name, arguments(&tool.name))).collect())
            }
            2 => {
                // The report said which argument was wrong and what fits.
                let refused = self.seen.iter().filter(|one| one.error == Some(Code::InvalidArguments));
                let again = json!({ "since": "1.0", "limit": 2 });
                Turn::Calls(refused.map(|one| call(&one.name, again.clone())).collect())
            }
            _ => Turn::Answer(format!("{question} {}", self.answer())),
        }
    }

    fn answer(&self) -> String {
        let failed: Vec<_> = self.seen.iter().filter(|one| one.error == Some(Code::ToolFailed)).collect();
        if !failed.is_empty() {
            let why: Vec<_> = failed.iter().map(|one| format!("{} failed", one.name)).collect();
            return format!("No: {}.", why.join(", "));
        }
        let good = self.seen.iter().filter(|one| one.error.is_none());
        let good: Vec<_> = good.map(|one| format!("{} says {}", one.name, one.content)).collect();
        format!("Yes: {}.", good.join(", "))
    }
}

fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall {
        name: name.to_owned(),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
        enough_lines: (name == "release_follow_log").then_some(5),
    }
}
