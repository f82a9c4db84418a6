//! Where output goes and how it looks: results on standard output, everything else on standard error.

use std::io::{ErrorKind, IsTerminal, Write};

use rye_executor::harmless::written_out;
use rye_executor::{Code, EndingKind, Report, exit_codes};

use crate::columns::wrapped;
use crate::drawing::Drawing;
use crate::entry::ExitCode;

/// What to do where standard output takes no more.
const OUTPUT_LOST: &str = "make room where it goes, or send it elsewhere";

/// The caller's two streams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// One JSON value and nothing else was asked for.
    pub(crate) json: bool,
    /// A person reads standard output.
    pub(crate) stdout_is_terminal: bool,
    /// A person reads standard error.
    stderr_is_terminal: bool,
    /// Some descriptor of the caller is a terminal.
    pub(crate) on_terminal: bool,
    color_stdout: bool,
    color_stderr: bool,
}

/// A kind of emphasis.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Red => "\x1b[1;31m",
            Self::Green => "\x1b[1;32m",
            Self::Yellow => "\x1b[33m",
        }
    }
}

impl Output {
    /// Looks at the caller's descriptors.
    #[expect(clippy::disallowed_methods, reason = "the front end reads the conventions for colour")]
    pub(crate) fn of_terminal(json: bool) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let colorful = !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Self {
            json,
            stdout_is_terminal: out,
            stderr_is_terminal: err,
            on_terminal: out || err || std::io::stdin().is_terminal(),
            color_stdout: out && colorful,
            color_stderr: err && colorful,
        }
    }

    /// How many columns a line on standard output may have; none when no terminal shows it.
    pub(crate) fn width(&self) -> Option<usize> {
        self.stdout_is_terminal.then(|| width_of(rustix::stdio::stdout()))
    }

    /// A line's text that begins in some column of standard output and goes on below in another.
    pub(crate) fn wrapped(&self, text: &str, column: usize, below: usize) -> String {
        let text = plain_line(text);
        let Some(width) = self.width() else { return text };
        let lines = wrapped(&text, width.saturating_sub(column), width.saturating_sub(below));
        lines.join(&format!("\n{}", " ".repeat(below)))
    }

    /// The width of standard error.
    fn width_of_reports(&self) -> Option<usize> {
        self.stderr_is_terminal.then(|| width_of(rustix::stdio::stderr()))
    }

    /// A line's text for standard output, emphasised when a person reads it.
    pub(crate) fn styled(&self, style: Style, text: &str) -> String {
        paint(self.color_stdout, style, &plain_line(text))
    }

    /// Writes to standard output, and gives the exit code: this one, unless only a part could be written.
    #[must_use = "what could not be written is a failure"]
    pub(crate) fn print(&self, text: &str, code: ExitCode) -> ExitCode {
        let mut stdout = std::io::stdout().lock();
        self.written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()), code)
    }

    /// The exit code of what was written to standard output. A reader that has gone wants no more, and is no error.
    pub(crate) fn written(&self, written: std::io::Result<()>, code: ExitCode) -> ExitCode {
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                let fact = format!("the output is cut off: {error}");
                self.show_report(&Report::new(Code::ResourceExhausted, fact).hint(OUTPUT_LOST));
                ExitCode::from(exit_codes::FAILURE)
            }
            _ => code,
        }
    }

    /// Prints a value as JSON, indented for a person, and gives the exit code: this one, unless only a part of the
    /// value could be written.
    pub(crate) fn print_json(&self, value: &impl serde::Serialize, code: ExitCode) -> ExitCode {
        // Written as it is made: a whole text of an outcome would take as much memory again.
        let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
        let written = if self.stdout_is_terminal {
            serde_json::to_writer_pretty(&mut stdout, value)
        } else {
            serde_json::to_writer(&mut stdout, value)
        };
        let written = written.map_err(std::io::Error::from).and_then(|()| writeln!(stdout));
        let written = written.and_then(|()| stdout.flush());
        self.written(written, code)
    }

    /// Writes text of rye's own to standard error.
    pub(crate) fn tell(&self, text: &str) {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// The same for values that hold JSON text already made, which is indented with the rest.
    pub(crate) fn print_raw_json(&self, value: &impl serde::Serialize, code: ExitCode) -> ExitCode {
        let parsed = if self.stdout_is_terminal { serde_json::to_value(value).ok() } else { None };
        match parsed {
            Some(value) => self.print_json(&value, code),
            None => self.print_json(value, code),
        }
    }

    /// Writes a note to standard error.
    pub(crate) fn note(&self, style: Style, word: &str, text: &str) {
        let word = paint(self.color_stderr, style, word);
        let _ = writeln!(std::io::stderr().lock(), "{word}: {}", plain_line(text));
    }

    /// Shows a report on standard error: the fact, its causes, what to do.
    pub(crate) fn show_report(&self, report: &Report) {
        // What a tool says of its failure may have several lines, of which none looks like one of ours.
        let is_told = report.code == Code::ToolFailed;
        let (message, more) = match report.message.split_once('\n').filter(|_| is_told) {
            Some((message, more)) => (message, more),
            None => (report.message.as_str(), ""),
        };
        self.note(Style::Red, "error", message);
        let mut stderr = std::io::stderr().lock();
        for line in more.lines() {
            let _ = writeln!(stderr, "  {}", plain_line(line));
        }
        // What stands in a file is shown with its line, and with its hint.
        let mut shown = Vec::new();
        if report.problems.is_empty() {
            for cause in &report.causes {
                let _ = writeln!(stderr, "  {}", plain_line(cause));
            }
        }
        let mut drawing = Drawing::new(self.width_of_reports());
        for problem in &report.problems {
            let text =
                drawing.problem(problem, &[], "", &|style, text| paint(self.color_stderr, style, text));
            let _ = write!(stderr, "  {text}");
            shown.extend(problem.hint.as_deref());
        }
        drop(stderr);
        for hint in report.hints.iter().filter(|hint| !shown.iter().any(|told| **hint == *told)) {
            self.note(Style::Green, "hint", hint);
        }
    }

    /// Shows a report and gives its exit code.
    pub(crate) fn report(&self, report: &Report) -> ExitCode {
        let code = ExitCode::from(exit_codes::of(report.code, EndingKind::NotStarted));
        if self.json {
            return self.print_json(&serde_json::json!({ "error": report }), code);
        }
        self.show_report(report);
        code
    }
}

/// How many columns a terminal has. One that tells none is taken for the oldest one.
fn width_of(terminal: std::os::fd::BorrowedFd<'_>) -> usize {
    let size = rustix::termios::tcgetwinsize(terminal);
    size.map_or(80, |size| if size.ws_col == 0 { 80 } else { size.ws_col.into() })
}

/// Text of several lines that came from a file or a tool, made harmless for a terminal.
pub(crate) fn plain(text: &str) -> String {
    written_out(text, &['\n', '\t'])
}

/// The same for what has one line, such as a path or a message: it cannot make another.
pub(crate) fn plain_line(text: &str) -> String {
    written_out(text, &[])
}

/// `1 tool`, `2 tools`.
pub(crate) fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn paint(colored: bool, style: Style, text: &str) -> String {
    if colored && !text.is_empty() { format!("{}{text}\x1b[0m", style.code()) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{plain, plain_line};

    #[test]
    fn a_line_stays_one() {
        assert_eq!((plain("a\n\tb"), plain_line("a\n\tb")), ("a\n\tb".to_owned(), "a\\n\\tb".to_owned()));
    }
}
