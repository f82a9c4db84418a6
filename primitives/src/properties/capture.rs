//! What is kept of a stream, however it comes: the same two ends, exact totals, and a text that says what is missing.

use crate::call::ReplyLine;
use crate::captured::{Captured, HeadTail};
use crate::end::Reply;

/// Two bytes of limit and eight sizes of pieces, then the stream.
pub fn capture(bytes: &[u8]) {
    let Some((header, stream)) = bytes.split_at_checked(10) else { return };
    let limit = usize::from(u16::from_le_bytes([header[0], header[1]])) % 600;
    let sizes = &header[2..];
    let kept = in_pieces(limit, stream, sizes);
    let at_once = in_pieces(limit, stream, &[0]);
    assert_eq!(
        (&kept.head, &kept.tail, kept.total),
        (&at_once.head, &at_once.tail, at_once.total),
        "pieces matter"
    );
    keeps_both_ends(&kept, limit, stream);
    tells_what_is_missing(&kept, stream);
    one_line(limit, stream, sizes);
}

/// The stream cut into these sizes, over and over; 0 is all that is left.
fn pieces<'s>(stream: &'s [u8], sizes: &[u8]) -> Vec<&'s [u8]> {
    let mut rest = stream;
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let size = if *size == 0 { rest.len() } else { usize::from(*size).min(rest.len()) };
        let (piece, after) = rest.split_at(size);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn in_pieces(limit: usize, stream: &[u8], sizes: &[u8]) -> Captured {
    let mut kept = HeadTail::new(limit);
    pieces(stream, sizes).into_iter().for_each(|piece| kept.push(piece));
    kept.finish()
}

fn keeps_both_ends(kept: &Captured, limit: usize, stream: &[u8]) {
    assert_eq!(kept.total, stream.len() as u64);
    assert_eq!(kept.is_complete(), stream.len() <= limit);
    assert_eq!(kept.left_out() as usize, stream.len().saturating_sub(limit));
    assert!(stream.starts_with(&kept.head) && stream.ends_with(&kept.tail));
    assert_eq!(kept.head.len() + kept.tail.len(), stream.len().min(limit));
    if !kept.is_complete() {
        assert_eq!((kept.head.len(), kept.tail.len()), (limit - limit / 2, limit / 2));
    }
    assert_eq!(kept.bytes(), [kept.head.as_slice(), &kept.tail].concat());
}

/// A whole stream is its text; of a cut one every character that is whole in an end stands there, and the count of what
/// does not is exact.
fn tells_what_is_missing(kept: &Captured, stream: &[u8]) {
    let text = kept.text();
    if kept.is_complete() {
        assert_eq!(text, String::from_utf8_lossy(stream));
        return;
    }
    let Ok(stream) = std::str::from_utf8(stream) else { return };
    // What a process prints may look like the line that tells: only streams that do not are judged by it.
    if stream.contains("[... ") {
        return;
    }
    let head = &stream[..stream.floor_char_boundary(kept.head.len())];
    let tail = &stream[stream.ceil_char_boundary(stream.len() - kept.tail.len())..];
    let missing = stream.len() - head.len() - tail.len();
    let line_end = if head.is_empty() || head.ends_with('\n') { "" } else { "\n" };
    assert_eq!(text, format!("{head}{line_end}[... {missing} bytes left out ...]\n{tail}"));
}

/// The reply of a call is the first line, within the limit, whatever follows and however it comes.
fn one_line(limit: usize, stream: &[u8], sizes: &[u8]) {
    let mut line = ReplyLine::new(limit);
    pieces(stream, sizes).into_iter().for_each(|piece| line.push(piece));
    let end = stream.iter().position(|byte| *byte == b'\n');
    let first = &stream[..end.unwrap_or(stream.len())];
    let expected = match end {
        _ if first.len() > limit => Reply::TooLarge { limit },
        Some(_) => Reply::Complete(first.to_vec()),
        None if first.is_empty() => Reply::None,
        None => Reply::Partial(first.to_vec()),
    };
    assert_eq!(line.finish(), expected);
}
