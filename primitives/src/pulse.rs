//! When a run was last heard of. A sign of life costs no timer: it leaves its moment, and who waits for silence looks
//! again when there could have been enough of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::time::sleep;

/// What has come is read within this time.
const HEARING: Duration = Duration::from_millis(20);

/// The signs of life of one run. Clones are the same run's.
#[derive(Clone)]
pub struct Pulse {
    begun: Instant,
    /// In nanoseconds from there: they last for five centuries.
    last: Arc<AtomicU64>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { begun: Instant::now(), last: Arc::default() }
    }
}

impl Pulse {
    /// Tells of a sign of life that the run's own streams do not show.
    pub fn beat(&self) {
        let now = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.last.fetch_max(now, Ordering::Relaxed);
    }

    /// Waits until there was no sign for so long.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime, or in one without its time driver.
    pub async fn stops(&self, limit: Duration) {
        loop {
            sleep(limit.saturating_sub(self.silence())).await;
            // A program that stood still has not heard yet what came meanwhile.
            sleep(HEARING).await;
            if self.silence() >= limit {
                return;
            }
        }
    }

    fn silence(&self) -> Duration {
        self.begun.elapsed().saturating_sub(Duration::from_nanos(self.last.load(Ordering::Relaxed)))
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pulse").field("silence", &self.silence()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Pulse;

    #[tokio::test]
    async fn silence_is_counted_from_the_last_sign() {
        let (pulse, limit) = (Pulse::default(), Duration::from_millis(50));
        let other = pulse.clone();
        let begun = Instant::now();
        let beats = async {
            for _ in 0..4 {
                tokio::time::sleep(limit / 2).await;
                other.beat();
            }
            Instant::now()
        };
        let (last, ()) = tokio::join!(beats, pulse.stops(limit));
        assert!(last.elapsed() >= limit && begun.elapsed() >= limit * 3, "{:?}", begun.elapsed());
    }
}
