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
    ("embed", &["rye-executor"]),
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

/// The sources of a crate, tests left out.
fn sources(folder: &str) -> Vec<(std::path::PathBuf, String)> {
    walkdir::WalkDir::new(Path::new(ROOT).join(folder).join("src"))
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| !path.components().any(|part| part.as_os_str() == "tests"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let own = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            let code = own
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            (path, code)
        })
        .collect()
}

const LIBRARIES: [&str; 5] = ["runtimes", "tools", "primitives", "resolver", "executor"];

#[test]
fn libraries_touch_neither_environment_nor_terminal() {
    let forbidden =
        ["env::var", "env::current_dir", "env::args", "println!", "eprintln!", "io::stdout", "io::stderr"];
    for (path, code) in LIBRARIES.iter().flat_map(|folder| sources(folder)) {
        for word in forbidden {
            assert!(!code.contains(word), "`{word}` in {}", path.display());
        }
    }
}

#[test]
fn unsafe_code_stands_in_primitives_alone() {
    for (path, code) in
        ["runtimes", "tools", "resolver", "executor", "cli"].iter().flat_map(|folder| sources(folder))
    {
        assert!(!code.contains("unsafe {") && !code.contains("allow(unsafe_code)"), "{}", path.display());
    }
}

#[test]
fn every_claim_of_the_architecture_names_a_test_that_is_there() {
    let text = std::fs::read_to_string(Path::new(ROOT).join("docs/architecture.md")).unwrap();
    let rows: Vec<_> = text.lines().filter(|line| line.starts_with("| ") && line.contains("::")).collect();
    assert!(rows.len() > 10, "the table is gone");
    for row in rows {
        let name = row.rsplit('`').nth(1).unwrap();
        let (module, test) = name.split_once("::").unwrap_or_else(|| panic!("no test in: {row}"));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{module}.rs"));
        let file = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("no {}", path.display()));
        assert!(file.contains(&format!("fn {test}()")), "no test `{name}`");
    }
}

#[test]
fn errors_become_reports_in_one_place() {
    for (path, code) in LIBRARIES.iter().flat_map(|folder| sources(folder)) {
        let converts = code.contains("Error) -> Report") && !path.ends_with("executor/src/report.rs");
        assert!(!converts, "{}", path.display());
    }
}
