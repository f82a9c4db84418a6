//! Fuzzers and what they found: each fuzzer has a corpus that a test of its crate replays, so that a stable toolchain
//! holds what a fuzzer holds.

use std::collections::BTreeSet;
use std::path::Path;

use crate::architecture::ROOT;

/// The fuzzers, as their package lists them.
fn fuzzers() -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(Path::new(ROOT).join("fuzz/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap();
    bins.iter().map(|bin| bin["name"].as_str().unwrap().to_owned()).collect()
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(Path::new(ROOT).join("fuzz").join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_fuzzer_has_a_corpus_that_its_crate_replays() {
    let fuzzers = fuzzers();
    assert!(fuzzers.len() >= 15, "the list is gone");
    assert_eq!(names("fuzz_targets"), fuzzers);
    assert_eq!(names("corpus"), fuzzers);
    for fuzzer in fuzzers {
        let program = Path::new(ROOT).join(format!("fuzz/fuzz_targets/{fuzzer}.rs"));
        let program = std::fs::read_to_string(program).unwrap();
        let called = program.split_once("rye_").and_then(|(_, rest)| rest.split_once("::properties::"));
        let (package, rest) = called.unwrap_or_else(|| panic!("`{fuzzer}` calls no property"));
        assert!(rest.starts_with(&format!("{fuzzer}(bytes)")), "`{fuzzer}` calls another property");
        let tests = Path::new(ROOT).join(package).join("src/properties.rs");
        let tests = std::fs::read_to_string(tests).unwrap();
        let replays = tests.contains(&format!("replay(\"{fuzzer}\", super::{fuzzer})"));
        assert!(replays, "no test of `{package}` replays the corpus of `{fuzzer}`");
    }
}

#[test]
fn the_corpora_are_small() {
    let files = walkdir::WalkDir::new(Path::new(ROOT).join("fuzz/corpus")).into_iter();
    let sizes = files.map(|entry| entry.unwrap().metadata().unwrap()).filter(std::fs::Metadata::is_file);
    let sizes: Vec<_> = sizes.map(|metadata| metadata.len()).collect();
    assert!(sizes.iter().sum::<u64>() <= 400 << 10, "{} bytes", sizes.iter().sum::<u64>());
    assert!(sizes.iter().all(|size| *size <= 8 << 10), "a file of more than 8 KiB");
}
