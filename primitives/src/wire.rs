//! A child's standard input and output in the hands of whoever started it: lines, both ways.
//! Nothing of it is lost, no more than one line within a limit is ever held, and neither end waits for the other.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use tokio::io::Interest;

use crate::descriptors::Ends;
use crate::pulse::Pulse;
use crate::registered::{Registered, register};

/// One read.
const CHUNK: usize = 64 << 10;

/// What comes from the child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireLine {
    /// One line, without its end.
    Whole(Vec<u8>),
    /// A line that is longer than the limit. Nothing can be read after it.
    TooLong,
}

/// Both ends. Dropping it closes them.
pub struct Wire {
    input: Option<Input>,
    output: Option<Registered>,
    limit: usize,
    held: Vec<u8>,
    /// Where in `held` the line begins that is read now.
    start: usize,
    /// Up to where it was searched for its end.
    searched: usize,
    pulse: Pulse,
}

struct Input {
    pipe: Registered,
    /// Never read: a child that closes its input causes no SIGPIPE here.
    _childs: Arc<OwnedFd>,
    bytes: Vec<u8>,
    written: usize,
}

impl Wire {
    /// What comes over it is a sign of life.
    pub(crate) fn new(ends: WireEnds, limit: usize, pulse: Pulse) -> io::Result<Self> {
        let WireEnds { input, childs_input, output } = ends;
        let pipe = register(input, Interest::WRITABLE)?;
        Ok(Self {
            input: Some(Input { pipe, _childs: childs_input, bytes: Vec::new(), written: 0 }),
            output: Some(register(output, Interest::READABLE)?),
            limit,
            held: Vec::new(),
            start: 0,
            searched: 0,
            pulse,
        })
    }

    /// Has a line sent, as soon as the child takes it and somebody waits in [`Wire::next`]. After
    /// [`Wire::hang_up`] it does nothing.
    pub fn send(&mut self, line: &[u8]) {
        if let Some(input) = &mut self.input {
            input.bytes.extend_from_slice(line);
            input.bytes.push(b'\n');
            // Most lines fit into the pipe at once.
            let _ = input.write();
        }
    }

    /// How many bytes the child has not taken yet.
    pub fn unsent(&self) -> usize {
        self.input.as_ref().map_or(0, |input| input.bytes.len() - input.written)
    }

    /// Ends the child's input; what was not taken by then is forgotten.
    pub fn hang_up(&mut self) {
        self.input = None;
    }

    /// The next line; `None` at the end of the child's output. What was to be sent is sent meanwhile. Cancelling the
    /// wait loses nothing.
    pub async fn next(&mut self) -> Option<WireLine> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<WireLine>> {
        if let Some(input) = &mut self.input {
            input.poll(context);
        }
        loop {
            if let Some(line) = self.take_line() {
                return Poll::Ready(Some(line));
            }
            let Some(output) = &self.output else { return Poll::Ready(self.take_rest()) };
            let Ok(mut ready) = ready!(output.poll_read_ready(context)) else {
                self.output = None;
                continue;
            };
            self.held.drain(..std::mem::take(&mut self.start));
            self.searched = self.held.len();
            self.held.reserve(CHUNK);
            match rustix::io::read(ready.get_inner(), spare_capacity(&mut self.held)) {
                Ok(0) => {
                    drop(ready);
                    self.output = None;
                }
                Ok(_) => self.pulse.beat(),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(_) => {
                    drop(ready);
                    self.output = None;
                }
            }
        }
    }

    fn take_line(&mut self) -> Option<WireLine> {
        let from = self.searched.max(self.start);
        let found = self.held.get(from..)?.iter().position(|byte| *byte == b'\n');
        let end = found.map_or(self.held.len(), |at| from + at);
        if end - self.start > self.limit {
            (self.output, self.held, self.start) = (None, Vec::new(), 0);
            return Some(WireLine::TooLong);
        }
        self.searched = end;
        found?;
        let line = self.held.get(self.start..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        (self.start, self.searched) = (end + 1, end + 1);
        Some(WireLine::Whole(line))
    }

    /// A last line without an end.
    fn take_rest(&mut self) -> Option<WireLine> {
        let rest = self.held.split_off(self.start.min(self.held.len()));
        (self.held, self.start, self.searched) = (Vec::new(), 0, 0);
        (!rest.is_empty()).then_some(WireLine::Whole(rest))
    }
}

impl Input {
    fn poll(&mut self, context: &mut Context<'_>) {
        while self.written < self.bytes.len() {
            match self.pipe.poll_write_ready(context) {
                Poll::Pending => return,
                Poll::Ready(Err(_)) => self.forget(),
                Poll::Ready(Ok(mut ready)) => {
                    // Cleared before the attempt, so that a change during it is seen again.
                    ready.clear_ready();
                    drop(ready);
                    match self.write() {
                        Ok(()) | Err(Errno::AGAIN) => {}
                        Err(_) => self.forget(),
                    }
                }
            }
        }
    }

