//! What a call gives back, in our own words; the edge makes the protocol's result of it. Everything that a model
//! needs stands in the text: clients that show nothing else lose nothing.

use rye_executor::runtimes::call::Style;
use rye_executor::tools::json;
use rye_executor::{Code, Outcome, Report};
use serde_json::{Map, Value};

use crate::content::{Content, Link};
use crate::envelope;
use crate::resource::{Part, Resource};
use crate::text::{MAX_FAILURE, MAX_TEXT, calm, shortened};

/// Under which key of `_meta` a client that came at a bad time reads when to come again, in milliseconds.
const RETRY_AFTER: &str = "rye/retry-after-ms";

/// What a call gives back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reply {
    pub(crate) content: Vec<Content>,
    /// The result as data.
    pub(crate) structured: Option<Value>,
    pub(crate) is_error: bool,
    pub(crate) meta: Map<String, Value>,
    /// What can be read besides.
    pub(crate) wholes: Vec<Resource>,
}

/// Keeps a part of a run's words whole, if it can.
pub(crate) type Keep<'k> = &'k dyn Fn(Part, &str) -> Option<Result<Resource, String>>;

/// How a tool's result is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) style: Style,
    /// The tool declares what its result fits, and so it is data whatever its type.
    pub(crate) has_schema: bool,
}

impl Form {
    fn prints_its_result(self) -> bool {
        !matches!(self.style, Style::Function | Style::Mcp)
    }
}

impl Reply {
    /// A call that could not be run, or a run that failed.
    pub(crate) fn failure(report: &Report) -> Self {
        let mut reply =
            Self { content: vec![Content::text(told(report))], is_error: true, ..Self::default() };
        if let Some(after) = report.retry_after {
            let milliseconds = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            reply.meta.insert(RETRY_AFTER.to_owned(), milliseconds.into());
        }
        reply
    }

    /// A reply that is one text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { content: vec![Content::text(text)], ..Self::default() }
    }

    /// A call that does not fit.
    pub(crate) fn refused(reason: &str) -> Self {
        Self { is_error: true, ..Self::text(format!("{}: {reason}", Code::InvalidArguments.word())) }
    }

    /// A reply that is data.
    pub(crate) fn data(data: Value) -> Self {
        Self { structured: Some(data), ..Self::default() }.mirrored()
    }

    /// What an outcome is to a client.
    pub(crate) fn of(outcome: &Outcome, form: Form, keep: Keep<'_>) -> Self {
        match &outcome.error {
            Some(report) => Self::of_failure(outcome, report, form, keep),
            None => Self::of_success(outcome, form, keep),
        }
    }

    fn of_success(outcome: &Outcome, form: Form, keep: Keep<'_>) -> Self {
        let mut wholes = Vec::new();
        let Some(raw) = &outcome.data else {
            // What a function prints is log; where it returns nothing, that is all there is to say.
            let printed = outcome.stdout.trim_end();
            let text = if printed.is_empty() { "(no output)" } else { printed };
            let text = fitting(Part::Stdout, text, MAX_TEXT, keep, &mut wholes);
            return Self::text(text).linked(wholes);
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
                    wholes,
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
        let part = if form.prints_its_result() { Part::Stdout } else { Part::Result };
        let content = vec![Content::text(fitting(part, &text, MAX_TEXT, keep, &mut wholes))];
        // Data that is too long for the text is too long for a client; a schema is a promise all the same.
        let as_data = form.has_schema || (!is_long && !value.is_string());
        Self { content, structured: as_data.then_some(value), ..Self::default() }.linked(wholes)
    }

    fn of_failure(outcome: &Outcome, report: &Report, form: Form, keep: Keep<'_>) -> Self {
        let (mut text, mut wholes) = (told(report), Vec::new());
        // What a script printed is its result too, and said once.
        let data = outcome.data.as_ref().map(|raw| raw.get()).unwrap_or_default();
        let says_more = !form.prints_its_result() || outcome.stdout.is_empty();
        let result = if says_more && !["\"\"", "null"].contains(&data) { data } else { "" };
        let parts =
            [(Part::Stderr, &*outcome.stderr), (Part::Stdout, &outcome.stdout), (Part::Result, result)];
        for (part, said) in parts.map(|(part, said)| (part, said.trim_end())) {
            if !said.is_empty() {
                let said = fitting(part, said, MAX_FAILURE / 3, keep, &mut wholes);
                text.push_str(&format!("\n\n{}:\n{said}", part.word()));
            }
        }
        Self { content: vec![Content::text(text)], is_error: true, ..Self::default() }.linked(wholes)
    }

    /// With links to what can be read besides.
    fn linked(mut self, wholes: Vec<Resource>) -> Self {
        self.content.extend(wholes.iter().map(link));
        self.wholes = wholes;
        self
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
    for hint in report.hints_without_shell() {
        text.push_str(&format!("\nhint: {hint}"));
    }
    shortened(&calm(&text), MAX_FAILURE / 3, "")
}

/// A text that a client takes. Where something is cut out of it, the whole is kept, or it is said why not.
fn fitting(part: Part, text: &str, limit: usize, keep: Keep<'_>, wholes: &mut Vec<Resource>) -> String {
    let calm = calm(text);
    if calm.len() <= limit {
        return calm;
    }
    let advice = match keep(part, text) {
        Some(Ok(whole)) => {
            let advice = format!("; the whole is the resource {}", whole.uri);
            wholes.push(whole);
            advice
        }
        Some(Err(reason)) => format!("; the whole could not be kept: {reason}"),
        None => String::new(),
    };
    shortened(&calm, limit, &advice)
}

fn link(whole: &Resource) -> Content {
    let lost = whole.lost;
    let note = if lost > 0 { format!(" but for {lost} bytes that were too many") } else { String::new() };
    Content::ResourceLink(Link {
        uri: whole.uri.clone(),
        name: whole.name.clone(),
        description: Some(format!("all of it{note}, for as long as this server runs, and a week at most")),
        mime_type: Some(whole.mime_type.to_owned()),
        size: Some(whole.size),
        ..Link::default()
    })
}
