//! The table of faults in docs/reliability.md: every number stands there once, with tests that are there or a reason.

use crate::architecture::{ROOT, assert_is_there, named_tests};

/// How many faults there are.
const FAULTS: usize = 128;
/// How a reason begins where there is no test.
const REASONS: [&str; 3] = ["not there yet: ", "later issue: ", "is not the design: "];

/// The rows of the table: number, fault, what holds it.
fn rows(text: &str) -> Vec<(usize, &str, &str)> {
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.splitn(3, " | ");
            let number = cells.next()?.parse().ok()?;
            Some((number, cells.next()?, cells.next()?))
        })
        .collect()
}

#[test]
fn every_fault_has_a_test_that_is_there_or_a_reason() {
    let text = std::fs::read_to_string(format!("{ROOT}/docs/reliability.md")).unwrap();
    let rows = rows(&text);
    let numbers: Vec<_> = rows.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=FAULTS).collect::<Vec<_>>());
    let mut held = 0;
    for (number, fault, by) in rows {
        assert!(!fault.is_empty());
        let tests = named_tests(by);
        tests.iter().for_each(|test| assert_is_there(test));
        held += usize::from(!tests.is_empty());
        let is_told = REASONS.iter().any(|reason| by.starts_with(reason));
        assert!(!tests.is_empty() || is_told, "{number} has neither a test nor a reason: {by}");
    }
    assert!(held >= 80, "only {held} are held by tests");
}

#[test]
fn a_missing_number_or_test_would_be_seen() {
    let text = "| | fault | held by |\n|---|---|---|\n| 1 | x | `a::b` |\n| 3 | y | later issue: z |\n";
    assert_eq!(rows(text), [(1, "x", "`a::b`"), (3, "y", "later issue: z")]);
    assert!(std::panic::catch_unwind(|| assert_is_there("supervision::no_such_test")).is_err());
}
