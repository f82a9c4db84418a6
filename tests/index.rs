//! What listings remember: a row of the index counts only while nothing shows that its files were touched. To see
//! which rows were believed, the tests forge what the index says.

use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::inotify;
use rye_executor::{Config, Executor, Host};
use serde_json::{Value, json};

use crate::mcp_peer::Peer;
use crate::world::{BOUND, Ran, World, am_root};

/// What every file says of itself, and what a forged index says.
const SAID: &str = "as written";
const FORGED: &str = "as forged!";

fn tool(text: &str) -> String {
    format!("# /// rye\n# description = \"{text}\"\n# ///\n")
}

fn state(world: &World) -> PathBuf {
    world.root().join("state")
}

fn list(world: &World) -> Ran {
    world.rye(["--json", "list"]).env("RYE_STATE_DIR", state(world)).run()
}

/// A listing that has nothing to remember with.
fn list_afresh(world: &World) -> Ran {
    world.rye(["--json", "list"]).env("RYE_STATE_DIR", "/dev/null/nowhere").run()
}

/// The one index there is.
fn index(world: &World) -> Option<PathBuf> {
    let mut files = fs::read_dir(state(world).join("index")).ok()?;
    Some(files.next()?.unwrap().path())
}

/// Lists until the files are old enough for so many to be remembered: a file that has just changed is not.
#[track_caller]
pub(crate) fn settle(world: &World, rows: usize) -> PathBuf {
    let begin = Instant::now();
    while begin.elapsed() < BOUND {
        list(world).ok();
        let text = index(world).map(|path| fs::read_to_string(path).unwrap()).unwrap_or_default();
        if text.lines().count() == rows + 1 {
            return index(world).unwrap();
        }
    }
    panic!("no index of {rows} rows");
}

/// Makes every row say something else, as if that had been read.
fn forge(index: &Path) {
    let text = fs::read_to_string(index).unwrap();
    let (head, rows) = text.split_once('\n').unwrap();
    let rows = rows.replace(SAID, FORGED);
    let (head, _) = head.rsplit_once(' ').unwrap();
    fs::write(index, format!("{head} {:08x}\n{rows}", crc32fast::hash(rows.as_bytes()))).unwrap();
}

/// The description of a tool, or the code of its problem, or nothing when it is not listed.
fn said<'v>(listed: &'v Value, id: &str) -> &'v str {
    let row = listed.as_array().unwrap().iter().find(|row| row["id"] == id);
    let word = row.map(|row| row["description"].as_str().or(row["problem"]["code"].as_str()));
    word.map_or("", Option::unwrap)
}