    fn write(&mut self) -> rustix::io::Result<()> {
        while let Some(rest) = self.bytes.get(self.written..).filter(|rest| !rest.is_empty()) {
            match rustix::io::write(&self.pipe, rest) {
                Ok(more) => self.written += more,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        self.forget();
        Ok(())
    }

    fn forget(&mut self) {
        (self.bytes, self.written) = (Vec::new(), 0);
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Wire").finish_non_exhaustive()
    }
}

/// Our ends of the two pipes while the child is being started.
pub(crate) struct WireEnds {
    pub(crate) input: OwnedFd,
    pub(crate) childs_input: Arc<OwnedFd>,
    pub(crate) output: OwnedFd,
}

impl WireEnds {
    /// Makes both pipes; gives the child's ends as well.
    pub(crate) fn make() -> rustix::io::Result<(Self, Arc<OwnedFd>, OwnedFd)> {
        let Ends { ours: input, childs: childs_input } = crate::descriptors::input_pipe()?;
        let Ends { ours: output, childs: childs_output } = crate::descriptors::output_pipe()?;
        let childs_input = Arc::new(childs_input);
        Ok((Self { input, childs_input: childs_input.clone(), output }, childs_input, childs_output))
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::write;

    use super::{Pulse, Wire, WireEnds, WireLine};

    fn wire(limit: usize) -> (Wire, std::sync::Arc<std::os::fd::OwnedFd>, std::os::fd::OwnedFd) {
        let (ends, childs_input, childs_output) = WireEnds::make().unwrap();
        let wire = Wire::new(ends, limit, Pulse::default()).unwrap();
        (wire, childs_input, childs_output)
    }

    fn whole(text: &str) -> Option<WireLine> {
        Some(WireLine::Whole(text.as_bytes().to_vec()))
    }

    #[tokio::test]
    async fn lines_come_whole_however_they_are_cut() {
        let (mut wire, _input, output) = wire(8);
        for piece in ["a", "b\nc", "\r\n\n12345678\nrest"] {
            write(&output, piece.as_bytes()).unwrap();
        }
        drop(output);
        for want in ["ab", "c", "", "12345678", "rest"] {
            assert_eq!(wire.next().await, whole(want));
        }
        assert_eq!(wire.next().await, None);
    }

    #[tokio::test]
    async fn a_line_beyond_the_limit_ends_the_reading() {
        for text in ["123456789", "123456789\nmore\n", "ok\n1234567890123456789"] {
            let (mut wire, _input, output) = wire(8);
            write(&output, text.as_bytes()).unwrap();
            if text.starts_with("ok") {
                assert_eq!(wire.next().await, whole("ok"));
            }
            assert_eq!(wire.next().await, Some(WireLine::TooLong));
            assert_eq!(wire.next().await, None);
        }
    }

    #[tokio::test]
    async fn more_than_a_pipe_holds_is_sent_while_lines_are_waited_for() {
        let (mut wire, input, output) = wire(8);
        let long = vec![b'x'; 300_000];
        wire.send(&long);
        assert!(wire.unsent() > 0);
        let reader = std::thread::spawn(move || {
            let (mut all, mut piece) = (Vec::new(), vec![0; 4096]);
            while all.last() != Some(&b'\n') {
                let read = rustix::io::read(&input, &mut piece).unwrap();
                all.extend_from_slice(&piece[..read]);
            }
            write(&output, b"thanks\n").unwrap();
            all
        });
        assert_eq!(wire.next().await, whole("thanks"));
        assert_eq!(reader.join().unwrap().len(), long.len() + 1);
        assert_eq!(wire.unsent(), 0);
    }
}
