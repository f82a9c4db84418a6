//! Waiting for what is about to come. Going to sleep and being woken costs more than such a wait, above all where another
//! processor has to be woken for it; others who have something to do are let go first.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::thread::sched_yield;

/// Whether a descriptor becomes readable, or is hung up, within a limit of less than a millisecond.
pub(crate) fn is_readable_soon(descriptor: impl AsFd, limit: Duration) -> bool {
    let begin = Instant::now();
    loop {
        let mut polled = [PollFd::new(&descriptor, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        if poll(&mut polled, Some(&now)).is_ok_and(|ready| ready > 0) {
            return true;
        }
        if begin.elapsed() >= limit {
            return false;
        }
        sched_yield();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::is_readable_soon;

    #[test]
    fn what_comes_is_seen_and_what_does_not_is_not_waited_for() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        assert!(!is_readable_soon(&read, Duration::ZERO));
        assert!(!is_readable_soon(&read, Duration::from_micros(50)));
        rustix::io::write(&write, b"x").unwrap();
        assert!(is_readable_soon(&read, Duration::ZERO));
        rustix::io::read(&read, &mut [0; 1]).unwrap();
        drop(write);
        assert!(is_readable_soon(&read, Duration::ZERO));
    }
}
