//! How a run that is left alone ends: codes and signals are told apart, and nothing stays.

use std::time::Duration;

use super::super::start;
use super::{Gate, Identity, assert_gone, request, run, shell, stdout, within};
use crate::{Ending, Status};

#[tokio::test]
async fn every_exit_code_is_exact() {
    for code in [0, 1, 2, 77, 125, 126, 127, 128, 130, 143, 255] {
        let end = run(shell(&format!("exit {code}"))).await;
        assert_eq!(end.ending, Ending::Exited { code });
        assert_eq!(end.status, Some(Status::Exited { code }));
        assert!(!end.escalated);
    }
}

#[tokio::test]
async fn a_signal_is_no_exit_code() {
    for signal in [6, 9, 11, 15, 24] {
        let end = run(shell(&format!("kill -{signal} $$"))).await;
        assert_eq!(end.ending, Ending::Signaled { signal });
    }
    assert_eq!(run(shell("exit 139")).await.ending, Ending::Exited { code: 139 });
}

#[tokio::test]
async fn a_core_file_is_not_allowed() {
    let mut gate = Gate::new();
    let process = start(gate.shell("read -r < GATE; ulimit -S -c")).unwrap();
    gate.open();
    assert_eq!(stdout(&within(process.end()).await), "0\n");
}

#[tokio::test]
async fn closed_outputs_do_not_end_a_run() {
    let end = run(shell("exec >&- 2>&-; /bin/sleep 0.1; exit 3")).await;
    assert_eq!(end.ending, Ending::Exited { code: 3 });
    assert!(end.duration >= Duration::from_millis(100));
}

#[tokio::test]
async fn many_runs_leave_no_zombie() {
    for _ in 0..100 {
        let process = start(request("/bin/true", &[])).unwrap();
        let leader = Identity::of(i32::try_from(process.id()).unwrap());
        within(process.end()).await;
        assert_gone(&[leader]);
    }
}
