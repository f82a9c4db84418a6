//! The comment block that holds metadata in any script, in the shape that PEP 723 made familiar:
//!
//! ```text
//! # /// rye
//! # description = "Count the lines of a file"
//! # ///
//! ```
//!
//! The mark is `#`, `//` or `--`; the block stands at the beginning of its lines and ends at its first closing
//! line. A file has at most one.

use std::sync::Arc;

use rye_runtimes::TomlSource;
use rye_runtimes::document::{Node, Place, Problem};

use crate::byte_order_mark::without_mark;

const MARKS: [&str; 3] = ["#", "//", "--"];

/// Finds the block named `name` (`rye`, or PEP 723's `script`) in the bytes of a file and parses its TOML.
/// `None`: the file has no such block.
///
/// # Errors
/// A block that is not closed, holds other lines, stands there twice, or is no TOML.
pub fn read_block(file: &Arc<str>, bytes: &[u8], name: &str) -> Result<Option<Node>, Vec<Problem>> {
    let mut blocks = Vec::new();
    let mut problems = Vec::new();
    let mut lines = without_mark(bytes).split(|&byte| byte == b'\n').zip(1_u32..);
    while let Some((line, number)) = lines.next() {
        let Some(mark) = opening(line, name) else { continue };
        let opened = Place { file: Arc::clone(file), line: number, column: 1, whole_file: false };
        let mut content = Vec::new();
        let end = lines.by_ref().find_map(|(line, number)| match inside(line, mark) {
            Inside::Content(column, text) => {
                content
                    .push((Place { file: Arc::clone(file), line: number, column, whole_file: false }, text));
                None
            }
            other => Some((other, number)),
        });
        match end {
            Some((Inside::Closing, _)) => {}
            Some((Inside::NotUtf8, number)) => {
                let place = Place { file: Arc::clone(file), line: number, column: 1, whole_file: false };
                problems.push(Problem::new(&place, "a line of the block is not UTF-8"));
            }
            _ => problems
                .push(Problem::new(&opened, format!("a `{mark} /// {name}` block that is not closed")).hint(
                    format!("end it with a line `{mark} ///`; each line between begins with `{mark}`"),
                )),
        }
        blocks.push((opened, content));
    }
    if let [first, second, ..] = blocks.as_slice() {
        let message = format!("a second `{name}` block; the first stands in line {}", first.0.line);
        problems.push(Problem::new(&second.0, message).hint("keep one of the two"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    match blocks.pop() {
        Some((opened, content)) => {
            let mut node = TomlSource::block(file, content).parse()?;
            node.place = opened;
            Ok(Some(node))
        }
        None => Ok(None),
    }
}

/// Whether a file has a block of that name, closed and sound or not.
pub(crate) fn has_block(bytes: &[u8], name: &str) -> bool {
    without_mark(bytes).split(|&byte| byte == b'\n').any(|line| opening(line, name).is_some())
}

/// The mark of a line that opens a block: `# /// name`.
fn opening(line: &[u8], name: &str) -> Option<&'static str> {
    MARKS.into_iter().find(|mark| {
        line.strip_prefix(mark.as_bytes())
            .and_then(|rest| rest.strip_prefix(b" /// "))
            .is_some_and(|rest| rest.trim_ascii_end() == name.as_bytes())
    })
}

enum Inside {
    Content(u32, String),
    Closing,
    NotUtf8,
    Foreign,
}

/// A line after the opening one. One space after the mark belongs to the mark.
fn inside(line: &[u8], mark: &str) -> Inside {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Some(rest) = line.strip_prefix(mark.as_bytes()) else { return Inside::Foreign };
    let (space, text) = match rest.strip_prefix(b" ") {
        Some(text) => (1, text),
        None if rest.is_empty() => (0, rest),
        None => return Inside::Foreign,
    };
    if text.trim_ascii_end() == b"///" {
        return Inside::Closing;
    }
    match std::str::from_utf8(text) {
        Ok(text) => Inside::Content(u32::try_from(mark.len()).unwrap_or(0) + space + 1, text.to_owned()),
        Err(_) => Inside::NotUtf8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Node>, Vec<Problem>> {
        read_block(&Arc::from("x.sh"), text.as_bytes(), "rye")
    }

    #[test]
    fn every_mark_opens_a_block_anywhere_in_the_file() {
        for mark in MARKS {
            let text = format!(
                "first\n{mark} /// rye\n{mark} version = \"1\"\n{mark}\n{mark} ///\nrest\n{mark} ///\n"
            );
            assert_eq!(read(&text).unwrap().unwrap().to_json().to_string(), r#"{"version":"1"}"#);
        }
        for text in ["# /// rye\r\n# ///\r\n", "\u{feff}# /// rye\n# ///\n"] {
            assert_eq!(read(text).unwrap().unwrap().to_json().to_string(), "{}");
        }
    }

    #[test]
    fn what_is_no_block_is_none() {
        for text in [
            "",
            "# /// script\n# ///\n",
            "  # /// rye\n# ///\n",
            "#/// rye\n",
            "# /// ryebread\n",
            "\u{feff}\u{feff}# /// rye\n",
        ] {
            assert_eq!(read(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn a_broken_block_is_a_problem_at_its_place() {
        let place = |text: &str| read(text).unwrap_err()[0].place.to_string();
        assert_eq!(place("\n# /// rye\n# a = 1\n"), "x.sh:2:1");
        assert_eq!(place("# /// rye\necho\n# ///\n"), "x.sh:1:1");
        assert_eq!(place("# /// rye\n# ///\n# /// rye\n# ///\n"), "x.sh:3:1");
        assert!(place("# /// rye\n# a = 1\n# b = \n# ///\n").starts_with("x.sh:3:"));
    }
}
