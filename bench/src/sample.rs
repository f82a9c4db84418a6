//! Durations taken in turn, so that noise hits every contender alike, and what is said of them.

use std::time::Duration;

use crate::Failure;

/// Something that is measured: it does its work once and says how long that took.
pub(crate) struct Contender<'w> {
    name: &'static str,
    once: Box<dyn FnMut() -> Result<Duration, Failure> + 'w>,
}

impl<'w> Contender<'w> {
    pub(crate) fn new(name: &'static str, once: impl FnMut() -> Result<Duration, Failure> + 'w) -> Self {
        Self { name, once: Box::new(once) }
    }
}

/// How often to measure.
#[derive(Clone, Copy)]
pub(crate) struct Rounds {
    pub(crate) discarded: usize,
    pub(crate) kept: usize,
}

/// The durations of one contender, sorted.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    sorted: Vec<Duration>,
}

impl Sample {
    fn new(name: &'static str, mut taken: Vec<Duration>) -> Self {
        taken.sort_unstable();
        Self { name, sorted: taken }
    }

    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }

    /// What a quiet machine would show more often.
    pub(crate) fn tenth(&self) -> Duration {
        self.percentile(10)
    }

    fn percentile(&self, percent: usize) -> Duration {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted.get(last * percent / 100).copied().unwrap_or_default()
    }
}

/// Measures all contenders in turn: A, B, C, A, B, C.
pub(crate) fn in_turn(contenders: Vec<Contender<'_>>, rounds: Rounds) -> Result<Vec<Sample>, Failure> {
    let mut contenders: Vec<_> = contenders.into_iter().map(|contender| (contender, Vec::new())).collect();
    for round in 0..rounds.discarded + rounds.kept {
        for (contender, taken) in &mut contenders {
            let name = contender.name;
            let duration = (contender.once)().map_err(|failure| format!("{name}: {failure}"))?;
            if round >= rounds.discarded {
                taken.push(duration);
            }
        }
    }
    Ok(contenders.into_iter().map(|(contender, taken)| Sample::new(contender.name, taken)).collect())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use super::{Contender, Rounds, Sample, in_turn};

    #[test]
    fn a_sample_is_told_by_its_order() {
        let sample = Sample::new("x", (0..=100).rev().map(Duration::from_secs).collect());
        assert_eq!(sample.median(), Duration::from_secs(50));
        assert_eq!(sample.tenth(), Duration::from_secs(10));
    }

    #[test]
    fn contenders_take_turns_and_the_first_rounds_do_not_count() {
        let order = RefCell::new(String::new());
        let contender = |name: &'static str| {
            let order = &order;
            Contender::new(name, move || {
                order.borrow_mut().push_str(name);
                Ok(Duration::from_secs(order.borrow().len() as u64))
            })
        };
        let rounds = Rounds { discarded: 1, kept: 1 };
        let samples = in_turn(vec![contender("a"), contender("b")], rounds).unwrap();
        assert_eq!(order.borrow().as_str(), "abab");
        assert_eq!(samples.iter().map(|sample| sample.median().as_secs()).collect::<Vec<_>>(), [3, 4]);
    }
}
