//! Keywords that hold one number, string or boolean. A value of the wrong kind is a problem and counts as not
//! written.

use rye_runtimes::document::{Entry, Node, NodeValue, Problem};
use serde_json::Number;

use super::{Reader, find};
use crate::schema::{NumberBounds, StringBounds};

/// The bounds that belong to numbers and to strings.
pub(super) struct Sides {
    pub(super) number: NumberBounds,
    pub(super) text: StringBounds,
}

impl Sides {
    pub(super) fn read<'n>(reader: &mut Reader<'n>, entries: &'n [Entry]) -> Self {
        let number = NumberBounds {
            minimum: reader.number(entries, "minimum"),
            maximum: reader.number(entries, "maximum"),
            exclusive_minimum: reader.number(entries, "exclusiveMinimum"),
            exclusive_maximum: reader.number(entries, "exclusiveMaximum"),
            multiple_of: reader.number(entries, "multipleOf"),
        };
        if let Some(step) = &number.multiple_of
            && step.as_f64().is_none_or(|step| step <= 0.0)
            && let Some(node) = find(entries, "multipleOf")
        {
            reader.problem(Problem::new(&node.place, format!("`multipleOf` is more than 0, not `{step}`")));
        }
        let text = StringBounds {
            min_length: reader.count(entries, "minLength"),
            max_length: reader.count(entries, "maxLength"),
            pattern: reader.pattern(entries),
            format: reader.text(entries, "format"),
        };
        Self { number, text }
    }
}

impl<'n> Reader<'n> {
    fn wrong_kind(&mut self, node: &Node, key: &str, wanted: &str) {
        let fact = format!("`{key}` is {wanted}, not {}", node.value.kind());
        self.problem(Problem::new(&node.place, fact));
    }

    fn number(&mut self, entries: &'n [Entry], key: &str) -> Option<Number> {
        let node = find(entries, key)?;
        let number = match node.value {
            NodeValue::Integer(whole) => Some(Number::from(whole)),
            NodeValue::Float(double) => Number::from_f64(double),
            _ => {
                self.wrong_kind(node, key, "a number");
                return None;
            }
        };
        if number.is_none() {
            self.problem(Problem::new(&node.place, format!("`{key}` is a finite number")));
        }
        number
    }

    pub(super) fn count(&mut self, entries: &'n [Entry], key: &str) -> Option<u64> {
        let node = find(entries, key)?;
        match node.value {
            NodeValue::Integer(whole) if whole >= 0 => u64::try_from(whole).ok(),
            NodeValue::Integer(whole) => {
                self.problem(Problem::new(&node.place, format!("`{key}` is at least 0, not `{whole}`")));
                None
            }
            _ => {
                self.wrong_kind(node, key, "an integer");
                None
            }
        }
    }

    pub(super) fn text(&mut self, entries: &'n [Entry], key: &str) -> Option<String> {
        let node = find(entries, key)?;
        if let NodeValue::String(text) = &node.value {
            return Some(text.clone());
        }
        self.wrong_kind(node, key, "a string");
        None
    }

    /// False when it is not written.
    pub(super) fn boolean(&mut self, entries: &'n [Entry], key: &str) -> bool {
        let Some(node) = find(entries, key) else { return false };
        if let NodeValue::Boolean(value) = node.value {
            return value;
        }
        self.wrong_kind(node, key, "a boolean");
        false
    }

    fn pattern(&mut self, entries: &'n [Entry]) -> Option<String> {
        let pattern = self.text(entries, "pattern")?;
        let Err(error) = regex::Regex::new(&pattern) else { return Some(pattern) };
        // The crate draws a picture over several lines; its last line holds the reason.
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or(&text).trim_start_matches("error: ").to_owned();
        if let Some(node) = find(entries, "pattern") {
            let fact = format!("`pattern` is not a regular expression: {reason}");
            self.problem(Problem::new(&node.place, fact));
        }
        None
    }
}
