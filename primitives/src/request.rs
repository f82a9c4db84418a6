//! Everything that decides one run, as exact bytes.
//! Nothing is looked up later: no search path, no inherited environment, no shell.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::cgroup::Cgroups;
use crate::pulse::Pulse;
use crate::spill::Spill;

/// Everything that decides one run; a caller's value arrives here already as exact bytes.
#[derive(Clone)]
pub struct ProcessRequest {
    /// The absolute path of what is executed; also `argv[0]`.
    pub program: PathBuf,
    /// `argv[1..]`.
    pub args: Vec<OsString>,
    /// The whole environment of the child, in order.
    pub env: Vec<(OsString, OsString)>,
    /// The child's working directory.
    pub cwd: PathBuf,
    /// Which session and process group the child lives in.
    pub attachment: Attachment,
    /// The child's descriptor 0.
    pub stdin: Stdin,
    /// The child's descriptor 1.
    pub stdout: Output,
    /// The child's descriptor 2.
    pub stderr: Output,
    /// With bytes: the child's descriptor 3 is a socket; it reads these bytes, then the end of file, and may
    /// write one line in reply.
    pub call: Option<Vec<u8>>,
    /// What bounds the run.
    pub limits: ProcessLimits,
    /// Keep what the leader started when the leader ends by itself.
    pub leave_running: bool,
    /// How descendants that left the tree are found again.
    pub scope: Scope,
    /// Where the run gets a cgroup of its own from, if there is one to be had; `None`: it lives in ours.
    pub cgroups: Option<Cgroups>,
    /// Where the whole of a captured stream goes that is long; `None`: nowhere.
    pub spill: Option<Spill>,
    /// What shows that the run is alive, beside what it prints.
    pub pulse: Pulse,
}

/// Which session and process group the child lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// A session of its own without a terminal; default dispositions for all signals, none blocked.
    Captured,
    /// The caller's session and process group; no signal blocked. Dispositions are inherited, but for SIGPIPE,
    /// which every Rust program ignores for itself: the child gets the default.
    Terminal,
}

/// What the child's descriptor 0 is.
#[derive(Clone, PartialEq, Eq)]
pub enum Stdin {
    /// `/dev/null`.
    Null,
    /// The caller's own.
    Inherit,
    /// A pipe that carries these bytes, then the end of file.
    Bytes(Vec<u8>),
    /// A pipe that is written through [`Process::take_wire`](crate::Process::take_wire), which reads what the child
    /// writes: descriptor 1 is the other direction, whatever [`ProcessRequest::stdout`] says, and is not captured.
    Wire,
}

/// What the child's descriptor 1 or 2 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A pipe that is read to events and kept in part.
    Capture,
    /// The caller's own.
    Inherit,
    /// The caller's descriptor 2.
    ToStderr,
}

/// What bounds a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessLimits {
    /// Time from the start to the first TERM; `None` for no limit.
    pub timeout: Option<Duration>,
    /// Time without a byte from the child, or another sign of life, until the first TERM; `None` for no limit. It is
    /// not to be set where no output comes here.
    pub idle: Option<Duration>,
    /// Time between TERM and KILL.
    pub grace: Duration,
    /// Time, once everything has ended, that is spent reading what a survivor holds open.
    pub drain: Duration,
    /// Bytes kept of each stream: the first half and the last half.
    pub max_output: usize,
    /// Bytes of the reply line, and of each line on a wire, the newline not counted.
    pub max_reply: usize,
}

impl Default for ProcessLimits {
    fn default() -> Self {
        Self {
            timeout: Some(Duration::from_secs(300)),
            idle: None,
            grace: Duration::from_secs(2),
            drain: Duration::from_millis(250),
            max_output: 1 << 20,
            max_reply: 16 << 20,
        }
    }
}

/// How descendants that left the tree are found again. It matters only when this process is a subreaper (see
/// [`become_subreaper`](crate::become_subreaper)); otherwise such a descendant is found by its session alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// This program does nothing but this run: every child of ours that was not there at the start belongs to it.
    Exclusive,
    /// A long-lived server: an adopted orphan belongs to the run when its session is the leader's, its ancestry
    /// leads to the leader, or its environment holds the mark. Children older than the run are never touched.
    /// Other code in the server may have children of its own as long as they stay in the server's session.
    Shared {
        /// One `NAME=VALUE` that stands in [`ProcessRequest::env`] and in no other run's.
        mark: OsString,
    },
}

/// Values of the environment, standard input and the call may be secret: only names and lengths are shown.
impl fmt::Debug for ProcessRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        out.debug_struct("ProcessRequest")
            .field("program", &self.program)
            .field("args", &self.args)
            .field("env_names", &names)
            .field("cwd", &self.cwd)
            .field("attachment", &self.attachment)
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("stderr", &self.stderr)
            .field("call_bytes", &self.call.as_ref().map(Vec::len))
            .field("limits", &self.limits)
            .field("leave_running", &self.leave_running)
            .field("scope", &self.scope)
            .field("has_cgroups", &self.cgroups.is_some())
            .field("spill", &self.spill)
            .finish()
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("Null"),
            Self::Inherit => out.write_str("Inherit"),
            Self::Bytes(bytes) => write!(out, "Bytes({} bytes)", bytes.len()),
            Self::Wire => out.write_str("Wire"),
        }
    }
}
