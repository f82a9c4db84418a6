//! What a call gives back, in our own words; the edge makes the protocol's result of it. Everything that a model
//! needs stands in the text: clients that show nothing else lose nothing.

use rye_executor::runtimes::call::Style;
use rye_executor::tools::json;
use rye_executor::{Code, Outcome, Report};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::content::{Content, Link};
use crate::envelope::{self, Envelope};
use crate::resource::{MAX_PIECE, Part, Resource};
use crate::text::{MAX_FAILURE, MAX_TEXT, calm, shortened};

/// What stands for nothing.
const NOTHING: &str = "(no output)";
/// How much is told at least of what comes last.
const LEAST: usize = 200;
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

    /// A call that does not fit.
    pub(crate) fn refused(reason: &str) -> Self {
        Self { is_error: true, ..Self::text(format!("{}: {reason}", Code::InvalidArguments.word())) }
    }

    /// A reply that is one text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { content: vec![Content::text(text)], ..Self::default() }
    }

    /// A reply that is data.
    pub(crate) fn data(data: Value) -> Self {
        let text = data.to_string();
        Self { structured: Some(data), ..Self::text(text) }
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
            let text = said_aside(outcome, form, keep, &mut wholes);
            return Self { meta: meta(outcome), ..Self::text(text) }.linked(wholes);
        };
        // A number beyond 64 bits stands exact in the text and rounded in the data.
        let value = json::parse(raw.get()).ok().or_else(|| serde_json::from_str(raw.get()).ok());
        let value = value.unwrap_or(Value::Null);
        match envelope::open(&value) {
            Some(Ok(mut envelope)) => {
                envelope.meta.extend(meta(outcome));
                return Self::of_envelope(envelope, outcome, form, keep);
            }
            Some(Err(problem)) => {
                let message = format!("the `{}` of `{}` is wrong", envelope::KEY, outcome.tool);
                return Self::failure(&Report::new(Code::InvalidOutput, message).cause(problem));
            }
            None => {}
        }
        // What another server says to its data is more than the data once more.
        let content: Option<Vec<Content>> = outcome
            .besides
            .iter()
            .flat_map(|besides| &besides.content)
            .map(Content::deserialize)
            .collect::<Result<_, _>>()
            .ok();
        if let Some(content) = content.filter(|content| !content.is_empty()) {
            let envelope =
                Envelope { content, structured_content: Some(value), is_error: false, meta: meta(outcome) };
            return Self::of_envelope(envelope, outcome, form, keep);
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
        // Clients refuse a text in which nothing stands.
        let text = match text.trim().is_empty() {
            true => said_aside(outcome, form, keep, &mut wholes),
            false => fitting(part, &text, MAX_TEXT, keep, &mut wholes),
        };
        // Data that is too long for the text is too long for a client; a schema is a promise all the same.
        let as_data = form.has_schema || (!is_long && !value.is_string());
        let content = vec![Content::text(text)];
        let structured = as_data.then_some(value);
        Self { content, structured, meta: meta(outcome), ..Self::default() }.linked(wholes)
    }

    /// A result in the protocol's own shape. What it says is held to what any text is held to: all of it together is as
    /// long as one text may be.
    fn of_envelope(envelope: Envelope, outcome: &Outcome, form: Form, keep: Keep<'_>) -> Self {
        let (mut wholes, mut room) = (Vec::new(), MAX_TEXT);
        let Envelope { mut content, structured_content: mut structured, is_error, meta } = envelope;
        let mut rest = String::new();
        let all = content.len();
        let mut number = 0..all;
        content.retain_mut(|block| {
            let (number, Content::Text { text, .. }) = (number.next().unwrap_or(all), block) else {
                return true;
            };
            if text.trim().is_empty() {
                return false;
            }
            if room < LEAST {
                rest.push_str(text);
                rest.push('\n');
                return false;
            }
            *text = fitting(Part::Block(number), text, room, keep, &mut wholes);
            room = room.saturating_sub(text.len());
            true
        });
        if !rest.is_empty() {
            content.push(Content::text(fitting(Part::Block(all), rest.trim_end(), LEAST, keep, &mut wholes)));
        }
        let beyond = Part::Block(all + 1);
        let data =
            structured.as_ref().map(Value::to_string).filter(|_| content.is_empty() || !form.has_schema);
        let is_long = data.as_ref().is_some_and(|data| data.len() > MAX_TEXT);
        match data {
            Some(data) if content.is_empty() => {
                content.push(Content::text(fitting(beyond, &data, MAX_TEXT, keep, &mut wholes)));
            }
            // It stands nowhere else.
            Some(data) if is_long => match keep(beyond, &data) {
                Some(Ok(whole)) => {
                    let (bytes, told) = (data.len(), reading(&whole));
                    content.push(Content::text(format!("[… {bytes} bytes of data left out here; {told} …]")));
                    wholes.push(whole);
                }
                Some(Err(_)) | None => {
                    content.push(Content::text(fitting(beyond, &data, MAX_TEXT, keep, &mut wholes)));
                }
            },
            Some(_) => {}
            None if content.is_empty() => {
                content.push(Content::text(said_aside(outcome, form, keep, &mut wholes)));
            }
            None => {}
        }
        if is_long && !form.has_schema {
            structured = None;
        }
        Self { content, structured, is_error, meta, wholes: Vec::new() }.linked(wholes)
    }

    fn of_failure(outcome: &Outcome, report: &Report, form: Form, keep: Keep<'_>) -> Self {
        let (mut text, mut wholes) = (told(report), Vec::new());
        // What a script printed is its result too, and said once.
        let data = outcome.data.as_ref().map(|raw| raw.get()).unwrap_or_default();
        let says_more = !form.prints_its_result() || outcome.stdout.is_empty();
        let result = if says_more && !["\"\"", "null"].contains(&data) { data } else { "" };
        // What another server writes beside an answer is its log, and no reason.
        let stderr = if outcome.besides.is_some() { "" } else { &*outcome.stderr };
        let parts = [(Part::Stderr, stderr), (Part::Stdout, &outcome.stdout), (Part::Result, result)];
        for (part, said) in parts.map(|(part, said)| (part, said.trim_end())) {
            if !said.is_empty() {
                let said = fitting(part, said, MAX_FAILURE / 3, keep, &mut wholes);
                text.push_str(&format!("\n\n{}:\n{said}", part.word()));
            }
        }
        let content = vec![Content::text(text)];
        Self { content, is_error: true, meta: meta(outcome), ..Self::default() }.linked(wholes)
    }

    /// With links to what can be read besides.
    fn linked(mut self, wholes: Vec<Resource>) -> Self {
        self.content.extend(wholes.iter().map(link));
        self.wholes = wholes;
        self
    }
}

