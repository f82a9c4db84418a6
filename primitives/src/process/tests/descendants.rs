//! What outlives its leader: it is found, ended and counted, and nothing else is touched.

use std::fs;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::super::start;
use super::{Gate, PYTHON, assert_gone, ready, request, run, shell, stdout, within};
use crate::{Ending, ProcessRequest, Stop, procfs};

#[tokio::test]
async fn what_outlives_the_leader_is_ended_and_counted() {
    let scripts = [
        "sleep 1000 & echo $!; echo ready",
        "setsid sleep 1000 & echo $!; echo ready",
        "(setsid bash -c 'sleep 1000 </dev/null >/dev/null 2>&1 & echo $!; echo ready')",
    ];
    for script in scripts {
        let mut gate = Gate::new();
        let mut process = start(gate.shell(&format!("{script}; read -r < GATE"))).unwrap();
        let all = ready(&mut process).await;
        gate.open();
        let end = within(process.end()).await;
        assert!(matches!(end.ending, Ending::Exited { .. }), "{script}: {end:?}");
        assert_eq!(end.leaked_processes, 1, "{script}");
        assert!(!end.escalated, "{script}");
        assert_gone(&all);
    }
}

#[tokio::test]
async fn a_daemon_that_ignores_term_is_killed() {
    let script = "(setsid bash -c 'trap \"\" TERM HUP; echo $$; echo ready
                   while :; do sleep 1000; done' &)
                  read -r < GATE";
    let mut gate = Gate::new();
    let mut process = start(gate.shell(script)).unwrap();
    let all = ready(&mut process).await;
    gate.open();
    let end = within(process.end()).await;
    assert!(end.escalated && end.leaked_processes >= 1, "{end:?}");
    assert_gone(&all);
}

#[tokio::test]
async fn a_storm_of_daemons_is_ended() {
    // It ends by itself after a while, in case this test fails.
    let script = r#"
import os, time
end = time.time() + 20
def generation():
    while time.time() < end:
        if os.fork(): os._exit(0)
        os.setsid()
        time.sleep(0.001)
    os._exit(0)
for _ in range(8):
    if not os.fork(): generation()
time.sleep(0.1)
"#;
    // The same test may run twice at once.
    let script = &format!("# {}\n{script}", std::process::id());
    let end = run(request(PYTHON, &["-I", "-S", "-c", script])).await;
    assert_eq!(end.ending, Ending::Exited { code: 0 });
    assert!(end.leaked_processes >= 8, "{end:?}");
    assert!(end.duration < Duration::from_secs(5), "{end:?}");
    let left = with_argument(script);
    assert!(left.is_empty(), "{left:?} after {end:?}");
}

/// The storm once more, in a container whose session has its leader outside, as CI machines and `docker exec` do it.
#[tokio::test]
async fn a_session_from_outside_the_container_is_borne() {
    let container = "exec unshare --pid --fork --kill-child --mount-proc";
    if run(shell(&format!("{container} true"))).await.ending != (Ending::Exited { code: 0 }) {
        eprintln!("skipped: no process namespace to be had here");
        return;
    }
    let test = "process::tests::descendants::a_storm_of_daemons_is_ended";
    let ours = std::env::current_exe().unwrap();
    let end = run(shell(&format!("{container} '{}' --exact {test}", ours.display()))).await;
    assert!(stdout(&end).contains("1 passed"), "{:?}: {}", end.ending, stdout(&end));
}

fn with_argument(argument: &str) -> Vec<i32> {
    procfs::processes()
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes()))
        })
        .collect()
}

#[tokio::test]
async fn other_children_of_ours_are_not_touched() {
    let mut older = std::process::Command::new("/bin/sleep").arg("1000").spawn().unwrap();
    let mut other = start(shell("echo $$; echo ready; exec sleep 1000")).unwrap();
    let others = ready(&mut other).await;
    let end = run(shell("setsid sleep 1000 & exit 0")).await;
    assert_eq!(end.leaked_processes, 1);
    assert!(older.try_wait().unwrap().is_none());
    assert!(!others[0].is_gone());
    older.kill().unwrap();
    older.wait().unwrap();
    other.stopper().stop(Stop::Force);
    assert_eq!(within(other.end()).await.leaked_processes, 0);
}

#[tokio::test]
async fn what_was_started_may_be_left_running() {
    let mut gate = Gate::new();
    let request = ProcessRequest {
        leave_running: true,
        ..gate.shell("sleep 1000 >&- 2>&- & echo $!; echo ready; read -r < GATE")
    };
    let mut process = start(request).unwrap();
    let all = ready(&mut process).await;
    gate.open();
    let end = within(process.end()).await;
    assert_eq!((end.ending, end.leaked_processes), (Ending::Exited { code: 0 }, 0));
    assert!(!all[0].is_gone());
    end_survivor(all[0].pid);
}

#[tokio::test]
async fn a_survivor_that_holds_the_pipe_delays_by_the_drain_limit_only() {
    let script = "(while :; do echo y; done) & echo $!; echo ready";
    let request = ProcessRequest { leave_running: true, ..shell(script) };
    let process = start(request).unwrap();
    let end = within(process.end()).await;
    assert_eq!(end.ending, Ending::Exited { code: 0 });
    assert!(end.duration >= Duration::from_millis(250), "{:?}", end.duration);
    assert!(end.duration < Duration::from_secs(3), "{:?}", end.duration);
    assert!(end.stdout.total > 0);
    let pid = end.stdout.text().split_whitespace().find_map(|word| word.parse().ok());
    end_survivor(pid.unwrap());
}

/// Ends and reaps a process if it is still a child of ours: this one or none, whoever has its number by then.
fn end_survivor(pid: i32) {
    use rustix::process::{PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid};
    let Ok(pidfd) = pidfd_open(rustix::process::Pid::from_raw(pid).unwrap(), PidfdFlags::empty()) else {
        return;
    };
    let ours = i32::try_from(std::process::id()).unwrap();
    if procfs::stat(pid).is_some_and(|stat| stat.parent == ours) {
        let _ = pidfd_send_signal(&pidfd, Signal::KILL);
        let _ = waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED);
    }
}

#[tokio::test]
async fn a_grandchild_with_the_pipe_costs_nothing_when_it_is_ended() {
    let begin = Instant::now();
    let end = run(shell("setsid sleep 1000 & echo partial")).await;
    assert_eq!((stdout(&end).as_str(), end.leaked_processes), ("partial\n", 1));
    assert!(begin.elapsed() < Duration::from_secs(2));
}
