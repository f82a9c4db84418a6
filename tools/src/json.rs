//! JSON as it is read at every door: exact, or refused with the place and the reason. No number that
//! [`parse`] returns differs from the one that was written, and no key was written twice.

mod number;
mod reader;

use serde_json::Value;

/// Arrays and objects may lie in each other at most this deep, which is also what `serde_json` reads.
pub const MAX_DEPTH: usize = 127;

/// Text that is not JSON, or not JSON that can be kept exactly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at line {line} column {column}")]
pub struct InvalidJson {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: InvalidJsonReason,
}

/// What is wrong with a piece of JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJsonReason {
    /// The text ends too early.
    #[error("the text ends where {0} was expected")]
    Ends(&'static str),
    /// Something else stands there.
    #[error("`{found}` where {expected} was expected")]
    Unexpected {
        /// The word or character that stands there.
        found: String,
        /// What JSON allows there.
        expected: &'static str,
    },
    /// An object has one key twice.
    #[error("key `{}` is there twice", .0.escape_debug())]
    DuplicateKey(String),
    /// More than [`MAX_DEPTH`] arrays and objects in each other.
    #[error("arrays and objects lie more than {MAX_DEPTH} deep")]
    TooDeep,
    /// A whole number that 64 bits cannot hold.
    #[error("integer `{0}` does not fit 64 bits")]
    IntegerOutOfRange(String),
    /// A decimal number whose nearest double is another number.
    #[error("number `{0}` cannot be kept exactly")]
    InexactNumber(String),
    /// Half of a surrogate pair.
    #[error("`{0}` is half of a surrogate pair")]
    LoneSurrogate(String),
    /// A control character that is not escaped.
    #[error("control character U+{0:04X} in a string")]
    ControlCharacter(u32),
    /// A backslash before something that JSON does not escape.
    #[error("unknown escape `{0}`")]
    UnknownEscape(String),
}

/// Reads one JSON value that makes up the whole text.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn parse(text: &str) -> Result<Value, InvalidJson> {
    reader::Reader::new(text).document().map_err(|(at, reason)| {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        InvalidJson {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
            reason,
        }
    })
}

/// The same JSON text with one member or item per line. Every number and string stays as it was written, so
/// what a tool returned is shown as it returned it. Text that is not JSON comes out with its blanks moved.
#[must_use]
pub fn indent(raw_json: &str) -> String {
    let mut out = String::with_capacity(raw_json.len() * 2);
    let mut depth = 0_usize;
    // Whether an opening bracket waits to learn if its container is empty.
    let mut opened = false;
    let mut rest = raw_json.trim_start_matches(BLANKS);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => rest.find(|c: char| BLANKS.contains(&c) || "{}[],:\"".contains(c)).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        rest = after.trim_start_matches(BLANKS);
        let closing = matches!(first, '}' | ']');
        if closing {
            depth = depth.saturating_sub(1);
        }
        if opened != closing {
            break_line(&mut out, depth);
        }
        opened = matches!(first, '{' | '[');
        out.push_str(token);
        match first {
            '{' | '[' => depth += 1,
            ',' => break_line(&mut out, depth),
            ':' => out.push(' '),
            _ => {}
        }
    }
    out
}

const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

/// The length in bytes of the string literal that a text begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;
