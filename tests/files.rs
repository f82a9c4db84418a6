//! Files: what is a tool and what is not, and what is refused unread because it may not be what it seems.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rye_executor::{CallOptions, Config};
use serde_json::{Value, json};

use crate::library::{block_on, executor, plan};
use crate::world::{World, am_root, have};

/// Something that is put in place of the tool `x`.
type Placing = fn(&World);

fn mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Asserts that `x` is refused at every door, shows in the listing and fails the check, unread and without harm.
#[track_caller]
fn refused(world: &World, id: &str, fact: &str, hint: &str) {
    for command in ["run", "show", "explain"] {
        world.rye(["--json", command, id]).run().refuses(126, "refused_file", fact, hint);
    }
    world.rye(["run", id]).run().fails(126, &["error: ", " is refused: ", fact, "hint: ", hint]);
    assert!(!world.ran(), "{fact}");
}

#[track_caller]
fn listed_as(world: &World, id: &str, code: &str) {
    let listed = world.rye(["--json", "list"]).run();
    listed.ok();
    let rows = listed.json();
    let row = rows.as_array().unwrap().iter().find(|row| row["id"] == id);
    assert_eq!(row.unwrap_or_else(|| panic!("no {id} in {rows}"))["problem"]["code"], code);
    let checked = world.rye(["check"]).run();
    assert_eq!(checked.code, Some(1), "{}", checked.stdout());
}

#[test]
fn what_is_no_regular_file_is_refused() {
    let rows: [(&str, Placing, &str, bool); 7] = [
        (
            "fifo",
            |world| make_node(world, "x.sh", rustix::fs::FileType::Fifo),
            "it is a FIFO, not a file",
            true,
        ),
        ("fifo.py", |world| make_node(world, "x.py", rustix::fs::FileType::Fifo), "it is a FIFO", true),
        ("fifo.toml", |world| make_node(world, "x.toml", rustix::fs::FileType::Fifo), "it is a FIFO", true),
        (
            "socket",
            |world| drop(UnixListener::bind(world.tools().join("x.sh")).unwrap()),
            "it is a socket",
            true,
        ),
        ("folder", |world| fs::create_dir(world.tools().join("x.py")).unwrap(), "it is a directory", false),
        (
            "folder.toml",
            |world| fs::create_dir(world.tools().join("x.toml")).unwrap(),
            "it is a directory",
            false,
        ),
        (
            "sidecar",
            |world| {
                world.tool("x.sh", world.marking());
                make_node(world, "x.toml", rustix::fs::FileType::Fifo);
            },
            "it is a FIFO",
            true,
        ),
    ];
    for (name, place, fact, is_listed) in rows {
        let world = World::new();
        world.tool("good.sh", "echo good\n");
        place(&world);
        refused(&world, "x", fact, "a tool is a regular file");
        if is_listed {
            listed_as(&world, "x", "refused_file");
        }
        assert_eq!(world.rye(["run", "good"]).run().ok(), "good\n", "{name}");
    }
}

fn make_node(world: &World, name: &str, kind: rustix::fs::FileType) {
    let path = world.tools().join(name);
    rustix::fs::mknodat(rustix::fs::CWD, &path, kind, rustix::fs::Mode::RWXU, rustix::fs::makedev(1, 3))
        .unwrap();
}

#[test]
fn a_device_is_refused() {
    let world = World::new();
    // A link to one leads out of the folder.
    symlink("/dev/zero", world.tools().join("linked.sh")).unwrap();
    refused(&world, "linked", "a symbolic link leads out of", "copy the file in");
    if !am_root() {
        return;
    }
    let path = world.tools().join("x.sh");
    let kind = rustix::fs::FileType::CharacterDevice;
    let device = rustix::fs::makedev(1, 5);
    let made = rustix::fs::mknodat(rustix::fs::CWD, &path, kind, rustix::fs::Mode::RWXU, device);
    if made.is_ok() && fs::File::open(&path).is_ok() {
        refused(&world, "x", "it is a device, not a file", "a tool is a regular file");
        listed_as(&world, "x", "refused_file");
    }
}

