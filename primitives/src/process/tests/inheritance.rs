//! What the child starts with: exactly what was asked for.

use super::{PYTHON, request, run, shell, stdout};
use crate::{Attachment, ProcessRequest, Stdin};

const LIST: &str = "import os; print(*sorted(int(n) for n in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + n)))";

#[tokio::test]
async fn nothing_but_the_named_descriptors_is_inherited() {
    // Not close-on-exec, and with a number of its own.
    let (leak, _other) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::empty()).unwrap();
    let end = run(request(PYTHON, &["-I", "-S", "-c", LIST])).await;
    assert_eq!(stdout(&end), "0 1 2\n");
    let request = ProcessRequest {
        call: Some(vec![]),
        stdin: Stdin::Bytes(vec![]),
        ..request(PYTHON, &["-I", "-S", "-c", LIST])
    };
    assert_eq!(stdout(&run(request).await), "0 1 2 3\n");
    drop(leak);
}

#[tokio::test]
async fn signals_are_at_their_defaults() {
    let end = run(shell("grep -E 'Sig(Blk|Ign)' /proc/self/status")).await;
    assert_eq!(stdout(&end), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    let request = ProcessRequest {
        attachment: Attachment::Terminal,
        ..shell("grep SigBlk /proc/self/status; yes | head -1")
    };
    let end = run(request).await;
    assert_eq!(stdout(&end), "SigBlk:\t0000000000000000\ny\n");
    assert_eq!(end.stderr.text(), "");
}

#[tokio::test]
async fn arguments_environment_and_folder_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"printf '%s|' "$0" "$@"; env; pwd -P"#;
    let mut request = request("/bin/bash", &["-c", script, "$(x)", "", "a b\n", "*", "--", "é"]);
    request.env = vec![("PATH".into(), "/usr/bin".into()), ("A".into(), "x=y\n$B".into())];
    request.cwd = folder.path().to_owned();
    let end = run(request).await;
    let text = stdout(&end);
    assert!(text.starts_with("$(x)||a b\n|*|--|é|"), "{text}");
    assert!(text.contains("\nA=x=y\n$B\n") || text.contains("|A=x=y\n$B\n"), "{text}");
    assert!(text.ends_with(&format!("{}\n", folder.path().canonicalize().unwrap().display())), "{text}");
}
