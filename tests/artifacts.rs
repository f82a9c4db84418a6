//! What a tool prints that is long is kept whole, for whoever looks at it later, and goes by itself.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::world::{World, have, rye};

/// Prints so many bytes on standard output, no two parts alike.
const COUNT: &str = "seq 1 1000000 | head -c \"$1\"\n";

fn counting(world: &World) {
    world.tool("count.sh", COUNT);
}

fn artifact(outcome: &Value) -> &Value {
    assert_eq!(outcome["artifacts"].as_array().map(Vec::len), Some(1), "{outcome:#}");
    &outcome["artifacts"][0]
}

/// What the numbers begin with.
fn numbers(bytes: usize) -> Vec<u8> {
    let mut text = String::new();
    for number in 1.. {
        if text.len() >= bytes {
            break;
        }
        text.push_str(&format!("{number}\n"));
    }
    text.truncate(bytes);
    text.into_bytes()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut sum = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    sum.stdin.take().unwrap().write_all(bytes).unwrap();
    let text = String::from_utf8(sum.wait_with_output().unwrap().stdout).unwrap();
    text.split(' ').next().unwrap().to_owned()
}

/// Every file below the folder for state, but for the one whose time alone says something.
fn state(world: &World) -> Vec<PathBuf> {
    walkdir::WalkDir::new(world.home().join(".local/state/rye"))
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file() && entry.file_name() != ".swept")
        .map(walkdir::DirEntry::into_path)
        .collect()
}

#[test]
fn a_long_output_is_kept_whole_and_found_by_its_id() {
    if !have("bash") {
        return;
    }
    let world = World::new();
    counting(&world);
    world.file("project/.ai/rye.toml", "[limits]\nmax_output = 1000\n");
    let whole = numbers(3_000_000);
    let outcome = world.outcome(["count", "3000000"]);
    assert_eq!((&outcome["success"], &outcome["stdout_bytes"]), (&true.into(), &3_000_000.into()));
    let kept = artifact(&outcome);
    let id = kept["id"].as_str().unwrap();
    assert_eq!((id, &kept["stream"]), (&*sha256(&whole), &"stdout".into()));
    assert_eq!((&kept["bytes"], &kept["truncated"]), (&3_000_000.into(), &false.into()));
    assert_eq!(outcome["stdout_sha256"], id);
    let path = PathBuf::from(kept["path"].as_str().unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);

    // The same again is the same file.
    assert_eq!(artifact(&world.outcome(["count", "3000000"]))["path"], kept["path"]);
    assert_eq!(state(&world), std::slice::from_ref(&path));
    let listed = world.rye(["artifacts", "list"]).run().ok();
    assert!(listed.starts_with(&id[..12]) && listed.contains("2.9 MiB"), "{listed}");
    assert_eq!(world.rye(["artifacts", "show", &id[..8]]).run().stdout, whole);
    let unknown = world.rye(["artifacts", "show", "zz"]).run();
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr().contains("no artifact begins with `zz`"), "{}", unknown.stderr());
    world.rye(["artifacts", "rm", &id[..8]]).run().ok();
    assert_eq!(state(&world), Vec::<PathBuf>::new());
    assert_eq!(world.rye(["--json", "artifacts", "list"]).run().json(), serde_json::json!([]));
}

#[test]
fn what_is_short_or_seen_by_a_person_is_kept_nowhere() {
    if !have("bash") {
        return;
    }
    let world = World::new();
    counting(&world);
    let outcome = world.outcome(["count", "6144"]);
    assert_eq!(outcome["artifacts"], Value::Null);
    assert_eq!(outcome["stdout_sha256"], sha256(&numbers(6144)));
    assert_eq!(world.rye(["run", "count", "100000"]).run().stdout.len(), 100_000);
    assert_eq!(state(&world), Vec::<PathBuf>::new());
    assert_eq!(artifact(&world.outcome(["count", "6145"]))["bytes"], 6145);
    world.file("project/.ai/rye.toml", "[limits]\ninline_output = 10000\n");
    assert_eq!(world.outcome(["count", "10000"])["artifacts"], Value::Null);
}

