//! Text in the columns of a terminal: how many it takes, and how it is cut to fewer. A wide character takes two.

use unicode_width::UnicodeWidthStr;

/// The columns that a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// A text in at most so many columns; what is cut off shows as `…`.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let begin = text.get(..fitting(text, most.saturating_sub(1))).unwrap_or_default();
    if most == 0 { String::new() } else { format!("{}…", begin.trim_end()) }
}

/// How many bytes of a text fit. What stands beside a character may change its width, so that a beginning is measured
/// as a whole.
fn fitting(text: &str, most: usize) -> usize {
    let mut fits = 0;
    // Characters that take no column end somewhere too.
    for (at, c) in text.char_indices().take(8 * most) {
        let end = at + c.len_utf8();
        if text.get(..end).is_none_or(|begin| columns(begin) > most) {
            break;
        }
        fits = end;
    }
    fits
}

/// The beginning of a text that fits, broken at its last blank if it has one, and the rest. It is never empty.
pub(crate) fn broken(text: &str, most: usize) -> (&str, &str) {
    if columns(text) <= most {
        return (text, "");
    }
    let fits = fitting(text, most).max(text.chars().next().map_or(0, char::len_utf8));
    let (begin, after) = text.split_at_checked(fits).unwrap_or((text, ""));
    // The blank that the break stands for may be the next character.
    let blank = if after.starts_with(' ') { None } else { begin.rfind(' ').filter(|blank| *blank > 0) };
    let (begin, rest) = text.split_at_checked(blank.unwrap_or(fits)).unwrap_or((text, ""));
    (begin.trim_end(), rest.trim_start())
}

/// A text on as many lines as it needs, the first of which may be shorter.
pub(crate) fn wrapped(text: &str, first: usize, further: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut rest, mut most) = (text, first);
    if first < further && columns(text.split(' ').next().unwrap_or_default()) > first {
        lines.push("");
        most = further;
    }
    loop {
        let (line, after) = broken(rest, most);
        lines.push(line);
        if after.is_empty() {
            return lines;
        }
        (rest, most) = (after, further);
    }
}

/// A text and as many blanks as fill so many columns.
pub(crate) fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{broken, columns, cut, padded, wrapped};

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
            // Each a character of one column that the next one makes two wide.
            ("❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}", 5, "❤\u{fe0f}❤\u{fe0f}…"),
            ("❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}", 4, "❤\u{fe0f}❤…"),
        ] {
            assert_eq!(cut(text, most), expected);
            assert!(columns(&cut(text, most)) <= most);
        }
        assert_eq!(padded("文", 4), "文  ");
    }

    #[test]
    fn a_text_is_broken_at_blanks_and_loses_nothing_else() {
        assert_eq!(broken("one two three", 8), ("one two", "three"));
        assert_eq!(broken("one two three", 7), ("one two", "three"));
        assert_eq!(broken("/a/long/path", 5), ("/a/lo", "ng/path"));
        assert_eq!(broken("文件", 1), ("文", "件"));
        assert_eq!(broken("", 5), ("", ""));
    }

    #[test]
    fn a_wrapped_text_fits_from_its_first_line_on() {
        assert_eq!(wrapped("aa bb cccccc d", 5, 5), ["aa bb", "ccccc", "c d"]);
        assert_eq!(wrapped("aa bb", 2, 5), ["aa", "bb"]);
        assert_eq!(wrapped("aaaa bb", 2, 7), ["", "aaaa bb"]);
        assert_eq!(wrapped("", 0, 5), [""]);
    }

    proptest! {
        #[test]
        fn any_text_fits_and_loses_blanks_alone(
            text in prop_oneof![any::<String>(), "[a-c 文❤\u{fe0f}\u{301}]{0,60}"],
            most in 2..40_usize,
        ) {
            prop_assert!(columns(&cut(&text, most)) <= most, "{:?}", cut(&text, most));
            let lines = wrapped(&text, most, most);
            let one = |line: &&str| line.chars().count() <= 1;
            prop_assert!(lines.iter().all(|line| columns(line) <= most || one(line)), "{:?}", lines);
            let dense = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(dense(&lines.concat()), dense(&text));
        }
    }
}
