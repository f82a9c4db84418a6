//! Programs that ask a person, as captured tools: there is no terminal to ask at and nobody to answer, and so they
//! fail at once, with what they wanted to know in their last words.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::http_server::{Server, answer_with};
use crate::mcp_peer::Peer;
use crate::world::{World, am_root, have, python};

/// A server that wants a name and a password.
fn locked() -> Server {
    Server::start(|_, _| answer_with(401, &[("WWW-Authenticate", "Basic realm=\"x\"")], "who?"))
}

/// A tool that asks fails by itself, long before its time limit, on the command line and over MCP.
#[track_caller]
fn assert_fails_fast(world: &World, tool: &str, told: &str) {
    let outcome = world.outcome([tool]);
    assert_eq!(
        (&outcome["ending"]["kind"], &outcome["success"]),
        (&json!("exited"), &json!(false)),
        "{outcome:#}"
    );
    assert!(outcome["duration_ms"].as_f64().unwrap() < 45_000.0, "{outcome:#}");
    let said = format!("{}{}", outcome["stdout"].as_str().unwrap(), outcome["stderr"].as_str().unwrap());
    assert!(said.to_lowercase().contains(told), "no {told:?} in {said}");
    let mut peer = Peer::session(world, "2025-11-25");
    assert!(peer.failure(tool, json!({})).to_lowercase().contains(told));
    assert_eq!(peer.ask("ping", json!({})), json!({}));
    assert_eq!(peer.end(), (Some(0), Vec::<Value>::new()));
}

#[test]
fn git_asks_nobody() {
    if !have("git") {
        return;
    }
    let (world, server) = (World::new(), locked());
    world.tool("clone.sh", format!("#!/bin/sh\nexec git clone {}/x.git there\n", server.url()));
    assert_fails_fast(&world, "clone", "could not read username");
    assert!(server.seen().iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn pip_asks_nobody() {
    let has_pip = |python: &std::path::PathBuf| {
        let mut asked = Command::new(python);
        asked
            .args(["-m", "pip", "--version"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        asked.status().is_ok_and(|status| status.success())
    };
    if !have("python3") || !(python().is_some_and(has_pip) || have("pip")) {
        return;
    }
    let (world, server) = (World::new(), locked());
    let (python, url) = (python().unwrap().display(), format!("{}/simple/", server.url()));
    let script = format!(
        "#!/bin/sh\nexec {python} -m pip --disable-pip-version-check install --no-cache-dir --target there --index-url {url} rye-no-such-package\n"
    );
    world.tool("install.sh", script);
    assert_fails_fast(&world, "install", "user for 127.0.0.1");
}

#[test]
fn ssh_asks_nobody() {
    if !have("ssh-keygen") {
        return;
    }
    let world = World::new();
    let key = world.root().join("key");
    let mut made = Command::new("ssh-keygen");
    made.args(["-q", "-t", "ed25519", "-N", "a long passphrase", "-f"]).arg(&key);
    assert!(made.stdin(Stdio::null()).status().unwrap().success());
    // The passphrase of a key is asked for as a password and an unknown host are: at `/dev/tty`.
    world.tool("unlock.sh", format!("#!/bin/sh\nexec ssh-keygen -y -f {}\n", key.display()));
    assert_fails_fast(&world, "unlock", "passphrase");
}

#[test]
fn su_asks_nobody() {
    if !have("su") || !have("setpriv") || !am_root() {
        return;
    }
    let world = World::new();
    world.tool("become.sh", "#!/bin/sh\nexec setpriv --reuid 65534 --clear-groups su root -c true\n");
    assert_fails_fast(&world, "become", "failure");
}

#[test]
fn what_reads_an_answer_reads_the_end() {
    let world = World::new();
    world.tool(
        "ask.sh",
        "#!/bin/sh\nprintf 'sure? '\nread -r answer || { echo 'nobody answers' >&2; exit 4; }\n",
    );
    assert_fails_fast(&world, "ask", "nobody answers");
    if have("less") {
        world.tool("page.sh", "#!/bin/sh\nseq 1 1000 | less\n");
        assert!(world.data(["page"]).as_str().unwrap().ends_with("\n1000\n"));
    }
}
