//! Lines of a stream, each whole or refused: no line takes more memory than the longest that is allowed.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// The longest message.
const MAX_LINE: usize = 16 << 20;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end.
    Text(Vec<u8>),
    /// A line that is too long; it was passed over but for its ends.
    TooLong(Ends),
    /// The stream has ended. What came after the last line end is a line too.
    End,
}

/// How many bytes of each end of a line that is too long are kept.
const END: usize = 4096;

/// What is kept of a line that is too long.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) head: Vec<u8>,
    pub(super) tail: Vec<u8>,
}

/// A stream of lines.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    too_long: Option<Ends>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(64 << 10, input), line: Vec::new(), too_long: None }
    }

    /// The next line.
    pub(super) async fn next(&mut self) -> Line {
        loop {
            let Ok(bytes) = self.input.fill_buf().await else { return Line::End };
            if bytes.is_empty() {
                let line = std::mem::take(&mut self.line);
                let is_none = says_nothing(&line) || self.too_long.is_some();
                return if is_none { Line::End } else { Line::Text(line) };
            }
            let end = bytes.iter().position(|&byte| byte == b'\n');
            let taken = end.unwrap_or(bytes.len());
            let piece = bytes.get(..taken).unwrap_or_default();
            if self.too_long.is_none() && self.line.len() + taken > MAX_LINE {
                let mut line = std::mem::take(&mut self.line);
                let tail = line.split_off(line.len().saturating_sub(END));
                line.truncate(END);
                self.too_long = Some(Ends { head: line, tail });
            }
            match &mut self.too_long {
                Some(Ends { tail, .. }) => {
                    tail.extend_from_slice(piece);
                    tail.drain(..tail.len().saturating_sub(END));
                }
                None => self.line.extend_from_slice(piece),
            }
            let used = end.map_or(taken, |end| end + 1);
            self.input.consume(used);
            if end.is_none() {
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if let Some(ends) = self.too_long.take() {
                return Line::TooLong(ends);
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
    use super::{END, Ends, Line, Lines, MAX_LINE};

    #[tokio::test(flavor = "current_thread")]
    async fn lines_come_whole_and_long_ones_not_at_all() {
        let mut text = b"one\r\n\n  \ntwo\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', MAX_LINE + 1));
        text.extend(b"\nthree\n \t");
        let mut lines = Lines::new(text.as_slice());
        assert_eq!(lines.next().await, Line::Text(b"one\r".to_vec()));
        assert_eq!(lines.next().await, Line::Text(b"two".to_vec()));
        let ends = Ends { head: vec![b'x'; END], tail: vec![b'x'; END] };
        assert_eq!(lines.next().await, Line::TooLong(ends));
        assert_eq!(lines.next().await, Line::Text(b"three".to_vec()));
        assert_eq!(lines.next().await, Line::End);
    }
}
