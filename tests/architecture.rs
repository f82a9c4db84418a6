//! What docs/architecture.md says about the tree, held by tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::world::World;

pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

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

const LIBRARIES: [&str; 6] = ["runtimes", "tools", "primitives", "resolver", "executor", "mcp"];

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
    // What the C library calls when the program begins.
    let entry = Path::new("cli/src/entry.rs");
    for (path, code) in
        ["runtimes", "tools", "resolver", "executor", "mcp", "cli"].iter().flat_map(|folder| sources(folder))
    {
        let is_safe = !code.contains("unsafe {") && !code.contains("allow(unsafe_code)");
        assert!(is_safe || path.ends_with(entry), "{}", path.display());
    }
}

/// The tests that a text names: `module::test` of this crate, or `path/of/file::test` of another.
pub(crate) fn named_tests(text: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '/' | ':');
    let spans = text.split('`').skip(1).step_by(2);
    spans.filter(|span| span.contains("::") && span.chars().all(is_name)).collect()
}

pub(crate) fn assert_is_there(name: &str) {
    let (file, test) = name.split_once("::").unwrap();
    let folder = if file.contains('/') { ROOT } else { env!("CARGO_MANIFEST_DIR") };
    let path = Path::new(folder).join(format!("{file}.rs"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("no {}", path.display()));
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let is_test = lines.windows(2).any(|pair| pair[0].ends_with("test]") && names(pair[1], test));
    assert!(is_test, "no test `{name}`");
}

/// Whether a line begins the function of that name.
fn names(line: &str, test: &str) -> bool {
    line.trim_start_matches("async ")
        .strip_prefix("fn ")
        .and_then(|rest| rest.strip_prefix(test))
        .is_some_and(|rest| rest.starts_with('('))
}

#[test]
fn every_claim_of_the_documentation_names_a_test_that_is_there() {
    for (page, least) in [("architecture.md", 50), ("embedding.md", 20), ("bad-input.md", 90)] {
        let text = std::fs::read_to_string(Path::new(ROOT).join("docs").join(page)).unwrap();
        let named = named_tests(&text);
        assert!(named.len() >= least, "{page} names only {} tests", named.len());
        named.into_iter().for_each(assert_is_there);
    }
}

#[test]
fn every_line_of_bad_input_has_a_test() {
    let text = std::fs::read_to_string(Path::new(ROOT).join("docs/bad-input.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && *line != "| input | rye | test |");
    for row in rows {
        let tests = row.trim_end_matches(" |").rsplit("| ").next().unwrap();
        assert!(!named_tests(tests).is_empty(), "no test in: {row}");
    }
}

#[test]
fn the_places_that_contributing_names_are_there() {
    let text = std::fs::read_to_string(Path::new(ROOT).join("CONTRIBUTING.md")).unwrap();
    let mut seen = 0;
    // The name of a new file is in capitals.
    let is_place = |word: &&str| word.contains('/') && !word.contains(|c: char| c == ' ' || c.is_uppercase());
    let rows = text.lines().filter(|line| line.starts_with("| "));
    for place in rows.flat_map(|row| row.split('`').skip(1).step_by(2)).filter(is_place) {
        let is_there = Path::new(ROOT).join(place).exists() || place.starts_with(".ai/");
        assert!(is_there, "CONTRIBUTING.md names `{place}`");
        seen += 1;
    }
    assert!(seen > 15, "the table is gone");
}

#[test]
fn errors_become_reports_in_one_place() {
    for (path, code) in LIBRARIES.iter().flat_map(|folder| sources(folder)) {
        let converts = code.contains("Error) -> Report") && !path.ends_with("executor/src/report.rs");
        assert!(!converts, "{}", path.display());
    }
}
