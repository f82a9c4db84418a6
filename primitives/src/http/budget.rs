//! How many retries a host is worth: a host that fails for everybody is not asked several times by everybody.
//! A retry takes one from a purse of [`PURSE`], which fills again with [`PER_SECOND`]; first attempts are free.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

const PURSE: f64 = 20.0;
const PER_SECOND: f64 = 2.0;
/// Hosts that are remembered; one with a full purse need not be.
const MAX_HOSTS: usize = 256;

struct Purse {
    left: f64,
    at: Instant,
}

/// The purses of all hosts.
#[derive(Default)]
pub(super) struct Budget(Mutex<HashMap<String, Purse>>);

impl Budget {
    /// Whether one more retry of this host is due; it is paid then.
    pub(super) fn take(&self, host: &str, now: Instant) -> bool {
        let mut purses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if purses.len() >= MAX_HOSTS {
            purses.retain(|_, purse| purse.at(now) < PURSE);
        }
        // Too many broken hosts at once: a stranger must wait until one of them has recovered.
        if purses.len() >= MAX_HOSTS && !purses.contains_key(host) {
            return false;
        }
        let purse = purses.entry(host.to_owned()).or_insert(Purse { left: PURSE, at: now });
        let left = purse.at(now);
        let may = left >= 1.0;
        *purse = Purse { left: if may { left - 1.0 } else { left }, at: now };
        may
    }
}

impl Purse {
    fn at(&self, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        seconds.mul_add(PER_SECOND, self.left).min(PURSE)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Budget;

    #[test]
    fn a_host_has_twenty_retries_and_two_more_each_second() {
        let (budget, start) = (Budget::default(), Instant::now());
        let taken = |host: &str, now| (0..100).take_while(|_| budget.take(host, now)).count();
        assert_eq!(taken("broken.test", start), 20);
        assert_eq!(taken("other.test", start), 20);
        assert_eq!(taken("broken.test", start + Duration::from_secs(3)), 6);
        assert_eq!(taken("broken.test", start + Duration::from_secs(3600)), 20);
    }

    #[test]
    fn many_hosts_take_no_more_memory() {
        let (budget, start) = (Budget::default(), Instant::now());
        let taken = (0..1000).filter(|host| budget.take(&host.to_string(), start)).count();
        assert_eq!(taken, 256);
        assert!(budget.take("late.test", start + Duration::from_secs(60)));
        assert_eq!(budget.0.lock().unwrap().len(), 1);
    }
}
