//! What docs/architecture.md says about the tree, held by tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::world::World;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The arrows of DESIGN §1: each crate with all that it may import of ours.
const ARROWS: &[(&str, &[&str])] = &[
    ("rye-runtimes", &[]),
    ("rye-primitives", &[]),
    ("rye-tools", &["rye-runtimes"]),
    ("rye-resolver", &["rye-tools", "rye-runtimes"]),
    ("rye-executor", &["rye-resolver", "rye-tools", "rye-runtimes", "rye-primitives"]),
    ("rye-mcp", &["rye-executor"]),
    ("rye", &["rye-executor", "rye-mcp"]),
];

/// Crates that may use any of ours.
const FREE: &[&str] = &["rye-tests", "rye-bench"];

fn manifests() -> BTreeMap<String, toml::Table> {
    let root: toml::Table =
        std::fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap().parse().unwrap();
    let members = root["workspace"]["members"].as_array().unwrap();
    members
        .iter()
        .map(|member| {
            let path = Path::new(ROOT).join(member.as_str().unwrap()).join("Cargo.toml");
            let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
            (manifest["package"]["name"].as_str().unwrap().to_owned(), manifest)
        })
        .collect()
}

#[test]
fn imports_point_down_only() {
    let manifests = manifests();
    let ours: BTreeSet<_> = manifests.keys().cloned().collect();
    for (name, manifest) in &manifests {
        if FREE.contains(&name.as_str()) {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| known == name) else {
            panic!("`{name}` is in the workspace and not in the list of arrows");
        };
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(dependencies) = manifest.get(table).and_then(toml::Value::as_table) else { continue };
            for dependency in dependencies.keys().filter(|dependency| ours.contains(*dependency)) {
                assert!(allowed.contains(&dependency.as_str()), "`{name}` may not import `{dependency}`");
            }
        }
    }
}

#[test]
fn primitives_know_no_tools() {
    for entry in walkdir::WalkDir::new(Path::new(ROOT).join("primitives/src")) {
        let entry = entry.unwrap();
        if entry.path().extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(entry.path()).unwrap().to_lowercase();
            let word =
                text.split(|c: char| !c.is_alphanumeric()).find(|word| matches!(*word, "tool" | "tools"));
            assert_eq!(word, None, "{}", entry.path().display());
        }
    }
}

#[test]
fn every_test_file_is_part_of_the_binary() {
    let main = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/main.rs")).unwrap();
    for entry in std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap() {
        let path = entry.unwrap().path();
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        if path.extension().is_some_and(|extension| extension == "rs") && stem != "main" {
            assert!(main.contains(&format!("mod {stem};")), "`{stem}.rs` is not in main.rs");
        }
    }
}

#[test]
fn the_binary_starts() {
    let world = World::new();
    assert!(world.rye(["--version"]).run().ok().starts_with("rye "));
}
