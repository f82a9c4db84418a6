//! The first and the last bytes of a stream, in bounded memory.
//! Whatever arrives and in whatever pieces, `head` and `tail` never exceed the limit and `total` is exact.

use std::borrow::Cow;

use crate::spill::Spilled;

/// What was kept of one stream.
#[derive(Debug, Default)]
pub struct Captured {
    /// The first bytes.
    pub head: Vec<u8>,
    /// The last bytes; they follow `head` directly when nothing was left out.
    pub tail: Vec<u8>,
    /// How many bytes the stream had.
    pub total: u64,
    /// The SHA-256 of all of them; `None`: nothing was captured.
    pub sha256: Option<[u8; 32]>,
    /// The file that holds them.
    pub spilled: Spilled,
}

impl Captured {
    /// Whether every byte was kept.
    pub fn is_complete(&self) -> bool {
        self.left_out() == 0
    }

    /// How many bytes between `head` and `tail` were not kept.
    pub fn left_out(&self) -> u64 {
        self.total - (self.head.len() + self.tail.len()) as u64
    }

    /// The kept bytes in order, with no sign of what was left out.
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.head.append(&mut self.tail);
        self.head
    }

    /// The same, left where they are.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        if self.tail.is_empty() {
            Cow::Borrowed(&self.head)
        } else {
            Cow::Owned([self.head.as_slice(), &self.tail].concat())
        }
    }

    /// The kept bytes as text; what is not UTF-8 becomes U+FFFD, and a line of its own tells how many bytes were
    /// left out. A character that the cut went through counts as left out. The line proves nothing, as a process
    /// can print it too: ask [`is_complete`](Self::is_complete).
    pub fn text(&self) -> String {
        if self.is_complete() {
            return String::from_utf8_lossy(&self.bytes()).into_owned();
        }
        let head = &self.head[..self.head.len() - cut_at_end(&self.head)];
        let tail = &self.tail[cut_at_start(&self.tail)..];
        let left_out = self.total - (head.len() + tail.len()) as u64;
        let head = String::from_utf8_lossy(head);
        let tail = String::from_utf8_lossy(tail);
        let line_end = if head.is_empty() || head.ends_with('\n') { "" } else { "\n" };
        format!("{head}{line_end}[... {left_out} bytes left out ...]\n{tail}")
    }
}

/// How many bytes at the end begin a character that is not finished.
fn cut_at_end(bytes: &[u8]) -> usize {
    (1..=bytes.len().min(3))
        .find(|&back| {
            let lead = bytes[bytes.len() - back];
            let wanted = match lead {
                0xC2..=0xDF => 2,
                0xE0..=0xEF => 3,
                0xF0..=0xF4 => 4,
                _ => 0,
            };
            wanted > back && bytes[bytes.len() - back + 1..].iter().all(|byte| is_continuation(*byte))
        })
        .unwrap_or(0)
}

/// How many bytes at the start continue a character that began before them.
fn cut_at_start(bytes: &[u8]) -> usize {
    bytes.iter().take(3).take_while(|byte| is_continuation(**byte)).count()
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// Takes a stream in pieces and keeps its two ends.
#[derive(Debug)]
pub(crate) struct HeadTail {
    head: Vec<u8>,
    head_limit: usize,
    /// A ring once it is full: the oldest byte stands at `oldest`.
    tail: Vec<u8>,
    tail_limit: usize,
    oldest: usize,
    total: u64,
}

impl HeadTail {
    /// Keeps `limit` bytes: the larger half at the start, the other at the end.
    pub(crate) fn new(limit: usize) -> Self {
        let tail_limit = limit / 2;
        Self {
            head: Vec::new(),
            head_limit: limit - tail_limit,
            tail: Vec::new(),
            tail_limit,
            oldest: 0,
            total: 0,
        }
    }

    /// How many bytes have come.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(self.head_limit - self.head.len()));
        self.head.extend_from_slice(first);
        self.push_tail(rest);
    }

    fn push_tail(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(self.tail_limit - self.tail.len()));
        self.tail.extend_from_slice(first);
        if self.tail_limit == 0 || rest.is_empty() {
            return;
        }
        let rest = &rest[rest.len().saturating_sub(self.tail_limit)..];
        let (to_the_end, from_the_start) = rest.split_at(rest.len().min(self.tail_limit - self.oldest));
        self.tail[self.oldest..self.oldest + to_the_end.len()].copy_from_slice(to_the_end);
        self.tail[..from_the_start.len()].copy_from_slice(from_the_start);
        self.oldest = (self.oldest + rest.len()) % self.tail_limit;
    }

    pub(crate) fn finish(mut self) -> Captured {
        self.tail.rotate_left(self.oldest);
        Captured { head: self.head, tail: self.tail, total: self.total, ..Captured::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Captured, HeadTail};

    #[test]
    fn keeps_both_ends_for_every_small_limit_length_and_piece_size() {
        for limit in 0..9 {
            for length in 0..24_usize {
                let stream: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
                for piece in 1..=length.max(1) {
                    let mut kept = HeadTail::new(limit);
                    stream.chunks(piece).for_each(|chunk| kept.push(chunk));
                    let kept = kept.finish();
                    let at = format!("limit {limit}, length {length}, pieces of {piece}");
                    assert_eq!(kept.total, length as u64, "{at}");
                    assert_eq!(kept.is_complete(), length <= limit, "{at}");
                    if length <= limit {
                        assert_eq!(kept.into_bytes(), stream, "{at}");
                    } else {
                        assert_eq!(kept.head, stream[..limit - limit / 2], "{at}");
                        assert_eq!(kept.tail, stream[length - limit / 2..], "{at}");
                    }
                }
            }
        }
    }

    fn text(limit: usize, stream: &str) -> String {
        let mut kept = HeadTail::new(limit);
        kept.push(stream.as_bytes());
        kept.finish().text()
    }

    #[test]
    fn text_tells_what_was_left_out() {
        assert_eq!(text(8, "abcdefgh"), "abcdefgh");
        assert_eq!(text(4, "abcdefgh"), "ab\n[... 4 bytes left out ...]\ngh");
        assert_eq!(text(4, "a\ncdefgh"), "a\n[... 4 bytes left out ...]\ngh");
        assert_eq!(text(0, "abc"), "[... 3 bytes left out ...]\n");
    }

    #[test]
    fn a_character_under_the_cut_is_left_out_whole() {
        assert_eq!(text(4, "ä€-€ä"), "ä\n[... 7 bytes left out ...]\nä");
        assert_eq!(text(6, "ä€-€ä"), "ä\n[... 7 bytes left out ...]\nä");
        assert_eq!(text(100, "ä€-€ä"), "ä€-€ä");
    }

    #[test]
    fn a_character_across_head_and_tail_survives_when_all_is_kept() {
        let kept = Captured { head: vec![b'a', 0xC3], tail: vec![0xA4], total: 3, ..Captured::default() };
        assert_eq!(kept.text(), "aä");
        let broken = Captured { head: vec![b'a', 0xFF], total: 2, ..Captured::default() };
        assert_eq!(broken.text(), "a\u{FFFD}");
    }
}
