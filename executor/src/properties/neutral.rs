//! Text made harmless: nothing that comes out moves a cursor, turns the writing or hides, and nothing is lost.

use crate::harmless::{is_harmful, written_out};

/// Any text, for a line, for a terminal and for a model.
pub fn neutral(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for kept in [&[][..], &['\n', '\t'], &['\n', '\r', '\t']] {
        let out = written_out(&text, kept);
        assert_eq!(written_out(&out, kept), out, "twice is once");
        let mut terminal = Terminal::default();
        out.chars().filter(|c| !kept.contains(c)).for_each(|c| terminal.take(c));
        assert_eq!(terminal.acted, None, "{out:?} acts");
        assert_eq!(read_back(&out, &text, kept), text, "{out:?}");
    }
    assert_eq!(text.chars().any(is_harmful), written_out(&text, &[]) != text);
}

/// What a terminal, and an editor that shows two directions of writing, do besides showing characters: by the names of
/// ECMA-48 and of Unicode, not by the list that is tested.
#[derive(Default)]
struct Terminal {
    acted: Option<char>,
}

impl Terminal {
    fn take(&mut self, c: char) {
        let acts = match u32::from(c) {
            // C0 with ESC, BEL, BS, CR, SO; DEL; C1 with CSI, OSC, DCS, NEL.
            0..=0x1f | 0x7f..=0x9f => true,
            // ALM, LRM, RLM, LRE to RLO, LRI to PDI.
            0x61c | 0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069 => true,
            // Line and paragraph separator.
            0x2028 | 0x2029 => true,
            // Zero width space, word joiner and the invisible operators, byte order mark.
            0x200b | 0x2060..=0x2064 | 0xfeff => true,
            // Tags, in which a text can be written that nobody sees.
            0xe0000..=0xe007f => true,
            _ => false,
        };
        if acts {
            self.acted.get_or_insert(c);
        }
    }
}

/// What was written out, put back where the text has it: nothing else was changed.
fn read_back(out: &str, text: &str, kept: &[char]) -> String {
    let mut rest = out;
    let mut back = String::new();
    for c in text.chars() {
        let written =
            if is_harmful(c) && !kept.contains(&c) { c.escape_default().to_string() } else { c.to_string() };
        let Some(after) = rest.strip_prefix(&written) else { break };
        back.push(c);
        rest = after;
    }
    back + rest
}
