//! `rye runtimes`: every way to run tools that the caller sees, and what this machine has for it. Nothing is started.

use std::process::ExitCode;

use rye_executor::resolver::{Error, Interpreter, Primitive, RuntimeSurvey};

use rye_executor::runtimes::call::Style as CallStyle;
use rye_executor::tools::Item;
use rye_executor::{Host, Listed, Report, Resolver, Space};
use serde::Serialize;

use crate::list::report_of;
use crate::output::{Output, Style, plain};

/// Lists the runtimes.
pub(crate) fn runtimes(output: &Output, host: Host) -> Result<ExitCode, Report> {
    let resolver = Resolver::new(host).map_err(|error| report_of(&error))?;
    let rows: Vec<_> = resolver.list().items.iter().filter_map(|listed| Row::of(&resolver, listed)).collect();
    if output.json {
        output.print_json(&rows);
        return Ok(ExitCode::SUCCESS);
    }
    let width = rows.iter().map(|row| row.name().len()).max().unwrap_or(0);
    let claims = rows.iter().map(|row| row.claims().chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for space in [Space::Project, Space::User, Space::System] {
        let mut rows = rows.iter().filter(|row| row.space == space).peekable();
        if rows.peek().is_some() {
            text.push_str(&format!("{}\n", output.styled(Style::Dim, space.word())));
            rows.for_each(|row| row.write(&mut text, output, width, claims));
        }
    }
    output.print(&text);
    Ok(ExitCode::SUCCESS)
}

/// One runtime.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) space: Space,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<std::path::PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Whose files it runs.
    extensions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<CallStyle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primitive: Option<Primitive>,
    pub(crate) interpreters: Vec<Interpreter>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shadowed: bool,
    /// Why its tools do not run here.
    pub(crate) problem: Option<Report>,
    /// Whether the problem is only that the machine lacks something.
    #[serde(skip)]
    pub(crate) is_missing: bool,
}

impl Row {
    /// The row of an item, if it is a runtime.
    pub(crate) fn of(resolver: &Resolver, listed: &Listed) -> Option<Self> {
        let found = listed.item.as_ref().ok()?;
        let Item::Runtime(runtime) = &found.item else { return None };
        let mut row = Self {
            id: listed.id.to_string(),
            space: listed.space,
            path: listed.path.clone(),
            description: runtime.descriptor.description.clone(),
            extensions: Vec::new(),
            style: None,
            primitive: None,
            interpreters: Vec::new(),
            shadowed: listed.shadowed,
            problem: None,
            is_missing: false,
        };
        if !listed.shadowed {
            row.extensions = resolver.extensions_of(&listed.id);
            match resolver.survey(found) {
                Ok(survey) => row.add(survey),
                Err(error) => row.problem = Some(report_of(&error)),
            }
        }
        Some(row)
    }

    fn add(&mut self, survey: RuntimeSurvey) {
        self.style = Some(survey.style);
        self.primitive = Some(survey.primitive);
        match survey.interpreters {
            Ok(found) => self.interpreters = found,
            Err(error) => {
                self.is_missing = matches!(error, Error::InterpreterNotFound { .. });
                self.problem = Some(report_of(&error));
            }
        }
    }

    /// The id as an author writes it in `executor_id`.
    pub(crate) fn name(&self) -> &str {
        let short = self.id.strip_prefix(rye_executor::runtimes::core::CORE_RUNTIMES);
        short.map_or(self.id.as_str(), |short| short.trim_start_matches('/'))
    }

    fn claims(&self) -> String {
        if self.extensions.is_empty() { "-".to_owned() } else { self.extensions.join(" ") }
    }

    fn style_word(&self) -> &'static str {
        match (self.primitive, self.style) {
            (Some(Primitive::HttpClient), _) => "http",
            (_, Some(CallStyle::Function)) => "function",
            (_, Some(CallStyle::Command)) => "command",
            (_, Some(CallStyle::Script)) => "script",
            (_, None) => "",
        }
    }

    fn write(&self, text: &mut String, output: &Output, width: usize, claims: usize) {
        let name = output.styled(Style::Bold, &format!("{:width$}", self.name()));
        let (claimed, style) = (self.claims(), self.style_word());
        let head = format!("  {name}  {claimed:claims$}  {style:8}  ");
        let rest = if self.shadowed {
            output.styled(Style::Dim, "hidden by one of the same id")
        } else if let Some(problem) = &self.problem {
            self.obstacle(output, problem)
        } else if self.interpreters.is_empty() {
            output.styled(Style::Dim, "needs nothing of this machine")
        } else {
            let found = self.interpreters.iter().map(|found| {
                let path = plain(&found.path.display().to_string());
                format!("{path} {}", output.styled(Style::Dim, &format!("({})", found.source)))
            });
            found.collect::<Vec<_>>().join(", ")
        };
        text.push_str(format!("{head}{rest}").trim_end());
        text.push('\n');
    }

    fn obstacle(&self, output: &Output, problem: &Report) -> String {
        let indent = "\n      ";
        if self.is_missing {
            let hint = problem.hints.last().map(|hint| format!("{indent}{}", plain(hint)));
            return output.styled(Style::Yellow, "not found") + &hint.unwrap_or_default();
        }
        let first = problem.causes.first().unwrap_or(&problem.message);
        format!("{}{indent}{}", output.styled(Style::Red, problem.code.word()), plain(first))
    }
}
