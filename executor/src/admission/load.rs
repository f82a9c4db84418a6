//! How much is on and waits, of all calls, of one tool's or of one caller's, and what that means for one that comes too
//! many.

use std::time::Duration;

/// Nobody knows how long a run takes before one has ended.
const UNKNOWN: Duration = Duration::from_secs(1);
/// Who is sent away is asked to stay away for no less and no more.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(60);
/// How much the runs before the last one count against it.
const MEMORY: u32 = 3;

/// What is on and waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) running: usize,
    pub(super) waiting: usize,
    /// How long a run took lately.
    lately: Option<Duration>,
}

impl Load {
    /// Whether nothing is on and nobody waits.
    pub(super) fn is_none(&self) -> bool {
        self.running == 0 && self.waiting == 0
    }

    /// Whether one more may run.
    pub(super) fn has_room(&self, most: Option<usize>) -> bool {
        most.is_none_or(|most| self.running < most)
    }

    /// Whether one more may wait.
    pub(super) fn may_wait(&self, most: Option<usize>) -> bool {
        most.is_none_or(|most| self.waiting < most)
    }

    pub(super) fn begins(&mut self) {
        self.running += 1;
    }

    pub(super) fn ends(&mut self, took: Duration) {
        self.running -= 1;
        let before = self.lately.map(|lately| lately.saturating_mul(MEMORY).saturating_add(took));
        self.lately = Some(before.map_or(took, |both| both / (MEMORY + 1)));
    }

    /// In what time all who wait now should have begun.
    pub(super) fn wait(&self) -> Duration {
        let turns = u32::try_from(self.waiting.max(1).div_ceil(self.running.max(1))).unwrap_or(u32::MAX);
        self.lately.unwrap_or(UNKNOWN).saturating_mul(turns).clamp(SHORTEST, LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Load;

    #[test]
    fn the_wait_follows_how_long_runs_take_and_how_many_wait() {
        let mut load = Load { running: 3, waiting: 4, lately: None };
        assert_eq!(load.wait(), Duration::from_secs(2));
        load.ends(Duration::from_secs(3));
        assert_eq!((load.running, load.wait()), (2, Duration::from_secs(6)));
        // The last run counts for a quarter.
        load.ends(Duration::from_secs(7));
        assert_eq!((load.running, load.wait()), (1, Duration::from_secs(16)));
        load.waiting = 1000;
        assert_eq!(load.wait(), Duration::from_secs(60));
        let quick = Load { running: 1, waiting: 0, lately: Some(Duration::from_micros(1)) };
        assert_eq!(quick.wait(), Duration::from_millis(100));
    }
}
