//! Signals that reach rye while a run is on, and what becomes of them.
//!
//! A Ctrl-C on a terminal has already reached a tool that shares it, so it is only counted: twice within two seconds
//! ends the run by force. A signal sent to rye alone is passed on, and sent again within that time it ends the run by
//! force, too. Captured runs are asked to end.

use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use rye_executor::{Attachment, EndingKind, Error, Executor, Outcome, Plan, RunStopper, Stop, is_ignored};
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};
use tokio::net::UnixStream;

/// Within this time a second Ctrl-C, or a second interrupt of another program, means it.
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

impl Received {
    /// The exit code of a program that was ended by it.
    pub(crate) fn exit_code(self) -> u8 {
        u8::try_from(128 + self.signal).unwrap_or(u8::MAX)
    }
}

impl Ended {
    /// The exit code: of a stop, 128 and the signal that was its reason.
    pub(crate) fn exit_code(&self) -> u8 {
        match (self.outcome.ending.kind, self.received) {
            (EndingKind::Stopped, Some(received)) => received.exit_code(),
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
    // An exchange shares no terminal: nobody else has heard of the signal.
    let attached = plan.attachment == Attachment::Caller && plan.process().is_some();
    let mut signals = Watch::new();
    let run = executor.start(plan)?;
    let stopper = run.stopper();
    let mut received = None;
    let mut interrupts = Interrupts::default();
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
                    let late = tokio::time::timeout(SAME_KEYS, signals.next()).await;
                    received = late.ok().and_then(|all| all.into_iter().next());
                }
                return Ok(Ended { outcome, received });
            }
            all = signals.next() => for got in all {
                react(got, attached, received.is_some(), &mut interrupts, &stopper);
                received.get_or_insert(got);
            },
        }
    }
}

/// The last interrupts that a tool of the caller's own terminal was left to decide about. Keys and other programs count
/// apart: a program that passes on to rye what the terminal has sent to both says nothing new.
#[derive(Debug, Default)]
struct Interrupts {
    by_keys: Option<Instant>,
    by_program: Option<(i32, Instant)>,
}

impl Interrupts {
    /// Counts one, and says whether it is a second within [`TWICE`]: of the keys, any; of a program, the same signal.
    fn is_second(&mut self, got: Received) -> bool {
        let now = Instant::now();
        let last = if got.by_terminal {
            self.by_keys.replace(now)
        } else {
            let last = self.by_program.replace((got.signal, now));
            last.filter(|(signal, _)| *signal == got.signal).map(|(_, at)| at)
        };
        last.is_some_and(|last| last.elapsed() < TWICE)
    }
}

fn react(got: Received, attached: bool, again: bool, interrupts: &mut Interrupts, stopper: &RunStopper) {
    let Received { signal, by_terminal } = got;
    match (attached, signal) {
        (true, SIGINT | SIGQUIT) => {
            if interrupts.is_second(got) {
                stopper.stop(Stop::Force);
            } else if !by_terminal {
                // What cannot be passed on has ended already.
                let _ = stopper.interrupt(signal);
            }
        }
        _ => {
            if attached && signal == SIGHUP && !by_terminal {
                let _ = stopper.interrupt(signal);
            }
            stopper.stop(if again { Stop::Force } else { Stop::Ask });
        }
    }
}

/// The signal that this program got first, while it watched.
static FIRST: AtomicI32 = AtomicI32::new(0);

/// The exit code of what ended because of a signal.
pub(crate) fn exit_code_of_a_stop() -> Option<u8> {
    let signal = FIRST.load(Ordering::Relaxed);
    (signal != 0).then(|| Received { signal, by_terminal: false }.exit_code())
}

/// Signals as they come, without a thread of their own: a thread would hold the end of the program up until it gets
/// a processor.
pub(crate) struct Watch(Option<SignalDelivery<UnixStream, WithOrigin>>);

impl Watch {
    /// Begins to watch. A signal that was ignored when rye was started (`nohup`) stays ignored.
    pub(crate) fn new() -> Self {
        let all = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];
        let watched = all.into_iter().filter(|signal| !is_ignored(*signal));
        let pair = StdUnixStream::pair().ok().and_then(|(read, write)| {
            read.set_nonblocking(true).ok()?;
            Some((UnixStream::from_std(read).ok()?, write))
        });
        Self(pair.and_then(|(read, write)| {
            SignalDelivery::with_pipe(read, write, WithOrigin::default(), watched).ok()
        }))
    }

    /// Waits for the next signals.
    pub(crate) async fn next(&mut self) -> Vec<Received> {
        let Some(delivery) = &mut self.0 else { return std::future::pending().await };
        loop {
            if delivery.get_read().readable().await.is_err() {
                return std::future::pending().await;
            }
            // Emptied before it is looked at: what comes in between makes it readable again.
            let _ = delivery.get_read().try_read(&mut [0; 64]);
            let received = |Origin { signal, cause, .. }| Received {
                signal,
                by_terminal: matches!(cause, Cause::Kernel),
            };
            let got: Vec<_> = delivery.pending().map(received).collect();
            if let Some(first) = got.first() {
                let _ = FIRST.compare_exchange(0, first.signal, Ordering::Relaxed, Ordering::Relaxed);
                return got;
            }
        }
    }
}
