//! Disks that are full or broken, and a KILL at any moment: whatever rye writes is there as it was or as it should be,
//! never half, and nothing is said to be done that is not.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::index::settle;
use crate::mcp_peer::{Peer, text_of};
use crate::strace::{At, Fault, at_each, may_inject};
use crate::world::{Call, Ran, World, have};

/// The kinds of calls by which a file comes to be, and how each fails.
const FAULTS: [(&str, Fault); 9] = [
    ("openat,open", Fault::Error("ENOSPC")),
    ("write", Fault::Error("ENOSPC")),
    ("write", Fault::Error("EIO")),
    ("fsync", Fault::Error("EIO")),
    ("rename,renameat,renameat2,link,linkat", Fault::Error("EDQUOT")),
    ("mkdir,mkdirat", Fault::Error("EDQUOT")),
    ("write", Fault::Kill),
    ("fsync", Fault::Kill),
    ("rename,renameat,renameat2,link,linkat,unlink,unlinkat,chmod,fchmod", Fault::Kill),
];

/// Tries every fault at every call.
fn at_every_call(
    world: impl Fn() -> World,
    call: impl Fn(&World) -> Call,
    check: impl Fn(&World, &Ran, &str),
) {
    let mut tried = 0;
    for (calls, fault) in FAULTS {
        tried += at_each(fault, calls, &world, &call, |world, ran, at: At| {
            let told =
                format!("{fault:?} at {at:?}: {} {}{}", ran.stdout(), ran.stderr(), ran.code.unwrap_or(-1));
            check(world, ran, &told);
        });
    }
    assert!(tried > 10, "only {tried} faults");
}

/// The files of a folder, whatever is below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let all = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    all.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

/// Asserts that beside these files there are at most unfinished ones, and those only after a KILL.
fn assert_clean(folder: &Path, expected: &[PathBuf], ran: &Ran, told: &str) {
    let others: Vec<_> = files(folder).into_iter().filter(|file| !expected.contains(file)).collect();
    let is_unfinished = |file: &PathBuf| file.file_name().unwrap().to_str().unwrap().starts_with(".rye-");
    assert!(others.iter().all(is_unfinished), "{others:?} {told}");
    assert!(others.is_empty() || ran.signal == Some(9), "{others:?} {told}");
}

#[test]
fn a_new_tool_is_whole_or_not_there() {
    if !may_inject() {
        return;
    }
    let call = |world: &World| world.rye(["new", "demo/one", "--lang", "bash"]);
    let world = World::new();
    call(&world).run().ok();
    let whole = fs::read(world.tools().join("demo/one.sh")).unwrap();
    at_every_call(World::new, call, |world, ran, told| {
        let file = world.tools().join("demo/one.sh");
        let bytes = fs::read(&file).ok();
        assert!(bytes.as_ref().is_none_or(|bytes| *bytes == whole), "{told}");
        assert!(ran.code != Some(0) || bytes.is_some(), "{told}");
        assert_clean(&world.tools(), std::slice::from_ref(&file), ran, told);
        // Whatever is left is in nobody's way.
        if bytes.is_none() {
            call(world).run().ok();
        }
        let listed = world.rye(["--json", "list"]).run().json();
        assert_eq!(
            listed["tools"].as_array().or(listed.as_array()).map(Vec::len),
            Some(1),
            "{listed:#} {told}"
        );
    });
}

#[test]
fn a_clients_file_is_the_old_one_or_the_new_one() {
    if !may_inject() {
        return;
    }
    const OLD: &str = "{\"mcpServers\":{\"other\":{\"url\":\"http://localhost:1\"}},\"z\":1}";
    let prepared = || {
        let world = World::new();
        world.file("home/.cursor/mcp.json", OLD);
        world
    };
    let call = |world: &World| world.rye(["mcp", "install", "--client", "cursor"]);
    at_every_call(prepared, call, |world, ran, told| {
        assert_ne!(ran.code, Some(2), "{told}");
        let file = world.home().join(".cursor/mcp.json");
        let text = fs::read_to_string(&file).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} {told}"));
        let is_new = value["mcpServers"]["rye"].is_object();
        assert!(is_new || text == OLD, "{text} {told}");
        assert!(
            value["mcpServers"]["other"]["url"] == "http://localhost:1" && value["z"] == 1,
            "{text} {told}"
        );
        assert!(ran.code != Some(0) || is_new, "{told}");
        assert_clean(&world.home(), &[file], ran, told);
    });
}

