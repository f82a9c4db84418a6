//! What fuzzers found worth keeping, given again to the property that it was found with. Each crate takes this file
//! into its tests by its path; nothing here needs a fuzzer.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

/// Gives every file of `fuzz/corpus/TARGET` to a property; one that breaks it is named.
pub(crate) fn replay(target: &str, property: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&corpus)
        .unwrap_or_else(|error| panic!("{}: {error}", corpus.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", corpus.display());
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        if let Err(broken) = catch_unwind(AssertUnwindSafe(|| property(&bytes))) {
            eprintln!("broken by {}", file.display());
            resume_unwind(broken);
        }
    }
}
