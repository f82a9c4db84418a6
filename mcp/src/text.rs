//! Text for a model: harmless, and no longer than a client takes. What is cut out is counted.

use rye_executor::harmless::written_out;

/// How many bytes of text one answer carries. Clients refuse or store away what has more than about 25,000 tokens.
pub(crate) const MAX_TEXT: usize = 40_000;

/// How many bytes the text of a failure carries: some clients cut at 11,000 characters, and the end says most.
pub(crate) const MAX_FAILURE: usize = 10_000;

/// Head and tail of a text, with the number of bytes between them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut<'t> {
    pub(crate) head: &'t str,
    pub(crate) tail: &'t str,
    pub(crate) between: usize,
}

/// Cuts the middle out of a text that is too long; `None` when it is not. No character is split.
pub(crate) fn cut(text: &str, limit: usize) -> Option<Cut<'_>> {
    if text.len() <= limit {
        return None;
    }
    let half = limit / 2;
    let head = text.get(..text.floor_char_boundary(half)).unwrap_or_default();
    let tail = text.get(text.ceil_char_boundary(text.len() - half)..).unwrap_or_default();
    Some(Cut { head, tail, between: text.len() - head.len() - tail.len() })
}

/// A text within its limit, what was cut out told in place.
pub(crate) fn shortened(text: &str, limit: usize, advice: &str) -> String {
    match cut(text, limit) {
        None => text.to_owned(),
        Some(Cut { head, tail, between }) => {
            format!("{head}\n[… {between} bytes cut out here{advice} …]\n{tail}")
        }
    }
}

/// Text of a tool, made harmless: a model or a person would read something else than is there. Line ends and tabs
/// stay.
pub(crate) fn calm(text: &str) -> String {
    written_out(text, &['\n', '\r', '\t'])
}

#[cfg(test)]
mod tests {
    use super::{calm, cut, shortened};

    #[test]
    fn the_middle_is_cut_out_and_counted() {
        assert_eq!(cut("12345678", 8), None);
        let long = format!("{}{}{}", "a".repeat(10), "ü".repeat(10), "z".repeat(10));
        let parts = cut(&long, 25).unwrap();
        assert_eq!(parts.head.len() + parts.tail.len() + parts.between, long.len());
        assert!(parts.head.starts_with("aaaaaaaaaaü") && parts.tail.ends_with('z'));
        assert!(shortened(&long, 25, "").contains(&format!("{} bytes", parts.between)));
    }

    #[test]
    fn what_moves_a_cursor_is_written_out() {
        assert_eq!(calm("a\u{1b}[31mred\u{7}\r\n\tb\u{202e}c"), "a\\u{1b}[31mred\\u{7}\r\n\tb\\u{202e}c");
        assert_eq!(calm("שלום"), "שלום");
    }
}
