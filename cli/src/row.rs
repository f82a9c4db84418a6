//! One tool as `rye list` and `rye search` show it: a line for people, an object for programs.

use std::borrow::Cow;
use std::path::Path;

use rye_executor::report::resolve_report;
use rye_executor::resolver::{Kind, Space, lossy_path};
use rye_executor::tools::search::{Field, Hit};
use rye_executor::{Catalogued, Report};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::columns::{columns, cut, padded};
use crate::output::{Output, Style, plain, plain_line};

/// A description in fewer columns says nothing.
const LEAST: usize = 12;

/// One tool.
#[derive(Debug, Serialize)]
pub(crate) struct Row<'c> {
    pub(crate) id: &'c str,
    pub(crate) space: Space,
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "lossy_path::maybe")]
    path: Option<&'c Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'c str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'c [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'c RawValue>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    hidden: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shadowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Report>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    matched: Vec<Field>,
    #[serde(skip)]
    signature: &'c [String],
}

impl<'c> Row<'c> {
    pub(crate) fn of(item: &'c Catalogued) -> Self {
        let (card, problem) = match &item.card {
            Ok(card) => (Some(card), None),
            Err(error) => (None, Some(resolve_report(error))),
        };
        Self {
            id: item.id.as_str(),
            space: item.space,
            kind: card.map_or(Kind::Tool, |card| card.kind),
            path: item.path.as_deref(),
            title: card.and_then(|card| card.title.as_deref()),
            description: card.and_then(|card| card.description.as_deref()),
            tags: card.map(|card| card.tags.as_slice()).unwrap_or_default(),
            parameters: card.and_then(|card| card.input_schema.as_deref()),
            hidden: card.is_some_and(|card| card.hidden),
            shadowed: item.shadowed,
            problem,
            score: None,
            matched: Vec::new(),
            signature: card.map(|card| card.signature.as_slice()).unwrap_or_default(),
        }
    }

    /// The same, as a search found it.
    pub(crate) fn found(mut self, hit: &Hit) -> Self {
        self.score = Some(hit.score);
        self.matched.clone_from(&hit.matched);
        self
    }

    /// The folder of its id, and its name there.
    pub(crate) fn parts(&self) -> (&'c str, &'c str) {
        match self.id.rfind('/').and_then(|slash| self.id.split_at_checked(slash + 1)) {
            Some((folder, name)) => (folder, name),
            None => ("", self.id),
        }
    }

    /// One line: `name` in so many columns, what it takes, what it is. It keeps to the width of the terminal.
    pub(crate) fn line(&self, output: &Output, indent: usize, name: &str, column: usize) -> String {
        let column = if self.problem.is_none() && self.is_bare() { 0 } else { column };
        let name = padded(&plain_line(name), column);
        let left = output.width().map(|width| width.saturating_sub(indent + columns(&name) + 2));
        let said = match &self.problem {
            Some(problem) => wrong(output, problem, left),
            None => self.said(output, left),
        };
        let line = format!("{}{}  {said}", " ".repeat(indent), output.styled(Style::Bold, &name));
        format!("{}\n", line.trim_end())
    }

    /// Whether there is nothing to say of it.
    fn is_bare(&self) -> bool {
        let said = self.title.or(self.description).unwrap_or_default();
        self.signature.is_empty() && self.marks().next().is_none() && one_line(said).is_empty()
    }

    /// What is odd about it.
    fn marks(&self) -> impl Iterator<Item = &'static str> {
        let marks =
            [(self.kind == Kind::Runtime, "runtime"), (self.hidden, "hidden"), (self.shadowed, "shadowed")];
        marks.into_iter().filter_map(|(is, word)| is.then_some(word))
    }

    fn said(&self, output: &Output, left: Option<usize>) -> String {
        let described = one_line(self.title.or(self.description).unwrap_or_default());
        let mut words: Vec<Cow<'_, str>> = self.marks().map(Cow::Borrowed).collect();
        words.extend(self.signature.iter().map(|word| one_line(word)));
        let whole = words.join(" ");
        let gap = if whole.is_empty() || described.is_empty() { 0 } else { 2 };
        let fits = left.is_none_or(|left| columns(&whole) + gap + columns(&described) <= left);
        let (signature, described) = match left {
            Some(left) if !fits => {
                // What the description leaves, but three fifths if that is needed.
                let most = left.saturating_sub(columns(&described) + gap).max(left * 3 / 5);
                let signature = first_words(&words, most);
                let rest = left.saturating_sub(columns(&signature) + gap);
                let described = if rest < LEAST { String::new() } else { cut(&described, rest) };
                (signature, described)
            }
            _ => (whole, described.into_owned()),
        };
        let gap = if signature.is_empty() || described.is_empty() { "" } else { "  " };
        format!("{signature}{gap}{}", output.styled(Style::Dim, &described))
    }
}

fn wrong(output: &Output, problem: &Report, left: Option<usize>) -> String {
    let fact = one_line(problem.causes.first().unwrap_or(&problem.message));
    let code = problem.code.word();
    let fact = match left {
        Some(left) => cut(&fact, left.saturating_sub(code.len() + 1)),
        None => fact.into_owned(),
    };
    format!("{} {fact}", output.styled(Style::Red, code))
}

/// The words that fit, and how many do not: `name:str [count:int] +6`.
fn first_words(words: &[Cow<'_, str>], most: usize) -> String {
    let mut out = String::new();
    for (number, word) in words.iter().enumerate() {
        let left = words.len() - number - 1;
        let tail = if left == 0 { 0 } else { format!(" +{left}").len() };
        let blank = usize::from(number > 0);
        if columns(&out) + blank + columns(word) + tail <= most {
            out.push_str(if number > 0 { " " } else { "" });
            out.push_str(word);
        } else if number == 0 {
            return cut(word, most);
        } else {
            return format!("{out} +{}", words.len() - number);
        }
    }
    out
}

/// The first line of a text, harmless.
fn one_line(text: &str) -> Cow<'_, str> {
    let line = text.trim().lines().next().unwrap_or_default();
    if line.is_ascii() && !line.bytes().any(|byte| byte.is_ascii_control()) {
        return Cow::Borrowed(line);
    }
    Cow::Owned(plain(&line.replace('\t', " ")))
}
