//! The call on descriptor 3: one request, one line in reply.

use std::time::Duration;

use super::{PYTHON, request, run, stdout};
use crate::{Ending, ProcessRequest, Reply};

fn call(script: &str, bytes: &[u8]) -> ProcessRequest {
    ProcessRequest { call: Some(bytes.to_vec()), ..request(PYTHON, &["-I", "-S", "-c", script]) }
}

#[tokio::test]
async fn a_request_goes_and_a_reply_comes() {
    let script = "
import os
data = b''
while chunk := os.read(3, 1 << 20): data += chunk
out = data[::-1] + b'\\nignored'
while out: out = out[os.write(3, out):]
print('log')";
    for size in [1, 1000, 3_000_000] {
        let bytes: Vec<u8> = (0..size).map(|at| b'a' + (at % 26) as u8).collect();
        let wanted: Vec<u8> = bytes.iter().rev().copied().collect();
        let end = run(call(script, &bytes)).await;
        assert_eq!((end.ending, stdout(&end).as_str()), (Ending::Exited { code: 0 }, "log\n"));
        assert!(end.reply == Reply::Complete(wanted), "{size} bytes");
    }
}

#[tokio::test]
async fn a_reply_may_be_missing_cut_or_too_large() {
    let reply = async |script: &str| {
        let mut request = call(script, b"x");
        request.limits.max_reply = 10;
        run(request).await.reply
    };
    assert_eq!(reply("pass").await, Reply::None);
    assert_eq!(reply("import os; os.write(3, b'half')").await, Reply::Partial(b"half".to_vec()));
    assert_eq!(
        reply("import os; os.write(3, b'0123456789\\n')").await,
        Reply::Complete(b"0123456789".to_vec())
    );
    assert_eq!(
        reply("import os\nfor _ in range(100): os.write(3, b'x' * 100000)").await,
        Reply::TooLarge { limit: 10 }
    );
    assert_eq!(run(request("/bin/true", &[])).await.reply, Reply::NotAsked);
}

#[tokio::test]
async fn an_unread_call_holds_nothing_up() {
    let bytes = vec![b'x'; 4 << 20];
    let end = run(call("pass", &bytes)).await;
    assert_eq!((end.ending, end.reply), (Ending::Exited { code: 0 }, Reply::None));
    let mut request = call("import time; time.sleep(1000)", &bytes);
    request.limits.timeout = Some(Duration::from_millis(300));
    assert_eq!(run(request).await.ending, Ending::TimedOut);
}
