//! Lines of a stream, each whole or refused: no line takes more memory than the longest that is allowed.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// The longest message.
const MAX_LINE: usize = 16 << 20;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end.
    Text(Vec<u8>),
    /// A line that is too long; it was passed over.
    TooLong,
    /// The stream has ended. What came after the last line end is a line too.
    End,
}

/// A stream of lines.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    too_long: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(64 << 10, input), line: Vec::new(), too_long: false }
    }

    /// The next line.
    pub(super) async fn next(&mut self) -> Line {
        loop {
            let Ok(bytes) = self.input.fill_buf().await else { return Line::End };
            if bytes.is_empty() {
                let line = std::mem::take(&mut self.line);
                return if says_nothing(&line) || self.too_long { Line::End } else { Line::Text(line) };
            }
            let end = bytes.iter().position(|&byte| byte == b'\n');
            let taken = end.unwrap_or(bytes.len());
            self.too_long |= self.line.len() + taken > MAX_LINE;
            if !self.too_long {
                self.line.extend_from_slice(bytes.get(..taken).unwrap_or_default());
            }
            let used = end.map_or(taken, |end| end + 1);
            self.input.consume(used);
            if end.is_none() {
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if std::mem::take(&mut self.too_long) {
                return Line::TooLong;
            }
            if !says_nothing(&line) {
                return Line::Text(line);
            }
        }
    }
}

fn says_nothing(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::{Line, Lines, MAX_LINE};

    #[tokio::test(flavor = "current_thread")]
    async fn lines_come_whole_and_long_ones_not_at_all() {
        let mut text = b"one\r\n\n  \ntwo\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', MAX_LINE + 1));
        text.extend(b"\nthree\n \t");
        let mut lines = Lines::new(text.as_slice());
        assert_eq!(lines.next().await, Line::Text(b"one\r".to_vec()));
        assert_eq!(lines.next().await, Line::Text(b"two".to_vec()));
        assert_eq!(lines.next().await, Line::TooLong);
        assert_eq!(lines.next().await, Line::Text(b"three".to_vec()));
        assert_eq!(lines.next().await, Line::End);
    }
}
