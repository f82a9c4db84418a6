//! What is short of processes, threads or descriptors says so, leaves nothing, and works again when there is more; and a
//! panic costs the request that it happened in, and no other.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use serde_json::json;

use crate::live::Live;
use crate::mcp_http::Server;
use crate::mcp_peer::{Peer, text_of};
use crate::roster::command_tool;
use crate::strace::{At, Fault, may_inject};
use crate::supervision::belongings;
use crate::world::{BOUND, World};

/// The calls that make a process.
const PROCESSES: &str = "clone,vfork,fork";
/// The call that makes a thread.
const THREADS: &str = "clone3";

/// Faults in a server that is on, until they are taken back.
struct Hindrance {
    tracer: Child,
    server: Pid,
    log: PathBuf,
}

impl Hindrance {
    /// `all`: whatever it starts has them as well.
    fn begin(world: &World, server: Pid, inject: &str, all: bool) -> Self {
        let log = world.root().join("strace");
        let calls = inject.split(':').next().unwrap();
        let mut command = Command::new("strace");
        command.args(all.then_some("-f")).args(["-qq", "-e", "signal=none", "-e", &format!("trace={calls}")]);
        command.args(["-e", &format!("inject={inject}"), "-o"]).arg(&log);
        command.args(["-p", &server.as_raw_nonzero().to_string()]);
        let tracer =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let hindrance = Self { tracer, server, log };
        hindrance.wait_until(true);
        hindrance
    }

    fn wait_until(&self, traced: bool) {
        let begin = Instant::now();
        let status = format!("/proc/{}/status", self.server.as_raw_nonzero());
        let is_traced = || !std::fs::read_to_string(&status).unwrap().contains("TracerPid:\t0");
        while is_traced() != traced {
            assert!(begin.elapsed() < BOUND, "traced: {}", !traced);
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Ends them, and gives how many there were.
    fn end(mut self) -> usize {
        kill_process(Pid::from_child(&self.tracer), Signal::INT).unwrap();
        self.tracer.wait().unwrap();
        self.wait_until(false);
        std::fs::read_to_string(&self.log).unwrap().matches("(INJECTED)").count()
    }
}

impl Drop for Hindrance {
    fn drop(&mut self) {
        // A test that failed leaves no tracer.
        let _ = self.tracer.kill();
        let _ = self.tracer.wait();
    }
}

fn marking_tool(world: &World) {
    world.tool("mark.sh", format!("#!/bin/sh\n{}echo done\n", world.marking()));
}

#[test]
fn a_run_without_a_process_is_told_and_leaves_nothing() {
    if !may_inject() {
        return;
    }
    for error in ["EAGAIN", "ENOMEM"] {
        let world = World::new();
        marking_tool(&world);
        let call = world.rye(["--json", "run", "mark"]);
        let log = world.root().join("strace");
        let fault = Fault::Error(error).command(At { calls: PROCESSES, nth: 1 }, &call, &log);
        Live::start(fault).end().refused(125, "resource_exhausted", &["could not be started"]);
        assert!(!world.ran());
        assert_eq!(world.data(["mark"]), "done\n");
    }
}

#[test]
fn a_server_without_processes_says_so_and_works_when_there_are() {
    if !may_inject() {
        return;
    }
    let world = World::new();
    marking_tool(&world);
    command_tool(&world, "true", &["/bin/true"], "");
    let mut peer = Peer::session(&world, "2025-11-25");
    peer.text("true", json!({}));
    let before = belongings(&peer);
    let hindrance = Hindrance::begin(&world, peer.id(), &format!("{PROCESSES}:error=EAGAIN"), true);
    for _ in 0..5 {
        let told = peer.failure("mark", json!({}));
        assert!(told.starts_with("resource_exhausted: ") && told.contains("hint: try again"), "{told}");
    }
    assert_eq!(hindrance.end(), 5);
    assert!(!world.ran());
    // A cgroup that was meant for one of them may be gone as well.
    let after = belongings(&peer);
    assert!(after.0 == before.0 && after.1 <= before.1, "{before:?} {after:?}");
    assert_eq!(peer.text("mark", json!({})), "done");
    assert_eq!(belongings(&peer), before);
}

/// What the library under rye does without a thread is to panic.
#[test]
fn a_panic_costs_one_request_and_touches_no_wire() {
    if !may_inject() {
        return;
    }
    let world = World::new();
    marking_tool(&world);
    let mut peer = Peer::session(&world, "2025-11-25");
    let hindrance = Hindrance::begin(&world, peer.id(), &format!("{THREADS}:error=EAGAIN"), false);
    for (method, params) in [("tools/list", json!({})), ("tools/call", json!({"name": "mark"}))] {
        let answer = peer.exchange(method, params);
        assert_eq!(answer["error"]["code"], -32603, "{answer:#}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("thread"), "{answer:#}");
        peer.stderr.wait_for("panicked at");
        assert_eq!(peer.ask("ping", json!({})), json!({}));
    }
    assert!(hindrance.end() >= 2);
    assert!(!world.ran());
    assert_eq!(peer.names(), ["mark"]);
    assert_eq!(peer.text("mark", json!({})), "done");
    assert_eq!(peer.end(), (Some(0), Vec::new()));
}

#[test]
fn a_panic_over_http_costs_one_request() {
    if !may_inject() {
        return;
    }
    let world = World::new();
    marking_tool(&world);
    let mut server = Server::start(&world, &["127.0.0.1:0"]);
    let hindrance = Hindrance::begin(&world, server.id(), &format!("{THREADS}:error=EAGAIN"), false);
    let call = || server.stateless("tools/call", json!({"name": "mark"}), &[]);
    assert_eq!(call().status, 500);
    assert!(hindrance.end() >= 1);
    assert!(!world.ran());
    assert_eq!(call().message()["result"]["content"][0]["text"], "done");
    server.stderr.wait_for("panicked at");
}

#[test]
fn a_server_without_descriptors_says_so_and_works_when_there_are() {
    let world = World::new();
    marking_tool(&world);
    command_tool(&world, "true", &["/bin/true"], "");
    let mut peer = Peer::session(&world, "2025-11-25");
    peer.text("true", json!({}));
    let before = belongings(&peer);
    let server = Some(peer.id());
    let least = Rlimit { current: Some(before.1 as u64), maximum: getrlimit(Resource::Nofile).maximum };
    let normal = prlimit(server, Resource::Nofile, least).unwrap();
    let mut refused = 0;
    for more in 0..24 {
        let most = Rlimit { current: Some(before.1 as u64 + more), ..least };
        prlimit(server, Resource::Nofile, most).unwrap();
        let result = peer.call("true", json!({}));
        let text = text_of(&result);
        if result["isError"] == true {
            // A file of the chain may have been the one too many.
            let is_told = text.starts_with("resource_exhausted: ") || text.contains("Too many open files");
            assert!(is_told, "{more}: {text}");
            refused += usize::from(text.starts_with("resource_exhausted: "));
        }
    }
    assert!(refused > 0);
    prlimit(server, Resource::Nofile, normal).unwrap();
    assert_eq!(peer.text("mark", json!({})), "done");
    assert_eq!(belongings(&peer), before);
}