#[test]
fn a_link_that_leads_out_is_refused() {
    let rows: [(&str, &str, Placing); 7] = [
        ("x", "absolute", |world| {
            let out = world.file("out.sh", world.marking());
            symlink(out, world.tools().join("x.sh")).unwrap();
        }),
        ("x", "relative", |world| {
            world.file("project/out.sh", world.marking());
            symlink("../../out.sh", world.tools().join("x.sh")).unwrap();
        }),
        ("deep/x", "a folder on the way", |world| {
            world.file("out/x.sh", world.marking());
            symlink(world.root().join("out"), world.tools().join("deep")).unwrap();
        }),
        ("a/deep/x", "a folder on the way, relative", |world| {
            world.file("project/out/x.sh", world.marking());
            world.tool("a/other.sh", "");
            symlink("../../../out", world.tools().join("a/deep")).unwrap();
        }),
        ("x", "by another link", |world| {
            let out = world.file("out.sh", world.marking());
            symlink(out, world.tools().join("hop")).unwrap();
            symlink("hop", world.tools().join("x.sh")).unwrap();
        }),
        ("x", "to nowhere", |world| symlink("/no/such/file", world.tools().join("x.sh")).unwrap()),
        ("x", "the metadata beside it", |world| {
            let out = world.file("out.toml", "description = \"not yours\"\n");
            world.tool("x.sh", world.marking());
            symlink(out, world.tools().join("x.toml")).unwrap();
        }),
    ];
    for (id, name, place) in rows {
        let world = World::new();
        place(&world);
        refused(&world, id, "a symbolic link leads out of", "link to something below `tools/`");
        if id == "x" {
            listed_as(&world, "x", "refused_file");
        }
        assert!(!world.rye(["--json", "show", id]).run().stdout().contains("not yours"), "{name}");
    }
}

#[test]
fn a_link_to_nothing_is_refused() {
    let world = World::new();
    symlink("gone.sh", world.tools().join("x.sh")).unwrap();
    refused(&world, "x", "its symbolic link leads to nothing", "correct the link");
    listed_as(&world, "x", "refused_file");
}

#[test]
fn a_link_that_stays_inside_is_followed() {
    let world = World::new();
    world.tool("real/tool.sh", "echo real\n");
    symlink("real/tool.sh", world.tools().join("near.sh")).unwrap();
    symlink(world.tools().join("real/tool.sh"), world.tools().join("far.sh")).unwrap();
    symlink("real", world.tools().join("folder")).unwrap();
    for id in ["near", "far", "folder/tool"] {
        assert_eq!(world.rye(["run", id]).run().ok(), "real\n", "{id}");
    }
    // The space's own folder may be anywhere.
    fs::rename(world.tools(), world.root().join("elsewhere")).unwrap();
    symlink(world.root().join("elsewhere"), world.tools()).unwrap();
    assert_eq!(world.rye(["run", "near"]).run().ok(), "real\n");
}

#[test]
fn what_anyone_may_write_is_refused() {
    let rows: [(&str, &str, Placing); 9] = [
        ("x", "x.sh`", |world| mode(world.tools().join("x.sh"), 0o777)),
        ("x", "x.sh`", |world| mode(world.tools().join("x.sh"), 0o646)),
        ("x", "x.toml`", |world| mode(world.tool("x.toml", "title = \"x\"\n"), 0o666)),
        ("x", "/.ai/tools`", |world| mode(world.tools(), 0o777)),
        ("x", "/.ai`", |world| mode(world.project().join(".ai"), 0o777)),
        ("x", "/project`", |world| mode(world.project(), 0o1777)),
        ("deep/x", "/deep`", |world| {
            mode(world.tool("deep/x.sh", world.marking()).parent().unwrap(), 0o777);
        }),
        ("near", "/open`", |world| {
            world.tool("open/inner/x.sh", world.marking());
            mode(world.tools().join("open"), 0o777);
            symlink("open/inner/x.sh", world.tools().join("near.sh")).unwrap();
        }),
        ("x", "/elsewhere`", |world| {
            fs::rename(world.tools(), world.root().join("elsewhere")).unwrap();
            symlink(world.root().join("elsewhere"), world.tools()).unwrap();
            mode(world.root().join("elsewhere"), 0o777);
        }),
    ];
    for (id, what, place) in rows {
        let world = World::new();
        world.tool("x.sh", world.marking());
        place(&world);
        refused(&world, id, &format!("anyone may write `{}", world.root().display()), "`chmod o-w ");
        refused(&world, id, what, "`chmod o-w ");
        listed_as(&world, id, "refused_file");
    }
    // What only a group may write is the business of its owner.
    let world = World::new();
    mode(world.tool("x.sh", "echo fine\n"), 0o664);
    assert_eq!(world.rye(["run", "x"]).run().ok(), "fine\n");
}

#[test]
fn what_belongs_to_a_stranger_is_refused() {
    if !am_root() {
        return;
    }
    let rows: [(&str, Placing); 4] = [
        ("x.sh", |world| chown(world.tools().join("x.sh"), Some(12345), None).unwrap()),
        ("x.toml", |world| chown(world.tool("x.toml", ""), Some(12345), None).unwrap()),
        ("/tools`", |world| chown(world.tools(), Some(12345), None).unwrap()),
        ("/project`", |world| chown(world.project(), Some(12345), None).unwrap()),
    ];
    for (what, place) in rows {
        let world = World::new();
        world.tool("x.sh", world.marking());
        place(&world);
        refused(&world, "x", "belongs to user 12345, who is neither the caller nor root", "`chown`");
        refused(&world, "x", what, "if you trust it");
        listed_as(&world, "x", "refused_file");
    }
}

