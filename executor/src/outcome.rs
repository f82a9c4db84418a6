//! How a run ended, as data: the same object for a person's `--json`, an MCP client and a program.

use std::time::Duration;

use rye_primitives::Supervision;
use rye_resolver::Link;
use serde::Serialize;
use serde::ser::SerializeMap;
use serde_json::value::RawValue;

use crate::artifacts::Artifact;
use crate::peer::Besides;
use crate::report::Report;
use crate::timings::{self, Timings};

/// What came of one call.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// The run's own id; empty when nothing was planned.
    pub run_id: String,
    /// The tool's id, as far as it is known.
    pub tool: String,
    /// Whether the tool did what it was asked to.
    pub success: bool,
    /// The returned value, the parsed output, or the output's text: exact JSON, no number changed.
    pub data: Option<Box<RawValue>>,
    /// Why it did not succeed.
    pub error: Option<Report>,
    /// How the process ended.
    pub ending: Ending,
    /// What was kept of standard output, as text.
    pub stdout: String,
    /// What was kept of standard error, as text.
    pub stderr: String,
    /// How many bytes standard output had.
    pub stdout_bytes: u64,
    /// How many bytes standard error had.
    pub stderr_bytes: u64,
    /// The SHA-256 of all of standard output, in hexadecimal; `None`: it was not captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout_sha256: Option<String>,
    /// The SHA-256 of all of standard error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr_sha256: Option<String>,
    /// The streams that are long, as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// From the start to the end of the last process, in milliseconds.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
    /// By what a process was held together with all that it started; nothing for an exchange.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "word")]
    pub supervision: Option<Supervision>,
    /// The chain: tool, runtimes, primitive.
    pub chain: Vec<Link>,
    /// Where the time went, when that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timings: Option<Timings>,
    /// Another MCP server answered, and this it said besides its data.
    #[serde(skip)]
    pub besides: Option<Besides>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ending {
    /// In which way.
    pub kind: EndingKind,
    /// The time limit that came was one on silence, of this length.
    pub idle: Option<Duration>,
    /// The headers of an HTTP answer, in order.
    pub headers: Vec<(String, String)>,
    /// A KILL was needed.
    pub escalated: bool,
    /// Processes that outlived the tool and had to be ended.
    pub leaked_processes: u32,
}

/// The ways in which a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndingKind {
    /// The process exited.
    Exited {
        /// 0 to 255.
        code: i32,
    },
    /// A signal that was not rye's ended the process.
    Signaled {
        /// Its number.
        signal: i32,
    },
    /// The time limit came first.
    TimedOut,
    /// The caller stopped it.
    Stopped,
    /// An HTTP server answered.
    Responded {
        /// The status.
        status: u16,
    },
    /// Nobody can say how it ended.
    Lost,
    /// There was no process.
    NotStarted,
}

impl EndingKind {
    /// The word of the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Exited { .. } => "exited",
            Self::Signaled { .. } => "signaled",
            Self::TimedOut => "timed_out",
            Self::Stopped => "stopped",
            Self::Responded { .. } => "responded",
            Self::Lost => "lost",
            Self::NotStarted => "not_started",
        }
    }
}

impl From<EndingKind> for Ending {
    fn from(kind: EndingKind) -> Self {
        Self { kind, idle: None, headers: Vec::new(), escalated: false, leaked_processes: 0 }
    }
}

impl Serialize for Ending {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind.word())?;
        match self.kind {
            EndingKind::Exited { code } => map.serialize_entry("code", &code)?,
            EndingKind::Signaled { signal } => map.serialize_entry("signal", &signal)?,
            EndingKind::Responded { status } => {
                map.serialize_entry("status", &status)?;
                map.serialize_entry("headers", &joined(&self.headers))?;
            }
            _ => {}
        }
        if let Some(idle) = self.idle {
            map.serialize_entry("idle_ms", &timings::milliseconds(idle))?;
        }
        if self.escalated {
            map.serialize_entry("escalated", &true)?;
        }
        if self.leaked_processes > 0 {
            map.serialize_entry("leaked_processes", &self.leaked_processes)?;
        }
        map.end()
    }
}

/// Headers by name; the values of one that came more than once are joined, as RFC 9110 (5.3) has it.
fn joined(headers: &[(String, String)]) -> serde_json::Map<String, serde_json::Value> {
    let mut all: serde_json::Map<String, serde_json::Value> = serde_json::Map::new();
    for (name, value) in headers {
        match all.get_mut(name) {
            Some(serde_json::Value::String(known)) => {
                known.push_str(", ");
                known.push_str(value);
            }
            _ => {
                all.insert(name.clone(), value.clone().into());
            }
        }
    }
    all
}

impl Outcome {
    /// The outcome of a call that never became a run.
    #[must_use]
    pub fn not_started(tool: &str, run_id: &str, chain: Vec<Link>, error: Report) -> Self {
        Self { error: Some(error), chain, ..Self::empty(tool, run_id) }
    }

    /// One that says nothing yet, to be filled.
    pub(crate) fn empty(tool: &str, run_id: &str) -> Self {
        Self {
            run_id: run_id.to_owned(),
            tool: tool.to_owned(),
            success: false,
            data: None,
            error: None,
            ending: EndingKind::NotStarted.into(),
            stdout: String::new(),
            stderr: String::new(),
            stdout_bytes: 0,
            stderr_bytes: 0,
            stdout_sha256: None,
            stderr_sha256: None,
            artifacts: Vec::new(),
            duration: Duration::ZERO,
            supervision: None,
            chain: Vec::new(),
            timings: None,
            besides: None,
        }
    }

    /// The data as a value of a type of the caller's own. `None` when there is none.
    ///
    /// # Errors
    /// The data is not of that type.
    pub fn data_as<T: serde::de::DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        self.data.as_ref().map(|data| serde_json::from_str(data.get())).transpose()
    }

    /// The exit code of a front end that stands for the tool (see [`crate::exit_codes`]).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (&self.error, self.ending.kind) {
            (None, _) => 0,
            (Some(error), kind) => crate::exit_codes::of(error.code, kind),
        }
    }
}

fn milliseconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(timings::milliseconds(*duration))
}

fn word<S: serde::Serializer>(supervision: &Option<Supervision>, serializer: S) -> Result<S::Ok, S::Error> {
    supervision.map(Supervision::word).serialize(serializer)
}
