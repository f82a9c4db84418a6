//! Signals that reach rye while a run is on, and what becomes of them.
//!
//! A Ctrl-C on a terminal has already reached a tool that shares it, so it is only counted: twice within two seconds
//! ends the run by force. A signal sent to rye alone is passed on. Captured runs are asked to end.

use std::time::{Duration, Instant};

use rye_executor::{Attachment, EndingKind, Error, Executor, Outcome, Plan, RunStopper, Stop};
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};
use tokio::sync::mpsc;

/// Within this time a second Ctrl-C means it.
const TWICE: Duration = Duration::from_secs(2);
/// What the terminal sent to the tool it sent to rye as well, but the tool's end may be seen first.
const SAME_KEYS: Duration = Duration::from_millis(100);

/// An outcome, and the signal that rye got first.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) received: Option<Received>,
}

/// A signal that rye got.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    signal: i32,
    by_terminal: bool,
}

impl Ended {
    /// The exit code: of a stop, 128 and the signal that was its reason.
    pub(crate) fn exit_code(&self) -> u8 {
        match (self.outcome.ending.kind, self.received) {
            (EndingKind::Stopped, Some(received)) => u8::try_from(128 + received.signal).unwrap_or(u8::MAX),
            _ => self.outcome.exit_code(),
        }
    }

    /// Whether nobody needs to be told how it ended: who pressed the keys knows, and so does who closed the pipe.
    pub(crate) fn expected(&self) -> bool {
        match self.outcome.ending.kind {
            EndingKind::Signaled { signal: SIGPIPE } => true,
            EndingKind::Stopped | EndingKind::Signaled { .. } => self.received.is_some(),
            _ => false,
        }
    }

    /// A tool that a Ctrl-C on the terminal killed: die of it too, so that a shell's loop ends as well.
    pub(crate) fn die_as_the_tool_did(&self) {
        if let (
            EndingKind::Signaled { signal: SIGINT },
            Some(Received { signal: SIGINT, by_terminal: true }),
        ) = (self.outcome.ending.kind, self.received)
        {
            // If it cannot be done, the exit code still tells.
            let _ = signal_hook::low_level::emulate_default_handler(SIGINT);
        }
    }
}

/// Runs a plan to its end, whatever signals come.
pub(crate) async fn run_to_end(executor: &Executor, plan: Plan) -> Result<Ended, Error> {
    let attached = plan.attachment == Attachment::Caller;
    let mut signals = watch();
    let run = executor.start(plan)?;
    let stopper = run.stopper();
    let mut received = None;
    let mut last_interrupt = None;
    let outcome = run.outcome();
    tokio::pin!(outcome);
    loop {
        tokio::select! {
            outcome = &mut outcome => {
                let outcome = outcome?;
                if let EndingKind::Signaled { signal: SIGINT | SIGQUIT } = outcome.ending.kind
                    && attached
                    && received.is_none()
                {
                    received = tokio::time::timeout(SAME_KEYS, signals.recv()).await.unwrap_or(None);
                }
                return Ok(Ended { outcome, received });
            }
            Some(got) = signals.recv() => {
                react(got, attached, received.is_some(), &mut last_interrupt, &stopper);
                received.get_or_insert(got);
            }
        }
    }
}

fn react(got: Received, attached: bool, again: bool, last: &mut Option<Instant>, stopper: &RunStopper) {
    let Received { signal, by_terminal } = got;
    match (attached, signal, by_terminal) {
        (true, SIGINT | SIGQUIT, true) => {
            if last.replace(Instant::now()).is_some_and(|last| last.elapsed() < TWICE) {
                stopper.stop(Stop::Force);
            }
        }
        (true, SIGINT | SIGQUIT, false) => {
            // What cannot be passed on has ended already.
            let _ = stopper.interrupt(signal);
        }
        _ => {
            if attached && signal == SIGHUP && !by_terminal {
                let _ = stopper.interrupt(signal);
            }
            stopper.stop(if again { Stop::Force } else { Stop::Ask });
        }
    }
}

/// Begins to watch. A signal that was ignored when rye was started (`nohup`) stays ignored.
fn watch() -> mpsc::UnboundedReceiver<Received> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let watched: Vec<_> =
        [SIGINT, SIGTERM, SIGHUP, SIGQUIT].into_iter().filter(|signal| !is_ignored(*signal)).collect();
    if let Ok(mut signals) = SignalsInfo::<WithOrigin>::new(watched) {
        std::thread::spawn(move || {
            for Origin { signal, cause, .. } in &mut signals {
                let by_terminal = matches!(cause, Cause::Kernel);
                if sender.send(Received { signal, by_terminal }).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}

/// Whether this process ignores a signal, as the kernel tells it.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    u32::try_from(signal - 1).is_ok_and(|bit| mask & (1 << bit) != 0)
}
