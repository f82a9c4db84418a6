//! Text of files and tools, made harmless for whoever reads it: a terminal, a model. What acts or hides is written out.

/// Whether a character does something besides standing there, or stands there unseen: controls, and what turns the
/// direction of writing. The joiners U+200C and U+200D are none: emoji and Persian words need them.
#[must_use]
pub fn is_harmful(c: char) -> bool {
    let turns_or_hides = matches!(
        c,
        '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    );
    c.is_control() || turns_or_hides || matches!(c, '\u{2028}'..='\u{202e}')
}

/// A text in which every harmful character but those that are `kept` is written out, as `\u{1b}`.
#[must_use]
pub fn written_out(text: &str, kept: &[char]) -> String {
    let harmful = |c: char| is_harmful(c) && !kept.contains(&c);
    if !text.contains(harmful) {
        return text.to_owned();
    }
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if harmful(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::written_out;

    #[test]
    fn what_moves_turns_or_hides_is_written_out() {
        for c in "\u{7}\u{1b}\u{7f}\u{61c}\u{200b}\u{200e}\u{2028}\u{2029}\u{202e}\u{2066}\u{206a}\u{feff}\u{e0041}".chars() {
            assert_eq!(written_out(&format!("a{c}b"), &['\n']), format!("a{}b", c.escape_default()));
        }
        let family = "👩\u{200d}👧 ❤\u{fe0f} می\u{200c}خواهم";
        assert_eq!(written_out(family, &[]), family);
        assert_eq!(written_out("a\n\tb", &['\n']), "a\n\\tb");
    }
}
