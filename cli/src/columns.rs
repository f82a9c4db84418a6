//! Text in the columns of a terminal: how many it takes, and how it is cut to fewer. A wide character takes two.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns that a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// A text in at most so many columns; what is cut off shows as `…`.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut taken = 1;
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > most {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    if most > 0 {
        out.push('…');
    }
    out
}

/// A text and as many blanks as fill so many columns.
pub(crate) fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(columns(text))))
}

/// Words on as few lines of at most so many columns as they need.
pub(crate) fn filled<'w>(words: impl IntoIterator<Item = &'w str>, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{columns, cut, filled, padded};

    #[test]
    fn a_cut_text_fits_whatever_it_holds() {
        for (text, most, expected) in [
            ("hello", 5, "hello"),
            ("hello", 4, "hel…"),
            ("a b c", 3, "a…"),
            ("文件搜索", 8, "文件搜索"),
            ("文件搜索", 7, "文件搜…"),
            ("文件搜索", 6, "文件…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("x", 0, ""),
        ] {
            assert_eq!(cut(text, most), expected);
            assert!(columns(&cut(text, most)) <= most);
        }
        assert_eq!(padded("文", 4), "文  ");
        assert_eq!(filled(["aa", "bb", "cccccc", "d"], 5), ["aa bb", "cccccc", "d"]);
    }
}
