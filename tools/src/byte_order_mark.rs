//! The byte order mark that some editors put in front of UTF-8 text. It is no part of what a file says: one is passed
//! over wherever text is read. Only what starts the file may stumble over it.

use rye_runtimes::document::{Place, Problem};

/// The mark, in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The extensions of files whose interpreter takes the mark for a part of the first command.
const SHELLS: [&str; 2] = ["sh", "bash"];

/// The bytes without the mark in front of them.
#[must_use]
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(MARK).unwrap_or(bytes)
}

/// Whether the mark hides a `#!` line from the system.
#[must_use]
pub fn hides_interpreter_line(bytes: &[u8]) -> bool {
    bytes.strip_prefix(MARK).is_some_and(|rest| rest.starts_with(b"#!"))
}

/// What a shell has against a file that begins with the mark.
pub(crate) fn note(place: &Place, extension: Option<&str>, bytes: &[u8]) -> Option<Problem> {
    let stumbles = extension.is_some_and(|extension| SHELLS.contains(&extension)) && bytes.starts_with(MARK);
    let fact = "a byte order mark, which a shell takes for a part of the first line";
    stumbles.then(|| Problem::new(place, fact).hint("save the file as UTF-8 without a byte order mark"))
}