#[test]
fn above_its_cap_an_artifact_is_cut_and_total_and_hash_are_of_the_whole() {
    if !have("bash") {
        return;
    }
    let world = World::new();
    counting(&world);
    world.file("project/.ai/rye.toml", "[limits]\nmax_artifact = 10000\n");
    let outcome = world.outcome(["count", "500000"]);
    let kept = artifact(&outcome);
    let whole = sha256(&numbers(500_000));
    assert_eq!((&kept["bytes"], &kept["truncated"]), (&10_000.into(), &true.into()));
    assert_eq!((&outcome["stdout_bytes"], &outcome["stdout_sha256"]), (&500_000.into(), &(&*whole).into()));
    assert_eq!(kept["id"], format!("{whole}-cut"));
    assert_eq!(world.rye(["artifacts", "show", &whole]).run().stdout, numbers(10_000));

    // A limit of the system on files would end whoever writes beyond it.
    world.file("project/.ai/rye.toml", "");
    let wrapper = format!("#!/bin/bash\nulimit -f 16; exec {} \"$@\"\n", rye().display());
    let limited = world.program("limited", wrapper);
    let ran = world.rye(["--json", "run", "count", "500000"]).of(limited).run();
    let outcome = ran.json();
    assert_eq!((ran.code, &artifact(&outcome)["bytes"]), (Some(0), &(16 << 10).into()));
}

#[test]
fn a_disk_that_fails_costs_the_file_and_nothing_else() {
    if !have("bash") {
        return;
    }
    let world = World::new();
    counting(&world);
    world.file("notes", "no folder");
    let state = world.root().join("notes");
    let ran = world.rye(["--json", "run", "count", "50000"]).env("RYE_STATE_DIR", &state).run();
    let outcome = ran.json();
    assert_eq!((ran.code, &outcome["stdout_bytes"]), (Some(0), &50_000.into()));
    assert!(outcome["data"].as_str().unwrap().len() == 50_000);
    let kept = artifact(&outcome);
    assert_eq!((&kept["path"], &kept["truncated"]), (&Value::Null, &true.into()));
    assert!(!kept["problem"].as_str().unwrap().is_empty());
    assert_eq!(outcome["stdout_sha256"], sha256(&numbers(50_000)));
}

#[test]
fn a_full_disk_is_told_and_leaves_no_half_of_a_file() {
    if !have("bash") || !may_mount() {
        return;
    }
    let world = World::new();
    counting(&world);
    let state = world.root().join("small");
    std::fs::create_dir(&state).unwrap();
    let rye = rye().display();
    let inner = format!(
        "#!/bin/bash\nset -e\nmount -t tmpfs -o size=64k none $RYE_STATE_DIR\n{rye} \"$@\"\nls -A $RYE_STATE_DIR/artifacts >&2\n"
    );
    let inner = world.program("inner", inner);
    let mounted =
        world.program("mounted", format!("#!/bin/bash\nexec unshare -rm {} \"$@\"\n", inner.display()));
    let call = world.rye(["--json", "run", "count", "900000"]).of(mounted);
    let ran = call.env("RYE_STATE_DIR", &state).run();
    let outcome = ran.json();
    assert_eq!((ran.code, &outcome["stdout_bytes"]), (Some(0), &900_000.into()));
    assert!(artifact(&outcome)["problem"].as_str().unwrap().contains("No space left"), "{outcome:#}");
    assert_eq!(ran.stderr(), "", "something is left");
}

/// Whether a file system of one's own may be mounted here. If not, that is named and counted as a skip.
fn may_mount() -> bool {
    let mut tried = Command::new("unshare");
    tried.args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).stdin(Stdio::null()).stderr(Stdio::null());
    let may = tried.status().is_ok_and(|status| status.success());
    if !may {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        let _ = writeln!(std::io::stderr(), "skipped: {test}: no file system may be mounted here");
    }
    may
}
