//! Cursors: every name has one, and every cursor has one name.

use crate::cursor::{cursor_after, name_before};

/// Any text as a name, and as a cursor.
pub fn cursor(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let cursor = cursor_after(text);
    assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
    assert_eq!(name_before(&cursor).as_deref(), Some(text));
    match name_before(text) {
        Some(name) => assert!(text.is_empty() && name.is_empty() || cursor_after(&name) == text, "{text:?}"),
        None => assert!(!text.is_empty()),
    }
}
