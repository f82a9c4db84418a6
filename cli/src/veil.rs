//! A line of a file without what it says in quotes or in a comment: a secret may stand there. Only the whole
//! string that a problem is about is shown; the mark stays under its word.

use std::ops::Range;

/// What stands for what is not shown.
const VEIL: &str = "…";

/// The line as it may be shown, and where its mark is then. Both ranges count characters.
pub(crate) fn veiled(line: &str, marked: Range<usize>) -> (String, Range<usize>) {
    let mut out = String::with_capacity(line.len());
    let (mut at, mut shown) = (0, 0);
    let mut mark = None;
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let begins_line = out.trim_start().is_empty();
        let piece =
            Piece::first_of(rest, begins_line).unwrap_or(Piece { bytes: first.len_utf8(), end: None });
        let (text, after) = rest.split_at_checked(piece.bytes).unwrap_or((rest, ""));
        let length = text.chars().count();
        let is_marked = at == marked.start;
        let is_wanted = is_marked && piece.end == Some(End::Closed);
        let short = piece.short(text, first).filter(|_| !is_wanted);
        if mark.is_none() && (at..at + length).contains(&marked.start) {
            let within = if is_marked { 0 } else { 1 };
            let word = if short.is_some() { 1 } else { marked.len() };
            mark = Some(shown + within..shown + within + word);
        }
        let written = short.as_deref().unwrap_or(text);
        out.push_str(written);
        at += length;
        shown += written.chars().count();
        rest = after;
        if piece.end == Some(End::Unsure) && !rest.is_empty() {
            // What follows may be inside or outside.
            out.push_str(VEIL);
            let mark = mark.unwrap_or(shown..shown + 1);
            return (out, mark);
        }
    }
    let past = marked.start.saturating_sub(at);
    (out, mark.unwrap_or(shown + past..shown + past + marked.len()))
}

/// How a string or comment ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// With its quote.
    Closed,
    /// With the line.
    Open,
    /// `\'` ends a string in TOML and none in Python.
    Unsure,
}

/// A piece of a line: a string with its quotes, a comment, or a character.
#[derive(Clone, Copy, Debug)]
struct Piece {
    bytes: usize,
    /// None for a character.
    end: Option<End>,
}

impl Piece {
    /// The string or comment that a text begins with. A line that is nothing but a comment may hold metadata.
    fn first_of(text: &str, begins_line: bool) -> Option<Self> {
        let mut characters = text.char_indices();
        let (_, quote) = characters.next()?;
        if quote == '#' && !begins_line {
            return Some(Self { bytes: text.len(), end: Some(End::Open) });
        }
        if !matches!(quote, '"' | '\'') {
            return None;
        }
        while let Some((at, c)) = characters.next() {
            if c == quote {
                return Some(Self { bytes: at + 1, end: Some(End::Closed) });
            }
            if c == '\\'
                && let Some((at, '\'')) = characters.next()
                && quote == '\''
            {
                return Some(Self { bytes: at + 1, end: Some(End::Unsure) });
            }
        }
        Some(Self { bytes: text.len(), end: Some(End::Open) })
    }

    /// What is written for it; none where it hides nothing.
    fn short(self, text: &str, first: char) -> Option<String> {
        let end = self.end?;
        if first == '#' {
            return (text.len() > 1).then(|| format!("#{VEIL}"));
        }
        match end {
            End::Closed => (text.len() > 2).then(|| format!("{first}{VEIL}{first}")),
            End::Open => (text.len() > 1).then(|| format!("{first}{VEIL}")),
            End::Unsure => Some(first.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::veiled;

    #[test]
    fn what_is_quoted_is_shown_only_under_the_mark() {
        for (line, marked, expected) in [
            ("heders = { A = \"Bearer S\" }", 0..6, "heders = { A = \"…\" }\n^^^^^^"),
            ("x = [\"one\", \"two\", \"three\"]", 12..17, "x = [\"…\", \"two\", \"…\"]\n          ^^^^^"),
            ("x = f(k=\"S\") + 'SS'", 4..5, "x = f(k=\"…\") + '…'\n    ^"),
            // A mark inside a string does not uncover it.
            ("x = \"S\\q S\" ", 6..7, "x = \"…\" \n     ^"),
            ("\"SS\" = 1", 7..8, "\"…\" = 1\n      ^"),
            ("x = \"\" + ''", 0..1, "x = \"\" + ''\n^"),
            ("x = \"\"\"SS\"\"\"", 0..1, "x = \"\"\"…\"\"\"\n^"),
            ("x = \"a\\\"S\" y", 0..1, "x = \"…\" y\n^"),
            ("x = \"S", 0..1, "x = \"…\n^"),
            ("x =", 9..10, "x =\n         ^"),
            ("", 0..1, "\n^"),
        ] {
            assert_eq!(drawn(line, marked), expected, "{line}");
        }
    }

    #[test]
    fn a_comment_after_something_is_not_shown() {
        assert_eq!(drawn("x = 1 # not 'S", 0..1), "x = 1 #…\n^");
        assert_eq!(drawn("# type = \"int\" # S", 9..14), "# type = \"int\" #…\n         ^^^^^");
    }

    #[test]
    fn what_may_be_inside_or_outside_is_not_shown() {
        assert_eq!(drawn("x = 'a\\', y = 'S'", 0..1), "x = '…\n^");
        assert_eq!(drawn("x = 'a\\', y = 'S'", 4..8), "x = '…\n    ^");
        assert_eq!(drawn("x = \"S", 4..7), "x = \"…\n    ^");
        assert_eq!(drawn("x = 'a\\', y = 'S'", 10..11), "x = '…\n     ^");
    }

    proptest! {
        #[test]
        fn no_secret_is_shown_and_the_mark_stays(
            pieces in prop::collection::vec("[a-z =\\[\\],]{0,4}|\"S(?:[a-z']|\\\\[a-z\"'\\\\]){0,6}S\"|'S[a-z\"]{0,6}S'|# S", 0..6),
            start in 0..40_usize,
            length in 1..6_usize,
        ) {
            let line = pieces.concat();
            // No string is meant by a mark that begins at no quote.
            prop_assume!(!line.chars().nth(start).is_some_and(|c| "\"'".contains(c)));
            let (shown, mark) = veiled(&line, start..start + length);
            let begins_line = line.trim_start().starts_with('#');
            prop_assert!(begins_line || !shown.contains('S'), "{} of {}", shown, line);
            prop_assert!(mark.start <= start && mark.start < mark.end);
            prop_assert!(shown.chars().count() <= line.chars().count() + 1);
        }

        #[test]
        fn any_line_is_veiled(line in any::<String>(), start in 0..40_usize, length in 1..6_usize) {
            let (shown, mark) = veiled(&line, start..start + length);
            prop_assert!(mark.start < mark.end && shown.chars().count() <= line.chars().count() + 1);
            prop_assert!(mark.start <= shown.chars().count() + start);
        }
    }

    fn drawn(line: &str, marked: std::ops::Range<usize>) -> String {
        let (line, mark) = veiled(line, marked);
        format!("{line}\n{}{}", " ".repeat(mark.start), "^".repeat(mark.len()))
    }
}
