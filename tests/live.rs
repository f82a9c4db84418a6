//! A rye that is on: what it prints is read as it comes, and signals are sent to it. Every wait is bounded.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::world::{BOUND, Ran};

/// A stream that is read by a thread of its own.
pub(crate) struct Stream {
    pieces: Receiver<Vec<u8>>,
    read: Vec<u8>,
    /// What a wait has found counts no more.
    seen: usize,
}

impl Stream {
    pub(crate) fn of(mut stream: impl Read + Send + 'static) -> Self {
        let (sender, pieces) = channel();
        std::thread::spawn(move || {
            let mut piece = vec![0; 1 << 16];
            // A terminal whose other end has gone is an error to read from, and an end to us.
            while let Ok(read) = stream.read(&mut piece)
                && read > 0
                && sender.send(piece[..read].to_vec()).is_ok()
            {}
        });
        Self { pieces, read: Vec::new(), seen: 0 }
    }

    /// Reads until a text comes that was not waited for before.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        let begin = Instant::now();
        loop {
            let unseen = &self.read[self.seen..];
            if let Some(at) = unseen.windows(text.len()).position(|window| window == text.as_bytes()) {
                self.seen += at + text.len();
                return;
            }
            match self.pieces.recv_timeout(BOUND.saturating_sub(begin.elapsed())) {
                Ok(piece) => self.read.extend(piece),
                Err(why) => panic!("no {text:?} came ({why}): {}", String::from_utf8_lossy(&self.read)),
            }
        }
    }

    /// What comes before a text, which is waited for.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) -> String {
        let from = self.seen;
        self.wait_for(text);
        String::from_utf8_lossy(&self.read[from..self.seen - text.len()]).into_owned()
    }

    /// Everything, to the end.
    #[track_caller]
    pub(crate) fn rest(mut self) -> Vec<u8> {
        use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
        let begin = Instant::now();
        loop {
            match self.pieces.recv_timeout(BOUND.saturating_sub(begin.elapsed())) {
                Ok(piece) => self.read.extend(piece),
                Err(Disconnected) => return self.read,
                Err(Timeout) => panic!("a stream stays open: {}", String::from_utf8_lossy(&self.read)),
            }
        }
    }
}

/// A rye that is on.
pub(crate) struct Live {
    child: Child,
    stdin: Option<ChildStdin>,
    pub(crate) stdout: Stream,
    pub(crate) stderr: Stream,
}

impl Live {
    /// Starts it with three pipes.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = Stream::of(child.stdout.take().unwrap());
        let stderr = Stream::of(child.stderr.take().unwrap());
        Self { child, stdin, stdout, stderr }
    }

    pub(crate) fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// To this process alone.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).unwrap();
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(self) -> Ran {
        let Self { child, stdin: _stdin, stdout, stderr } = self;
        let status = wait(child);
        Ran { code: status.code(), signal: status.signal(), stdout: stdout.rest(), stderr: stderr.rest() }
    }
}

/// Waits for a child within the bound.
#[track_caller]
pub(crate) fn wait(mut child: Child) -> std::process::ExitStatus {
    let id = Pid::from_child(&child);
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(child.wait().unwrap()));
    receiver.recv_timeout(BOUND).unwrap_or_else(|_| {
        let _ = kill_process(id, Signal::KILL);
        panic!("rye did not end within {BOUND:?}")
    })
}
