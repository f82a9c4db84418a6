//! How long to wait before the next attempt: anything from nothing to a bound that doubles each time, so that
//! many callers of one broken server do not come back together.

use std::time::Duration;

use rustix::rand::{GetRandomFlags, getrandom};

const FIRST: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(10);

/// Full jitter; its numbers need not be unguessable.
pub(super) struct Backoff {
    bound: Duration,
    state: u64,
}

impl Backoff {
    pub(super) fn new() -> Self {
        let mut seed = [0; 8];
        // Without entropy (never seen after boot) all that suffers is the spread.
        let _ = getrandom(&mut seed, GetRandomFlags::NONBLOCK);
        Self::seeded(u64::from_ne_bytes(seed))
    }

    pub(super) const fn seeded(seed: u64) -> Self {
        // Zero would stay zero for ever.
        Self { bound: FIRST, state: seed | 1 }
    }

    pub(super) fn pause(&mut self) -> Duration {
        // xorshift64
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let micros = u64::try_from(self.bound.as_micros()).unwrap_or(u64::MAX);
        self.bound = (self.bound * 2).min(MOST);
        Duration::from_micros(self.state % (micros + 1))
    }
}