#[test]
fn a_row_is_believed_only_while_nothing_has_changed() {
    let world = World::new();
    let names = [
        "kept",
        "touched",
        "edited",
        "restored",
        "swapped",
        "writable",
        "closed",
        "described",
        "undescribed",
        "linked",
        "gone",
        "deep/below",
    ];
    for name in names {
        world.tool(&format!("{name}.sh"), tool(SAID));
    }
    world.tool("undescribed.sh", "true\n");
    world.tool("undescribed.toml", format!("description = \"{SAID}\"\n"));
    world.tool("module.py", "import os\n");
    world.tool("broken.toml", "executor_id = 1\n");
    world.tool("_target.sh", tool(SAID));
    symlink("_target.sh", world.tools().join("link.sh")).unwrap();
    // The module is remembered as none; the broken one and the link are not.
    let index = settle(&world, names.len() + 1);
    let path = |name: &str| world.tools().join(name);
    assert_eq!(fs::metadata(&index).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(index.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(list(&world).stdout, list_afresh(&world).stdout);

    forge(&index);
    let listed = list(&world).json();
    for name in names {
        assert_eq!(said(&listed, name), FORGED, "{name}");
    }
    assert_eq!((said(&listed, "link"), said(&listed, "broken")), (SAID, "invalid_metadata"));
    assert_eq!(said(&listed, "module"), "");

    let expect = |name: &str, expected: &str| {
        let (listed, afresh) = (list(&world).json(), list_afresh(&world).json());
        assert_eq!((name, said(&listed, name)), (name, expected));
        assert_eq!((name, said(&afresh, name)), (name, expected));
        assert_eq!(said(&listed, "kept"), FORGED, "{name} cost more than itself");
    };
    let old = |name: &str| fs::metadata(path(name)).unwrap().modified().unwrap();
    let restore = |name: &str, time| {
        fs::File::options().write(true).open(path(name)).unwrap().set_modified(time).unwrap();
    };
    restore("touched.sh", std::time::SystemTime::now());
    expect("touched", SAID);
    world.tool("edited.sh", tool("another text"));
    expect("edited", "another text");
    // As many bytes, and the time that it had.
    let time = old("restored.sh");
    world.tool("restored.sh", tool("AS WRITTEN"));
    restore("restored.sh", time);
    expect("restored", "AS WRITTEN");
    let time = old("swapped.sh");
    fs::rename(world.tool("_new.sh", tool("AS WRITTEN")), path("swapped.sh")).unwrap();
    restore("swapped.sh", time);
    expect("swapped", "AS WRITTEN");
    let mode = |name: &str, mode| fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
    mode("writable.sh", 0o666);
    expect("writable", "refused_file");
    mode("closed.sh", 0o600);
    expect("closed", SAID);
    world.tool("described.toml", "title = \"x\"\n");
    expect("described", SAID);
    fs::remove_file(path("undescribed.toml")).unwrap();
    world.tool("undescribed.sh", tool("now by itself"));
    expect("undescribed", "now by itself");
    fs::remove_file(path("linked.sh")).unwrap();
    symlink("/etc/hostname", path("linked.sh")).unwrap();
    expect("linked", "refused_file");
    fs::remove_file(path("linked.sh")).unwrap();
    symlink("_target.sh", path("linked.sh")).unwrap();
    expect("linked", SAID);
    fs::remove_file(path("gone.sh")).unwrap();
    expect("gone", "");
    // A folder may be all that changes.
    mode("deep", 0o777);
    expect("deep/below", "refused_file");
    mode("deep", 0o755);
    expect("deep/below", SAID);
    // What the files mean may change without them.
    world.file("project/.ai/rye.toml", "[runtimes]\nsh = \"bash_runtime\"\n");
    assert_eq!(said(&list(&world).json(), "kept"), SAID);
    assert_eq!(list(&world).stdout, list_afresh(&world).stdout);
}

#[test]
fn a_server_lists_what_is_remembered_and_runs_what_is_there() {
    let world = World::new();
    let schema = "# [parameters.path]\n# type = \"string\"\n";
    let text = tool(SAID).replace("# ///\n", &format!("{schema}# ///\n"));
    world.tool("kept.sh", format!("{text}echo \"as $RYE_PARAM_PATH\"\n"));
    world.tool("edited.sh", tool(SAID));
    world.tool("refused.toml", "executor_id = \"subprocess\"\n[config]\ncommand = \"true\"\n[input_schema]\ntype = \"object\"\nrequired = [\"a b\"]\n[input_schema.properties.\"a b\"]\ntype = \"string\"\n");
    let listed = |folder: &Path| {
        let mut peer = Peer::start_command(world.rye(["mcp"]).env("RYE_STATE_DIR", folder).command());
        peer.initialize("2025-11-25");
        let tools = peer.ask("tools/list", json!({}))["tools"].clone();
        (tools, peer)
    };
    let index = settle(&world, 3);
    let (afresh, _) = listed(Path::new("/dev/null/nowhere"));
    let (remembered, _) = listed(&state(&world));
    assert_eq!(remembered, afresh);
    assert_eq!(afresh[1]["inputSchema"]["properties"]["path"]["type"], "string", "{afresh:#}");
    forge(&index);
    world.tool("edited.sh", tool("another text"));
    let (tools, mut peer) = listed(&state(&world));
    let said = |at: usize| (tools[at]["name"].as_str(), tools[at]["description"].as_str());
    assert_eq!((said(0), said(1)), ((Some("edited"), Some("another text")), (Some("kept"), Some(FORGED))));
    assert_eq!(tools.as_array().map(Vec::len), Some(2), "{tools:#}");
    // What runs is the file, whatever the index says.
    assert_eq!(peer.text("kept", json!({"path": "written"})), SAID);
}

#[test]
fn an_odd_index_is_none() {
    let world = World::new();
    for number in 0..3 {
        world.tool(&format!("a{number}.sh"), tool(SAID));
    }
    let index = settle(&world, 3);
    let good = fs::read(&index).unwrap();
    let folder = index.parent().unwrap();
    let afresh = list_afresh(&world).ok();
    let same = |what: &str| {
        let listed = list(&world);
        assert_eq!((listed.ok(), listed.stderr()), (afresh.clone(), String::new()), "{what}");
    };
    let mut longer = good.clone();
    longer.extend(b"x\ty\tz\n");
    let mut changed = good.clone();
    let at = changed.windows(SAID.len()).position(|bytes| bytes == SAID.as_bytes()).unwrap();
    changed[at] ^= 1;
    for bytes in [&b""[..], b"\n", b"\xff\xfe", &good[..good.len() / 2], &good[1..], &longer, &changed] {
        fs::write(&index, bytes).unwrap();
        same(&format!("{:?}", String::from_utf8_lossy(bytes)));
        // And it is mended.
        settle(&world, 3);
    }
    // What forging shows to be believed is not, once it is not ours alone.
    let forged = || {
        let _ = fs::remove_file(&index);
        settle(&world, 3);
        forge(&index);
        assert!(list(&world).ok().contains(FORGED));
    };
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    forged();
    mode(&index, 0o622);
    same("a file that others may write");
    forged();
    mode(folder, 0o770);
    same("a folder that others may write");
    mode(folder, 0o700);
    if am_root() {
        std::os::unix::fs::chown(&index, Some(65534), None).unwrap();
        same("somebody else's file");
        forged();
        std::os::unix::fs::chown(folder, Some(65534), None).unwrap();
        same("somebody else's folder");
        std::os::unix::fs::chown(folder, Some(0), None).unwrap();
    }
    forged();
    let elsewhere = world.root().join("elsewhere");
    fs::rename(&index, &elsewhere).unwrap();
    symlink(&elsewhere, &index).unwrap();
    same("a link in place of the file");
    fs::remove_file(&index).unwrap();
    assert!(Command::new("mkfifo").arg(&index).status().unwrap().success());
    same("a FIFO in place of the file");
    let _ = fs::remove_file(&index);
    fs::create_dir(&index).unwrap();
    same("a folder in place of the file");
    fs::remove_dir(&index).unwrap();
    fs::remove_dir_all(folder).unwrap();
    fs::create_dir(elsewhere.with_extension("d")).unwrap();
    symlink(elsewhere.with_extension("d"), folder).unwrap();
    same("a link in place of the folder");
    assert_eq!(fs::read_dir(elsewhere.with_extension("d")).unwrap().count(), 0);
    fs::remove_file(folder).unwrap();
    fs::write(folder, "").unwrap();
    same("a file in place of the folder");
}

#[test]
fn many_at_once_do_no_harm() {
    let world = World::new();
    for number in 0..300 {
        world.tool(&format!("a{number}.sh"), tool(SAID));
    }
    let afresh = list_afresh(&world).stdout;
    settle(&world, 300);
    fs::remove_dir_all(state(&world)).unwrap();
    let command = || {
        let mut command = world.rye(["--json", "list"]).env("RYE_STATE_DIR", state(&world)).command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    for child in (0..8).map(|_| command()).collect::<Vec<_>>() {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.stdout == afresh && ended.stderr.is_empty(), "{ended:?}");
    }
    assert_eq!(fs::read_dir(state(&world).join("index")).unwrap().count(), 1);
    settle(&world, 300);
}

#[test]
fn what_another_build_kept_is_not_believed() {
    let world = World::new();
    world.tool("x.sh", tool(SAID));
    let says = |build: &str| {
        let host = Host {
            working_directory: world.project(),
            cache: Some(state(&world)),
            build: build.to_owned(),
            ..Host::default()
        };
        let catalogue = Executor::new(host, Config::default()).unwrap().catalogue();
        let row = catalogue.items.iter().find(|row| row.id.as_str() == "x").unwrap();
        row.card.as_ref().unwrap().description.clone().unwrap()
    };
    let begin = Instant::now();
    let is_settled = |index: PathBuf| fs::read_to_string(index).unwrap().contains(SAID);
    while !index(&world).is_some_and(is_settled) && begin.elapsed() < BOUND {
        says("one");
    }
    forge(&index(&world).unwrap());
    assert_eq!((says("one").as_str(), says("two").as_str()), (FORGED, SAID));
}

/// Whether somebody has opened what is watched since it was asked last. The kernel has told by the time a call is over.
fn was_opened(watch: &OwnedFd) -> bool {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut events = inotify::Reader::new(watch, &mut buffer);
    std::iter::from_fn(|| events.next().ok().map(|_| ())).count() > 0
}

#[test]
fn a_run_neither_reads_nor_writes_what_listings_keep() {
    let world = World::new();
    world.tool("deep/x.sh", "echo ran\n");
    let look = |words: [&str; 2]| world.rye(words).env("RYE_STATE_DIR", state(&world)).run().ok();
    look(["run", "x"]);
    look(["show", "x"]);
    assert!(!state(&world).exists() && !world.home().join(".cache").exists());
    let index = settle(&world, 1);
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC).unwrap();
    let opened_or_changed = inotify::WatchFlags::OPEN | inotify::WatchFlags::CREATE;
    inotify::add_watch(&watch, index.parent().unwrap(), opened_or_changed).unwrap();
    look(["run", "x"]);
    look(["show", "x"]);
    assert!(!was_opened(&watch));
    list(&world).ok();
    assert!(was_opened(&watch));
    // Without the variable it lies where the platform keeps what can be made again.
    let begin = Instant::now();
    while !world.home().join(".cache/rye/index").exists() && begin.elapsed() < BOUND {
        world.rye(["list"]).run().ok();
    }
    assert_eq!(fs::read_dir(world.home().join(".cache/rye/index")).unwrap().count(), 1);
}

#[test]
fn what_nobody_uses_any_more_is_removed() {
    let world = World::new();
    world.tool("x.sh", tool(SAID));
    let index = settle(&world, 1);
    let day = Duration::from_secs(24 * 60 * 60);
    let aged = |name: &str, age: Duration| {
        let path = index.with_file_name(name);
        fs::write(&path, "").unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        let time = SystemTime::now() - age;
        file.set_times(fs::FileTimes::new().set_accessed(time).set_modified(time)).unwrap();
        path
    };
    let (hex, random) = ("0123456789abcdef0123456789abcdef", "0123456789abcdef");
    let killed = format!("{hex}.{random}");
    let gone = [aged(&killed, day / 8), aged(&hex.replace('0', "1"), 31 * day)];
    let kept = [
        aged(&killed.replace('0', "2"), day / 48),
        aged(&hex.replace('0', "3"), 29 * day),
        aged("somebody else's", 90 * day),
    ];
    world.tool("y.sh", tool(SAID));
    let begin = Instant::now();
    while !fs::read_to_string(&index).unwrap().contains("y.sh") && begin.elapsed() < BOUND {
        list(&world).ok();
    }
    let there = |paths: &[PathBuf]| paths.iter().map(|path| path.exists()).collect::<Vec<_>>();
    assert_eq!((there(&gone), there(&kept)), (vec![false; 2], vec![true; 3]));
}
