//! What came of the calls of a soak: each was answered as it must be, or cancelled; everything else is told.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::client::Counts;
use super::mix::{Called, Wanted};
use crate::Failure;

/// So many mistakes are told in words.
const TOLD: usize = 10;

/// Counted by many at once.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    calls: usize,
    well: usize,
    failed: usize,
    refused: usize,
    cancelled: usize,
    notifications: usize,
    /// Calls without an answer, with another one than they must have, or with two.
    mistakes: usize,
    told: Vec<String>,
}

impl Counted {
    fn mistake(&mut self, what: String) {
        self.mistakes += 1;
        if self.told.len() < TOLD {
            self.told.push(what);
        }
    }
}

impl Tally {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one call and its answer; `None`: it was cancelled.
    pub(crate) fn count(&self, called: &Called, answered: Result<Option<Value>, Failure>) {
        let mut counted = self.counted();
        counted.calls += 1;
        let answer = match answered {
            Ok(Some(answer)) => answer,
            Ok(None) => return counted.cancelled += 1,
            Err(failure) => return counted.mistake(format!("`{}`: {failure}", called.tool)),
        };
        let got = match answer.pointer("/result/isError").and_then(Value::as_bool) {
            Some(false) => Some(Wanted::Success),
            Some(true) => Some(Wanted::Failure),
            None => answer.get("error").map(|_| Wanted::Refusal),
        };
        match got {
            Some(Wanted::Success) => counted.well += 1,
            Some(Wanted::Failure) => counted.failed += 1,
            Some(Wanted::Refusal) => counted.refused += 1,
            None => {}
        }
        if got != Some(called.wanted) {
            let answer: String = answer.to_string().chars().take(600).collect();
            counted.mistake(format!("`{}` was answered otherwise: {answer}", called.tool));
        }
    }

    /// Counts what else was on the wire.
    pub(crate) fn wire(&self, counts: Counts) {
        let mut counted = self.counted();
        counted.notifications = counts.notifications;
        for (count, what) in
            [(counts.unasked, "answers to nobody"), (counts.odd, "lines that are no message")]
        {
            (0..count).for_each(|_| counted.mistake(what.to_owned()));
        }
    }

    pub(crate) fn mistakes(&self) -> Vec<String> {
        let counted = self.counted();
        let more = counted.mistakes - counted.told.len();
        let more = (more > 0).then(|| format!("and {more} more"));
        counted.told.iter().cloned().chain(more).collect()
    }

    pub(crate) fn text(&self) -> String {
        let Counted { calls, well, failed, refused, cancelled, notifications, mistakes, .. } =
            *self.counted();
        let heard =
            if notifications > 0 { format!("; {notifications} notifications") } else { String::new() };
        format!(
            "{calls} calls: {well} went well, {failed} failed as they should, {refused} refused, {cancelled} cancelled,\n\
             {mistakes} unanswered, answered twice or otherwise{heard}"
        )
    }

    pub(crate) fn json(&self) -> Value {
        let counted = self.counted();
        json!({
            "calls": counted.calls,
            "well": counted.well,
            "failed": counted.failed,
            "refused": counted.refused,
            "cancelled": counted.cancelled,
            "notifications": counted.notifications,
            "mistakes": counted.mistakes,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Tally;
    use crate::soak::mix::Mix;

    #[test]
    fn every_answer_that_is_not_the_wanted_one_is_a_mistake() {
        let tally = Tally::default();
        let mix = Mix::new(1, true, true);
        let good = (0..1000).map(|run| mix.run(run)).find(|called| called.tool == "nothing").unwrap();
        let refused = (0..1000).map(|run| mix.run(run)).find(|called| called.tool == "no_such_tool").unwrap();
        tally.count(&good, Ok(Some(json!({ "result": { "isError": false } }))));
        tally.count(&good, Ok(None));
        tally.count(&refused, Ok(Some(json!({ "error": { "code": -32602 } }))));
        assert_eq!(tally.mistakes(), [""; 0]);
        tally.count(&good, Ok(Some(json!({ "result": { "isError": true } }))));
        tally.count(&refused, Ok(Some(json!({ "result": { "isError": false } }))));
        tally.count(&good, Ok(Some(json!({}))));
        tally.count(&good, Err("no answer".into()));
        assert_eq!(tally.mistakes().len(), 4);
        assert_eq!(tally.json()["calls"], 7);
    }
}
