//! Runs that live in a cgroup of their own: what escapes every other means is ended there too, nothing of it stays
//! behind, and where none is to be had nobody notices.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, StatVfsMountFlags, flock, statvfs};
use rustix::process::{Pid, Signal};
use rye_executor::{CallOptions, Config, Executor, Outcome, Supervision};
use serde_json::{Map, json};

use crate::library::{block_on, executor, start};
use crate::live::wait;
use crate::mcp_peer::{Peer, text_of};
use crate::roster::{Gate, Roster, command_tool, habit_tool};
use crate::world::{BOUND, World, am_root, have, misbehave, python, rye};

/// The leader and six more: see `supervision`.
const FAMILY: usize = 7;
/// `nobody`.
const NOBODY: u32 = 65_534;
const AS_NOBODY: [&str; 6] = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];

/// Where the tests may make cgroups. If they may not, that is named and counted as a skip: it depends on the machine.
fn place() -> Option<PathBuf> {
    let found = find_place();
    if found.is_none() {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        let _ = writeln!(std::io::stderr(), "skipped: {test}: no cgroup can be made on this machine");
    }
    found
}

fn find_place() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let fields = mounts.lines().filter_map(|line| line.split_once(" - cgroup2 ")).next_back()?.0;
    let mut fields = fields.split(' ').skip(3);
    let (root, point) = (fields.next()?, fields.next()?);
    let table = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = table.lines().find_map(|line| line.strip_prefix("0::"))?;
    let place = Path::new(point).join(Path::new(own).strip_prefix(root).ok()?);
    // Only a start shows whether the kernel lets anyone in.
    let probe = Cgroup::make(&place, "probe")?;
    let kills = probe.0.join("cgroup.kill").exists();
    let mut entered = sleeper(&probe.0)?;
    let _ = entered.kill();
    let _ = entered.wait();
    kills.then_some(place)
}

/// A process in a cgroup, that ends by itself after a while.
fn sleeper(cgroup: &Path) -> Option<Child> {
    let script = "echo $$ > \"$0/cgroup.procs\" && echo ready && exec sleep 100";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).arg(cgroup).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let mut ready = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut()?), &mut ready).ok()?;
    if ready == "ready\n" {
        return Some(child);
    }
    let _ = child.wait();
    None
}

/// A cgroup of a test, gone at its end.
struct Cgroup(PathBuf);

