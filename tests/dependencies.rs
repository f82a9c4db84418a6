//! The rules for what others wrote: licences, banned crates, sources. They stand here and not in a `deny.toml`
//! because building cargo-deny costs more than the whole test run.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Licences under which we take code.
const ALLOWED: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
];

/// One crate each, with the reason.
const ALLOWED_FOR: &[(&str, &str)] = &[
    // File-level copyleft, unchanged and not linked into anything but `directories`.
    ("option-ext", "MPL-2.0"),
    // Given to the public domain; the watcher of files.
    ("notify", "CC0-1.0"),
    // Data, not code: root certificates, and only in the lock file, for platforms that are not ours.
    ("webpki-root-certs", "CDLA-Permissive-2.0"),
];

/// Crates that must not come in, with the reason.
const BANNED: &[(&str, &str)] = &[
    ("openssl-sys", "a C library to find on every machine"),
    ("native-tls", "leads to openssl-sys"),
    ("aws-lc-sys", "builds C for minutes"),
    ("async-std", "a second runtime"),
    ("lazy_static", "std has OnceLock"),
    ("serde_yaml", "no longer kept"),
];

/// Crates that may be there twice: their users have not moved yet.
const TWICE: &[&str] = &["getrandom", "rand", "rand_core", "syn", "r-efi", "windows-sys", "windows-targets"];

fn packages() -> Vec<Value> {
    let child = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Whether an SPDX expression (`OR` binds weaker than `AND`; `/` is an old `OR`) can be met.
fn allowed(expression: &str, extra: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], "");
    // `(A OR B) AND C` without its parentheses reads `A OR (B AND C)`: check each part of every AND instead.
    if expression.contains(" AND ") {
        return expression.split(" AND ").all(|part| allowed(part, extra));
    }
    expression.split(" OR ").map(str::trim).any(|one| ALLOWED.contains(&one) || one == extra)
}

#[test]
fn licences_allow_what_we_do() {
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or_else(|| panic!("`{name}` names no licence"));
        let extra = ALLOWED_FOR.iter().find(|(known, _)| *known == name).map_or("", |(_, licence)| licence);
        assert!(allowed(licence, extra), "`{name}` is under {licence}");
    }
}

#[test]
fn banned_crates_and_foreign_sources_stay_out() {
    let mut versions: BTreeMap<String, u32> = BTreeMap::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap().to_owned();
        if let Some((_, reason)) = BANNED.iter().find(|(banned, _)| *banned == name) {
            panic!("`{name}` is banned: {reason}");
        }
        if let Some(source) = package["source"].as_str() {
            assert!(source.starts_with("registry+"), "`{name}` comes from {source}");
        }
        *versions.entry(name).or_default() += 1;
    }
    let twice: Vec<_> =
        versions.iter().filter(|(name, n)| **n > 1 && !TWICE.contains(&name.as_str())).collect();
    assert!(twice.is_empty(), "several versions: {twice:?}");
}