#[test]
fn two_files_with_one_id_are_an_error_naming_both() {
    for (first, second) in [("x.py", "x.sh"), ("x.sh", "x"), ("x.bash", "x.sh"), ("d/x.py", "d/x.sh")] {
        let world = World::new();
        world.program(&format!("project/.ai/tools/{first}"), world.marking());
        world.program(&format!("project/.ai/tools/{second}"), world.marking());
        let id = first.split('.').next().unwrap();
        for file in [first, second] {
            for command in ["run", "show", "explain"] {
                let ran = world.rye(["--json", command, id]).run();
                ran.refuses(125, "duplicate_id", &format!(".ai/tools/{file}"), "rename one of them");
            }
        }
        listed_as(&world, id, "duplicate_id");
        assert!(!world.ran());
    }
    // One in each space are two tools, and metadata beside a script is no second one.
    let world = World::new();
    world.tool("x.sh", "echo one\n");
    world.tool("x.toml", "title = \"One\"\n");
    world.user_tool("x.py", "print('two')\n");
    assert_eq!(world.rye(["run", "x"]).run().ok(), "one\n");
    assert_eq!(world.rye(["--json", "show", "x"]).run().json()["title"], "One");
}

#[test]
fn an_executable_file_runs_by_its_own_line() {
    let world = World::new();
    world.program("project/.ai/tools/deploy", "#!/bin/sh\necho \"deploy $*\"\n");
    world.program("project/.ai/tools/odd.xyz", "#!/bin/sh\necho \"odd $*\"\n");
    assert_eq!(world.rye(["run", "deploy", "a b", "--now"]).run().ok(), "deploy a b --now\n");
    assert_eq!(world.rye(["run", "odd", "--", "x"]).run().ok(), "odd -- x\n");
    let rows = world.rye(["--json", "list"]).run().json();
    let ids: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["deploy", "odd"]);
    // A claimed extension needs neither the bit nor the line.
    mode(world.tool("plain.sh", "echo plain\n"), 0o644);
    assert_eq!(world.rye(["run", "plain"]).run().ok(), "plain\n");
}

#[test]
fn what_is_no_tool_says_why_and_how_to_make_it_one() {
    let world = World::new();
    let mark = world.marking();
    let module = world.marking_python();
    world.tool("silent", &mark);
    world.tool("data.csv", "a,b\n");
    world.program("project/.ai/tools/binary.bin", b"\x7fELF\0\0");
    world.program("project/.ai/tools/lineless", "echo\n");
    world.tool("module.py", format!("import os\n\nLIMIT = 3\n\ndef f():\n    {module}\n"));
    world.tool("plain.toml", "[table]\nx = 1\n");
    for folder in ["lib", "node_modules", "venv"] {
        world.tool(&format!("{folder}/hidden.sh"), &mark);
        world.tool(&format!("{folder}/bin/hidden.sh"), &mark);
    }
    world.tool("_private.sh", &mark);
    world.tool(".dotted.sh", &mark);
    world.tool("_folder/inner.sh", &mark);
    for (id, fact, hint) in [
        ("silent", "silent is not executable", "`chmod +x "),
        ("data", "data.csv has no `#!` line", "begin it with a `#!` line"),
        ("binary", "binary.bin has no `#!` line", "begin it with a `#!` line"),
        ("lineless", "lineless has no `#!` line", "or add a runtime that claims its extension"),
        ("module", "module.py has only imports, definitions", "give it a function `main`"),
        ("plain", "plain.toml has neither `executor_id` nor `tool_type`", "add `executor_id = "),
        ("lib/hidden", "lies where no tools are", "move it out of that folder"),
        ("node_modules/bin/hidden", "lies where no tools are", "move it out of that folder"),
        ("venv/bin/hidden", "lies where no tools are", "move it out of that folder"),
        ("hidden", "no tool `hidden`", "rye list"),
        ("private", "no tool `private`", "rye list"),
        ("dotted", "no tool `dotted`", "rye list"),
        ("inner", "no tool `inner`", "rye list"),
    ] {
        for command in ["run", "show"] {
            world.rye(["--json", command, id]).run().refuses(127, "tool_not_found", fact, hint);
        }
    }
    for id in ["_private", ".dotted", "_folder/inner"] {
        world.rye(["--json", "run", id]).run().refuses(2, "invalid_id", "a segment begins with", "an id is");
    }
    assert_eq!(world.rye(["--json", "list"]).run().json(), serde_json::json!([]));
    let checked = world.rye(["check"]).run();
    let notes = checked.ok();
    assert!(notes.contains("plain.toml:1:1: note: has neither `executor_id`"), "{notes}");
    assert!(notes.ends_with("0 tools, 0 problems\n"), "{notes}");
    assert!(!world.ran());
}

