//! MCP over two descriptors: one message a line, both ways. From the first byte to the last answer the order is: read,
//! check ([`gate`]), hand to the library ([`wire`]), write ([`outbox`]). When the input ends, running calls have a
//! while to be answered; then everything is ended, and nothing of any run is left when [`serve_stdio`] returns.

mod descriptor;
mod gate;
mod lines;
mod outbox;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
mod wire;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::closing::Stage;
use crate::door::Door;
use crate::error::Error;
use crate::protocol::Protocol;
use crate::watch::watch;
use gate::{Gate, Verdict};
use lines::{Line, Lines};
use outbox::Outbox;
use wire::{Pending, Wire};

/// How long running calls may go on after the input has ended.
const DRAIN: Duration = Duration::from_secs(2);
/// How long a client may take to read the last answers.
const FAREWELL: Duration = Duration::from_secs(1);
/// How many requests of one client may be on; more of them are not read before.
const MAX_PENDING: usize = 1024;

/// The protocol's two descriptors.
#[derive(Debug)]
pub struct Streams {
    /// Where the client's messages come from.
    pub input: OwnedFd,
    /// Where ours go.
    pub output: OwnedFd,
}

/// Serves one client until its input ends or the door closes.
///
/// # Errors
/// A descriptor cannot be used.
pub async fn serve_stdio(door: Arc<Door>, streams: Streams) -> Result<(), Error> {
    let unusable = |which| move |source| Error::Stream { which, source };
    let mut lines = Lines::new(descriptor::reader(streams.input).map_err(unusable("input"))?);
    let output = descriptor::writer(streams.output).map_err(unusable("output"))?;
    let closing = door.closing().clone();
    let (outbox, writer) = Outbox::start(output);
    let pending = Pending::default();
    let (inbox, received) = mpsc::channel(64);
    let wire = Wire::new(received, outbox.clone(), pending.clone());
    let protocol = Protocol::new(Arc::clone(&door));
    let service = rmcp::service::serve_directly(protocol, wire, None);

    tokio::spawn(watch(Arc::clone(&door)));
    let mut gate = Gate::default();
    let reading = async {
        loop {
            outbox.room().await;
            pending.fewer_than(MAX_PENDING).await;
            let line = match lines.next().await {
                Line::Text(line) => line,
                Line::TooLong(ends) => {
                    door.notes().tell("a message of more than 16 MiB was refused");
                    if let Verdict::Answer(answer) = Gate::judge_ends(&ends, &pending) {
                        outbox.post(&answer);
                    }
                    continue;
                }
                Line::End => return,
            };
            for verdict in gate.judge(&line, &pending) {
                match verdict {
                    Verdict::Deliver(message) => {
                        if inbox.send(*message).await.is_err() {
                            return;
                        }
                    }
                    Verdict::Answer(answer) => outbox.post(&answer),
                    Verdict::Ignore(reason) => door.notes().tell(&reason),
                }
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = outbox.broken() => {}
        () = closing.reached(Stage::Ending) => {}
    }
    closing.advance(Stage::Draining);
    tokio::select! {
        () = pending.fewer_than(1) => {}
        () = tokio::time::sleep(DRAIN) => {}
        () = outbox.broken() => {}
        () = closing.reached(Stage::Ending) => {}
    }
    closing.advance(Stage::Ending);
    door.end().await;
    // What the end of the runs gave as answers is written still, if anybody reads it.
    let answered = async {
        pending.fewer_than(1).await;
        outbox.close().await;
    };
    tokio::select! {
        () = answered => {}
        () = tokio::time::sleep(FAREWELL) => {}
        () = outbox.broken() => {}
    }
    drop(inbox);
    service.cancellation_token().cancel();
    writer.abort();
    Ok(())
}
