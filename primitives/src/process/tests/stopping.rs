//! Time limits and stops: the ladder from TERM to KILL, and what it reaches.

use std::time::{Duration, Instant};

use super::super::{Process, start};
use super::{Identity, assert_gone, printed, ready, shell, stdout, within};
use crate::{Attachment, Ending, ProcessLimits, ProcessRequest, Status, Stop, procfs};

fn timeout(request: ProcessRequest, timeout: u64, grace: u64) -> ProcessRequest {
    let limits = ProcessLimits {
        timeout: Some(Duration::from_millis(timeout)),
        grace: Duration::from_millis(grace),
        ..request.limits
    };
    ProcessRequest { limits, ..request }
}

#[tokio::test]
async fn a_timeout_ends_the_group() {
    let script = "sleep 1000 & echo $$ $!; echo ready; wait";
    let mut process = start(timeout(shell(script), 500, 5000)).unwrap();
    let all = ready(&mut process).await;
    let end = within(process.end()).await;
    assert_eq!(end.ending, Ending::TimedOut);
    assert_eq!(end.status, Some(Status::Signaled { signal: 15 }));
    assert!(!end.escalated);
    assert_eq!(end.leaked_processes, 0);
    assert!(end.duration < Duration::from_secs(4), "the grace is not waited out: {:?}", end.duration);
    assert_gone(&all);
}

#[tokio::test]
async fn a_timeout_reaches_other_sessions() {
    let script = "setsid sleep 1000 & echo $!; (setsid bash -c 'sleep 1000 & echo $!; echo ready; wait' &)
                  wait";
    let mut process = start(timeout(shell(script), 500, 5000)).unwrap();
    let all = ready(&mut process).await;
    let end = within(process.end()).await;
    assert_eq!(end.ending, Ending::TimedOut);
    assert!(end.leaked_processes >= 2, "{end:?}");
    assert_gone(&all);
}

#[tokio::test]
async fn who_ignores_term_is_killed_after_the_grace() {
    let script = "trap '' TERM; echo $$; echo ready; while :; do sleep 1000; done";
    let mut process = start(timeout(shell(script), 300, 200)).unwrap();
    let all = ready(&mut process).await;
    let end = within(process.end()).await;
    assert_eq!(end.ending, Ending::TimedOut);
    assert_eq!(end.status, Some(Status::Signaled { signal: 9 }));
    assert!(end.escalated);
    assert_gone(&all);
}

/// What the keeper tells of the leader may be read by the search for the others, and is not waited for again.
#[tokio::test]
async fn a_family_that_is_gone_is_not_waited_for() {
    let script = "trap '' TERM; for one in 1 2 3 4; do setsid sleep 1000 & done
                  echo $$ $(jobs -p); echo ready; while :; do wait; done";
    for _ in 0..15 {
        let mut processes = Vec::new();
        for _ in 0..8 {
            let mut process = start(timeout(shell(script), 60_000, 20)).unwrap();
            let all = ready(&mut process).await;
            processes.push((process, all));
        }
        let begin = Instant::now();
        processes.iter().for_each(|(process, _)| process.stopper().stop(Stop::Ask));
        for (process, all) in processes {
            within(process.end()).await;
            assert!(begin.elapsed() < Duration::from_millis(1500), "{:?}", begin.elapsed());
            assert_gone(&all);
        }
    }
}

#[tokio::test]
async fn a_member_that_outlives_an_obedient_leader_is_killed() {
    let script = "bash -c 'trap \"\" TERM; echo $$; echo ready; while :; do sleep 1000; done' &
                  trap 'exit 0' TERM; wait";
    let mut process = start(shell(script)).unwrap();
    let all = ready(&mut process).await;
    process.stopper().stop(Stop::Ask);
    let end = within(process.end()).await;
    assert_eq!((end.ending, end.status), (Ending::Stopped, Some(Status::Exited { code: 0 })));
    assert!(end.escalated);
    assert!(end.leaked_processes >= 1);
    assert_gone(&all);
}

