//! One conversation with a program: it is started, is given all that is said to it at once, and its input ends. It is
//! started as a run is: contained, bounded in time, and nothing of it is left.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use rye_primitives::{
    Attachment, Ending, Output, ProcessLimits, ProcessRequest, Pulse, Scope, Stdin, become_subreaper, start,
};
use rye_resolver::Host;

use crate::error::Error;

/// What to start, and what to say.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// An absolute path.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment; later ones win.
    pub environment: Vec<(OsString, OsString)>,
    /// All that it reads.
    pub said: Vec<u8>,
    /// How long it may take.
    pub limit: Duration,
    /// How many bytes of each stream are kept.
    pub max_answer: usize,
}

/// What it answered, however it ended.
#[derive(Clone, Debug)]
pub struct Answered {
    /// How it ended.
    pub ending: Ending,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

/// Talks to a program in the folder `/`. Needs a Tokio runtime with I/O and time. Makes this process a subreaper when
/// `host` asks.
///
/// # Errors
/// It could not be started, or the system refuses the subreaper.
pub async fn converse(conversation: Conversation, host: &Host) -> Result<Answered, Error> {
    if host.subreaper {
        become_subreaper().map_err(Error::Subreaper)?;
    }
    let Conversation { program, args, mut environment, said, limit, max_answer } = conversation;
    let id = format!("{}-{}", std::process::id(), program.display());
    let mark = OsString::from(format!("RYE_RUN_ID={id}"));
    environment.push(("RYE_RUN_ID".into(), id.into()));
    let mut names = std::collections::HashSet::new();
    environment.reverse();
    environment.retain(|(name, _)| names.insert(name.clone()));
    let tool = program.display().to_string();
    let request = ProcessRequest {
        program,
        args,
        env: environment,
        cwd: "/".into(),
        attachment: Attachment::Captured,
        stdin: if said.is_empty() { Stdin::Null } else { Stdin::Bytes(said) },
        stdout: Output::Capture,
        stderr: Output::Capture,
        call: None,
        limits: ProcessLimits {
            timeout: Some(limit),
            grace: Duration::from_millis(200),
            max_output: max_answer,
            ..ProcessLimits::default()
        },
        leave_running: false,
        scope: Scope::Shared { mark },
        cgroups: None,
        spill: None,
        pulse: Pulse::default(),
    };
    let end = start(request).map_err(|source| Error::Start { tool, source })?.end().await;
    let stderr = end.stderr.text();
    Ok(Answered { ending: end.ending, stdout: end.stdout.into_bytes(), stderr })
}
