//! The road from the command line to the tool's first instruction: it loads nothing twice, and does not get longer
//! with the number of tools.

use std::process::{Command, Stdio};

use crate::world::{World, have, rye};

/// How often a run of `deep/t` asks the system for something about files, by the tracer's count.
fn asked(world: &World) -> usize {
    let log = world.root().join("strace.log");
    let call = world.rye(["run", "deep/t"]).command();
    let mut traced = Command::new("strace");
    traced.arg("-o").arg(&log).args(["-e", "trace=%file,%desc"]).arg(rye()).args(call.get_args());
    traced.env_clear().current_dir(world.project());
    traced.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let status = traced.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{status}");
    // What is waited for comes in one turn or in many.
    let waits = |line: &str| ["epoll_", "poll(", "ppoll("].iter().any(|name| line.starts_with(name));
    let log = std::fs::read_to_string(log).unwrap();
    log.lines().filter(|line| line.contains('(') && !waits(line)).count()
}

#[test]
fn ten_thousand_tools_cost_no_more_than_ten() {
    if !have("strace") || !have("bash") {
        return;
    }
    let counts = [10, 10_000].map(|tools| {
        let world = World::new();
        for number in 1..tools {
            // Half of them beside it, half of them elsewhere.
            let folder = if number % 2 == 0 { "deep".to_owned() } else { format!("other{}", number % 50) };
            world.tool(&format!("{folder}/n{number}.sh"), ":\n");
        }
        // As fresh in both: what was changed in the last two seconds is read once more at the end.
        world.tool("deep/t.sh", ":\n");
        asked(&world)
    });
    assert!(counts[0] > 20, "{counts:?}");
    assert_eq!(counts[0], counts[1]);
}

#[test]
fn the_unwinder_is_no_library_of_its_own() {
    if !have("bash") || !has_archive() {
        return;
    }
    let world = World::new();
    world.tool("t.sh", "grep -o '/[^ ]*[.]so[^ ]*' /proc/$PPID/maps | sort -u\n");
    let loaded = world.rye(["run", "t"]).run().ok();
    assert!(loaded.contains("/libc.so"), "{loaded}");
    assert!(!loaded.contains("gcc"), "{loaded}");
}

/// Whether `cli/build.rs` finds what it links.
fn has_archive() -> bool {
    let mut asked = Command::new("cc");
    asked.arg("-print-file-name=libgcc_eh.a").stdin(Stdio::null()).stdout(Stdio::piped());
    let answer = asked.spawn().and_then(|child| child.wait_with_output());
    answer.is_ok_and(|answer| answer.stdout.starts_with(b"/"))
}
