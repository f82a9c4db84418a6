//! A problem with the line that it is about, and a mark under the word. Whatever the line holds, it takes one line of the
//! screen and moves nothing on it, and what it says in quotes is not shown. The file is read again for this alone.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rye_executor::harmless::is_harmful;
use rye_executor::resolver::{holds_secrets, read_to_show};
use rye_executor::runtimes::document::{Place, Problem};

use crate::columns::{columns, wrapped};
use crate::output::{Style, plain_line};
use crate::veil::veiled;

/// How wide a line is drawn where no terminal says it.
const WIDTH: usize = 100;
/// Where the next tab stop is, in columns.
const TAB: usize = 4;

/// How something is emphasised.
type Paint<'p> = &'p dyn Fn(Style, &str) -> String;

/// Draws problems, and reads each file once.
pub(crate) struct Drawing {
    width: usize,
    /// Whether words go on the next line where a terminal would cut them.
    wraps: bool,
    files: HashMap<Arc<str>, Option<String>>,
}

impl Drawing {
    /// For lines of so many columns.
    pub(crate) fn new(width: Option<usize>) -> Self {
        Self { width: width.unwrap_or(WIDTH).clamp(20, 400), wraps: width.is_some(), files: HashMap::new() }
    }

    /// `FILE:LINE:COLUMN: WORD: MESSAGE`, the causes, the line with its mark, the hint.
    pub(crate) fn problem(
        &mut self,
        problem: &Problem,
        causes: &[String],
        word: &str,
        paint: Paint<'_>,
    ) -> String {
        let Problem { place, message, hint } = problem;
        let head = plain_line(&place.to_string());
        let mut text = format!("{head}: {word}{}\n", self.wrapped(message, columns(&head) + 9));
        for cause in causes {
            text.push_str(&format!("    {}\n", self.wrapped(cause, 4)));
        }
        if let Some(Drawn { number, line, indent, mark }) = self.line(place) {
            let gutter = paint(Style::Dim, &format!("{number:>4} |"));
            text.push_str(format!("{gutter} {line}").trim_end());
            let gutter = paint(Style::Dim, &format!("{:>1$} |", "", number.to_string().len().max(4)));
            let mark = paint(Style::Red, &"^".repeat(mark));
            text.push_str(&format!("\n{gutter} {}{mark}\n", " ".repeat(indent)));
        }
        if let Some(hint) = hint {
            text.push_str(&format!("    {}: {}\n", paint(Style::Green, "hint"), self.wrapped(hint, 10)));
        }
        text
    }

    /// A text that begins in some column. On a terminal it goes on in the tenth column of the next line.
    fn wrapped(&self, text: &str, column: usize) -> String {
        let text = plain_line(text);
        if !self.wraps {
            return text;
        }
        let lines = wrapped(&text, self.width.saturating_sub(column), self.width.saturating_sub(10));
        lines.join("\n          ")
    }

    fn line(&mut self, place: &Place) -> Option<Drawn> {
        if place.whole_file || holds_secrets(Path::new(&*place.file)) {
            return None;
        }
        let text = self
            .files
            .entry(Arc::clone(&place.file))
            .or_insert_with(|| {
                read_to_show(Path::new(&*place.file))
                    .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            })
            .as_deref()?;
        let index = usize::try_from(place.line).ok()?.checked_sub(1)?;
        let line = text.split('\n').nth(index)?.trim_end_matches('\r');
        if begins_in_string(text, index) {
            return None;
        }
        let start = usize::try_from(place.column).ok()?.checked_sub(1)?;
        let length = word_length(line, start);
        let (line, marked) = veiled(line, start..start + length);
        if names_user(&line) {
            return None;
        }
        let room = self.width.checked_sub(place.line.to_string().len().max(4) + 3)?;
        Some(draw(&line, place.line, marked, room))
    }
}

