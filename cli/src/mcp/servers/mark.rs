//! The first line of a file that was written for a server: who wrote it, and the hash of all that follows. A file whose
//! hash no longer fits was edited by a person, and is theirs.

use sha2::{Digest, Sha256};

/// How the line begins. It ends with the hash.
const BEGIN: &str = "# Written by `rye mcp`, which keeps it current as long as nobody edits it. ";
/// How many bytes of the hash are kept.
const LENGTH: usize = 16;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// As `rye mcp` wrote it.
    Rye,
    /// Written by `rye mcp`, and edited since.
    Edited,
    /// Never written by `rye mcp`.
    Somebody,
}

/// A text with the line before it.
pub(super) fn marked(body: &str) -> String {
    format!("{BEGIN}{}\n{body}", hash(body.as_bytes()))
}

/// A marked text without its line; any other as it is.
pub(super) fn body(text: &str) -> &str {
    match text.split_once('\n') {
        Some((first, body)) if first.starts_with(BEGIN) => body,
        _ => text,
    }
}

/// Whose file it is, by its bytes.
pub(super) fn author(bytes: &[u8]) -> Author {
    let Some(rest) = bytes.strip_prefix(BEGIN.as_bytes()) else { return Author::Somebody };
    let end = rest.iter().position(|byte| *byte == b'\n');
    match end.and_then(|end| Some((rest.get(..end)?, rest.get(end + 1..)?))) {
        Some((told, body)) if told == hash(body).as_bytes() => Author::Rye,
        _ => Author::Edited,
    }
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(LENGTH).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Author, author, body, marked};

    #[test]
    fn an_edit_is_noticed_wherever_it_is() {
        let text = marked("a = 1\n");
        assert_eq!(author(text.as_bytes()), Author::Rye);
        assert_eq!(body(&text), "a = 1\n");
        for edited in [
            text.replace('1', "2"),
            format!("{text}\n"),
            text.replace('\n', "\r\n"),
            text.trim_end().to_owned(),
            text.lines().next().unwrap_or_default().to_owned(),
        ] {
            assert_eq!(author(edited.as_bytes()), Author::Edited, "{edited}");
        }
        for foreign in ["", "a = 1\n", "# Written by hand\n", "\n"] {
            assert_eq!(author(foreign.as_bytes()), Author::Somebody, "{foreign}");
        }
        assert_eq!(author(format!("\n{text}").as_bytes()), Author::Somebody);
    }
}
