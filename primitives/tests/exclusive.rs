//! One run in a program of its own that is a subreaper: everything new is the run's, whatever it hides.
//! One test only, as another's children would be taken for this run's.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::PathBuf;
use std::time::Duration;

use rye_primitives::{
    Attachment, Ending, Output, ProcessLimits, ProcessRequest, Pulse, Scope, Stdin, become_subreaper, start,
};

#[tokio::test]
async fn daemons_without_session_or_environment_are_ended() {
    let mut older = std::process::Command::new("/bin/sleep").arg("1000").spawn().unwrap();
    become_subreaper().unwrap();
    for attachment in [Attachment::Captured, Attachment::Terminal] {
        let script = "(env -i /usr/bin/setsid /bin/sleep 1000 & echo $!); exit 4";
        let request = ProcessRequest {
            program: PathBuf::from("/bin/bash"),
            args: vec!["-c".into(), script.into()],
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
            cwd: PathBuf::from("/"),
            attachment,
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
        };
        let end = start(request).unwrap().end().await;
        assert_eq!((end.ending, end.leaked_processes), (Ending::Exited { code: 4 }, 1));
        let pid = end.stdout.text();
        assert!(!PathBuf::from(format!("/proc/{}", pid.trim())).exists());
        assert!(older.try_wait().unwrap().is_none());
    }
    older.kill().unwrap();
    older.wait().unwrap();
}