/// Whether a line goes on with a string of several lines: nothing on it tells what is quoted.
fn begins_in_string(text: &str, index: usize) -> bool {
    let before = text.split('\n').take(index);
    let open = |quotes: &str| before.clone().map(|line| line.matches(quotes).count()).sum::<usize>() % 2 == 1;
    open("\"\"\"") || open("'''")
}

/// Whether a line holds a URL with a user, and so perhaps a password.
fn names_user(line: &str) -> bool {
    line.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ', '"', '\'']).next();
        authority.is_some_and(|authority| authority.contains('@'))
    })
}

/// How many characters the word at a place has: a string with its quotes, a name, or one character.
fn word_length(line: &str, start: usize) -> usize {
    let mut rest = line.chars().skip(start);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$');
    match rest.next() {
        None => 1,
        Some(quote @ ('"' | '\'')) => {
            let mut escaped = false;
            let inside = rest.take_while(|&c| {
                let ends = c == quote && !escaped;
                escaped = c == '\\' && !escaped;
                !ends
            });
            inside.count() + 2
        }
        Some(first) if is_name(first) => {
            let dotted = first.is_ascii_digit() || first == '-';
            1 + rest.take_while(|&c| is_name(c) || (dotted && c == '.')).count()
        }
        Some(_) => 1,
    }
}

/// A line ready to be shown, and the columns of its mark.
#[derive(Debug, PartialEq)]
struct Drawn {
    number: u32,
    line: String,
    indent: usize,
    mark: usize,
}

/// The part of a line around a mark that fits, in so many columns.
fn draw(line: &str, number: u32, marked: std::ops::Range<usize>, room: usize) -> Drawn {
    // A character takes a column or more, or next to none do: what is further away cannot be seen.
    let first = marked.start.saturating_sub(2 * room);
    let cells: Vec<(String, usize)> = cells(line.chars().skip(first).take(4 * room));
    let at = (marked.start - first).min(cells.len());
    let is_cut = first > 0 || line.chars().nth(first + cells.len()).is_some();
    let width = |cells: &[(String, usize)]| cells.iter().map(|(_, width)| width).sum::<usize>();
    let before = cells.get(..at).unwrap_or_default();
    let mut left = 0;
    if is_cut || width(&cells) > room {
        // The mark stands at two thirds at most, so that some of what follows is seen.
        while width(before.get(left..).unwrap_or_default()) > room * 2 / 3 {
            left += 1;
        }
    }
    let cut_before = first + left > 0;
    let mut text = if cut_before { "…".to_owned() } else { String::new() };
    let mut taken = usize::from(cut_before);
    let indent = taken + width(before.get(left..).unwrap_or_default());
    let shown = cells.get(left..).unwrap_or_default();
    let fits_whole = taken + width(shown) <= room && line.chars().nth(first + cells.len()).is_none();
    for (piece, columns) in shown {
        if !fits_whole && taken + columns + 1 > room {
            text.push('…');
            break;
        }
        text.push_str(piece);
        taken += columns;
    }
    let end = (at + marked.len()).min(cells.len());
    let mark = width(cells.get(at..end).unwrap_or_default()).min(taken.saturating_sub(indent)).max(1);
    Drawn { number, line: text, indent, mark }
}