/// What another server says beside its result, to whoever reads that.
fn meta(outcome: &Outcome) -> Map<String, Value> {
    outcome.besides.as_ref().map(|besides| besides.meta.clone()).unwrap_or_default()
}

/// What a run that gave nothing said all the same: what a function prints is log, and standard error of anything is.
fn said_aside(outcome: &Outcome, form: Form, keep: Keep<'_>, wholes: &mut Vec<Resource>) -> String {
    let stdout = if form.prints_its_result() { "" } else { outcome.stdout.trim_end() };
    if !stdout.trim().is_empty() {
        return fitting(Part::Stdout, stdout, MAX_TEXT, keep, wholes);
    }
    let stderr = outcome.stderr.trim_end();
    if stderr.is_empty() || form.style == Style::Mcp {
        return NOTHING.to_owned();
    }
    let said = fitting(Part::Stderr, stderr, MAX_FAILURE / 3, keep, wholes);
    format!("{NOTHING}\n\n{}:\n{said}", Part::Stderr.word())
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
            let advice = format!("; {}", reading(&whole));
            wholes.push(whole);
            advice
        }
        Some(Err(reason)) => format!("; the whole could not be kept: {reason}"),
        None => String::new(),
    };
    shortened(&calm, limit, &advice)
}

/// How the whole of something is read.
fn reading(whole: &Resource) -> String {
    let mut told = format!("the whole is the resource {}", whole.uri);
    if whole.size > MAX_PIECE {
        told.push_str(&format!(
            ", of which one read gives {MAX_PIECE} bytes, from N on as {}",
            whole.uri_from("N")
        ));
    }
    if let Some(path) = &whole.path {
        told.push_str(&format!(", and the file {}", path.display()));
    }
    told
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
