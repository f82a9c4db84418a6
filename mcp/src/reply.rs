//! What a call gives back, in our own words; the edge makes the protocol's result of it. Everything that a model
//! needs stands in the text: clients that show nothing else lose nothing.

use rye_executor::runtimes::call::Style;
use rye_executor::tools::json;
use rye_executor::{Code, Outcome, Report};
use serde_json::{Map, Value};

use crate::content::{Content, Link};
use crate::envelope;
use crate::spill::Spilled;
use crate::text::{MAX_FAILURE, MAX_TEXT, calm, shortened};

/// What a call gives back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reply {
    pub(crate) content: Vec<Content>,
    /// The result as data.
    pub(crate) structured: Option<Value>,
    pub(crate) is_error: bool,
    pub(crate) meta: Map<String, Value>,
}

/// How a tool's result is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) style: Style,
    /// The tool declares what its result fits, and so it is data whatever its type.
    pub(crate) has_schema: bool,
}

impl Reply {
    /// A call that could not be run, or a run that failed.
    pub(crate) fn failure(report: &Report) -> Self {
        Self::failed(told(report), None)
    }

    /// A reply that is one text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { content: vec![Content::text(text)], ..Self::default() }
    }

    /// A reply that is data.
    pub(crate) fn data(data: Value) -> Self {
        Self { structured: Some(data), ..Self::default() }.mirrored()
    }

    fn failed(text: String, whole: Option<&Spilled>) -> Self {
        let mut content = vec![Content::text(text)];
        content.extend(whole.map(link));
        Self { content, is_error: true, ..Self::default() }
    }

    /// What an outcome is to a client. `whole` is all that the tool printed, or returned, when that is more than an
    /// answer carries.
    pub(crate) fn of(outcome: &Outcome, form: Form, whole: Option<&Spilled>) -> Self {
        match &outcome.error {
            Some(report) => Self::of_failure(outcome, report, form, whole),
            None => Self::of_success(outcome, form, whole),
        }
    }

    fn of_success(outcome: &Outcome, form: Form, whole: Option<&Spilled>) -> Self {
        let advice = advice(whole);
        let Some(raw) = &outcome.data else {
            // What a function prints is log; where it returns nothing, that is all there is to say.
            let printed = outcome.stdout.trim_end();
            let text = if printed.is_empty() { "(no output)" } else { printed };
            return Self::text(shortened(&calm(text), MAX_TEXT, &advice));
        };
        // A number beyond 64 bits stands exact in the text and rounded in the data.
        let value = json::parse(raw.get()).ok().or_else(|| serde_json::from_str(raw.get()).ok());
        let value = value.unwrap_or(Value::Null);
        match envelope::open(&value) {
            Some(Ok(envelope)) => {
                return Self {
                    content: envelope.content,
                    structured: envelope.structured_content,
                    is_error: envelope.is_error,
                    meta: envelope.meta,
                }
                .mirrored();
            }
            Some(Err(problem)) => {
                let message = format!("the `{}` of `{}` is wrong", envelope::KEY, outcome.tool);
                return Self::failure(&Report::new(Code::InvalidOutput, message).cause(problem));
            }
            None => {}
        }
        let text = match &value {
            // The line end of `echo` is a terminal's, not the text's.
            Value::String(text) if form.style != Style::Function => {
                text.strip_suffix('\n').unwrap_or(text).to_owned()
            }
            Value::String(text) => text.clone(),
            _ => raw.get().to_owned(),
        };
        let is_long = text.len() > MAX_TEXT;
        let mut content = vec![Content::text(shortened(&calm(&text), MAX_TEXT, &advice))];
        content.extend(whole.map(link));
        // Data that is too long for the text is too long for a client; a schema is a promise all the same.
        let as_data = form.has_schema || (!is_long && !value.is_string());
        Self { content, structured: as_data.then_some(value), ..Self::default() }
    }

    fn of_failure(outcome: &Outcome, report: &Report, form: Form, whole: Option<&Spilled>) -> Self {
        let mut text = told(report);
        // What a script printed is its result too, and said once.
        let data = outcome.data.as_ref().map(|raw| raw.get());
        let result = data.filter(|_| form.style == Style::Function || outcome.stdout.is_empty());
        let parts = [("stderr", outcome.stderr.as_str()), ("stdout", &outcome.stdout)];
        for (name, printed) in parts.into_iter().chain(result.map(|result| ("result", result))) {
            let printed = printed.trim_end();
            if !printed.is_empty() {
                text.push_str(&format!("\n\n{name}:\n"));
                text.push_str(&shortened(&calm(printed), MAX_FAILURE / 3, &advice(whole)));
            }
        }
        Self::failed(text, whole)
    }

    /// A client that shows only text sees the data too.
    fn mirrored(mut self) -> Self {
        if self.content.is_empty() {
            let text = self.structured.as_ref().map_or_else(|| "(no output)".to_owned(), Value::to_string);
            self.content.push(Content::text(text));
        }
        self
    }
}

/// A report in words that a model can act on.
fn told(report: &Report) -> String {
    let mut text = format!("{}: {}", report.code.word(), report.message);
    for cause in &report.causes {
        text.push_str(&format!("\n- {cause}"));
    }
    for hint in &report.hints {
        text.push_str(&format!("\nhint: {hint}"));
    }
    shortened(&calm(&text), MAX_FAILURE / 3, "")
}

fn advice(whole: Option<&Spilled>) -> String {
    whole.map(|whole| format!("; the whole is the resource {}", whole.uri)).unwrap_or_default()
}

fn link(whole: &Spilled) -> Content {
    let lost = whole.lost;
    let note = if lost > 0 { format!(", without {lost} bytes that were too many") } else { String::new() };
    Content::ResourceLink(Link {
        uri: whole.uri.clone(),
        name: whole.name.clone(),
        description: Some(format!("all of the output{note}, for as long as this server runs")),
        mime_type: Some(whole.mime_type.to_owned()),
        size: Some(whole.size),
        ..Link::default()
    })
}
