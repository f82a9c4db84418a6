//! The files in which a server's tools stand. A name of a server's is anything; what comes out is one segment of an
//! id, so that no name leads out of the server's folder. Where two names would give one, neither gets it.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

/// The longest name of a file, without its extension.
const MAX_LENGTH: usize = 64;
/// Where a name does not fit or is not alone, `_` and eight hexadecimal digits of its hash end the file's.
const SUFFIX: usize = 9;
/// For a name that has no letter or digit of ours.
const NAMELESS: &str = "tool";

/// The segment of each name. The same names give the same segments, in whatever order a server lists them.
pub(super) fn segments<'n>(names: impl Iterator<Item = &'n str>) -> BTreeMap<&'n str, String> {
    let mut plain: BTreeMap<String, BTreeSet<&'n str>> = BTreeMap::new();
    for name in names {
        // Ids that differ by case alone are an error.
        plain.entry(plain_segment(name).to_ascii_lowercase()).or_default().insert(name);
    }
    let mut segments = BTreeMap::new();
    let mut taken = BTreeSet::new();
    let fits = |name: &str| plain_segment(name).len() <= MAX_LENGTH && plain_segment(name) != NAMELESS;
    let (alone, others): (Vec<_>, Vec<_>) = plain
        .into_values()
        .flat_map(|names| {
            names.iter().map(|name| (*name, names.len() == 1 && fits(name))).collect::<Vec<_>>()
        })
        .partition(|(_, is_plain)| *is_plain);
    for (name, _) in alone {
        taken.insert(plain_segment(name).to_ascii_lowercase());
        segments.insert(name, plain_segment(name));
    }
    for (name, _) in others {
        let mut segment = hashed_segment(name, 0);
        for salt in 1.. {
            if taken.insert(segment.to_ascii_lowercase()) {
                break;
            }
            segment = hashed_segment(name, salt);
        }
        segments.insert(name, segment);
    }
    segments
}

/// The letters and digits of a name, `_` for everything else.
fn plain_segment(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let segment: String = name.chars().map(kept).collect();
    let segment = segment.trim_start_matches(['_', '-']);
    if segment.is_empty() { NAMELESS.to_owned() } else { segment.to_owned() }
}

fn hashed_segment(name: &str, salt: u32) -> String {
    let mut segment = plain_segment(name);
    segment.truncate(MAX_LENGTH - SUFFIX);
    let mut hash = Sha256::new_with_prefix(name);
    if salt > 0 {
        hash.update(salt.to_be_bytes());
    }
    let digits: String = hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{segment}_{digits}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rye_executor::ToolId;

    use super::segments;

    fn of(names: &[&str]) -> Vec<String> {
        let segments = segments(names.iter().copied());
        names.iter().map(|name| segments[name].clone()).collect()
    }

    #[test]
    fn a_name_alone_keeps_its_letters() {
        assert_eq!(
            of(&["add", "get-sum", "files.read", "a/b", "_x"]),
            ["add", "get-sum", "files_read", "a_b", "x"]
        );
    }

    #[test]
    fn nobody_gets_a_segment_that_two_would_have() {
        let names = ["a.b", "a/b", "getUser", "getuser", "检索", "搜索", "tool", "x"];
        let segments = of(&names);
        for (name, segment) in names.iter().zip(&segments) {
            assert_eq!(segment.len() > 8, *name != "x", "{name}: {segment}");
        }
        let mut reversed: Vec<_> = names.iter().rev().copied().collect();
        assert_eq!(of(&reversed).into_iter().rev().collect::<Vec<_>>(), segments);
        // The name that looks like the hash of another has it, and the other another one.
        reversed.push(&segments[0]);
        let with_look_alike = of(&reversed);
        assert_eq!(with_look_alike.last(), Some(&segments[0]));
        assert_ne!(with_look_alike[names.len() - 1], segments[0]);
    }

    proptest! {
        #[test]
        fn every_name_gives_one_segment_of_an_id(names in prop::collection::btree_set(".{0,80}|[a-bA-B./_]{1,3}", 0..20)) {
            let segments = segments(names.iter().map(String::as_str));
            prop_assert_eq!(segments.len(), names.len());
            let mut lower: Vec<_> = segments.values().map(|segment| segment.to_ascii_lowercase()).collect();
            for segment in &lower {
                prop_assert!(segment.parse::<ToolId>().is_ok_and(|id| id.is_short()), "{segment}");
                prop_assert!(segment.len() <= super::MAX_LENGTH);
            }
            lower.sort();
            lower.dedup();
            prop_assert_eq!(lower.len(), names.len());
        }
    }
}