impl Cgroup {
    /// Every one has a name of its own.
    fn make(place: &Path, word: &str) -> Option<Self> {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1000);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = place.join(format!("rye-{word}-{}-{number}", std::process::id()));
        fs::create_dir(&folder).ok()?;
        Some(Self(folder))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let begin = Instant::now();
        while fs::remove_dir(&self.0).is_err() && self.0.exists() && begin.elapsed() < Duration::from_secs(5)
        {
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

/// The cgroups that a program has made for its runs and that are there.
fn made_by(place: &Path, program: u32) -> Vec<String> {
    let names = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let of = [format!("rye-run-{program}-"), format!("rye-kept-{program}-")];
    names.filter(|name| of.iter().any(|prefix| name.starts_with(prefix))).collect()
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}

/// A tool that says which cgroup it is in, if that is one of rye's.
fn where_am_i(world: &World) {
    world.tool("where.sh", "sed -n 's|^0::.*/\\(rye-[rk][a-z]*-[0-9]*-[0-9]*\\)$|\\1|p' /proc/self/cgroup\n");
}

fn family(world: &World, words: &[&str], config: &str) -> Roster {
    let roster = Roster::new(world);
    let words: Vec<_> = ["family", roster.path(), "every"].into_iter().chain(words.iter().copied()).collect();
    habit_tool(world, "family", &words, config);
    roster
}

async fn call(executor: &Executor, tool: &str) -> Outcome {
    executor.call(&tool.parse().unwrap(), Map::new(), CallOptions::default()).await.unwrap()
}

#[test]
fn a_server_uses_one_again_and_leaves_none() {
    let Some(place) = place() else { return };
    let world = World::new();
    where_am_i(&world);
    let mut peer = Peer::session(&world, "2025-11-25");
    let server = number(peer.id());
    let first = peer.text("where", json!({}));
    assert!(first.starts_with(&format!("rye-run-{server}-")), "{first:?}");
    for _ in 0..5 {
        peer.text("where", json!({}));
    }
    // What is empty a moment later than its run is over is used later.
    assert!(made_by(&place, server).len() <= 2, "{:?}", made_by(&place, server));
    peer.end();
    assert_eq!(made_by(&place, server), [""; 0]);
}

#[test]
fn the_outcome_names_the_strongest_means_that_was_allowed() {
    if place().is_none() {
        return;
    }
    let world = World::new();
    where_am_i(&world);
    let weaker = Config { supervision: Supervision::Subreaper, ..Config::default() };
    for (config, wanted) in [(Config::default(), Supervision::Cgroup), (weaker, Supervision::Subreaper)] {
        let executor = executor(&world, config);
        let outcome = block_on(call(&executor, "where"));
        assert_eq!(outcome.supervision, Some(wanted), "{outcome:?}");
        assert_eq!(outcome.stdout.is_empty(), wanted == Supervision::Subreaper, "{outcome:?}");
        assert_eq!(outcome.ending.leaked_processes, 0);
    }
}

#[test]
fn calls_at_once_have_each_their_own() {
    if place().is_none() {
        return;
    }
    let world = World::new();
    where_am_i(&world);
    let roster = family(&world, &["deaf"], "grace = 0.1");
    let executor = executor(&world, Config::default());
    block_on(async {
        let run = start(&executor, "family");
        roster.wait_for(FAMILY);
        let other = call(&executor, "where").await;
        assert!(other.success && !other.stdout.is_empty(), "{other:?}");
        // The end of the one is not the other's.
        assert!(roster.everyone().iter().all(|one| one.is_alive()));
        run.stopper().stop(rye_executor::Stop::Ask);
        let outcome = run.outcome().await.unwrap();
        assert!(outcome.ending.escalated, "{outcome:?}");
        roster.assert_gone(FAMILY);
    });
}

/// The kernel ends whoever is started into one that was ever killed.
#[test]
fn the_call_after_one_that_was_killed_runs() {
    if place().is_none() {
        return;
    }
    let world = World::new();
    where_am_i(&world);
    let roster = family(&world, &["deaf"], "timeout = 0.3\ngrace = 0.1");
    let executor = executor(&world, Config::default());
    block_on(async {
        for _ in 0..3 {
            let killed = call(&executor, "family").await;
            assert!(killed.ending.escalated, "{killed:?}");
            let next = call(&executor, "where").await;
            assert!(next.success && !next.stdout.is_empty(), "{next:?}");
        }
    });
    roster.assert_gone(3 * FAMILY);
}

#[test]
fn what_was_left_is_counted_as_everywhere() {
    if place().is_none() {
        return;
    }
    for deaf in [None, Some("deaf")] {
        let world = World::new();
        let words: Vec<_> = ["leave"].into_iter().chain(deaf).collect();
        let roster = family(&world, &words, "");
        let executor = executor(&world, Config::default());
        let outcome = block_on(call(&executor, "family"));
        assert_eq!(outcome.supervision, Some(Supervision::Cgroup));
        assert_eq!(outcome.ending.leaked_processes, 6, "{outcome:?}");
        assert_eq!(outcome.ending.escalated, deaf.is_some(), "{outcome:?}");
        roster.assert_gone(FAMILY);
    }
}

#[test]
fn a_storm_of_daemons_is_ended() {
    if place().is_none() || !have("python3") {
        return;
    }
    let world = World::new();
    let roster = Roster::new(&world);
    // It ends by itself after a while, in case this test fails.
    let storm = r#"
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
end = time.time() + 20
def generation():
    while time.time() < end:
        if os.fork(): os._exit(0)
        os.setsid()
        start = open("/proc/self/stat").read().rsplit(")")[1].split()[19]
        os.write(roster, ("%d %s\n" % (os.getpid(), start)).encode())
    os._exit(0)
roster = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for _ in range(8):
    if not os.fork(): generation()
time.sleep(0.2)
"#;
    let python = python().unwrap().to_str().unwrap();
    command_tool(&world, "storm", &[python, "-I", "-S", "-c", storm, roster.path()], "");
    let executor = executor(&world, Config::default());
    let outcome = block_on(call(&executor, "storm"));
    assert!(outcome.success, "{outcome:?}");
    assert!(outcome.ending.escalated && outcome.ending.leaked_processes >= 8, "{outcome:?}");
    assert!(roster.everyone().len() > 8);
    assert!(roster.everyone().iter().all(|process| !process.is_alive()));
}

/// One that is frozen takes no TERM, and would hold up whoever is started into it.
#[test]
fn a_tool_that_freezes_itself_is_ended_and_hands_that_to_nobody() {
    let Some(place) = place() else { return };
    let world = World::new();
    where_am_i(&world);
    let script = format!(
        "trap '' TERM; cd {} && cd \"$(sed -n 's|^0::.*/||p' /proc/self/cgroup)\" && echo 1 > cgroup.freeze",
        place.display()
    );
    let path = "[config.env]\nPATH = \"/usr/bin:/bin\"";
    command_tool(&world, "freeze", &["/bin/sh", "-c", &script], &format!("timeout = 1\ngrace = 0.1\n{path}"));
    let executor = executor(&world, Config::default());
    let outcome = block_on(call(&executor, "freeze"));
    assert_eq!(outcome.ending.kind, rye_executor::EndingKind::TimedOut, "{outcome:?}");
    assert!(outcome.ending.escalated);
    let next = block_on(call(&executor, "where"));
    assert!(next.success && next.supervision == Some(Supervision::Cgroup), "{next:?}");
    block_on(executor.shutdown());
    assert!(!next.stdout.is_empty() && !place.join(next.stdout.trim()).exists());
}

/// What has neither environment nor session is known to its keeper alone: without that, to the kernel.
#[test]
fn what_a_killed_keeper_knew_is_ended_all_the_same() {
    if place().is_none() {
        return;
    }
    let world = World::new();
    let roster = family(&world, &["deaf", "parricide"], "");
    let mut peer = Peer::session(&world, "2025-11-25");
    let told = peer.failure("family", json!({}));
    assert!(told.starts_with("supervisor_lost: "), "{told}");
    roster.assert_gone(FAMILY);
}

#[test]
fn a_killed_server_leaves_neither_processes_nor_cgroups_of_its_calls() {
    let Some(place) = place() else { return };
    let world = World::new();
    let roster = family(&world, &["deaf"], "grace = 0.2");
    let mut peer = Peer::session(&world, "2025-11-25");
    for _ in 0..3 {
        peer.request("tools/call", json!({"name": "family"}));
    }
    roster.wait_for(3 * FAMILY);
    let server = number(peer.id());
    assert_eq!(made_by(&place, server).len(), 3);
    peer.signal(Signal::KILL);
    roster.wait_until_gone(3 * FAMILY);
    let begin = Instant::now();
    while !made_by(&place, server).is_empty() {
        assert!(begin.elapsed() < BOUND, "{:?}", made_by(&place, server));
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn what_may_live_on_lives_on_and_its_cgroup_is_nobody_elses() {
    let Some(place) = place() else { return };
    let world = World::new();
    where_am_i(&world);
    let mut gate = Gate::new(&world);
    let script = format!("exec >&- 2>&-; sleep 100 & echo $! > pid; echo ready > {}", gate.path());
    let path = "[config.env]\nPATH = \"/usr/bin:/bin\"";
    command_tool(&world, "leave", &["/bin/sh", "-c", &script], &format!("leave_running = true\n{path}"));
    let executor = executor(&world, Config::default());
    let outcome = block_on(call(&executor, "leave"));
    gate.wait_for("ready");
    assert_eq!(outcome.supervision, Some(Supervision::Cgroup), "{outcome:?}");
    let pid = fs::read_to_string(world.project().join("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    let own = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let own = own.rsplit('/').next().unwrap().trim().to_owned();
    assert!(own.starts_with(&format!("rye-kept-{}-", std::process::id())), "{own:?}");
    assert_ne!(block_on(call(&executor, "where")).stdout.trim(), own);
    // Neither the end of this program's runs nor another's beginning ends it.
    block_on(executor.shutdown());
    let other = crate::library::executor(&world, Config::default());
    assert!(block_on(call(&other, "where")).success);
    let alive = || {
        let events = fs::read_to_string(place.join(&own).join("cgroup.events"));
        events.is_ok_and(|events| events.contains("populated 1"))
    };
    assert!(alive());
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    let begin = Instant::now();
    while alive() && begin.elapsed() < BOUND {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    // The next who looks takes away what is empty.
    block_on(other.shutdown());
    assert!(!place.join(&own).exists());
}

#[test]
fn only_what_a_dead_program_left_is_swept() {
    let Some(place) = place() else { return };
    let world = World::new();
    where_am_i(&world);
    // Where no other rye looks.
    let own = Cgroup::make(&place, "test").unwrap();
    let [left, held, kept, unused] =
        ["run", "run", "kept", "run"].map(|word| Cgroup::make(&own.0, word).unwrap());
    // Nothing of ours, for all its name.
    let foreign = Cgroup(own.0.join("rye-run-1-x"));
    fs::create_dir(&foreign.0).unwrap();
    fs::create_dir_all(left.0.join("a/b")).unwrap();
    let lock = fs::File::open(&held.0).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let ended = sleeper(&left.0).unwrap();
    let living = [&held, &kept, &foreign].map(|cgroup| sleeper(&cgroup.0).unwrap());
    let mut peer = started_in(&own.0, &world, rye(), &[]);
    assert!(peer.text("where", json!({})).starts_with("rye-run-"));
    assert_eq!(wait(ended).signal(), Some(9));
    assert!(!left.0.exists() && !unused.0.exists());
    for mut process in living {
        assert!(process.try_wait().unwrap().is_none());
        process.kill().unwrap();
        process.wait().unwrap();
    }
    assert!([&held, &kept, &foreign].iter().all(|cgroup| cgroup.0.exists()));
    peer.end();
    // At its end it looks once more.
    assert!(held.0.exists() && foreign.0.exists() && !kept.0.exists());
}

/// `rye mcp`, started by way of some other program in a cgroup.
fn started_in(cgroup: &Path, world: &World, program: &Path, by: &[&str]) -> Peer {
    let call = world.rye(["mcp"]).command();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\""]).arg(cgroup).args(by);
    command.arg(program).args(call.get_args()).current_dir(world.project());
    command.env_clear().envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut peer = Peer::start_command(command);
    peer.initialize("2025-11-25");
    peer
}

/// A world that another user may look into, and a `rye` there.
fn open_world() -> (World, PathBuf) {
    let world = World::new();
    for folder in [world.root(), world.project(), world.home()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let program = world.root().join("rye");
    fs::copy(rye(), &program).unwrap();
    (world, program)
}

#[test]
fn who_may_make_none_notices_nothing() {
    let Some(place) = place() else { return };
    if !am_root() || !have("setpriv") {
        return;
    }
    let (world, program) = open_world();
    where_am_i(&world);
    // It is root's.
    let own = Cgroup::make(&place, "test").unwrap();
    let mut peer = started_in(&own.0, &world, &program, &AS_NOBODY);
    for _ in 0..3 {
        assert_eq!(peer.text("where", json!({})), "(no output)");
    }
    assert_eq!(peer.end().0, Some(0));
}

/// Its keeper may not signal it.
#[test]
fn what_has_become_another_users_is_ended() {
    let Some(place) = place() else { return };
    let (world, program) = open_world();
    let nosuid = statvfs(world.root()).unwrap().f_flag.contains(StatVfsMountFlags::NOSUID);
    if nosuid || !am_root() || !have("setpriv") {
        return;
    }
    // As an administrator delegates one.
    let delegated = Cgroup::make(&place, "test").unwrap();
    for file in ["", "cgroup.procs", "cgroup.subtree_control"] {
        chown(delegated.0.join(file), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let owner = world.root().join("misbehave");
    fs::copy(misbehave(), &owner).unwrap();
    fs::set_permissions(&owner, fs::Permissions::from_mode(0o4755)).unwrap();
    let roster = Roster::new(&world);
    let words = [owner.to_str().unwrap(), "family", roster.path(), "owner", "deaf", "leave"];
    command_tool(&world, "family", &words, "");
    let mut peer = started_in(&delegated.0, &world, &program, &AS_NOBODY);
    let result = peer.call("family", json!({}));
    roster.assert_gone(5);
    assert_eq!(result["isError"], false, "{}", text_of(&result));
    assert_eq!(peer.end().0, Some(0));
}
