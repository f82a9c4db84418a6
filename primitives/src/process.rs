//! A process that was started, as seen by whoever started it.
//! The run is supervised elsewhere: holding a [`Process`] costs nothing, and dropping it ends the run.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::Pid;
use tokio::io::Interest;
use tokio::sync::oneshot;

use crate::call::Call;
use crate::captured::Captured;
use crate::check::{check, explain};
use crate::descriptors::{Ends, call_sockets, input_pipe, output_pipe};
use crate::end::{Ending, Phases, ProcessEnd, Reply, Supervision};
use crate::error::StartError;
use crate::events::{EventReader, ProcessEvent, Stream, events};
use crate::keeper::{Duties, Keeper};
use crate::keepers;
use crate::leader::Leader;
use crate::registered::register;
use crate::request::{Attachment, Output, ProcessRequest, Scope, Stdin};
use crate::spawn::{Origin, Spawn};
use crate::stdin::Feed;
use crate::stop::{Stop, Stopper};
use crate::streams::{Outlet, Streams};
use crate::supervise::{Limits, Supervisor};
use crate::tree::{self, Tree};
use crate::wire::{Wire, WireEnds};

/// A program that somebody still writes is tried again this often.
const BUSY_TRIES: u32 = 10;
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// Starts a process and a Tokio task that supervises it to its end.
///
/// It returns when the program is executing, which takes about half a millisecond of this thread.
///
/// # Panics
///
/// Outside of a Tokio runtime, or in one without its I/O driver; its timer is needed too.
pub fn start(mut request: ProcessRequest) -> Result<Process, StartError> {
    let started = Instant::now();
    check(&request)?;
    let (descriptors, streams, wire, events) = connect(&mut request)?;
    let origin = tree::Origin::new(request.scope.clone());
    let (keeper, leader) = execute(&request, &descriptors)?;
    let executing = Instant::now();
    drop(descriptors);

    let line = keeper.line().clone();
    // From here on, an error ends what was started.
    let leader = Leader::new(keeper, leader, request.attachment == Attachment::Captured)?;
    let id = leader.pid();
    let (stopper, stop) = Stopper::new(leader.pidfd());
    let tree = Tree::new(leader, origin);
    let supervision = tree.supervision();
    let exit = register(line, Interest::READABLE)?;
    let limits = Limits {
        timeout: request.limits.timeout,
        idle: request.limits.idle,
        grace: request.limits.grace,
        drain: request.limits.drain,
        leave_running: request.leave_running,
    };
    let pulse = request.pulse;
    pulse.beat();
    let supervisor = Supervisor { tree, exit, streams, stop, limits, pulse, started, executing };
    let (sender, end) = oneshot::channel();
    // What is spawned is moved several times: it is to be small.
    let over = Box::pin(supervisor.run());
    tokio::spawn(async move {
        // Nobody may be waiting any more.
        let _ = sender.send(over.await);
    });
    let events = Some(ProcessEvents { reader: events });
    let id = id.as_raw_nonzero().get().unsigned_abs();
    Ok(Process { id, stopper, events, wire, end, started, supervision })
}

/// A process that was started. Dropping it asks the run to stop; the task that supervises it sees to that.
pub struct Process {
    id: u32,
    stopper: Stopper,
    events: Option<ProcessEvents>,
    wire: Option<Wire>,
    end: oneshot::Receiver<ProcessEnd>,
    started: Instant,
    supervision: Supervision,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Process").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl Process {
    /// The leader's process id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What ends the run from elsewhere.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// The next thing that comes from the process, as [`ProcessEvents::next`] gives it.
    pub async fn next_event(&mut self) -> Option<ProcessEvent> {
        self.events.as_mut()?.next().await
    }

    /// What comes from the process, to be read apart from waiting for its end. `None`: it was taken before.
    pub fn take_events(&mut self) -> Option<ProcessEvents> {
        self.events.take()
    }

    /// The wire that was asked for. `None`: none was, or it was taken before.
    pub fn take_wire(&mut self) -> Option<Wire> {
        self.wire.take()
    }

    /// Waits for the end of everything. Dropping the future drops the process, and so stops the run.
    pub async fn end(mut self) -> ProcessEnd {
        (self.events, self.wire) = (None, None);
        match (&mut self.end).await {
            Ok(end) => end,
            Err(_) => lost(self.started.elapsed(), self.supervision),
        }
    }
}

/// What comes from a process. Dropping it lets what comes from now on be forgotten.
pub struct ProcessEvents {
    reader: EventReader,
}

impl std::fmt::Debug for ProcessEvents {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ProcessEvents").finish_non_exhaustive()
    }
}

impl ProcessEvents {
    /// What comes next, until `None`: nothing more will come. Cancelling it loses nothing. Who does not read holds
    /// nothing up: what does not fit in 2 MiB is counted in a [`ProcessEvent::Dropped`].
    pub async fn next(&mut self) -> Option<ProcessEvent> {
        self.reader.next().await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stopper.stop(Stop::Ask);
    }
}

/// The task is gone, and with it whatever it had read.
fn lost(duration: Duration, supervision: Supervision) -> ProcessEnd {
    ProcessEnd {
        ending: Ending::Lost,
        status: None,
        escalated: true,
        leaked_processes: 0,
        stdout: Captured::default(),
        stderr: Captured::default(),
        reply: Reply::None,
        supervision,
        duration,
        phases: Phases::default(),
    }
}

