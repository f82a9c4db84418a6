//! The README is true: every command in it is run, and prints what stands there.

use std::path::Path;
use std::process::Command;

use crate::docs::{Step, steps};
use crate::world::{World, have, rye};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn every_command_of_the_readme_prints_what_stands_there() {
    if !have("python3") || !have("bash") {
        return;
    }
    let world = World::new();
    let mut ran = 0;
    let text = std::fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    for step in steps(&text) {
        let Step::Command { words: command, output } = step else { continue };
        // Installing is what CI does before it; building is what this test has done.
        if command.starts_with("cargo install") {
            assert!(command.ends_with("--path cli"));
            continue;
        }
        let words = command
            .strip_prefix("cargo run --release -- ")
            .or_else(|| command.strip_prefix("rye "))
            .unwrap_or_else(|| panic!("not a command of ours: {command}"));
        // A shell reads the words, as it would for the reader; `rye` is the binary under test.
        let shell = world.rye([""; 0]).command();
        let mut run = Command::new("bash");
        run.arg("-c").arg(format!("exec {} {words}", rye().display())).current_dir(ROOT).env_clear();
        run.envs(shell.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
        let printed =
            run.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let printed = printed.wait_with_output().unwrap();
        let text = String::from_utf8(printed.stdout).unwrap();
        if output.starts_with('{') {
            // Of one object the page shows what matters, in lines of its own; `…` is the rest.
            let mut shown: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&output).unwrap();
            assert!(shown.remove("…").is_some() && !shown.is_empty(), "{command}");
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            shown.iter().for_each(|(key, shown)| assert_eq!(value[key], *shown, "{command}: {key}"));
            assert_eq!(printed.status.code(), Some(2), "{command}");
        } else {
            assert_eq!(text, output, "{command}");
        }
        ran += 1;
    }
    assert!(ran >= 5, "the README lost its commands");
}

#[test]
fn the_lines_for_clients_start_a_server() {
    let world = World::new();
    let text = std::fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let block = |fence: &str| {
        let (_, rest) = text.split_once(fence).unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    let json: serde_json::Value = serde_json::from_str(&block("```json\n")).unwrap();
    let toml: serde_json::Value = toml::from_str(&block("```toml\n")).unwrap();
    let entry = &json["mcpServers"]["rye"];
    assert_eq!(entry, &toml["mcp_servers"]["rye"]);
    assert_eq!(entry["command"], "rye");
    let project = world.project();
    let words = entry["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap().replace("/path/to/project", project.to_str().unwrap()));
    let question = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let answer = world.rye(words).cwd("/").stdin(format!("{question}\n")).run().ok();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["result"]["serverInfo"]["name"], "rye", "{answer}");
}