/// Each character as it is shown, and the columns that it takes.
fn cells(characters: impl Iterator<Item = char>) -> Vec<(String, usize)> {
    let mut column = 0;
    // What stands before a character since the last plain one may change its width.
    let mut run = String::new();
    let cell = |c: char| {
        let (text, width) = if c == '\t' {
            let width = TAB - column % TAB;
            (" ".repeat(width), width)
        } else if is_harmful(c) {
            let text: String = c.escape_default().collect();
            let width = text.len();
            (text, width)
        } else {
            if c.is_ascii() {
                run.clear();
            }
            let before = columns(&run);
            run.push(c);
            (c.to_string(), columns(&run).saturating_sub(before))
        };
        column += width;
        (text, width)
    };
    characters.map(cell).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::{draw, is_harmful, word_length};

    /// The line and its mark, one above the other.
    fn drawn(line: &str, start: usize, room: usize) -> String {
        let drawn = draw(line, 1, start..start + word_length(line, start), room);
        format!("{}\n{}{}", drawn.line, " ".repeat(drawn.indent), "^".repeat(drawn.mark))
    }

    #[test]
    fn the_word_at_a_place_is_marked() {
        for (line, start, expected) in [
            ("banana = 1", 0, "banana = 1\n^^^^^^"),
            ("x = \"a \\\" b\" # c", 4, "x = \"a \\\" b\" # c\n    ^^^^^^^^"),
            ("x = \"open", 4, "x = \"open\n    ^^^^^"),
            ("x = -1.5", 4, "x = -1.5\n    ^^^^"),
            ("x = [1]", 4, "x = [1]\n    ^"),
            ("[a.b]", 1, "[a.b]\n ^"),
            ("x =", 9, "x =\n   ^"),
            ("", 0, "\n^"),
        ] {
            assert_eq!(drawn(line, start, 60), expected, "{line}");
        }
    }

    #[test]
    fn tabs_wide_and_harmful_characters_keep_the_mark_in_its_place() {
        for (line, start, expected) in [
            ("\tx", 1, "    x\n    ^"),
            ("ab\tx", 3, "ab  x\n    ^"),
            ("\"文件\" = x", 7, "\"文件\" = x\n         ^"),
            ("'文件' = x", 0, "'文件' = x\n^^^^^^"),
            ("e\u{301} = x", 5, "e\u{301} = x\n    ^"),
            ("\u{1b}[2J x", 5, "\\u{1b}[2J x\n          ^"),
            ("\u{202e}x", 1, "\\u{202e}x\n        ^"),
            ("❤\u{fe0f} = x", 5, "❤\u{fe0f} = x\n     ^"),
            ("a\u{0}b\u{7f}", 2, "a\\u{0}b\\u{7f}\n      ^"),
        ] {
            assert_eq!(drawn(line, start, 60), expected, "{line:?}");
        }
    }

    #[test]
    fn a_long_line_is_shown_around_its_mark() {
        let line = format!("{} word {}", "a".repeat(100), "b".repeat(100));
        assert_eq!(drawn(&line, 101, 30), "…aaaaaaaaaaaaaaaaaaa word bbb…\n                     ^^^^");
        assert_eq!(drawn(&line, 0, 30), format!("{}…\n{}", "a".repeat(29), "^".repeat(29)));
        assert_eq!(
            drawn(&line, 106, 30),
            format!("…aaaaaaaaaaaaaa word bbbbbbbb…\n{}^^^^^^^^", " ".repeat(21))
        );
        let huge = "文".repeat(1 << 20);
        for start in [0, 77, 1 << 19, (1 << 20) - 1, 1 << 20] {
            for room in [13, 14, 60] {
                let both = drawn(&huge, start, room);
                for line in both.lines() {
                    assert!(line.width() <= room, "{start} {room}: {both}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_line_fits_its_room_and_moves_nothing(
            line in prop_oneof![any::<String>(), "[a-c \\t文❤\u{fe0f}\u{301}\u{1b}\u{202e}]{0,300}"],
            start in 0..400_usize,
            room in 13..120_usize,
        ) {
            let drawn = draw(&line, 1, start..start + word_length(&line, start), room);
            prop_assert!(drawn.line.width() <= room, "{:?}", drawn);
            prop_assert!(!drawn.line.contains(is_harmful), "{:?}", drawn);
            prop_assert!(drawn.mark >= 1, "{:?}", drawn);
            // Past the end of the line nothing is, but the mark stands there.
            prop_assert!(start >= line.chars().count() || drawn.indent + drawn.mark <= room, "{:?}", drawn);
        }
    }
}
