//! Real processes, told apart by their marks: this test program is one subreaper for all of them.

mod calls;
mod descendants;
mod endings;
mod inheritance;
mod kept;
mod refusals;
mod stopping;
mod streams;

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::{Process, start};
use crate::{
    Attachment, Cgroups, Output, ProcessEnd, ProcessEvent, ProcessLimits, ProcessRequest, Pulse, Scope,
    Stdin, become_subreaper, procfs,
};

const PYTHON: &str = "/usr/bin/python3";
/// Longer than any test should take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

thread_local! {
    /// Of one test, and gone with it. The doors above have tests without.
    static CGROUPS: Cgroups = Cgroups::default();
}

fn request(program: &str, args: &[&str]) -> ProcessRequest {
    static RUN: AtomicU32 = AtomicU32::new(0);
    become_subreaper().unwrap();
    let run = format!("{}-{}", std::process::id(), RUN.fetch_add(1, Ordering::Relaxed));
    ProcessRequest {
        program: PathBuf::from(program),
        args: args.iter().map(OsString::from).collect(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into()), ("RYE_TEST_RUN".into(), run.clone().into())],
        cwd: PathBuf::from("/"),
        attachment: Attachment::Captured,
        stdin: Stdin::Null,
        stdout: Output::Capture,
        stderr: Output::Capture,
        call: None,
        limits: ProcessLimits { timeout: Some(PATIENCE), ..ProcessLimits::default() },
        leave_running: false,
        scope: Scope::Shared { mark: format!("RYE_TEST_RUN={run}").into() },
        cgroups: Some(CGROUPS.with(Cgroups::clone)),
        spill: None,
        pulse: Pulse::default(),
    }
}

fn shell(script: &str) -> ProcessRequest {
    request("/bin/bash", &["-c", script])
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("the test takes too long")
}

async fn run(request: ProcessRequest) -> ProcessEnd {
    within(start(request).unwrap().end()).await
}

fn stdout(end: &ProcessEnd) -> String {
    end.stdout.text()
}

/// Waits until this stands in what the process printed, and gives all of that.
async fn printed(process: &mut Process, wanted: &str) -> String {
    let mut text = String::new();
    while !text.contains(wanted) {
        match within(process.next_event()).await {
            Some(ProcessEvent::Stdout(bytes)) => text.push_str(std::str::from_utf8(&bytes).unwrap()),
            Some(other) => panic!("{other:?}"),
            None => panic!("ended after {text:?}"),
        }
    }
    text
}

/// One process, whatever its number means later.
#[derive(Debug)]
struct Identity {
    pid: i32,
    start: u64,
}

impl Identity {
    fn of(pid: i32) -> Self {
        Self { pid, start: procfs::stat(pid).unwrap_or_else(|| panic!("no process {pid}")).start }
    }

    /// Neither running nor a zombie.
    fn is_gone(&self) -> bool {
        procfs::stat(self.pid).is_none_or(|stat| stat.start != self.start)
    }
}

/// Every number in what was printed up to `ready`, while those processes live.
async fn ready(process: &mut Process) -> Vec<Identity> {
    let text = printed(process, "ready\n").await;
    text.split_whitespace().filter_map(|word| word.parse().ok()).map(Identity::of).collect()
}

/// What a script waits for with `read -r < GATE`, which starts no process.
struct Gate {
    folder: tempfile::TempDir,
    file: fs::File,
}

impl Gate {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gate");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        // Open both ways, so that nobody's opening waits.
        let file = fs::File::options().read(true).write(true).open(&path).unwrap();
        Self { folder, file }
    }

    /// The script with `GATE` replaced.
    fn shell(&self, script: &str) -> ProcessRequest {
        shell(&script.replace("GATE", self.folder.path().join("gate").to_str().unwrap()))
    }

    fn open(&mut self) {
        self.file.write_all(b"go\n").unwrap();
    }
}

fn assert_gone(processes: &[Identity]) {
    assert!(!processes.is_empty());
    for process in processes {
        assert!(process.is_gone(), "{process:?} is still there");
    }
}
