//! `[call]`: how the arguments reach the program, and how its result comes back. What is `None` was not said.

use crate::document::{Node, NodeValue, Problem};
use crate::setting::{Setting, SettingValue};
use crate::table::TableReader;

/// The call table of one file, or of a chain after merging.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallConfig {
    /// `style`
    pub style: Option<Style>,
    /// `bootstrap`: a file beside the runtime, with the code that calls the function. Only in a runtime.
    pub bootstrap: Option<String>,
    /// `bootstrap_args`
    pub bootstrap_args: Option<Vec<Setting>>,
    /// `parameters`: how a script gets its arguments; several ways are allowed.
    pub parameters: Option<Vec<Passing>>,
    /// `output`
    pub output: Option<OutputForm>,
}

/// How a program is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// A function in the file, called over a descriptor of its own.
    Function,
    /// The file itself.
    Script,
    /// A command line, without a file.
    Command,
    /// Another MCP server, which has the tool: the program, or the URL, is the server's.
    Mcp,
}

/// How arguments reach a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Passing {
    /// `RYE_PARAM_NAME`
    Env,
    /// One JSON object on standard input.
    Stdin,
    /// `--name=value`
    Flags,
    /// Values in declared order.
    Argv,
}

/// What a script's standard output means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputForm {
    /// Text.
    Text,
    /// One JSON value.
    Json,
    /// JSON when the whole of it is one JSON object or array, else text.
    Auto,
}

/// The words of `style`.
pub const STYLES: &[(&str, Style)] = &[
    ("function", Style::Function),
    ("script", Style::Script),
    ("command", Style::Command),
    ("mcp", Style::Mcp),
];
/// The words of `parameters`.
pub const PASSINGS: &[(&str, Passing)] =
    &[("env", Passing::Env), ("stdin", Passing::Stdin), ("flags", Passing::Flags), ("argv", Passing::Argv)];
/// The words of `output`.
pub const OUTPUTS: &[(&str, OutputForm)] =
    &[("text", OutputForm::Text), ("json", OutputForm::Json), ("auto", OutputForm::Auto)];

/// The keys of the table that no table around it has.
pub const CALL_KEYS: [&str; 4] = ["style", "bootstrap", "bootstrap_args", "output"];

impl CallConfig {
    /// Reads the table, and collects what is wrong in it.
    pub fn read(node: &Node, problems: &mut Vec<Problem>) -> Self {
        let mut table = TableReader::new(node);
        // `parameters = "env"` is short for `["env"]`.
        let entry = table.entry(&["parameters"]);
        let parameters = if entry.is_some_and(|entry| matches!(entry.value.value, NodeValue::String(_))) {
            table.word(&["parameters"], PASSINGS).map(|one| vec![one])
        } else {
            table.words(&["parameters"], PASSINGS)
        };
        let bootstrap_args = table.entry(&["bootstrap_args"]).and_then(|entry| {
            match Setting::read(&entry.value, &mut table.problems).value {
                SettingValue::List(items) => Some(items),
                _ => {
                    table
                        .problems
                        .push(Problem::new(&entry.value.place, "`bootstrap_args` is not a list of strings"));
                    None
                }
            }
        });
        let call = Self {
            style: table.word(&["style"], STYLES),
            bootstrap: table.string(&["bootstrap"]),
            bootstrap_args,
            parameters,
            output: table.word(&["output"], OUTPUTS),
        };
        problems.extend(table.finish());
        call
    }

    /// Lays what a later file says over this.
    #[must_use]
    pub fn overlaid(&self, over: &Self) -> Self {
        Self {
            style: over.style.or(self.style),
            bootstrap: over.bootstrap.clone().or_else(|| self.bootstrap.clone()),
            bootstrap_args: over.bootstrap_args.clone().or_else(|| self.bootstrap_args.clone()),
            parameters: over.parameters.clone().or_else(|| self.parameters.clone()),
            output: over.output.or(self.output),
        }
    }
}
