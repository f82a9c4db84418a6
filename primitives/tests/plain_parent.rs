//! Runs from a process that is no subreaper: the group and what was seen while the leader lived are ended.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::PathBuf;
use std::time::Duration;

use rye_primitives::{
    Attachment, Ending, Output, Process, ProcessEvent, ProcessLimits, ProcessRequest, Pulse, Scope, Stdin,
    Stop, start,
};

fn shell(script: &str) -> ProcessRequest {
    ProcessRequest {
        program: PathBuf::from("/bin/bash"),
        args: vec!["-c".into(), script.into()],
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        cwd: PathBuf::from("/"),
        attachment: Attachment::Captured,
        stdin: Stdin::Null,
        stdout: Output::Capture,
        stderr: Output::Capture,
        call: None,
        limits: ProcessLimits { timeout: Some(Duration::from_secs(30)), ..ProcessLimits::default() },
        leave_running: false,
        scope: Scope::Exclusive,
        cgroups: None,
        spill: None,
        pulse: Pulse::default(),
    }
}

async fn numbers(process: &mut Process) -> Vec<u32> {
    let mut text = String::new();
    while !text.contains("ready\n") {
        match process.next_event().await {
            Some(ProcessEvent::Stdout(bytes)) => text.push_str(std::str::from_utf8(&bytes).unwrap()),
            other => panic!("{other:?} after {text:?}"),
        }
    }
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// Running; zombies here are the business of the system's first process, also while it waits for them (`X`).
fn lives(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with(['Z', 'X']))
}

#[tokio::test]
async fn a_group_that_outlives_its_leader_is_ended() {
    let end = start(shell("sleep 1000 & echo $!; exit 4")).unwrap().end().await;
    assert_eq!((end.ending, end.leaked_processes), (Ending::Exited { code: 4 }, 1));
    let pid = end.stdout.text().trim().parse().unwrap();
    assert!(!lives(pid));
}

#[tokio::test]
async fn a_group_that_ignores_term_is_killed() {
    let script = "bash -c 'trap \"\" TERM; echo $$; echo ready; while :; do sleep 1000; done' & trap 'exit 0' TERM; wait";
    let mut process = start(shell(script)).unwrap();
    let all = numbers(&mut process).await;
    process.stopper().stop(Stop::Ask);
    let end = process.end().await;
    assert_eq!((end.ending, end.escalated), (Ending::Stopped, true));
    assert!(!lives(all[0]));
}

#[tokio::test]
async fn another_session_below_a_living_leader_is_ended() {
    let mut process = start(shell("setsid bash -c 'echo $$; echo ready; exec sleep 1000' & wait")).unwrap();
    let all = numbers(&mut process).await;
    process.stopper().stop(Stop::Ask);
    let end = process.end().await;
    assert_eq!((end.ending, end.leaked_processes), (Ending::Stopped, 1));
    assert!(!lives(all[0]));
}
