//! Calls that are run once however often they are asked for. Who gives a key that he has given before gets the run that
//! it began, while it is on and for a while after; a call that never began is forgotten, and may be asked for again.
//! What is kept is bounded in number, size and age.

mod share;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rye_resolver::{IdempotencyKey, Once, Plan};

use crate::admission::Caller;
use crate::error::Error;
use crate::outcome::Outcome;
use crate::run::Run;
use share::{Over, Share};

/// Of how many runs that have ended the outcome is kept, how much of all of them, and how long.
const MOST: usize = 1024;
const MOST_BYTES: usize = 64 << 20;
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// What an outcome without any text takes.
const BARE: usize = 1024;

/// The runs that were asked for under keys. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keyed(Arc<Mutex<State>>);

/// Callers do not know of one another's keys.
type Key = (Caller, IdempotencyKey);

#[derive(Debug, Default)]
struct State {
    runs: HashMap<Key, Kept>,
    /// Those that have ended, the oldest first.
    ended: VecDeque<Ended>,
    bytes: usize,
}

/// A run that is on or has ended.
#[derive(Debug)]
struct Kept {
    /// What it was asked for: tool and arguments.
    call: [u8; 32],
    run: KeptRun,
}

#[derive(Debug)]
enum KeptRun {
    On(Share),
    /// Nothing but what came of it: neither its plan, which may be long and hold secrets, nor any descriptor.
    Over(Box<Over>),
}

impl Kept {
    /// One more who holds it. `plan` is his, of the same call.
    fn join(&self, plan: Plan) -> Run {
        match &self.run {
            KeptRun::On(share) => share.join(),
            KeptRun::Over(over) => {
                let run_id = (**over).as_ref().map_or(plan.run_id, |outcome| outcome.run_id.clone());
                Run::over(Arc::new(Plan { run_id, ..plan }), (**over).clone().map_err(Error::Shared))
            }
        }
    }
}

#[derive(Debug)]
struct Ended {
    key: Key,
    at: Instant,
    bytes: usize,
}

impl Keyed {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run that the key has begun before, or a new one.
    pub(crate) fn start(
        &self,
        once: &Once,
        plan: Plan,
        begin: impl FnOnce(Plan) -> Result<Run, Error>,
    ) -> Result<Run, Error> {
        let key = (plan.caller.clone(), once.key.clone());
        // Held until it has begun: of two that come at once, one begins.
        let mut state = self.state();
        state.forget_old(Instant::now());
        if let Some(kept) = state.runs.get(&key) {
            if kept.call != once.call {
                return Err(Error::KeyTaken { tool: plan.tool });
            }
            return Ok(kept.join(plan));
        }
        let mut run = begin(plan)?;
        let (share, first) = Share::of(&mut run);
        state.runs.insert(key.clone(), Kept { call: once.call, run: KeptRun::On(share.clone()) });
        let keyed = self.clone();
        tokio::spawn(async move {
            let over = run.outcome().await.map_err(Arc::new);
            keyed.state().end(key, over.clone());
            share.end(over);
        });
        Ok(first)
    }
}

impl State {
    /// Keeps what came of a run that began. One that panicked may have.
    fn end(&mut self, key: Key, over: Over) {
        let bytes = match &over {
            Ok(outcome) => size(outcome),
            Err(error) if matches!(**error, Error::Panicked { .. }) => BARE,
            Err(_) => {
                self.runs.remove(&key);
                return;
            }
        };
        if let Some(kept) = self.runs.get_mut(&key) {
            kept.run = KeptRun::Over(Box::new(over));
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.ended.push_back(Ended { key, at: Instant::now(), bytes });
        // The last is kept whatever its size: its caller may not have heard of it yet.
        while self.ended.len() > 1 && (self.ended.len() > MOST || self.bytes > MOST_BYTES) {
            self.forget_first();
        }
    }

    fn forget_old(&mut self, now: Instant) {
        while self.ended.front().is_some_and(|first| now.duration_since(first.at) >= LONGEST) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some(first) = self.ended.pop_front() {
            self.bytes = self.bytes.saturating_sub(first.bytes);
            self.runs.remove(&first.key);
        }
    }
}

/// About how much memory an outcome takes.
fn size(outcome: &Outcome) -> usize {
    let data = outcome.data.as_ref().map_or(0, |data| data.get().len());
    BARE + data + outcome.stdout.len() + outcome.stderr.len()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{BARE, Key, LONGEST, MOST, MOST_BYTES, State};
    use crate::outcome::Outcome;

    fn key(number: usize) -> Key {
        (None, number.to_string().parse().unwrap())
    }

    fn end(state: &mut State, number: usize, bytes: usize) {
        let outcome = Outcome { stdout: "x".repeat(bytes), ..Outcome::empty("t", "") };
        state.end(key(number), Ok(outcome));
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_size() {
        let mut state = State::default();
        for number in 0..MOST + 10 {
            end(&mut state, number, 0);
        }
        assert_eq!((state.ended.len(), state.bytes), (MOST, MOST * BARE));
        assert_eq!(state.ended.front().unwrap().key, key(10));
        let half = MOST_BYTES / 2;
        end(&mut state, MOST + 10, half);
        end(&mut state, MOST + 11, half);
        assert!(state.bytes <= MOST_BYTES && state.ended.back().unwrap().key == key(MOST + 11));
        // One that is larger than all may be stays until the next one comes.
        end(&mut state, 0, MOST_BYTES + 1);
        assert!(state.ended.iter().map(|ended| &ended.key).eq([&key(0)]));
        end(&mut state, 1, 0);
        assert_eq!((state.ended.len(), state.bytes), (1, BARE));
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut state = State::default();
        end(&mut state, 0, 7);
        let begun = Instant::now();
        state.forget_old(begun + LONGEST / 2);
        assert_eq!(state.ended.len(), 1);
        state.forget_old(begun + LONGEST * 2);
        assert_eq!((state.ended.len(), state.bytes), (0, 0));
    }
}