#[tokio::test]
async fn a_stopped_process_obeys_term() {
    let mut process = start(timeout(shell("echo $$; echo ready; kill -STOP $$"), 300, 5000)).unwrap();
    let all = ready(&mut process).await;
    let end = within(process.end()).await;
    assert_eq!((end.ending, end.status), (Ending::TimedOut, Some(Status::Signaled { signal: 15 })));
    assert!(end.duration < Duration::from_secs(4));
    assert_gone(&all);
}

#[tokio::test]
async fn stopping_twice_or_late_is_harmless() {
    let mut process = start(shell("echo $$; echo ready; exec sleep 1000")).unwrap();
    let all = ready(&mut process).await;
    let stopper = process.stopper();
    stopper.stop(Stop::Ask);
    stopper.clone().stop(Stop::Ask);
    let end = within(process.end()).await;
    assert_eq!(end.ending, Ending::Stopped);
    assert_gone(&all);
    stopper.stop(Stop::Force);
    stopper.interrupt(15).unwrap();
    assert!(stopper.interrupt(9999).is_err());
}

#[tokio::test]
async fn force_does_not_wait() {
    let script = "trap '' TERM; echo $$; echo ready; while :; do sleep 1000; done";
    let mut process = start(timeout(shell(script), 30_000, 30_000)).unwrap();
    let all = ready(&mut process).await;
    process.stopper().stop(Stop::Ask);
    process.stopper().stop(Stop::Force);
    process.stopper().stop(Stop::Ask);
    let end = within(process.end()).await;
    assert_eq!((end.ending, end.status), (Ending::Stopped, Some(Status::Signaled { signal: 9 })));
    assert!(end.escalated && end.duration < Duration::from_secs(10));
    assert_gone(&all);
}

#[tokio::test]
async fn a_stop_before_the_first_poll_ends_the_run() {
    let process = start(shell("sleep 1000")).unwrap();
    process.stopper().stop(Stop::Ask);
    assert_eq!(within(process.end()).await.ending, Ending::Stopped);
}

#[tokio::test]
async fn a_signal_can_be_passed_on() {
    let script = "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.01; done";
    let mut process = start(shell(script)).unwrap();
    printed(&mut process, "ready\n").await;
    process.stopper().interrupt(2).unwrap();
    let end = within(process.end()).await;
    assert_eq!(end.ending, Ending::Exited { code: 5 });
    assert_eq!(stdout(&end), "ready\ncaught\n");
}

#[tokio::test]
async fn a_terminal_run_is_asked_process_by_process() {
    let script = "sleep 1000 & echo $$ $!; echo ready; wait";
    let request = ProcessRequest { attachment: Attachment::Terminal, ..shell(script) };
    let mut process = start(request).unwrap();
    let all = ready(&mut process).await;
    let ours = procfs::stat(i32::try_from(std::process::id()).unwrap()).unwrap();
    let theirs = procfs::stat(all[0].pid).unwrap();
    assert_eq!((theirs.session, theirs.group), (ours.session, ours.group));
    process.stopper().stop(Stop::Ask);
    let end = within(process.end()).await;
    assert_eq!((end.ending, end.escalated), (Ending::Stopped, false));
    assert_gone(&all);
}

#[tokio::test]
async fn dropping_the_process_ends_the_tree() {
    let mut process = start(shell("setsid sleep 1000 & echo $$ $!; echo ready; wait")).unwrap();
    let all = ready(&mut process).await;
    drop(process);
    within(async {
        while !all.iter().all(Identity::is_gone) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

#[test]
fn shutting_the_runtime_down_ends_the_tree() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let script = "trap '' TERM; setsid sleep 1000 & echo $$ $!; echo ready; wait";
    let mut process = start_in(&runtime, shell(script));
    let all = runtime.block_on(ready(&mut process));
    drop(runtime);
    assert_gone(&all);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(process.end()).ending, Ending::Lost);
}

fn start_in(runtime: &tokio::runtime::Runtime, request: ProcessRequest) -> Process {
    let _inside = runtime.enter();
    start(request).unwrap()
}