#[test]
fn a_token_is_whole_or_not_there() {
    if !may_inject() {
        return;
    }
    // An address that no machine has: the token is made, and then nothing is served.
    let call = |world: &World| {
        let state = world.root().join("state");
        world.rye(["mcp", "--http", "203.0.113.1:0"]).env("RYE_STATE_DIR", state)
    };
    let token = |world: &World| fs::read_to_string(world.root().join("state/mcp-token")).ok();
    let is_whole = |text: &String| {
        text.trim().len() == 64 && text.ends_with('\n') && text.trim().bytes().all(|c| c.is_ascii_hexdigit())
    };
    at_every_call(World::new, call, |world, ran, told| {
        let there = token(world);
        assert!(there.as_ref().is_none_or(is_whole), "{there:?} {told}");
        let file = world.root().join("state/mcp-token");
        assert_clean(&world.root().join("state"), std::slice::from_ref(&file), ran, told);
        call(world).run().fails(2, &["is no address of this machine"]);
        let now = token(world);
        assert!(now.as_ref().is_some_and(is_whole) && (there.is_none() || now == there), "{now:?} {told}");
    });
}

#[test]
fn an_index_never_lies() {
    if !may_inject() {
        return;
    }
    // A file is remembered once it has not changed for a while: the tools stay, and what is remembered is each time anew.
    let tools = World::new();
    for name in ["one", "two", "three"] {
        tools.tool(&format!("{name}.sh"), format!("# /// rye\n# description = \"Is {name}\"\n# ///\necho\n"));
    }
    settle(&tools, 3);
    let call = |world: &World| tools.rye(["list"]).env("RYE_STATE_DIR", world.root().join("state"));
    let expected = tools.rye(["list"]).run().ok();
    assert_eq!(expected.matches("Is ").count(), 3, "{expected}");
    at_every_call(World::new, call, |world, ran, told| {
        let index = files(&world.root().join("state"));
        let is_unfinished = |file: &&PathBuf| file.file_name().unwrap().to_str().unwrap().contains('.');
        assert!(ran.signal == Some(9) || !index.iter().any(|file| is_unfinished(&file)), "{index:?} {told}");
        assert_eq!(call(world).run().ok(), expected, "{told}");
        assert_eq!(call(world).run().ok(), expected, "{told}");
        let whole = files(&world.root().join("state")).iter().filter(|file| !is_unfinished(file)).count();
        assert_eq!(whole, 1, "{told}");
    });
}

#[test]
fn an_artifact_is_whole_or_told_to_be_none() {
    if !may_inject() || !have("bash") {
        return;
    }
    let prepared = || {
        let world = World::new();
        world.tool("count.sh", "seq 1 1000000 | head -c 50000\n");
        world
    };
    let call = |world: &World| world.rye(["--json", "run", "count"]);
    let whole = prepared().outcome(["count"])["data"].as_str().unwrap().to_owned();
    at_every_call(prepared, call, |world, ran, told| {
        let folder = world.home().join(".local/state/rye/artifacts");
        let (kept, growing): (Vec<_>, Vec<_>) = files(&folder)
            .into_iter()
            // Its time alone says something.
            .filter(|file| !file.ends_with(".swept"))
            .partition(|file| !file.file_name().unwrap().to_str().unwrap().starts_with('.'));
        // Whatever has an artifact's name holds what the name says.
        for file in &kept {
            assert_eq!(fs::read_to_string(file).unwrap(), whole, "{told}");
        }
        assert!(growing.is_empty() || ran.signal == Some(9), "{growing:?} {told}");
        if ran.code == Some(0) {
            let outcome = ran.json();
            assert_eq!((&outcome["success"], &outcome["data"]), (&json!(true), &json!(whole)), "{told}");
            let artifact = &outcome["artifacts"][0];
            assert_eq!(artifact["path"].is_string(), !kept.is_empty(), "{told}");
            assert_eq!(artifact["problem"].is_string(), kept.is_empty(), "{told}");
        }
        let listed = world.rye(["--json", "artifacts", "list"]).run().json();
        assert_eq!(listed.as_array().map(Vec::len), Some(kept.len()), "{told}");
    });
}

/// Lists two tools, and nothing else.
const SERVER: &str = r#"#!/bin/bash
while IFS= read -r line; do
  [[ $line =~ \"id\":([0-9]+|\"[^\"]*\") ]] || continue
  id=${BASH_REMATCH[1]}
  case $line in
    *'"method":"initialize"'*)
      result='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"two","version":"1"}}' ;;
    *'"method":"tools/list"'*)
      result='{"tools":[{"name":"a","inputSchema":{"type":"object"}},{"name":"b","inputSchema":{"type":"object"}}]}' ;;
    *)
      printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}\n' "$id"
      continue ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