/// The child's ends of everything; `None` where it gets a descriptor of the caller's.
struct Descriptors {
    stdin: Option<Arc<OwnedFd>>,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    call: Option<OwnedFd>,
}

/// Takes what is to be sent out of the request. Makes all pipes and sockets and registers our ends: what can fail for want of descriptors fails before the start.
fn connect(
    request: &mut ProcessRequest,
) -> Result<(Descriptors, Streams, Option<Wire>, EventReader), StartError> {
    let limits = request.limits.clone();
    let mut stdin = None;
    let mut feed = None;
    if let Stdin::Bytes(bytes) = &mut request.stdin {
        let Ends { ours, childs } = input_pipe()?;
        let childs = Arc::new(childs);
        feed = Feed::start(std::mem::take(bytes), ours, childs.clone())?;
        stdin = Some(childs);
    }
    let (stdout, our_stdout);
    let mut wire = None;
    if request.stdin == Stdin::Wire {
        let (ours, childs_input, childs_output) = WireEnds::make()?;
        wire = Some(Wire::new(ours, limits.max_reply, request.pulse.clone())?);
        (stdin, stdout, our_stdout) = (Some(childs_input), Some(childs_output), None);
    } else {
        (stdout, our_stdout) = output(request.stdout)?;
    }
    let (stderr, our_stderr) = output(request.stderr)?;
    let mut call = None;
    let mut our_call = None;
    if let Some(bytes) = &mut request.call {
        let Ends { ours, childs } = call_sockets()?;
        our_call = Some(Call::start(std::mem::take(bytes), ours, limits.max_reply)?);
        call = Some(childs);
    }
    let (writer, reader) = events();
    let stdout_outlet = Outlet::new(Stream::Stdout, our_stdout, limits.max_output, request.spill.clone())?;
    let stderr_outlet = Outlet::new(Stream::Stderr, our_stderr, limits.max_output, request.spill.clone())?;
    let streams = Streams::new(feed, our_call, stdout_outlet, stderr_outlet, writer);
    Ok((Descriptors { stdin, stdout, stderr, call }, streams, wire, reader))
}

/// The child's end and ours.
fn output(output: Output) -> Result<(Option<OwnedFd>, Option<OwnedFd>), Errno> {
    if output != Output::Capture {
        return Ok((None, None));
    }
    let Ends { ours, childs } = output_pipe()?;
    Ok((Some(childs), Some(ours)))
}

fn execute(request: &ProcessRequest, descriptors: &Descriptors) -> Result<(Keeper, Pid), StartError> {
    let program = c_string(request.program.as_os_str().as_bytes())?;
    let mut argv = vec![program.clone()];
    for argument in &request.args {
        argv.push(c_string(argument.as_bytes())?);
    }
    let mut env = Vec::with_capacity(request.env.len());
    for (name, value) in &request.env {
        env.push(c_string(&[name.as_bytes(), b"=", value.as_bytes()].concat())?);
    }
    let cwd = c_string(request.cwd.as_os_str().as_bytes())?;

    let mut numbered = vec![
        match (&request.stdin, &descriptors.stdin) {
            (_, Some(pipe)) => Origin::Ours(pipe.as_fd()),
            (Stdin::Inherit, None) => Origin::Callers(0),
            (_, None) => Origin::Null,
        },
        origin(1, request.stdout, descriptors.stdout.as_ref()),
        origin(2, request.stderr, descriptors.stderr.as_ref()),
    ];
    numbered.extend(descriptors.call.as_ref().map(|socket| Origin::Ours(socket.as_fd())));
    let own_session = request.attachment == Attachment::Captured;
    let cgroup = request.cgroups.as_ref().and_then(|cgroups| cgroups.take(request.leave_running));
    let child = Spawn {
        program: &program,
        argv: &argv,
        env: &env,
        cwd: &cwd,
        own_session,
        cgroup: cgroup.as_ref(),
        descriptors: &numbered,
    };
    let duties = Duties {
        passes_signals_on: request.scope == Scope::Exclusive,
        timeout: request.limits.timeout,
        grace: request.limits.grace,
    };
    let mut tries = 1;
    loop {
        match keepers::enter(|| Keeper::start(&child, duties)) {
            // Another thread's fork holds the file that was just written, until that child executes.
            Err(Errno::TXTBSY) if tries < BUSY_TRIES => {
                tries += 1;
                thread::sleep(BUSY_PAUSE);
            }
            Err(errno) => return Err(explain(request, errno)),
            Ok(started) => return Ok(started),
        }
    }
}

fn origin(number: i32, output: Output, pipe: Option<&OwnedFd>) -> Origin<'_> {
    match (pipe, output) {
        (Some(pipe), _) => Origin::Ours(pipe.as_fd()),
        (None, Output::ToStderr) => Origin::Callers(2),
        (None, _) => Origin::Callers(number),
    }
}

/// NUL bytes were refused by then.
fn c_string(bytes: &[u8]) -> Result<CString, StartError> {
    CString::new(bytes).map_err(|error| StartError::Spawn { source: io::Error::from(error) })
}

#[cfg(test)]
mod tests;
