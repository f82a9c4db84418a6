//! Processes, known by number and start time: a number alone may be another's by then. Whatever escapes from everyone
//! comes to the bench, which adopts it, so that nothing has to be looked for by its name; what is no child or
//! descendant of the bench is never touched.

use std::path::Path;
use std::time::{Duration, Instant};

use procfs::process::Process;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, getpid, pidfd_open, pidfd_send_signal,
    set_child_subreaper, waitid,
};

use crate::Failure;

/// Between two looks at what cannot be waited for.
const PAUSE: Duration = Duration::from_micros(500);

/// One process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    number: i32,
    start: u64,
}

impl Identity {
    /// Whoever has the number now; `None`: nobody, or one that has ended.
    pub(crate) fn of(number: i32) -> Option<Self> {
        let stat = Process::new(number).and_then(|process| process.stat()).ok()?;
        (!has_ended(stat.state)).then_some(Self { number, start: stat.starttime })
    }

    /// Whether it is there and has not ended.
    pub(crate) fn is_alive(self) -> bool {
        Self::of(self.number) == Some(self)
    }

    /// Waits for its end; false: it is still there after so long.
    pub(crate) fn ends_within(self, limit: Duration) -> bool {
        let Some(pidfd) = Pid::from_raw(self.number).map(|pid| pidfd_open(pid, PidfdFlags::empty())) else {
            return true;
        };
        let Ok(pidfd) = pidfd else { return !self.is_alive() };
        // Now that the number is held it can be compared.
        if !self.is_alive() {
            return true;
        }
        let limit = Timespec::try_from(limit).ok();
        poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], limit.as_ref()).is_ok_and(|ready| ready > 0)
    }

    /// Ends it.
    pub(crate) fn kill(self) {
        let Some(pidfd) = Pid::from_raw(self.number).map(|pid| pidfd_open(pid, PidfdFlags::empty())) else {
            return;
        };
        if let Ok(pidfd) = pidfd
            && self.is_alive()
        {
            let _ = pidfd_send_signal(&pidfd, Signal::KILL);
        }
    }
}

/// Whether the state in `/proc/PID/stat` (proc_pid_stat(5)) is that of a process that has ended: a zombie, or one that
/// is being waited for this moment.
fn has_ended(state: char) -> bool {
    matches!(state, 'Z' | 'X' | 'x')
}

/// The children of a process, those that have ended among them.
pub(crate) fn children(number: i32) -> Vec<i32> {
    let tasks = Process::new(number).and_then(|process| process.tasks());
    let children = tasks.into_iter().flatten().flatten().filter_map(|task| task.children().ok()).flatten();
    children.map(u32::cast_signed).collect()
}

/// All that descends from a process.
pub(crate) fn descendants(number: i32) -> Vec<Identity> {
    let mut numbers = children(number);
    let mut found = Vec::new();
    while let Some(number) = numbers.pop() {
        found.extend(Identity::of(number));
        numbers.extend(children(number));
    }
    found
}

/// How many children of a process have ended and were not waited for.
pub(crate) fn zombies(number: i32) -> usize {
    let is_zombie = |child: &i32| {
        Process::new(*child).and_then(|process| process.stat()).is_ok_and(|stat| stat.state == 'Z')
    };
    children(number).iter().filter(|child| is_zombie(child)).count()
}

/// What was left alone by everyone else comes to the bench from now on.
pub(crate) fn adopt() -> Result<(), Failure> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// What has come to the bench and is still there after so long; all of it is ended. `own` are those that the bench has
/// started itself.
pub(crate) fn strays(own: &[u32], limit: Duration) -> Vec<Identity> {
    let begin = Instant::now();
    loop {
        let mut left = Vec::new();
        for number in children(getpid().as_raw_nonzero().get()) {
            if own.contains(&number.cast_unsigned()) {
                continue;
            }
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            let is_over = Pid::from_raw(number)
                .is_none_or(|pid| !matches!(waitid(WaitId::Pid(pid), options), Ok(None)));
            if !is_over {
                left.extend(Identity::of(number));
            }
        }
        if left.is_empty() {
            return left;
        }
        if begin.elapsed() > limit {
            left.iter().for_each(|stray| stray.kill());
            return left;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Everyone who is in a roster, into which `misbehave` writes each process that it starts.
pub(crate) fn everyone(roster: &Path) -> Vec<Identity> {
    let text = std::fs::read_to_string(roster).unwrap_or_default();
    let entry = |line: &str| {
        let (number, start) = line.split_once(' ')?;
        Some(Identity { number: number.parse().ok()?, start: start.parse().ok()? })
    };
    text.lines().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::{Identity, descendants, has_ended};

    #[test]
    fn a_process_is_known_until_it_ends() {
        let mut child = Command::new("/bin/cat").stdin(Stdio::piped()).spawn().unwrap();
        let identity = Identity::of(child.id().cast_signed()).unwrap();
        assert!(descendants(std::process::id().cast_signed()).contains(&identity));
        assert!(identity.is_alive() && !identity.ends_within(Duration::ZERO));
        let other = Identity { start: identity.start + 1, ..identity };
        other.kill();
        assert!(!other.is_alive() && other.ends_within(Duration::ZERO) && identity.is_alive());
        identity.kill();
        assert!(identity.ends_within(Duration::from_secs(10)));
        // It is a zombie by now.
        assert!(!identity.is_alive());
        child.wait().unwrap();
    }

    #[test]
    fn who_is_being_waited_for_has_ended() {
        assert!(['Z', 'X'].into_iter().all(has_ended));
        assert!(!['R', 'S', 'D', 'T', 't', 'I'].into_iter().any(has_ended));
    }
}
