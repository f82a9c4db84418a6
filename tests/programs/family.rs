//! Processes that stay, and that leave others behind. Each writes its number and start time into a roster, so that a
//! test can tell it from any other process.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, getpid, getppid, kill_process, setpgid, setsid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;

/// How many lines of daemons a storm has, and how many generations each.
const STORM_LINES: u32 = 8;
const STORM_GENERATIONS: u32 = 1_000;

/// `ROSTER [deaf] [session] [group] [frozen] [avenging]`: stays until it is ended. `frozen`: it stops itself. `avenging`:
/// asked to end, it kills its parent, leaves a daemon that is deaf, and ends.
pub(crate) fn stay(words: &[&str]) -> ExitCode {
    take_on(words);
    enter(words);
    let mut asked = words.contains(&"avenging").then(|| SignalsInfo::<WithOrigin>::new([SIGTERM]));
    ready();
    if let Some(Ok(signals)) = &mut asked {
        signals.forever().next();
        let _ = getppid().map(|parent| kill_process(parent, Signal::KILL));
        return daemon(&[words.first().copied().unwrap_or_default(), "deaf"]);
    }
    if words.contains(&"frozen") {
        let _ = kill_process(getpid(), Signal::STOP);
    }
    for_ever()
}

/// `ROSTER [deaf] [bare] [leave]`: a double fork. It ends at once, and leaves one that stays in a session of its own.
/// `bare`: without any environment. `leave`: it ends when that one is there.
pub(crate) fn daemon(words: &[&str]) -> ExitCode {
    let mut started = own("stay", words);
    started.arg("session");
    if words.contains(&"bare") {
        started.env_clear();
    }
    let waits = words.contains(&"leave");
    if waits {
        started.stdout(Stdio::piped());
    }
    let Ok(mut child) = started.spawn() else { return ExitCode::FAILURE };
    if waits {
        until_ready(&mut child);
    }
    ExitCode::SUCCESS
}

/// `ROSTER [deaf] [leave] [holding] [counting]`: starts a child, one with a group of its own, one with a session of its
/// own and a daemon, and stays, or leaves them and exits 0. `avenging`: one that is besides. `holding`: they hold its standard output. `counting`: it
/// counts signals. `owner`: each becomes the owner of this program for good, if it is setuid. `every`: a daemon without environment and a child that has stopped itself as well. `parricide`: at the
/// end it kills its parent; `hold-parent`: it stops its parent and exits.
pub(crate) fn family(words: &[&str]) -> ExitCode {
    take_on(words);
    let not_theirs = ["leave", "holding", "counting", "every", "parricide", "hold-parent", "avenging"];
    let own_words: Vec<&str> = words.iter().copied().filter(|word| !not_theirs.contains(word)).collect();
    let mut kinds =
        vec![("stay", None), ("stay", Some("group")), ("stay", Some("session")), ("daemon", None)];
    if words.contains(&"every") {
        kinds.extend([("daemon", Some("bare")), ("stay", Some("frozen"))]);
    }
    if words.contains(&"avenging") {
        kinds.push(("stay", Some("avenging")));
    }
    for (habit, kind) in kinds {
        let mut command = own(habit, &own_words);
        command.args(kind);
        if words.contains(&"holding") {
            command.stderr(Stdio::piped());
        } else {
            command.stdout(Stdio::piped());
        }
        let Ok(mut child) = command.spawn() else { return ExitCode::FAILURE };
        until_ready(&mut child);
        if habit == "daemon" {
            let _ = child.wait();
        }
    }
    enter(words);
    if words.contains(&"counting") {
        return count_signals();
    }
    ready();
    let parent = |signal| getppid().map(|parent| kill_process(parent, signal));
    if words.contains(&"parricide") {
        let _ = parent(Signal::KILL);
    }
    if words.contains(&"hold-parent") {
        let _ = parent(Signal::STOP);
        return ExitCode::SUCCESS;
    }
    if words.contains(&"leave") { ExitCode::SUCCESS } else { for_ever() }
}

/// `ROSTER [leave]`: eight lines of daemons, each of which starts the next and ends. `leave`: it exits 0 once they are
/// there. They end by themselves after a while, in case nobody ends them.
pub(crate) fn storm(words: &[&str]) -> ExitCode {
    enter(words);
    let generation = words.iter().find_map(|word| word.strip_prefix("generation=")?.parse::<u32>().ok());
    if let Some(generation) = generation {
        if generation == 0 {
            return ExitCode::SUCCESS;
        }
        let _ = setsid();
        if generation == STORM_GENERATIONS {
            say("ready");
        }
        let started = of_storm(words, generation - 1).spawn();
        return if started.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    for _ in 0..STORM_LINES {
        let first = of_storm(words, STORM_GENERATIONS).stdout(Stdio::piped()).spawn();
        let Ok(mut first) = first else { return ExitCode::FAILURE };
        until_ready(&mut first);
    }
    ready();
    if words.contains(&"leave") { ExitCode::SUCCESS } else { for_ever() }
}

fn of_storm(words: &[&str], generation: u32) -> Command {
    let roster = words.first().copied().unwrap_or_default();
    own("storm", &[roster, &format!("generation={generation}")])
}

/// Stops itself; whoever continues it continues it for good.
pub(crate) fn stop_self() -> ExitCode {
    ready();
    let _ = kill_process(getpid(), Signal::STOP);
    for_ever()
}

/// Says `got N` for each signal it is sent, and how many there were when a line comes on standard input.
pub(crate) fn count_signals() -> ExitCode {
    // With their origins none is lost: two that come together are two.
    let Ok(mut signals) = SignalsInfo::<WithOrigin>::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT]) else {
        return ExitCode::FAILURE;
    };
    let counted = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let count = counted.clone();
    std::thread::spawn(move || {
        for origin in &mut signals {
            count.fetch_add(1, Ordering::SeqCst);
            say(&format!("got {}", origin.signal));
        }
    });
    ready();
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(read) if read > 0 => {
            say(&format!("signals: {}", counted.load(Ordering::SeqCst)));
            ExitCode::SUCCESS
        }
        // Without anyone to ask, it stays.
        _ => for_ever(),
    }
}

fn own(habit: &str, words: &[&str]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg(habit).args(words).stdin(Stdio::null());
    command
}

fn take_on(words: &[&str]) {
    if words.contains(&"owner") {
        let owner = rustix::process::geteuid();
        // Nothing else runs in this process yet.
        let _ = rustix::thread::set_thread_res_uid(owner, owner, owner);
    }
    if words.contains(&"deaf") {
        for signal in [SIGTERM, SIGHUP, SIGINT] {
            let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
        }
    }
    if words.contains(&"session") {
        let _ = setsid();
    }
    if words.contains(&"group") {
        let _ = setpgid(None, None::<Pid>);
    }
}

/// Writes `PID START` into the roster, in one write.
fn enter(words: &[&str]) {
    let Some(roster) = words.first() else { return };
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let start = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19)).unwrap_or("0");
    let line = format!("{} {start}\n", std::process::id());
    if let Ok(mut file) = OpenOptions::new().append(true).create(true).open(roster) {
        let _ = file.write_all(line.as_bytes());
    }
}

/// Both streams: one of them may be held by someone else.
fn ready() {
    say("ready");
    let _ = std::io::stderr().write_all(b"ready\n");
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

fn until_ready(child: &mut Child) {
    let stdout = child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read>);
    let stream = stdout.or_else(|| child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read>));
    let _ = stream.map(|stream| BufReader::new(stream).read_line(&mut String::new()));
}

fn for_ever() -> ExitCode {
    loop {
        std::thread::park();
    }
}
