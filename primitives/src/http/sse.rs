//! Server-sent events, read as WHATWG HTML has it (9.2.6): whatever pieces the stream comes in, the events are the same.
//! Neither a line nor an event beyond the limit is ever held.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// Its type; `message` when it names none.
    pub kind: String,
    /// Its lines of data, joined.
    pub data: String,
}

/// An event, or a line of one, is longer than the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseTooLong {
    /// The events that the piece ended before.
    pub before: Vec<SseEvent>,
}

/// The data of an event is longer than the limit.
struct BeyondLimit;

/// Reads a stream of events, piece by piece.
#[derive(Debug)]
pub struct SseReader {
    limit: usize,
    /// The line that is read now.
    line: Vec<u8>,
    /// The last line ended in CR: an LF that follows is the same end.
    after_return: bool,
    is_first_line: bool,
    kind: String,
    data: String,
    has_data: bool,
    id: String,
    last_id: Option<String>,
    retry: Option<u64>,
}

impl SseReader {
    /// Reads events of at most so many bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            after_return: false,
            is_first_line: true,
            kind: String::new(),
            data: String::new(),
            has_data: false,
            id: String::new(),
            last_id: None,
            retry: None,
        }
    }

    /// The id of the last event that had one: from where the stream can be taken up again.
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref().filter(|id| !id.is_empty())
    }

    /// How many milliseconds the server wants to be left alone before that.
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    /// The stream broke off, and another one goes on from where it did: what was not whole is forgotten.
    pub fn begin_again(&mut self) {
        let Self { limit, last_id, retry, .. } = std::mem::replace(self, Self::new(self.limit));
        let id = last_id.clone().unwrap_or_default();
        *self = Self { id, last_id, retry, ..Self::new(limit) };
    }

    /// Takes a piece, and gives the events that it ends. An event that no blank line ends is none.
    pub fn push(&mut self, piece: &[u8]) -> Result<Vec<SseEvent>, SseTooLong> {
        let mut events = Vec::new();
        let mut rest = piece;
        while let Some(&first) = rest.first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let text = &rest[..end.unwrap_or(rest.len())];
            if self.line.len() + text.len() > self.limit {
                return Err(SseTooLong { before: events });
            }
            self.line.extend_from_slice(text);
            let Some(end) = end else { break };
            self.after_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            let line = std::mem::take(&mut self.line);
            match self.take(&line) {
                Ok(event) => events.extend(event),
                Err(BeyondLimit) => return Err(SseTooLong { before: events }),
            }
        }
        Ok(events)
    }

    fn take(&mut self, line: &[u8]) -> Result<Option<SseEvent>, BeyondLimit> {
        let line = match std::mem::take(&mut self.is_first_line) {
            true => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line),
            false => line,
        };
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let text = String::from_utf8_lossy(line);
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.kind),
            "data" => {
                // Each line has its end until the event is whole.
                if self.data.len() + usize::from(self.has_data) + value.len() + 1 > self.limit {
                    return Err(BeyondLimit);
                }
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = Some(value.parse().unwrap_or(u64::MAX));
            }
            // A comment, or a field of a later day.
            _ => {}
        }
        Ok(None)
    }

    fn dispatch(&mut self) -> Option<SseEvent> {
        // An id counts once its event is whole, data or not.
        self.last_id = Some(self.id.clone());
        let (kind, data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
        if !std::mem::take(&mut self.has_data) {
            return None;
        }
        let kind = if kind.is_empty() { "message".to_owned() } else { kind };
        Some(SseEvent { kind, data })
    }
}

#[cfg(test)]
mod tests {
    use super::{SseEvent, SseReader, SseTooLong};

    /// The events, whatever the pieces, and the id and pause at the end.
    fn read(stream: &[u8]) -> (Vec<(String, String)>, Option<String>, Option<u64>) {
        let mut all = Vec::new();
        for size in [1, 2, 3, 7, 64, stream.len().max(1)] {
            let mut reader = SseReader::new(1000);
            let mut events = Vec::new();
            for piece in stream.chunks(size) {
                events.extend(reader.push(piece).unwrap());
            }
            let events = events.into_iter().map(|event| (event.kind, event.data)).collect();
            all.push((events, reader.last_id().map(str::to_owned), reader.retry()));
        }
        let first = all.pop().unwrap();
        assert!(all.iter().all(|other| *other == first), "{all:?}");
        first
    }

    fn events(stream: &str) -> Vec<(String, String)> {
        read(stream.as_bytes()).0
    }

    fn messages(texts: &[&str]) -> Vec<(String, String)> {
        texts.iter().map(|text| ("message".to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn the_examples_of_the_standard_are_read_as_it_says() {
        assert_eq!(events("data: YHOO\ndata: +2\ndata: 10\n\n"), messages(&["YHOO\n+2\n10"]));
        let stream =
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
        assert_eq!(
            read(stream.as_bytes()),
            (messages(&["first event", "second event", " third event"]), None, None)
        );
        assert_eq!(events("data\n\ndata\ndata\n\ndata:"), messages(&["", "\n"]));
        assert_eq!(events("data:test\n\ndata: test\n\n"), messages(&["test", "test"]));
    }

    #[test]
    fn every_end_of_line_is_one() {
        for end in ["\n", "\r", "\r\n"] {
            let stream = ["event: a", "data: 1", "data: 2", "", "data: 3", "", "data: cut off"].join(end);
            let want = vec![("a".to_owned(), "1\n2".to_owned()), ("message".to_owned(), "3".to_owned())];
            assert_eq!(events(&stream), want, "{end:?}");
        }
        assert_eq!(events("data: a\r\n\rdata: b\n\r\n"), messages(&["a", "b"]));
    }

    #[test]
    fn ids_pauses_and_oddities() {
        let (found, id, retry) = read(b"id: 7\nretry: 500\ndata: \n\n");
        assert_eq!((found, id.as_deref(), retry), (messages(&[""]), Some("7"), Some(500)));
        // Not whole, with a NUL, no number.
        let (_, id, retry) = read(b"id: 1\n\nid: a\0b\n\nretry: 5s\n\nid: 2\n");
        assert_eq!((id.as_deref(), retry), (Some("1"), None));
        assert_eq!(read(b"\xef\xbb\xbfdata: a\n\n").0, messages(&["a"]));
        assert_eq!(read(b"data: \xff\n\n").0, messages(&["\u{fffd}"]));
        assert_eq!(read(b"retry: 99999999999999999999\n\n").2, Some(u64::MAX));
        assert_eq!(events(":\n\nunknown: x\nDATA: y\n\n"), []);
    }

    #[test]
    fn nothing_beyond_the_limit_is_held() {
        for stream in ["data: 1234567", "x1234567890", "data: 12\ndata: 34\ndata: 56\ndata: 78\n"] {
            let mut reader = SseReader::new(10);
            assert_eq!(reader.push(stream.as_bytes()), Err(SseTooLong { before: Vec::new() }), "{stream}");
        }
        // What came whole before counts, though it came in one piece with the rest.
        let mut reader = SseReader::new(10);
        let before = vec![SseEvent { kind: "message".to_owned(), data: "a".to_owned() }];
        assert_eq!(reader.push(b"data: a\n\ndata: 1234567"), Err(SseTooLong { before }));
        let mut reader = SseReader::new(10);
        for _ in 0..1000 {
            assert_eq!(reader.push(b"data: 12\n\n").map(|events| events.len()), Ok(1));
        }
    }
}
