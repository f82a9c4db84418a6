//! What the bench was asked for: its parts, how much of them, and in which form they are told.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Failure;

const USAGE: &str = "usage: bench [--json] [--short] [--runs N] [--seed N] [--rye FILE]\n             [table|soak|kills|output]...";

/// One part of the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The figures beside the floors and the peers.
    Table,
    /// Thousands of runs through one server.
    Soak,
    /// Thousands of trees that are ended.
    Kills,
    /// Gigabytes, and millions of writes.
    Output,
}

/// The words of the command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) json: bool,
    /// Shows only that it works, in a debug build too.
    pub(crate) short: bool,
    /// In place of as many as there usually are.
    pub(crate) runs: Option<usize>,
    seed: Option<u64>,
    /// A rye that is there already, in place of one that is built.
    pub(crate) rye: Option<PathBuf>,
    /// In the order of asking; the table when none was named.
    pub(crate) parts: Vec<Part>,
}

impl Words {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut parsed = Self::default();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => parsed.json = true,
                "--short" => parsed.short = true,
                "--runs" => parsed.runs = Some(words.next().ok_or(USAGE)?.parse()?),
                "--seed" => parsed.seed = Some(words.next().ok_or(USAGE)?.parse()?),
                "--rye" => parsed.rye = Some(words.next().ok_or(USAGE)?.into()),
                "table" => parsed.parts.push(Part::Table),
                "soak" => parsed.parts.push(Part::Soak),
                "kills" => parsed.parts.push(Part::Kills),
                "output" => parsed.parts.push(Part::Output),
                _ => return Err(USAGE.into()),
            }
        }
        if parsed.parts.is_empty() {
            parsed.parts.push(Part::Table);
        }
        Ok(parsed)
    }

    /// What the random choices follow from: another each time, unless it was named.
    pub(crate) fn seed(&self) -> u64 {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.seed.unwrap_or_else(now)
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, Words};

    fn parse(text: &str) -> Option<Words> {
        Words::parse(text.split_whitespace().map(str::to_owned)).ok()
    }

    #[test]
    fn parts_come_in_their_order_and_the_table_by_itself() {
        assert_eq!(parse("").unwrap().parts, [Part::Table]);
        let words = parse("soak --short table --seed 7 --runs 100").unwrap();
        assert_eq!(words.parts, [Part::Soak, Part::Table]);
        assert_eq!((words.seed(), words.runs, words.short, words.json), (7, Some(100), true, false));
        for text in ["soap", "--runs", "--runs many", "--seed -1"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
