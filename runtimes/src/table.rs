//! Reads the keys of one table: each key once, by any of its spellings; what nobody asked for is a problem that
//! names the nearest key.

use crate::document::{Entry, Node, NodeValue, Place, Problem};
use crate::names::nearest;

/// A table that is being read.
#[derive(Debug)]
pub struct TableReader<'n> {
    place: Place,
    entries: &'n [Entry],
    known: Vec<&'static str>,
    /// Keys of the tables in this one, with the name of theirs.
    of_tables: Vec<(&'static str, &'static str)>,
    /// What was found wrong so far.
    pub problems: Vec<Problem>,
}

impl<'n> TableReader<'n> {
    /// Begins to read a node that must be a table.
    #[must_use]
    pub fn new(node: &'n Node) -> Self {
        let mut problems = Vec::new();
        let entries = match &node.value {
            NodeValue::Table(entries) => entries.as_slice(),
            other => {
                problems.push(Problem::new(&node.place, format!("{} where a table is wanted", other.kind())));
                &[]
            }
        };
        Self { place: node.place.clone(), entries, known: Vec::new(), of_tables: Vec::new(), problems }
    }

    /// Where the table stands.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The entry with any of these spellings; the first is the one that messages propose.
    pub fn entry(&mut self, spellings: &[&'static str]) -> Option<&'n Entry> {
        self.known.extend(spellings);
        let mut found = self.entries.iter().filter(|entry| spellings.contains(&entry.key.as_str()));
        let first = found.next()?;
        if let Some(second) = found.next() {
            let (before, again) = (&first.key_place, &second.key_place);
            let place =
                if before.file == again.file { format!("line {}", before.line) } else { before.to_string() };
            let message = format!("`{}` says again what `{}` in {place} says", second.key, first.key);
            self.problems.push(Problem::new(again, message).hint("keep one of the two"));
        }
        Some(first)
    }

    /// Keys that belong into a table of this one: who writes them here has left its head out.
    pub fn of_table(&mut self, table: &'static str, keys: &[&'static str]) {
        self.of_tables.extend(keys.iter().map(|key| (*key, table)));
    }

    /// A string.
    pub fn string(&mut self, spellings: &[&'static str]) -> Option<String> {
        let entry = self.entry(spellings)?;
        match &entry.value.value {
            NodeValue::String(text) => Some(text.clone()),
            other => self.wrong(entry, "a string", other),
        }
    }

    /// A boolean.
    pub fn boolean(&mut self, spellings: &[&'static str]) -> Option<bool> {
        let entry = self.entry(spellings)?;
        match &entry.value.value {
            NodeValue::Boolean(value) => Some(*value),
            other => self.wrong(entry, "true or false", other),
        }
    }

    /// A positive integer.
    pub fn positive(&mut self, key: &'static str) -> Option<u64> {
        let entry = self.entry(&[key])?;
        match entry.value.value {
            NodeValue::Integer(number) if number > 0 => u64::try_from(number).ok(),
            _ => {
                let message = format!("`{key}` is not a positive integer");
                self.problems.push(Problem::new(&entry.value.place, message));
                None
            }
        }
    }

    /// A list of strings, each with its place.
    pub fn strings(&mut self, spellings: &[&'static str]) -> Option<Vec<(Place, String)>> {
        let entry = self.entry(spellings)?;
        let NodeValue::Array(items) = &entry.value.value else {
            return self.wrong(entry, "a list of strings", &entry.value.value);
        };
        let mut out = Vec::new();
        for item in items {
            match &item.value {
                NodeValue::String(text) => out.push((item.place.clone(), text.clone())),
                other => self.problems.push(Problem::new(
                    &item.place,
                    format!("`{}` holds {} where a string is wanted", entry.key, other.kind()),
                )),
            }
        }
        Some(out)
    }

    /// A word out of a fixed set.
    pub fn word<T: Copy>(&mut self, spellings: &[&'static str], words: &[(&'static str, T)]) -> Option<T> {
        let entry = self.entry(spellings)?;
        let NodeValue::String(text) = &entry.value.value else {
            return self.wrong(entry, "a string", &entry.value.value);
        };
        self.one_of(&entry.value.place, &entry.key, text, words)
    }

    /// A list of words out of a fixed set.
    pub fn words<T: Copy>(
        &mut self,
        spellings: &[&'static str],
        words: &[(&'static str, T)],
    ) -> Option<Vec<T>> {
        let key = spellings.first().copied().unwrap_or("");
        let texts = self.strings(spellings)?;
        Some(texts.iter().filter_map(|(place, text)| self.one_of(place, key, text, words)).collect())
    }

    fn one_of<T: Copy>(
        &mut self,
        place: &Place,
        key: &str,
        text: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let all: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let hint = match nearest(text, words.iter().map(|(word, _)| *word)) {
                Some(word) => format!("did you mean `{word}`? Known are {}", all.join(", ")),
                None => format!("known are {}", all.join(", ")),
            };
            self.problems.push(Problem::new(place, format!("`{key}` cannot be `{text}`")).hint(hint));
        }
        found
    }

    fn wrong<T>(&mut self, entry: &Entry, wanted: &str, got: &NodeValue) -> Option<T> {
        let message = format!("`{}` is {} where {wanted} is wanted", entry.key, got.kind());
        self.problems.push(Problem::new(&entry.value.place, message));
        None
    }

    /// Everything that was asked for has been read: the rest is unknown.
    #[must_use]
    pub fn finish(mut self) -> Vec<Problem> {
        for entry in self.entries {
            if self.known.contains(&entry.key.as_str()) {
                continue;
            }
            let problem = Problem::new(&entry.key_place, format!("`{}` is not a known key", entry.key));
            let of_table = self.of_tables.iter().find(|(key, _)| *key == entry.key);
            self.problems.push(match (of_table, nearest(&entry.key, self.known.iter().copied())) {
                (Some((_, table)), _) => problem.hint(format!("put it into `[{table}]`")),
                (None, Some(word)) => problem.hint(format!("did you mean `{word}`?")),
                (None, None) => problem.hint(format!("known here: {}", self.lower_case_keys())),
            });
        }
        self.problems
    }

    fn lower_case_keys(&self) -> String {
        let plain = |key: &&&str| key.starts_with(|c: char| c.is_ascii_lowercase());
        let mut keys: Vec<_> = self.known.iter().filter(plain).map(|key| format!("`{key}`")).collect();
        // A key that is read twice, for its place and for its value, stands there twice.
        keys.dedup();
        keys.join(", ")
    }
}
