//! The ids that may be meant by the beginning of one: whole where they are few, else up to the next folder; by their
//! last segment where no path begins so.

use std::collections::{BTreeMap, BTreeSet};

use rye_executor::tools::completion::{Candidate, Completion};

/// So many are shown whole.
const FEW: usize = 40;

/// Completes the beginning of an id.
pub(super) fn complete<'i>(ids: impl Iterator<Item = &'i str>, current: &str) -> Completion {
    let ids: BTreeSet<&str> = ids.collect();
    let found: BTreeSet<&str> = ids.iter().copied().filter(|id| id.starts_with(current)).collect();
    let candidates = if found.is_empty() && !current.is_empty() {
        by_last_segment(&ids, current)
    } else if found.len() <= FEW {
        found.into_iter().map(|id| Candidate { word: id.to_owned(), says: None }).collect()
    } else {
        by_folder(&found, current).into_iter().map(|word| Candidate { word, says: None }).collect()
    };
    Completion { candidates, files: false }
}

/// The next segment of each, folders with their slash. Where all lie in one folder, what lies in that.
fn by_folder(found: &BTreeSet<&str>, current: &str) -> BTreeSet<String> {
    let mut typed = current.len();
    loop {
        let next: BTreeSet<&str> = found.iter().filter_map(|id| up_to_slash(id, typed)).collect();
        match next.iter().next() {
            Some(only) if next.len() == 1 && only.ends_with('/') => typed = only.len(),
            _ => return next.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// An id up to the first slash after what was typed.
fn up_to_slash(id: &str, typed: usize) -> Option<&str> {
    let rest = id.get(typed..)?;
    match rest.find('/') {
        Some(at) => id.get(..=typed + at),
        None => Some(id),
    }
}

/// Short names, where only one tool has each.
fn by_last_segment(ids: &BTreeSet<&str>, current: &str) -> Vec<Candidate> {
    let mut short: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for &id in ids {
        let last = id.rsplit('/').next().unwrap_or(id);
        if last.starts_with(current) {
            short.entry(last).or_default().push(id);
        }
    }
    let one = short.into_iter().filter_map(|(last, ids)| match ids.as_slice() {
        [id] => Some(Candidate { word: last.to_owned(), says: Some((*id).to_owned()) }),
        _ => None,
    });
    one.collect()
}

#[cfg(test)]
mod tests {
    use super::complete;

    fn words(ids: &[String], current: &str) -> Vec<String> {
        let found = complete(ids.iter().map(String::as_str), current).candidates;
        found.into_iter().map(|candidate| candidate.word).collect()
    }

    #[test]
    fn few_are_whole_and_many_are_folders() {
        let few = ["hello", "demo/hello", "demo/deep/bye", "other/help"].map(str::to_owned);
        assert_eq!(words(&few, ""), ["demo/deep/bye", "demo/hello", "hello", "other/help"]);
        assert_eq!(words(&few, "demo/h"), ["demo/hello"]);
        // By its last segment, and only where that is enough.
        assert_eq!(words(&few, "by"), ["bye"]);
        assert_eq!(words(&few, "x"), [""; 0]);
        let many: Vec<_> =
            (0..60).map(|n| format!("all/{}/t{n}", if n < 50 { "big" } else { "small" })).collect();
        assert_eq!(words(&many, ""), ["all/big/", "all/small/"]);
        assert_eq!(words(&many, "all/s").len(), 10);
        assert_eq!(words(&many, "all/big/t1").len(), 11);
    }
}
