//! Clocks that jump: what is bounded in time is measured by the clock that nobody sets, and what is removed by its age
//! is not removed because a clock is a day off.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::world::{Call, World, have};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Puts itself before the clock of the wall: `CLOCK_OFF` seconds are added to it, and at every second look taken from
/// it where `CLOCK_JUMPS` is set.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long off(void) {
    static int looks;
    const char *seconds = getenv("CLOCK_OFF");
    long by = seconds ? atol(seconds) : 0;
    return getenv("CLOCK_JUMPS") && __atomic_fetch_add(&looks, 1, __ATOMIC_SEQ_CST) % 2 ? -by : by;
}

int clock_gettime(clockid_t id, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, id, now);
    if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) now->tv_sec += off();
    return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now) *now = exact.tv_sec;
    return exact.tv_sec;
}
"#;

/// A clock of the test's own; `None`: there is no compiler here.
fn clock(world: &World) -> Option<PathBuf> {
    if !have("cc") {
        return None;
    }
    let (source, library) = (world.file("clock.c", CLOCK), world.root().join("clock.so"));
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source);
    assert!(compiler.status().unwrap().success());
    Some(library)
}

/// The same call by that clock. What it starts has the right one.
fn by(clock: &PathBuf, call: Call, off: i64, jumps: bool) -> Call {
    let call = call.env("LD_PRELOAD", clock).env("CLOCK_OFF", off.to_string());
    if jumps { call.env("CLOCK_JUMPS", "1") } else { call }
}

#[test]
fn time_limits_are_measured_by_no_clock_that_jumps() {
    let world = World::new();
    let Some(clock) = clock(&world) else { return };
    world.tool("sleep.sh", "sleep \"$1\"\n");
    world.tool("quick.sh", "date +%s\n");
    for off in [86_400, -86_400] {
        let call = world.rye(["--json", "run", "--timeout", "2", "sleep", "50"]);
        let outcome = by(&clock, call, off, true).run().json();
        assert_eq!(outcome["ending"]["kind"], "timed_out", "{outcome:#}");
        let took = outcome["duration_ms"].as_f64().unwrap();
        assert!((1_900.0..40_000.0).contains(&took), "{took}");
        // Neither does a limit come early.
        let call = world.rye(["--json", "run", "--timeout", "50", "sleep", "1"]);
        let outcome = by(&clock, call, off, true).run().json();
        assert_eq!(outcome["ending"]["kind"], "exited", "{outcome:#}");
        assert!((900.0..40_000.0).contains(&outcome["duration_ms"].as_f64().unwrap()), "{outcome:#}");
        let outcome = by(&clock, world.rye(["--json", "run", "quick"]), off, false).run().json();
        let told: u64 = outcome["data"].as_str().unwrap().trim().parse().unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        assert!(now - told < 3600, "the tool has another clock: {told}");
    }
}

#[test]
fn a_clock_that_is_a_day_off_removes_nothing_that_is_fresh() {
    let world = World::new();
    let Some(clock) = clock(&world) else { return };
    world.tool("count.sh", "seq 1 10000 | tail -c \"$1\"\n");
    let count = |bytes: &str| world.rye(["--json", "run", "count", bytes]);
    let ids = || {
        let listed = world.rye(["--json", "artifacts", "list"]).run().json();
        let ids = listed.as_array().unwrap().iter().map(|kept| kept["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let id = |outcome: &Value| outcome["artifacts"][0]["id"].as_str().unwrap().to_owned();
    let first = id(&count("10000").run().json());
    let folder = world.home().join(".local/state/rye/artifacts");
    // Of another run that is on, and of one that was killed long ago.
    File::create(folder.join(".growing-new")).unwrap();
    File::create(folder.join(".growing-old")).unwrap().set_modified(SystemTime::now() - DAY * 4).unwrap();
    let five_days = File::open(folder.join(&first)).unwrap();
    five_days.set_modified(SystemTime::now() - DAY * 5).unwrap();
    for (off, jumps) in [(86_400, false), (-86_400, false), (86_400, true), (-86_400, true)] {
        let second = id(&by(&clock, count("9000"), off, jumps).run().json());
        assert!(ids().contains(&first) && ids().contains(&second), "{off} {:?}", ids());
        assert!(folder.join(".growing-new").exists());
        assert!(!folder.join(".growing-old").exists());
    }
    // A week is over by the same clock.
    five_days.set_modified(SystemTime::now() - DAY * 7).unwrap();
    // Who jumped may have swept at this very time.
    std::fs::remove_file(folder.join(".swept")).unwrap();
    by(&clock, count("8000"), 86_400, false).run().json();
    assert!(!ids().contains(&first), "this clock counts");
}
