//! What a tool tells while it runs: lines written to the named pipe that `RYE_REPORT` names. Lines that say nothing
//! known are passed over, and a tool that floods the pipe waits for nobody but itself.
//!
//! ```text
//! progress DONE[/TOTAL] [MESSAGE]
//! log LEVEL MESSAGE
//! ```

use std::path::PathBuf;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rye_executor::RunEvent;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe;

use crate::scratch::Scratch;
use crate::text::calm;

/// The variable that names the pipe.
pub(crate) const VARIABLE: &str = "RYE_REPORT";

/// A line may have this many bytes; what one write of a shell puts there in one piece (`PIPE_BUF`).
const MAX_LINE: u64 = 4096;

/// What is read of a pipe when its tool has ended; others may still write.
const MAX_REST: usize = 256 << 10;

/// What a tool tells while it runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Notice {
    Progress {
        done: f64,
        total: Option<f64>,
        message: Option<String>,
    },
    Log {
        level: Level,
        text: String,
    },
    /// The tool said nothing for a while.
    Heartbeat {
        seconds: u64,
    },
}

/// How much a log line matters (RFC 5424).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl Level {
    /// The level of a word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "debug" => Self::Debug,
            "info" => Self::Info,
            "notice" => Self::Notice,
            "warning" | "warn" => Self::Warning,
            "error" => Self::Error,
            "critical" => Self::Critical,
            "alert" => Self::Alert,
            "emergency" => Self::Emergency,
            _ => return None,
        })
    }
}

impl Notice {
    /// What another MCP server tells of a call; any other event is none.
    pub(crate) fn of(event: RunEvent) -> Option<Self> {
        Some(match event {
            RunEvent::Progress { done, total, message } if done.is_finite() => {
                Self::Progress { done, total: total.filter(|total| total.is_finite()), message }
            }
            RunEvent::Log { level, logger, text } => Self::Log {
                level: Level::parse(&level).unwrap_or(Level::Info),
                text: match logger {
                    Some(logger) => format!("{logger}: {text}"),
                    None => text,
                },
            },
            _ => return None,
        })
    }

    /// Reads a line.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.trim().split_once(' ')?;
        let (first, rest) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
        let rest = Some(rest.trim()).filter(|rest| !rest.is_empty()).map(calm);
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
        match word {
            "progress" => {
                let (done, total) = match first.split_once('/') {
                    Some((done, total)) => (number(done)?, Some(number(total)?)),
                    None => (number(first)?, None),
                };
                Some(Self::Progress { done, total, message: rest })
            }
            "log" => Some(Self::Log { level: Level::parse(first)?, text: rest? }),
            _ => None,
        }
    }
}

/// The pipe of one run. Dropping it removes the name.
#[derive(Debug)]
pub(crate) struct Notices {
    path: PathBuf,
    lines: BufReader<pipe::Receiver>,
    line: Vec<u8>,
}

impl Notices {
    /// Makes the pipe.
    pub(crate) fn open(scratch: &Scratch, number: u64) -> std::io::Result<Self> {
        let path = scratch.pipe(number)?;
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        // We hold the writing end too: writers come and go, and none finds a pipe without a reader.
        match pipe::OpenOptions::new().read_write(true).open_receiver(&path) {
            Ok(receiver) => Ok(Self { path, lines: BufReader::new(receiver), line: Vec::new() }),
            Err(error) => {
                let _ = std::fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// The next notice. Cancelling the wait loses nothing.
    pub(crate) async fn next(&mut self) -> Notice {
        loop {
            let room = MAX_LINE.saturating_sub(self.line.len() as u64);
            let read = (&mut self.lines).take(room).read_until(b'\n', &mut self.line).await;
            if read.is_err() {
                return std::future::pending().await;
            }
            if self.line.last() != Some(&b'\n') && (self.line.len() as u64) < MAX_LINE {
                continue;
            }
            let notice = Notice::parse(&String::from_utf8_lossy(&self.line));
            self.line.clear();
            if let Some(notice) = notice {
                return notice;
            }
        }
    }

    /// What is there already. A tool that has ended has written what it had to write: the pipe is read as it is, and
    /// not through the reactor, which would have to be waited for.
    pub(crate) fn rest(mut self) -> Vec<Notice> {
        let mut text = std::mem::take(&mut self.line);
        text.extend_from_slice(self.lines.buffer());
        let mut piece = [0; 4096];
        while text.len() < MAX_REST
            && let Ok(read @ 1..) = rustix::io::read(self.lines.get_ref(), &mut piece)
        {
            text.extend(piece.iter().take(read));
        }
        let lines = text.split(|byte| *byte == b'\n').flat_map(|line| line.chunks(MAX_LINE as usize));
        lines.filter_map(|line| Notice::parse(&String::from_utf8_lossy(line))).collect()
    }
}

impl Drop for Notices {
    fn drop(&mut self) {
        // What cannot be removed stays, and the folder with it.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, Notice, Notices};
    use crate::scratch::Scratch;

    #[test]
    fn what_was_written_is_there_and_no_timer_is_needed_for_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _inside = runtime.enter();
        let scratch = Scratch::below(std::env::temp_dir());
        let notices = Notices::open(&scratch, 0).unwrap();
        std::fs::write(notices.path(), "progress 1/2 half\nhm\nlog info a\nprogress 2/2").unwrap();
        let progress = |done, message: Option<&str>| Notice::Progress {
            done,
            total: Some(2.0),
            message: message.map(str::to_owned),
        };
        let log = Notice::Log { level: Level::Info, text: "a".to_owned() };
        assert_eq!(notices.rest(), [progress(1.0, Some("half")), log, progress(2.0, None)]);
    }

    #[test]
    fn lines_are_read_as_documented() {
        let progress = |done, total, message: Option<&str>| {
            Some(Notice::Progress { done, total, message: message.map(str::to_owned) })
        };
        for (line, want) in [
            ("progress 50/100 half way\n", progress(50.0, Some(100.0), Some("half way"))),
            ("progress 0/100", progress(0.0, Some(100.0), None)),
            ("  progress 3.5  ", progress(3.5, None, None)),
            ("progress NaN", None),
            ("progress", None),
            ("progress x/y", None),
            ("log info one two", Some(Notice::Log { level: Level::Info, text: "one two".to_owned() })),
            (
                "log info \u{1b}[31mred",
                Some(Notice::Log { level: Level::Info, text: "\\u{1b}[31mred".to_owned() }),
            ),
            ("log loud x", None),
            ("log info", None),
            ("hello there", None),
            ("", None),
        ] {
            assert_eq!(Notice::parse(line), want, "{line}");
        }
    }
}