"#;

#[test]
fn files_of_another_server_are_whole_and_a_refresh_brings_the_rest() {
    if !may_inject() || !have("bash") {
        return;
    }
    let elsewhere = World::new();
    let server = elsewhere.program("server.sh", SERVER);
    let call = |world: &World| world.rye(["mcp", "add", "two", "--", server.to_str().unwrap()]);
    let names = ["mcp/two.toml", "mcp/two/a.toml", "mcp/two/b.toml"];
    let texts = |world: &World| names.map(|name| fs::read_to_string(world.tools().join(name)).ok());
    let world = World::new();
    call(&world).run().ok();
    let whole = texts(&world);
    assert!(whole.iter().all(Option::is_some));
    at_every_call(World::new, call, |world, ran, told| {
        let there = texts(world);
        for (text, whole) in there.iter().zip(&whole) {
            assert!(text.is_none() || text == whole, "{text:?} {told}");
        }
        assert!(ran.code != Some(0) || there == whole, "{told}");
        assert_clean(&world.tools(), &names.map(|name| world.tools().join(name)), ran, told);
        let again = if there[0].is_some() { world.rye(["mcp", "refresh", "two"]) } else { call(world) };
        again.run().ok();
        assert_eq!(texts(world), whole, "{told}");
    });
}

#[test]
fn a_call_without_room_for_its_pipe_goes_on_without() {
    if !may_inject() {
        return;
    }
    for (calls, fault) in [
        ("mknod,mknodat", Fault::Error("ENOSPC")),
        ("mkdir,mkdirat", Fault::Error("EDQUOT")),
        ("flock", Fault::Error("ENOLCK")),
    ] {
        let world = World::new();
        world.tool("tell.sh", "echo \"${RYE_REPORT-nowhere}\"\n");
        let log = world.root().join("strace");
        let temporary = world.root().join("temporary");
        fs::create_dir(&temporary).unwrap();
        let call = world.rye(["mcp"]).env("TMPDIR", &temporary);
        let mut peer = Peer::start_command(fault.command(At { calls, nth: 0 }, &call, &log));
        peer.initialize("2025-11-25");
        let id = peer.request("tools/call", json!({"name": "tell", "_meta": {"progressToken": 1}}));
        assert_eq!(text_of(&peer.answer(&id)["result"]), "nowhere", "{calls}");
        assert_eq!(peer.end().0, Some(0));
        assert_eq!(temporary.read_dir().unwrap().count(), 0, "{calls}");
        assert!(fs::read_to_string(&log).unwrap().contains("(INJECTED)"), "{calls}");
    }
}

#[test]
fn a_servers_folder_goes_with_it_and_what_a_tool_put_there_stays() {
    let world = World::new();
    let temporary = world.root().join("temporary");
    fs::create_dir(&temporary).unwrap();
    // A tree that nobody could walk down by its path, a folder that nobody may enter, and many files.
    world.tool(
        "dirty.sh",
        "cd \"${RYE_REPORT%/*}\" || exit\n[ \"$1\" ] || exit 0\nmkdir locked && touch locked/file && chmod 000 locked\n\
         touch $(seq 1 2000)\nname=$(printf 'x%.0s' $(seq 1 200))\n\
         for _ in $(seq 1 60); do mkdir $name && cd -P $name || exit; done\n",
    );
    for (words, left) in [(json!([]), 0), (json!(["all"]), 1)] {
        let mut peer = Peer::start_command(world.rye(["mcp"]).env("TMPDIR", &temporary).command());
        peer.initialize("2025-11-25");
        let arguments = json!({"name": "dirty", "arguments": {"args": words}, "_meta": {"progressToken": 1}});
        let id = peer.request("tools/call", arguments);
        assert_eq!(peer.answer(&id)["result"]["isError"], false);
        assert_eq!(temporary.read_dir().unwrap().count(), 1);
        assert_eq!(peer.end().0, Some(0));
        assert_eq!(temporary.read_dir().unwrap().count(), left);
    }
    let [folder] = temporary
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    assert!(folder.join("locked").exists() && folder.join("2000").exists());
    assert!(!folder.join("report-0").exists(), "its own pipe is gone");
}
