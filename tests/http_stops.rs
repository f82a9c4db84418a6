//! A stop ends an exchange at once, whoever asks for it, and its connection with it.

use std::time::Instant;

use rustix::process::Signal;

use crate::http::{http_tool, to};
use crate::http_server::{Answer, Server};
use crate::live::Live;
use crate::pty::Terminal;
use crate::world::World;

#[test]
fn a_stop_ends_an_exchange_and_its_connection() {
    let world = World::new();
    for json in [false, true] {
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
            let server = Server::always(Answer::Silence);
            http_tool(&world, "", &to(&server, "/"));
            let words: &[&str] = if json { &["--json", "run", "call"] } else { &["run", "call"] };
            let begin = Instant::now();
            let live = Live::start(world.rye(words).command());
            server.wait_for_request();
            live.signal(signal);
            let ran = live.end();
            server.wait_for_leaving();
            assert_eq!((ran.code, ran.signal), (Some(code), None), "{}", ran.stderr());
            assert!(begin.elapsed().as_secs() < 20, "it took its time limit");
            if json {
                let outcome = ran.json();
                assert_eq!(outcome["ending"]["kind"], "stopped", "{outcome:#}");
                assert_eq!(outcome["error"]["code"], "stopped", "{outcome:#}");
            }
        }
    }
}

#[test]
fn one_control_c_on_a_terminal_ends_an_exchange() {
    let world = World::new();
    let server = Server::always(Answer::Silence);
    http_tool(&world, "", &to(&server, "/"));
    let begin = Instant::now();
    let mut terminal = Terminal::start(world.rye(["run", "call"]).command());
    server.wait_for_request();
    terminal.write("\x03");
    let ran = terminal.end();
    server.wait_for_leaving();
    assert_eq!((ran.code, ran.signal), (Some(130), None), "{}", ran.stderr());
    assert!(begin.elapsed().as_secs() < 20, "it took its time limit");
}
