//! What flows: kept whole or in part, counted exactly, and never in the way of the end.

use std::time::Duration;

use super::super::start;
use super::{request, run, shell, stdout, within};
use crate::{Ending, Output, ProcessEvent, ProcessRequest, Stdin};

#[tokio::test]
async fn both_streams_are_kept_apart_and_whole() {
    let end = run(shell("echo out; echo err >&2; printf '\\377\\0'")).await;
    assert_eq!(*end.stdout.bytes(), b"out\n\xff\0"[..]);
    assert_eq!(end.stderr.text(), "err\n");
    assert_eq!(end.stdout.total, 6);
}

#[tokio::test]
async fn a_flood_on_both_streams_is_counted_exactly() {
    let each = 100_000_000;
    let script = format!("head -c {each} /dev/zero >&2 & head -c {each} /dev/zero; wait");
    let mut request = shell(&script);
    request.limits.max_output = 1000;
    let end = run(request).await;
    for kept in [&end.stdout, &end.stderr] {
        assert_eq!((kept.total, kept.head.len(), kept.tail.len()), (each, 500, 500));
        assert!(!kept.is_complete());
    }
}

#[tokio::test]
async fn who_does_not_read_events_holds_nothing_up() {
    let mut process = start(shell("head -c 5000000 /dev/zero; echo; echo end >&2")).unwrap();
    let first = within(process.next_event()).await;
    assert!(matches!(first, Some(ProcessEvent::Stdout(_))), "{first:?}");
    let Some(ProcessEvent::Stdout(first)) = first else { return };
    let mut seen = first.len() as u64;
    let mut biggest = first.len();
    // Nobody reads until the run is over.
    let mut events = process.take_events().unwrap();
    assert_eq!(within(process.end()).await.stdout.total, 5_000_001);
    let mut waiting = 0;
    while let Some(event) = within(events.next()).await {
        match event {
            ProcessEvent::Stdout(bytes) | ProcessEvent::Stderr(bytes) => {
                waiting += bytes.len();
                biggest = biggest.max(bytes.len());
                seen += bytes.len() as u64;
            }
            ProcessEvent::Dropped { bytes } => seen += bytes,
        }
    }
    assert_eq!(seen, 5_000_001 + 4);
    assert!(waiting <= 2 << 20 && biggest <= 64 << 10);
}

#[tokio::test]
async fn stdin_arrives_whole() {
    for size in [0, 1, 65_536, 1 << 20] {
        let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        let request = ProcessRequest { stdin: Stdin::Bytes(bytes.clone()), ..request("/bin/cat", &[]) };
        let end = run(request).await;
        assert!(end.stdout.is_complete());
        assert!(end.stdout.into_bytes() == bytes, "{size} bytes");
    }
}

#[tokio::test]
async fn unread_stdin_holds_nothing_up() {
    let stdin = Stdin::Bytes(vec![b'x'; 1 << 20]);
    let end = run(ProcessRequest { stdin: stdin.clone(), ..shell("exec 0<&-; echo done") }).await;
    assert_eq!((end.ending, stdout(&end).as_str()), (Ending::Exited { code: 0 }, "done\n"));
    let mut request = ProcessRequest { stdin, ..shell("exec sleep 1000") };
    request.limits.timeout = Some(Duration::from_millis(200));
    let end = run(request).await;
    assert_eq!((end.ending, end.escalated), (Ending::TimedOut, false));
}

#[tokio::test]
async fn stdin_null_and_stderr_as_stdout() {
    let end = run(ProcessRequest { stdout: Output::ToStderr, ..request("/bin/cat", &[]) }).await;
    assert_eq!((end.ending, end.stdout.total), (Ending::Exited { code: 0 }, 0));
}

#[tokio::test]
async fn a_captured_run_has_no_terminal() {
    let end = run(shell("exec 3</dev/tty || exit 9")).await;
    assert_ne!(end.ending, Ending::Exited { code: 0 });
}
