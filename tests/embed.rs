//! The agent of `examples/embed`: the real program, whose model asks for calls that succeed, fail, never end and do not
//! fit, all at once. It answers, and nothing of its calls is left.

use std::path::Path;

use crate::world::{World, built, have};

const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/embed/.ai/tools/release");

/// The processes whose working directory is this folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let here =
        entries.filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder));
    here.map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default()).collect()
}

#[test]
fn the_agent_answers_whatever_becomes_of_its_calls() {
    if !have("python3") || !have("bash") {
        return;
    }
    let world = World::new();
    for entry in std::fs::read_dir(TOOLS).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        world.tool(&format!("release/{name}"), std::fs::read(&path).unwrap());
    }
    // Many lines, one that has no end for long, and a schema that providers would refuse.
    let tree = "# /// rye\n# [parameters.tree]\n# '$ref' = \"#/$defs/n\"\n# [parameters.tree.'$defs'.n]\n\
        # type = \"object\"\n# ///\nseq 9\nprintf '%05000d' 0\n";
    world.tool("release/tree.sh", tree);
    world.tool("release/secret.sh", "# /// rye\n# hidden = true\n# ///\n");
    let ended = world.rye([world.project()]).of(built("embed")).run();
    let printed = ended.ok();
    assert_eq!(ended.stderr(), "");

    let lines_of =
        |head: &str| -> Vec<&str> { printed.lines().filter_map(|line| line.strip_prefix(head)).collect() };
    let offered = lines_of("offered: ");
    let names: Vec<_> = offered.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(
        names,
        ["release_build", "release_changes", "release_follow_log", "release_lint", "release_tree"]
    );
    assert!(offered[4].contains("tree") && !offered[4].contains("$ref"), "{offered:?}");
    assert!(
        offered[1].contains(r#""since":{"type":"string","description":"a version, such as 1.0"}"#),
        "{offered:?}"
    );

    // Events come line by line, each call's in its order.
    let built = ["building boards", "building lists", "building cards", "board-1.2.tar.gz is built"];
    assert_eq!(lines_of("[release_build] "), built);
    let followed = lines_of("[release_follow_log] ");
    assert!(followed.len() >= 5 && followed[4] == "request 5: 200 OK", "{followed:?}");

    let lengths: Vec<_> = lines_of("[release_tree] ").iter().map(|line| line.len()).collect();
    assert_eq!(lengths, [1, 1, 1, 1, 1, 1, 1, 1, 1, 4096]);

    // In the order of asking; what was refused was asked again, and went well.
    let told = lines_of("release_");
    let words: Vec<_> =
        told.iter().map(|line| line.splitn(3, ": ").take(2).collect::<Vec<_>>().join(" ")).collect();
    let want = [
        "build ok",
        "changes invalid_arguments",
        "follow_log stopped",
        "lint tool_failed",
        "tree ok",
        "changes ok",
    ];
    assert_eq!(words, want);
    assert!(told[1].contains("`limit`: expected an integer, found the string `a few`"), "{}", told[1]);
    assert!(told[2].contains("request 5: 200 OK"), "what it printed before is kept: {}", told[2]);
    assert!(told[3].contains("a card without a title"), "{}", told[3]);
    assert_eq!(told[5], r#"changes: ok: ["Cards may carry labels","A board can be printed"]"#);
    assert!(printed.ends_with("\nIs the release ready? No: release_lint failed.\n"), "{printed}");
    assert_eq!(processes_in(&world.project()), [""; 0], "left");
}
