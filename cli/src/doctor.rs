//! `rye doctor`: everything that tools depend on, looked at in one go, and a verdict. Exit code 1 when something is
//! broken that keeps tools from running; what is merely not there, and not needed, is no fault.

mod examine;
mod surroundings;
mod versions;

use rye_executor::report::resolve_report;
use rye_executor::{Host, Report, Resolver};
use serde::Serialize;

use crate::columns::{columns, padded};
use crate::entry::ExitCode;
use crate::output::{Output, Style, plural};
use examine::examine;
use surroundings::Surroundings;
use versions::Found;

/// Looks at everything.
pub(crate) fn doctor(output: &Output, mut host: Host) -> Result<ExitCode, Report> {
    host.subreaper = true;
    let (resolver, problems) = Resolver::new_to_look(host).map_err(|error| resolve_report(&error))?;
    let examination = examine(&resolver, &problems)?;
    let code = ExitCode::from(u8::from(!examination.healthy));
    if output.json {
        return Ok(output.print_json(&examination, code));
    }
    Ok(output.print(&examination.as_text(output, resolver.host()), code))
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Examination {
    healthy: bool,
    /// How many tools were looked at.
    tools: usize,
    surroundings: Surroundings,
    interpreters: Vec<Found>,
    /// What keeps tools from running.
    problems: Vec<Finding>,
    /// What may surprise.
    warnings: Vec<Finding>,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Finding {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl Examination {
    fn as_text(&self, output: &Output, host: &Host) -> String {
        let mut text = String::new();
        for (name, rows) in [
            ("rye", self.surroundings.programs()),
            ("spaces", self.surroundings.spaces(host)),
            ("settings", self.surroundings.settings(host)),
            ("interpreters", self.interpreters.iter().map(Found::row).collect()),
        ] {
            text.push_str(&format!("{}\n", output.styled(Style::Dim, name)));
            let width = rows.iter().map(|(name, _)| columns(name)).max().unwrap_or(0);
            for (name, value) in rows {
                let name = output.styled(Style::Bold, &padded(&name, width));
                let indent = width + 4;
                text.push_str(format!("  {name}  {}", output.wrapped(&value, indent, indent)).trim_end());
                text.push('\n');
            }
        }
        text.push('\n');
        for (style, word, list) in
            [(Style::Yellow, "warning", &self.warnings), (Style::Red, "error", &self.problems)]
        {
            for Finding { message, hint } in list {
                text.push_str(&format!(
                    "{}: {}\n",
                    output.styled(style, word),
                    output.wrapped(message, word.len() + 2, 4)
                ));
                if let Some(hint) = hint {
                    let hint = output.wrapped(hint, 10, 10);
                    text.push_str(&format!("    {}: {hint}\n", output.styled(Style::Green, "hint")));
                }
            }
        }
        let tools = plural(self.tools, "tool");
        let verdict = match (self.problems.len(), self.warnings.len()) {
            (0, 0) => output.styled(Style::Green, &format!("all is well: {tools}")),
            (0, count) => {
                output.styled(Style::Green, &format!("well enough: {tools}, {}", plural(count, "warning")))
            }
            (count, _) => {
                output.styled(Style::Red, &format!("not well: {tools}, {}", plural(count, "problem")))
            }
        };
        text.push_str(&format!("{verdict}\n"));
        text
    }
}
