//! `rye runtimes`: every way to run tools that the caller sees, and what this machine has for it. Nothing is started.

use rye_executor::report::resolve_report;
use rye_executor::resolver::{Error, Interpreter, Primitive, RuntimeSurvey, lossy_path};
use rye_executor::runtimes::call::Style as CallStyle;
use rye_executor::tools::Item;
use rye_executor::{Host, Listed, Report, Resolver, Space};
use serde::Serialize;

use crate::columns::{columns, padded};
use crate::entry::ExitCode;
use crate::output::{Output, Style, plain_line};

/// Lists the runtimes.
pub(crate) fn runtimes(output: &Output, host: Host) -> Result<ExitCode, Report> {
    let resolver = Resolver::new(host).map_err(|error| resolve_report(&error))?;
    let rows: Vec<_> = resolver.list().items.iter().filter_map(|listed| Row::of(&resolver, listed)).collect();
    if output.json {
        return Ok(output.print_json(&rows, ExitCode::SUCCESS));
    }
    // A name or a list of extensions in more columns does not push the others' words aside.
    let most = output.width().map_or(usize::MAX, |width| width / 3);
    let widest = |width: fn(&Row) -> usize| rows.iter().map(width).filter(|&width| width <= most).max();
    let width = widest(|row| columns(row.name())).unwrap_or(0);
    let claims = widest(|row| columns(&row.claims())).unwrap_or(0);
    let mut text = String::new();
    for space in [Space::Project, Space::User, Space::System] {
        let mut rows = rows.iter().filter(|row| row.space == space).peekable();
        if rows.peek().is_some() {
            text.push_str(&format!("{}\n", output.styled(Style::Dim, space.word())));
            rows.for_each(|row| row.write(&mut text, output, width, claims));
        }
    }
    Ok(output.print(&text, ExitCode::SUCCESS))
}

/// One runtime.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) space: Space,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "lossy_path::maybe")]
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
                Err(error) => row.problem = Some(resolve_report(&error)),
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
                self.problem = Some(resolve_report(&error));
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
            (_, Some(CallStyle::Mcp)) => "mcp",
            (Some(Primitive::HttpClient), _) => "http",
            (_, Some(CallStyle::Function)) => "function",
            (_, Some(CallStyle::Command)) => "command",
            (_, Some(CallStyle::Script)) => "script",
            (_, None) => "",
        }
    }

    fn write(&self, text: &mut String, output: &Output, width: usize, claims: usize) {
        let name = padded(&plain_line(self.name()), width);
        let rest = format!("  {}  {:8}  ", padded(&plain_line(&self.claims()), claims), self.style_word());
        let column = 2 + columns(&name) + columns(&rest);
        let head = format!("  {}{rest}", output.styled(Style::Bold, &name));
        let rest = if self.shadowed {
            output.styled(Style::Dim, "hidden by one of the same id")
        } else if let Some(problem) = &self.problem {
            self.obstacle(output, problem)
        } else if self.interpreters.is_empty() {
            output.styled(Style::Dim, "needs nothing of this machine")
        } else {
            self.found(output, column)
        };
        // What begins below leaves no blanks above.
        let line = match rest.strip_prefix('\n') {
            Some(below) => format!("{}\n{below}", head.trim_end()),
            None => format!("{head}{rest}"),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }

    /// The interpreters, each on a line of its own where they do not fit beside the rest.
    fn found(&self, output: &Output, column: usize) -> String {
        let found = self.interpreters.iter();
        let found: Vec<_> = found
            .map(|found| (plain_line(&found.path.display().to_string()), format!("({})", found.source)))
            .collect();
        let whole = found.iter().map(|(path, source)| columns(path) + columns(source) + 3).sum::<usize>();
        if output.width().is_none_or(|width| column + whole <= width + 2) {
            let shown =
                |(path, source): &(String, String)| format!("{path} {}", output.styled(Style::Dim, source));
            return found.iter().map(shown).collect::<Vec<_>>().join(", ");
        }
        let line =
            |(path, source): &(String, String)| format!("\n{}", below(output, &format!("{path} {source}")));
        found.iter().map(line).collect()
    }

    fn obstacle(&self, output: &Output, problem: &Report) -> String {
        if self.is_missing {
            let hint = problem.hints.last().map(|hint| format!("\n{}", below(output, hint)));
            return output.styled(Style::Yellow, "not found") + &hint.unwrap_or_default();
        }
        let first = problem.causes.first().unwrap_or(&problem.message);
        format!("{}\n{}", output.styled(Style::Red, problem.code.word()), below(output, first))
    }
}

/// A text on lines of its own below a row.
fn below(output: &Output, text: &str) -> String {
    format!("      {}", output.wrapped(text, 6, 6))
}
