//! Text for a model: cut at characters, counted exactly, and calm.

use crate::text::{calm, cut, shortened};

/// Two bytes of limit, then a text.
pub fn text(bytes: &[u8]) {
    let Some((limit, text)) = bytes.split_first_chunk::<2>() else { return };
    let limit = usize::from(u16::from_le_bytes(*limit)) % 500;
    let text = String::from_utf8_lossy(text);
    match cut(&text, limit) {
        None => assert!(text.len() <= limit),
        Some(parts) => {
            assert!(text.len() > limit && parts.head.len() + parts.tail.len() <= limit);
            assert!(text.starts_with(parts.head) && text.ends_with(parts.tail));
            assert_eq!(parts.head.len() + parts.between + parts.tail.len(), text.len());
            // No more is cut out than the limit asks for, but for the characters that it goes through.
            assert!(parts.between < text.len() - limit + 8, "{limit}: {parts:?}");
        }
    }
    let short = shortened(&text, limit, "");
    assert!(short.len() <= limit.max(limit + 64), "{limit}: {}", short.len());
    let calmed = calm(&text);
    assert_eq!(calm(&calmed), calmed);
    assert!(!calmed.contains(['\u{1b}', '\u{9b}', '\u{7}', '\u{8}', '\u{202e}']), "{calmed:?}");
}
