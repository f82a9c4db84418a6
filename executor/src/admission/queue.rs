//! Who waits, and whose turn it is. Turns go round among the callers, with each caller among the tools, and with each
//! tool in the order of asking: neither a caller nor a tool keeps another from its turn.

use std::collections::VecDeque;

use rye_runtimes::ItemId;

use super::Caller;

/// Those who wait.
#[derive(Debug)]
pub(super) struct Queue<W> {
    /// The first had his last turn longest ago.
    callers: VecDeque<Calls<W>>,
}

/// The calls of one caller. There is one at least.
#[derive(Debug)]
struct Calls<W> {
    caller: Caller,
    /// The first had its last turn longest ago.
    lines: VecDeque<Line<W>>,
}

/// One caller's calls of one tool. There is one at least.
#[derive(Debug)]
struct Line<W> {
    tool: ItemId,
    waiters: VecDeque<W>,
}

impl<W> Queue<W> {
    pub(super) fn new() -> Self {
        Self { callers: VecDeque::new() }
    }

    /// Puts one at the end of its line.
    pub(super) fn push(&mut self, caller: &Caller, tool: &ItemId, waiter: W) {
        let waiters = VecDeque::from([waiter]);
        let line = |waiters| Line { tool: tool.clone(), waiters };
        match self.callers.iter_mut().find(|calls| calls.caller == *caller) {
            Some(calls) => match calls.lines.iter_mut().find(|line| line.tool == *tool) {
                Some(line) => line.waiters.extend(waiters),
                None => calls.lines.push_back(line(waiters)),
            },
            None => {
                let lines = VecDeque::from([line(waiters)]);
                self.callers.push_back(Calls { caller: caller.clone(), lines });
            }
        }
    }

    /// Takes out whose turn it is, of those who may go. Only the first of a line is asked.
    pub(super) fn next(&mut self, may_go: impl Fn(&W) -> bool) -> Option<W> {
        let first = |line: &Line<W>| line.waiters.front().is_some_and(&may_go);
        let (at, line) = self.callers.iter().enumerate().find_map(|(at, calls)| {
            let line = calls.lines.iter().position(first)?;
            Some((at, line))
        })?;
        let mut calls = self.callers.remove(at)?;
        let mut line = calls.lines.remove(line)?;
        let waiter = line.waiters.pop_front();
        if !line.waiters.is_empty() {
            calls.lines.push_back(line);
        }
        if !calls.lines.is_empty() {
            self.callers.push_back(calls);
        }
        waiter
    }

    /// Takes one out that waits no longer.
    pub(super) fn remove(&mut self, is_meant: impl Fn(&W) -> bool) -> Option<W> {
        let place = self.callers.iter().enumerate().find_map(|(at, calls)| {
            calls.lines.iter().enumerate().find_map(|(line, found)| {
                let waiter = found.waiters.iter().position(&is_meant)?;
                Some((at, line, waiter))
            })
        });
        let (at, line, waiter) = place?;
        let calls = self.callers.get_mut(at)?;
        let found = calls.lines.get_mut(line)?;
        let removed = found.waiters.remove(waiter);
        if found.waiters.is_empty() {
            calls.lines.remove(line);
        }
        if calls.lines.is_empty() {
            self.callers.remove(at);
        }
        removed
    }

    /// Takes out all.
    pub(super) fn drain(&mut self) -> Vec<W> {
        let callers = std::mem::take(&mut self.callers);
        callers.into_iter().flat_map(|calls| calls.lines).flat_map(|line| line.waiters).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;

    /// Each word is a caller, a tool and a number.
    fn queue(words: &str) -> Queue<String> {
        let mut queue = Queue::new();
        for word in words.split(' ') {
            let (caller, tool) = (Some(word[..1].into()), word[1..2].parse().unwrap());
            queue.push(&caller, &tool, word.to_owned());
        }
        queue
    }

    fn order(mut queue: Queue<String>) -> String {
        let all: Vec<_> = std::iter::from_fn(|| queue.next(|_| true)).collect();
        assert!(queue.callers.is_empty());
        all.join(" ")
    }

    #[test]
    fn turns_go_round_among_callers_and_with_each_among_tools() {
        assert_eq!(order(queue("xa1 xa2 xa3 xb1 xb2 xc1")), "xa1 xb1 xc1 xa2 xb2 xa3");
        assert_eq!(order(queue("xa1 xa2 xa3 ya1 za1 yb1 ya2")), "xa1 ya1 za1 xa2 yb1 xa3 ya2");
    }

    #[test]
    fn who_may_not_go_keeps_nobody_else() {
        let mut queue = queue("xa1 xa2 xb1 ya1");
        assert_eq!(queue.next(|word| !word.contains('a')).as_deref(), Some("xb1"));
        assert_eq!(queue.next(|word| !word.starts_with('x')).as_deref(), Some("ya1"));
        assert_eq!(queue.next(|_| false), None);
        assert_eq!(order(queue), "xa1 xa2");
    }

    #[test]
    fn who_goes_away_takes_nobodys_turn() {
        let mut queue = queue("xa1 xa2 ya1 yb1 zc1");
        for word in ["xa1", "ya1", "zc1"] {
            assert_eq!(queue.remove(|known| known == word).as_deref(), Some(word));
            assert_eq!(queue.remove(|known| known == word), None);
        }
        assert_eq!(queue.drain(), ["xa2", "yb1"]);
        assert_eq!(order(queue), "");
    }
}
