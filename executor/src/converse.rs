//! One conversation with a program: it is started, is given all that is said to it at once, and its input ends. It is
//! started as a run is: contained, bounded in time, and nothing of it is left.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
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
    let Conversation { program, args, environment, said, limit, max_answer } = conversation;
    let (environment, mark) = marked(&program, environment);
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

/// The environment of a program that no plan names, without names that come twice, and what tells its family from all
/// others. Of two values of one name the later one counts.
pub(crate) fn marked(
    program: &Path,
    mut environment: Vec<(OsString, OsString)>,
) -> (Vec<(OsString, OsString)>, OsString) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let id = OsString::from(format!("{}-{number}-{}", std::process::id(), program.display()));
    let mut mark = OsString::from("RYE_RUN_ID=");
    mark.push(&id);
    environment.push(("RYE_RUN_ID".into(), id));
    let mut names = HashSet::new();
    environment.reverse();
    environment.retain(|(name, _)| names.insert(name.clone()));
    (environment, mark)
}
