//! A terminal: rye is started on it, in a session of its own, and what a person types goes in at the other end.
//! The parent of that session is `misbehave`, which ends as rye does: what the tests' own process starts must stay in
//! its session, as it is also the process that the library's runs are tested in.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::live::{Stream, wait};
use crate::world::{Ran, misbehave};

/// What a person types to interrupt.
pub(crate) const CONTROL_C: &str = "\x03";

/// What a terminal is like.
#[derive(Clone, Copy, Default)]
struct Shape {
    /// As wide as it is told, else it tells no width.
    columns: Option<u16>,
    /// Standard output is a pipe.
    piped: bool,
}

/// A rye on a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    pub(crate) screen: Stream,
    /// Standard output, when it is a pipe.
    pub(crate) stdout: Option<Stream>,
}

impl Terminal {
    /// All three descriptors are the terminal.
    pub(crate) fn start(command: Command) -> Self {
        Self::open(command, Shape::default())
    }

    /// A terminal of so many columns.
    pub(crate) fn start_wide(command: Command, columns: u16) -> Self {
        Self::open(command, Shape { columns: Some(columns), piped: false })
    }

    /// Standard output is a pipe: `rye … | less`.
    pub(crate) fn start_piped(command: Command) -> Self {
        Self::open(command, Shape { piped: true, columns: None })
    }

    fn open(command: Command, shape: Shape) -> Self {
        let (mut child, keyboard) = spawn(command, shape);
        let screen = Stream::of(keyboard.try_clone().unwrap());
        let stdout = child.stdout.take().map(Stream::of);
        Self { child, keyboard, screen, stdout }
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// To rye alone.
    pub(crate) fn signal_rye(&self, signal: Signal) {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let rye = Pid::from_raw(children.trim().parse().unwrap()).unwrap();
        kill_process(rye, signal).unwrap();
    }

    /// Waits for its end; what was on the screen stands in `stderr`.
    #[track_caller]
    pub(crate) fn end(self) -> Ran {
        let Self { child, keyboard: _keyboard, screen, stdout } = self;
        let status = wait(child);
        let stdout = stdout.map(Stream::rest).unwrap_or_default();
        Ran { code: status.code(), signal: status.signal(), stdout, stderr: screen.rest() }
    }
}

/// Starts rye on a terminal, and closes that as a window is closed once `ready` has returned.
#[track_caller]
pub(crate) fn hang_up(command: Command, ready: impl FnOnce()) -> ExitStatus {
    let (child, keyboard) = spawn(command, Shape::default());
    ready();
    drop(keyboard);
    wait(child)
}

fn spawn(command: Command, shape: Shape) -> (Child, File) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    if let Some(columns) = shape.columns {
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
    }
    // Not to become the terminal of the tests themselves.
    let side = rustix::fs::open(
        name.as_c_str(),
        rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
    );
    let side = File::from(side.unwrap());
    let stdio = || Stdio::from(side.try_clone().unwrap());
    let mut opened = Command::new(misbehave());
    opened.arg("on-terminal").arg(command.get_program()).args(command.get_args());
    opened.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    opened.current_dir(command.get_current_dir().unwrap());
    opened.stdin(stdio()).stdout(if shape.piped { Stdio::piped() } else { stdio() }).stderr(stdio());
    let child = opened.spawn().unwrap();
    // Our copies of the terminal's side go with it.
    drop(opened);
    (child, File::from(master))
}
