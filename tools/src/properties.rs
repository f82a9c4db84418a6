//! What holds of any input. Fuzzers call these functions (`fuzz/`), and the tests replay what fuzzers found; in every
//! other build they are not there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "they are tests")]

mod block;
mod item;
mod json;
mod python;
mod words;

pub use block::block;
pub use item::item;
pub use json::json;
pub use python::python;
pub use words::words;

use rye_runtimes::document::Problem;

/// Every problem says something, at a place of the text of its file.
fn lie_in(problems: &[Problem], texts: &[(&str, &[u8])]) {
    assert!(!problems.is_empty(), "refused without a reason");
    for Problem { place, message, hint } in problems {
        assert!(!message.is_empty() && hint.as_deref() != Some(""), "{place}");
        let text = texts.iter().find(|(file, _)| *file == &*place.file);
        let (_, text) = text.unwrap_or_else(|| panic!("nobody gave {}", place.file));
        let line = text.split(|byte| *byte == b'\n').nth(place.line as usize - 1);
        let line = line.unwrap_or_else(|| panic!("no line {}: {message}", place.line));
        let columns = String::from_utf8_lossy(line).chars().count();
        assert!((1..=columns + 1).contains(&(place.column as usize)), "no {place}: {message}");
    }
}

#[cfg(test)]
mod tests {
    use crate::replay::replay;

    #[test]
    fn blocks() {
        replay("block", super::block);
    }

    #[test]
    fn items() {
        replay("item", super::item);
    }

    #[test]
    fn json() {
        replay("json", super::json);
    }

    #[test]
    fn python() {
        replay("python", super::python);
    }

    #[test]
    fn words() {
        replay("words", super::words);
    }
}
