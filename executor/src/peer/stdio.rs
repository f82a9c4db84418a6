//! A conversation over a process's standard input and output. Once it is over the server is given a moment to leave
//! by itself; whatever it does with it, nothing of it is left when this returns.

use std::pin::pin;
use std::time::{Duration, Instant};

use rye_primitives::{Ending, Process, ProcessEnd, Status, Stop as ProcessStop, Wire, WireLine};
use tokio::time::{sleep, timeout};

use super::failure::Failure;
use super::talk::{Act, Reached, Talk};
use super::teller::Teller;
use crate::outcome::{Ending as OutcomeEnding, EndingKind};
use crate::run::RunStopper;

/// How long a server may be silent when it is asked for its era. Who is only slow to start is understood later, too.
pub(super) const PROBE: Duration = Duration::from_secs(3);
/// From the end of its input to the request to end.
const FAREWELL: Duration = Duration::from_secs(1);
/// From the word that a call is cancelled to the request to end.
const CANCEL: Duration = Duration::from_millis(100);
/// For what lies in the pipe of a process that has ended.
const REST: Duration = Duration::from_millis(100);
/// Bytes that a server may leave unread before what it asks is not answered any more.
const MAX_UNSENT: usize = 1 << 20;
/// Bytes of one line.
pub(crate) const MAX_LINE: usize = 16 << 20;

/// What came of it.
#[derive(Debug)]
pub(crate) struct Over {
    pub(crate) reached: Result<Reached, Failure>,
    pub(crate) end: ProcessEnd,
    /// Lines and messages that answered nothing.
    pub(crate) garbage: u64,
    /// The server ended when it was asked for its era: it is to be started again, and spoken to so.
    pub(crate) again: Option<Talk>,
}

/// Holds the conversation; once more, with a server that is started anew after so long, if it ends when it is asked for
/// its era. What is left of the first is gone by then.
pub(crate) async fn converse(
    process: Process,
    talk: Talk,
    stopper: &RunStopper,
    teller: &Teller,
    restart: impl FnOnce(Duration) -> Result<Process, Failure>,
) -> Result<Over, Failure> {
    let begun = Instant::now();
    let over = converse_once(process, talk, stopper, teller).await;
    let Some(talk) = over.again else { return Ok(over) };
    drop(over.end);
    Ok(converse_once(restart(begun.elapsed())?, talk, stopper, teller).await)
}

/// A stop is told to the server first, and is then connected to its process.
async fn converse_once(mut process: Process, mut talk: Talk, stopper: &RunStopper, teller: &Teller) -> Over {
    let process_stopper = process.stopper();
    let wire = process.take_wire();
    let mut end = pin!(process.end());
    let mut ended = None;
    let mut reached = None;
    let mut method = talk.method();
    if let Some(mut wire) = wire {
        let mut held = Held { talk: &mut talk, wire: &mut wire, teller };
        reached = tokio::select! {
            biased;
            () = stopper.asked() => None,
            reached = held.converse() => Some(reached),
            // Whoever has ended may have answered before.
            over = &mut end => {
                ended = Some(over);
                Some(timeout(REST, held.converse()).await.unwrap_or(None))
            }
        }
        .unwrap_or(Some(Err(Failure::Stopped)));
        method = talk.method();
        let patience = match &reached {
            Some(Err(Failure::Stopped)) => {
                talk.cancel().into_iter().for_each(|cancel| wire.send(cancel.text.as_bytes()));
                CANCEL
            }
            Some(Err(Failure::TooLong { .. })) => Duration::ZERO,
            _ => {
                wire.hang_up();
                FAREWELL
            }
        };
        if matches!(reached, Some(Ok(_))) {
            stopper.connect(process_stopper.clone());
        }
        if ended.is_none() {
            ended = timeout(patience, attended(&mut end, &mut wire)).await.ok();
        }
        wire.hang_up();
        if ended.is_none() {
            // Not before: one that has left already may be started again, and a stop is for that one then.
            stopper.connect(process_stopper.clone());
            process_stopper.stop(ProcessStop::Ask);
            ended = Some(attended(&mut end, &mut wire).await);
        }
    }
    process_stopper.stop(ProcessStop::Ask);
    let end = match ended {
        Some(end) => end,
        None => end.await,
    };
    let left_by_itself =
        reached.is_none() && matches!(end.ending, Ending::Exited { .. } | Ending::Signaled { .. });
    let again = if left_by_itself { talk.without_question() } else { None };
    let reached = reached.unwrap_or_else(|| Err(ended_early(method, &end)));
    Over { reached, end, garbage: talk.garbage(), again }
}

/// A conversation that is on.
struct Held<'h> {
    talk: &'h mut Talk,
    wire: &'h mut Wire,
    teller: &'h Teller,
}

impl Held<'_> {
    /// Goes on until it is over; `None`: the server says no more. It may be dropped and begun again.
    async fn converse(&mut self) -> Option<Result<Reached, Failure>> {
        let mut acts = self.talk.begin();
        let mut probe = pin!(sleep(PROBE));
        let mut was_silent = false;
        loop {
            for act in acts {
                match act {
                    // Who asks without end and reads no answer is owed none.
                    Act::Send(message) if message.method.is_none() && self.wire.unsent() > MAX_UNSENT => {}
                    Act::Send(message) => self.wire.send(message.text.as_bytes()),
                    Act::Tell(event) => self.teller.tell(event),
                    Act::End(reached) => return Some(reached),
                }
            }
            acts = tokio::select! {
                biased;
                line = self.wire.next() => match line? {
                    WireLine::Whole(line) => self.talk.hear(&line),
                    WireLine::TooLong => return Some(Err(Failure::TooLong { limit: MAX_LINE })),
                },
                () = &mut probe, if self.talk.is_probing() && !was_silent => {
                    was_silent = true;
                    self.talk.unanswered()
                }
            };
        }
    }
}

/// Waits for something else, and lets the server write meanwhile what nobody wants any more.
async fn attended<T>(wait: impl Future<Output = T>, wire: &mut Wire) -> T {
    let mut wait = pin!(wait);
    loop {
        tokio::select! {
            biased;
            value = &mut wait => return value,
            line = wire.next() => if line.is_none() {
                return wait.await;
            },
        }
    }
}

fn ended_early(method: &str, end: &ProcessEnd) -> Failure {
    let how = match (&end.ending, end.status) {
        (Ending::TimedOut, _) => return Failure::TimedOut,
        (Ending::Idle, _) => return Failure::Idle,
        (Ending::Stopped, _) => "closed its output".to_owned(),
        (_, Some(Status::Exited { code })) => format!("exited with code {code}"),
        (_, Some(Status::Signaled { signal })) => format!("was killed by signal {signal}"),
        (_, None) => "was lost sight of".to_owned(),
    };
    Failure::Ended { method: method.to_owned(), how }
}

/// How the process itself ended, also when it was made to.
pub(crate) fn ending(end: &ProcessEnd) -> OutcomeEnding {
    let kind = match (&end.ending, end.status) {
        (Ending::TimedOut | Ending::Idle, _) => EndingKind::TimedOut,
        (_, Some(Status::Exited { code })) => EndingKind::Exited { code },
        (_, Some(Status::Signaled { signal })) => EndingKind::Signaled { signal },
        (_, None) => EndingKind::Lost,
    };
    let (escalated, leaked_processes) = (end.escalated, end.leaked_processes);
    OutcomeEnding { escalated, leaked_processes, ..kind.into() }
}
