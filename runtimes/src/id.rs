//! The one grammar of item ids. A value of [`ItemId`] can be joined to a folder without leaving it.

use std::fmt;
use std::str::FromStr;

/// How many characters an id may have.
pub const MAX_ID_LENGTH: usize = 128;

/// The id of a tool or runtime: its path below `tools/` without extension, such as `demo/hello`.
///
/// Segments of `[A-Za-z0-9][A-Za-z0-9_.-]*` joined by `/`, ASCII only, never `..`, never absolute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(String);

impl ItemId {
    /// The id as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment: `hello` of `demo/hello`.
    #[must_use]
    pub fn last_segment(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Whether the id has one segment, and so may be a short name of something longer.
    #[must_use]
    pub fn is_short(&self) -> bool {
        !self.0.contains('/')
    }

    /// Whether the id lies in the part of the name space that only the binary itself fills.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.0 == "rye/core" || self.0.starts_with("rye/core/")
    }

    /// The id one folder below: `folder/self`. `None` when that would be too long.
    #[must_use]
    pub fn below(&self, folder: &str) -> Option<Self> {
        format!("{folder}/{}", self.0).parse().ok()
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for ItemId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not an id: {reason}", shown(.text))]
pub struct InvalidId {
    /// What was given.
    pub text: String,
    /// Which rule it breaks.
    pub reason: InvalidIdReason,
}

/// The rule of the grammar that a text breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdReason {
    /// Nothing was given.
    #[error("it is empty")]
    Empty,
    /// Longer than [`MAX_ID_LENGTH`].
    #[error("it has {0} characters, and {MAX_ID_LENGTH} are allowed")]
    TooLong(usize),
    /// Begins with `/`.
    #[error("it is an absolute path")]
    Absolute,
    /// Holds `..`.
    #[error("it holds `..`")]
    DotDot,
    /// Two slashes in a row, or one at the end.
    #[error("it has an empty segment")]
    EmptySegment,
    /// A segment begins with something that is neither letter nor digit.
    #[error("a segment begins with {0:?}, not with a letter or digit")]
    SegmentStart(char),
    /// A character outside `[A-Za-z0-9_.-/]`.
    #[error("it holds {0:?}")]
    Character(char),
}

impl FromStr for ItemId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let refuse = |reason| Err(InvalidId { text: text.to_owned(), reason });
        if text.is_empty() {
            return refuse(InvalidIdReason::Empty);
        }
        if text.starts_with('/') {
            return refuse(InvalidIdReason::Absolute);
        }
        if text.contains("..") {
            return refuse(InvalidIdReason::DotDot);
        }
        for segment in text.split('/') {
            let Some(first) = segment.chars().next() else {
                return refuse(InvalidIdReason::EmptySegment);
            };
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
            if let Some(other) = segment.chars().find(|&c| !allowed(c)) {
                return refuse(InvalidIdReason::Character(other));
            }
            if !first.is_ascii_alphanumeric() {
                return refuse(InvalidIdReason::SegmentStart(first));
            }
        }
        // Only ASCII is left: bytes are characters.
        if text.len() > MAX_ID_LENGTH {
            return refuse(InvalidIdReason::TooLong(text.len()));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A refused id as it may appear in a message: short, and without control characters.
fn shown(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(60)
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    if text.chars().nth(60).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> InvalidIdReason {
        text.parse::<ItemId>().unwrap_err().reason
    }

    #[test]
    fn paths_below_tools_are_ids() {
        for text in ["hello", "demo/hello", "a.b-c_d/9", "rye/core/runtimes/python_runtime"] {
            assert_eq!(text.parse::<ItemId>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        use InvalidIdReason as R;
        assert_eq!(reason(""), R::Empty);
        assert_eq!(reason(&"a".repeat(129)), R::TooLong(129));
        assert_eq!(reason("/etc/passwd"), R::Absolute);
        assert_eq!(reason("../../x"), R::DotDot);
        assert_eq!(reason("a/../b"), R::DotDot);
        assert_eq!(reason("a//b"), R::EmptySegment);
        assert_eq!(reason("a/"), R::EmptySegment);
        assert_eq!(reason("-rf"), R::SegmentStart('-'));
        assert_eq!(reason("a/.git"), R::SegmentStart('.'));
        assert_eq!(reason("a\\b"), R::Character('\\'));
        assert_eq!(reason("a\0b"), R::Character('\0'));
        assert_eq!(reason("caf\u{e9}"), R::Character('\u{e9}'));
    }

    #[test]
    fn a_refused_id_is_shown_short_and_without_control_characters() {
        let message = format!("{}\n{}", "x".repeat(300), "y").parse::<ItemId>().unwrap_err().to_string();
        assert!(message.len() < 160 && !message.contains('\n'), "{message}");
    }
}