#[test]
fn a_python_file_that_does_anything_is_a_tool() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("flat.py", "print('hi')\n");
    world.tool("shebang.py", "#!/usr/bin/env python3\nNAME = 1\n");
    world.tool("block.py", "# /// rye\n# ///\nNAME = 1\n");
    world.tool("beside.py", "NAME = 1\n");
    world.tool("beside.toml", "title = \"Beside\"\n");
    world.tool("function.py", "def main() -> int:\n    return 1\n");
    assert_eq!(world.rye(["run", "flat"]).run().ok(), "hi\n");
    assert_eq!(world.rye(["run", "function"]).run().ok(), "1\n");
    for id in ["shebang", "block", "beside"] {
        assert_eq!(world.rye(["run", id]).run().ok(), "", "{id}");
    }
}

#[test]
fn a_file_beyond_the_limit_is_refused() {
    let world = World::new();
    let path = world.tool("x.sh", world.marking());
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len((16 << 20) + 1).unwrap();
    refused(&world, "x", "it has more than 16777216 bytes", "keep data beside it");
}

#[test]
fn a_file_that_changes_while_it_runs_is_told() {
    if !have("bash") || !have("python3") {
        return;
    }
    let world = World::new();
    let changed = |tool: &str| world.outcome([tool])["chain"][0]["changed"].clone();
    let script = "echo 'echo more' >> .ai/tools/t.sh\n";
    for (name, text, is_changed) in [
        ("same.sh", "touch .ai/tools/same.sh\n", false),
        ("t.sh", script, true),
        ("gone.sh", "rm .ai/tools/gone.sh\n", true),
        ("other.sh", "mv .ai/tools/other.sh away; mkfifo .ai/tools/other.sh\n", true),
        // What was read travels with the request: what stands at the path does not matter.
        ("f.py", "def main():\n    open('.ai/tools/f.py', 'w').close()\n", false),
    ] {
        world.tool(name, text);
        let told = changed(name.split('.').next().unwrap());
        assert_eq!(told, if is_changed { true.into() } else { serde_json::Value::Null }, "{name}");
    }
    world.tool("t.sh", script);
    let ran = world.rye(["run", "t"]).run();
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr().ends_with("t.sh changed while it ran\n"), "{}", ran.stderr());
}

#[test]
fn the_bytes_that_were_read_are_the_bytes_that_run() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    let write = |result: &str| world.tool("f.py", format!("def main():\n    return '{result}'\n"));
    write("read");
    let executor = executor(&world, Config::default());
    let plan = plan(&executor, "f", CallOptions::default());
    write("swapped");
    let outcome = block_on(async { executor.start(plan).unwrap().outcome().await.unwrap() });
    assert_eq!(outcome.data_as::<String>().unwrap().as_deref(), Some("read"));
}

#[test]
fn every_file_that_decides_is_in_the_chain_with_its_hash() {
    if !have("bash") {
        return;
    }
    let world = World::new();
    let command = world.tool("command.toml", "executor_id = \"subprocess\"\nconfig.command = \"true\"\n");
    let script = world.tool("script.sh", "echo here\n");
    let sidecar = world.tool("script.toml", "description = \"It says where.\"\n");
    let runtime = "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\nconfig.command = \"true\"\n\
                   call = { style = \"script\", bootstrap = \"_b.txt\" }\n";
    let runtime = world.tool("runtimes/own.toml", runtime);
    let bootstrap = world.tool("runtimes/_b.txt", "the bootstrap");
    world.tool("by_own.rb", "# /// rye\n# executor_id = \"own\"\n# ///\n");
    let expected = |path: &std::path::Path| {
        let hash = crate::artifacts::sha256(&std::fs::read(path).unwrap());
        json!({ "path": path, "sha256": hash })
    };
    let is_of = |link: &Value, path: &std::path::Path| {
        let found = json!({ "path": link["path"], "sha256": link["sha256"] });
        assert_eq!(found, expected(path), "{link:#}");
    };
    let chain = world.outcome(["command"])["chain"].clone();
    is_of(&chain[0], &command);
    assert_eq!((&chain[0]["verified"], &chain[0]["beside"]), (&json!(true), &Value::Null));
    let chain = world.outcome(["script"])["chain"].clone();
    is_of(&chain[0], &script);
    assert_eq!(chain[0]["beside"], json!([expected(&sidecar)]));
    let chain = world.outcome(["by_own"])["chain"].clone();
    is_of(&chain[1], &runtime);
    assert_eq!(chain[1]["beside"], json!([expected(&bootstrap)]));
    let shown = world.rye(["--json", "show", "command"]).run().json();
    assert_eq!(shown["path"], json!(command));
}
