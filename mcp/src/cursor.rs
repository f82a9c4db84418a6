//! Where a page of a list goes on: after a name. The list may change between two pages, and no tool is shown twice
//! or left out because of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What a cursor begins with, so that no other text is one.
const MARK: &str = "after:";

/// The cursor of the page after a name.
pub(crate) fn cursor_after(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{MARK}{name}"))
}

/// The name that a cursor stands after; the empty cursor is the beginning of the list. `None`: no cursor of ours.
pub(crate) fn name_before(cursor: &str) -> Option<String> {
    if cursor.is_empty() {
        return Some(String::new());
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix(MARK).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{cursor_after, name_before};

    #[test]
    fn a_cursor_comes_back_and_nothing_else_is_one() {
        assert_eq!(name_before(&cursor_after("demo_hello")).as_deref(), Some("demo_hello"));
        assert_eq!(name_before("").as_deref(), Some(""));
        for wrong in ["demo_hello", "!", "YWZ0ZXI", "bm90aGluZw", "ü"] {
            assert_eq!(name_before(wrong), None, "{wrong}");
        }
    }
}
