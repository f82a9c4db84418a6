//! Streams of events: the same events whatever the pieces, as the standard has them, within the limit.

use crate::http::sse::{SseEvent, SseReader, SseTooLong};

/// A limit, a size of pieces, then the stream.
pub fn sse(bytes: &[u8]) {
    let [limit, size, stream @ ..] = bytes else { return };
    let expected = expected(stream);
    let mut reader = SseReader::new(1 << 20);
    assert_eq!(reader.push(stream).unwrap(), expected.events);
    assert_eq!((reader.last_id(), reader.retry()), (expected.id.as_deref(), expected.retry));
    let limit = usize::from(*limit);
    let pieces = [1, usize::from(*size).max(1), stream.len().max(1)];
    let read = pieces.map(|size| within(limit, stream, size));
    assert_eq!(read[0], read[1], "pieces matter");
    assert_eq!(read[0], read[2], "pieces matter");
    let (events, is_whole) = &read[0];
    assert!(expected.events.starts_with(events), "{events:?} {:?}", expected.events);
    assert!(events.iter().all(|event| event.data.len() <= limit));
    assert!(!is_whole || *events == expected.events);
    // Only what is beyond the limit is refused.
    let (lines, rest) = lines(stream);
    let longest = lines.iter().chain([&rest]).map(Vec::len).max().unwrap_or(0);
    assert_eq!(*is_whole, longest <= limit && expected.longest_data <= limit);
}

/// The events up to the limit, and whether there were no more.
fn within(limit: usize, stream: &[u8], size: usize) -> (Vec<SseEvent>, bool) {
    let mut reader = SseReader::new(limit);
    let mut events = Vec::new();
    for piece in stream.chunks(size) {
        match reader.push(piece) {
            Ok(more) => events.extend(more),
            Err(SseTooLong { before }) => {
                events.extend(before);
                return (events, false);
            }
        }
    }
    (events, true)
}

struct Expected {
    events: Vec<SseEvent>,
    longest_data: usize,
    id: Option<String>,
    retry: Option<u64>,
}

/// The lines that end, and what is left of one that does not.
fn lines(stream: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut lines = Vec::new();
    let mut line = Vec::new();
    for (at, byte) in stream.iter().enumerate() {
        match byte {
            b'\n' if at > 0 && stream[at - 1] == b'\r' => {}
            b'\r' | b'\n' => lines.push(std::mem::take(&mut line)),
            other => line.push(*other),
        }
    }
    (lines, line)
}

/// The whole stream, by the steps of WHATWG HTML 9.2.6.
fn expected(stream: &[u8]) -> Expected {
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let mut expected = Expected { events: Vec::new(), longest_data: 0, id: None, retry: None };
    let (mut kind, mut data, mut id) = (String::new(), None::<Vec<String>>, String::new());
    for line in lines(stream).0 {
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.is_empty() {
            expected.id = Some(id.clone()).filter(|id| !id.is_empty());
            let kind = std::mem::take(&mut kind);
            if let Some(data) = data.take() {
                let kind = if kind.is_empty() { "message".to_owned() } else { kind };
                expected.events.push(SseEvent { kind, data: data.join("\n") });
            }
            continue;
        }
        let (field, value) = match line.find(':') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (&*line, ""),
        };
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "event" => kind = value,
            "data" => {
                let lines = data.get_or_insert_default();
                lines.push(value);
                expected.longest_data = expected.longest_data.max(lines.join("\n").len() + 1);
            }
            "id" if !value.contains('\0') => id = value,
            "retry" if !value.is_empty() && value.chars().all(|c| c.is_ascii_digit()) => {
                expected.retry = Some(value.parse().unwrap_or(u64::MAX));
            }
            _ => {}
        }
    }
    expected
}
