//! `rye list`: every tool, one line each, by space; broken files with their problem.

use std::process::ExitCode;

use rye_executor::tools::{Item, Tool};
use rye_executor::{Config, Executor, Host, Listed, Report, Space};
use serde::Serialize;
use serde_json::Value;

use crate::arguments::ListWords;
use crate::output::{Output, Style, plain};

/// Lists the tools.
pub(crate) fn list(output: &Output, host: Host, words: &ListWords) -> Result<ExitCode, Report> {
    let executor = Executor::new(host, Config::default()).map_err(|error| error.report())?;
    let listing = executor.list();
    let rows: Vec<_> = listing.items.iter().filter_map(|listed| Row::of(listed, words.all)).collect();
    if output.json {
        output.print_json(&rows);
        return Ok(ExitCode::SUCCESS);
    }
    let width = rows.iter().map(|row| row.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for space in [Space::Project, Space::User, Space::System] {
        let mut rows = rows.iter().filter(|row| row.space == space).peekable();
        if rows.peek().is_some() {
            text.push_str(&output.styled(Style::Dim, space.word()));
            text.push('\n');
            rows.for_each(|row| text.push_str(&row.line(output, width)));
        }
    }
    if text.is_empty() {
        output.note(Style::Yellow, "note", "there are no tools yet: put a script in `.ai/tools/`");
    }
    output.print(&text);
    for problem in &listing.problems {
        output.note(Style::Yellow, "note", &problem.to_string());
    }
    Ok(ExitCode::SUCCESS)
}

/// One line.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    space: Space,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<std::path::PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    hidden: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shadowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Report>,
    #[serde(skip)]
    signature: String,
}

impl Row {
    fn of(listed: &Listed, all: bool) -> Option<Self> {
        let mut row = Self {
            id: listed.id.to_string(),
            space: listed.space,
            kind: "tool",
            path: listed.path.clone(),
            title: None,
            description: None,
            tags: Vec::new(),
            parameters: None,
            hidden: false,
            shadowed: listed.shadowed,
            problem: None,
            signature: String::new(),
        };
        match &listed.item {
            Ok(found) => match &found.item {
                Item::Tool(tool) => row.describe(tool),
                Item::Runtime(runtime) => {
                    row.kind = "runtime";
                    row.description.clone_from(&runtime.descriptor.description);
                }
                Item::Other(_) => return None,
            },
            Err(error) => row.problem = Some(report_of(error)),
        }
        (all || (row.kind == "tool" && !row.hidden && !row.shadowed)).then_some(row)
    }

    fn describe(&mut self, tool: &Tool) {
        self.title.clone_from(&tool.metadata.title);
        self.description.clone_from(&tool.description);
        self.tags.clone_from(&tool.metadata.tags);
        self.parameters = Some(tool.parameters.to_json());
        self.hidden = tool.metadata.hidden;
        self.signature = signature(tool);
    }

    fn line(&self, output: &Output, width: usize) -> String {
        let id = output.styled(Style::Bold, &format!("{:width$}", self.id));
        if let Some(problem) = &self.problem {
            let first = plain(problem.causes.first().unwrap_or(&problem.message));
            return format!("  {id}  {} {first}\n", output.styled(Style::Red, problem.code.word()));
        }
        let described = self.title.as_deref().or(self.description.as_deref()).unwrap_or_default();
        let described = described.lines().next().unwrap_or_default();
        let kind = if self.kind == "runtime" { "runtime  " } else { "" };
        let gap = if self.signature.is_empty() || described.is_empty() { "" } else { "  " };
        let line = format!("  {id}  {kind}{}{gap}{}", self.signature, output.styled(Style::Dim, described));
        format!("{}\n", line.trim_end())
    }
}

/// What a tool takes, readable at a glance: `name:str [times:int]`.
pub(crate) fn signature(tool: &Tool) -> String {
    let words = tool.parameters.list.iter().map(|parameter| {
        let kind = parameter.schema.signature();
        if parameter.required {
            format!("{}:{kind}", parameter.name)
        } else {
            format!("[{}:{kind}]", parameter.name)
        }
    });
    plain(&words.collect::<Vec<_>>().join(" "))
}

/// A resolver's error as it is shown.
pub(crate) fn report_of(error: &rye_executor::resolver::Error) -> Report {
    rye_executor::report::resolve_report(error)
}
