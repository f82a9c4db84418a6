//! The processes that a test has started, known by number and start time: a number alone may be another's by then.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::live::Stream;
use crate::world::{BOUND, World, misbehave};

/// One process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) number: i32,
    start: u64,
}

impl Identity {
    /// Whether it is there and has not ended.
    pub(crate) fn is_alive(self) -> bool {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{}/stat", self.number)) else { return false };
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        // `X`: it is being waited for this moment.
        let has_ended = matches!(fields.next(), Some("Z" | "X"));
        !has_ended && fields.nth(18).and_then(|start| start.parse().ok()) == Some(self.start)
    }

    fn kill(self) {
        if self.is_alive() {
            let _ = Pid::from_raw(self.number).map(|pid| kill_process(pid, Signal::KILL));
        }
    }
}

/// A file into which `misbehave` writes every process of a family.
pub(crate) struct Roster {
    path: PathBuf,
}

impl Roster {
    pub(crate) fn new(world: &World) -> Self {
        Self::at(world.root().join("roster"))
    }

    /// One more, in a file of its own.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Everyone who is in it.
    pub(crate) fn everyone(&self) -> Vec<Identity> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        text.lines()
            .map(|line| {
                let (number, start) = line.split_once(' ').unwrap();
                Identity { number: number.parse().unwrap(), start: start.parse().unwrap() }
            })
            .collect()
    }

    /// Waits until so many are in it.
    #[track_caller]
    pub(crate) fn wait_for(&self, started: usize) {
        let begin = Instant::now();
        while self.everyone().len() < started {
            assert!(begin.elapsed() < BOUND, "only {:?}", self.everyone());
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Waits until so many were started and none is left.
    #[track_caller]
    pub(crate) fn wait_until_gone(&self, started: usize) {
        self.wait_until_nobody_is_left();
        self.assert_gone(started);
    }

    /// Waits until none is left of those that were started.
    #[track_caller]
    pub(crate) fn wait_until_nobody_is_left(&self) {
        let begin = Instant::now();
        while self.everyone().iter().any(|process| process.is_alive()) {
            assert!(begin.elapsed() < BOUND / 2, "still there: {:?}", self.everyone());
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Asserts that so many were started and that none is left.
    #[track_caller]
    pub(crate) fn assert_gone(&self, started: usize) {
        let everyone = self.everyone();
        assert_eq!(everyone.len(), started, "{everyone:?}");
        let left: Vec<_> = everyone.into_iter().filter(|process| process.is_alive()).collect();
        assert!(left.is_empty(), "left: {left:?}");
    }
}

impl Drop for Roster {
    fn drop(&mut self) {
        self.everyone().into_iter().for_each(Identity::kill);
    }
}

/// A FIFO through which a tool whose output is captured says that it is ready.
pub(crate) struct Gate {
    path: PathBuf,
    stream: Stream,
}

impl Gate {
    pub(crate) fn new(world: &World) -> Self {
        let path = world.root().join("gate");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        // For writing too, so that opening waits for nobody.
        let file = std::fs::File::options().read(true).write(true).open(&path).unwrap();
        Self { path, stream: Stream::of(file) }
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.stream.wait_for(text);
    }
}

/// A tool of the project that is a command: what stands in `config` comes after its command line.
pub(crate) fn command_tool(world: &World, id: &str, command: &[&str], config: &str) {
    let (program, args) = command.split_first().unwrap();
    let text =
        format!("executor_id = \"subprocess\"\n[config]\ncommand = {program:?}\nargs = {args:?}\n{config}\n");
    world.tool(&format!("{id}.toml"), text);
}

/// A tool of the project that has a bad habit.
pub(crate) fn habit_tool(world: &World, id: &str, words: &[&str], config: &str) {
    let command: Vec<&str> = [misbehave()].into_iter().chain(words.iter().copied()).collect();
    command_tool(world, id, &command, config);
}

#[test]
fn a_number_alone_is_nobody() {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let start: u64 = stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().parse().unwrap();
    let number = std::process::id().cast_signed();
    assert!(Identity { number, start }.is_alive());
    assert!(!Identity { number, start: start + 1 }.is_alive());
}
