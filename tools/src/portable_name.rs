//! Names for doors that allow no `/` or `.`: MCP clients and function calling, `[A-Za-z0-9_-]`, 64 characters at most.
//! A name never changes to mean another tool: where two ids would give one name, neither gets it.

use std::collections::BTreeMap;

use rye_runtimes::ItemId;

/// The longest name that every client takes.
pub const MAX_NAME: usize = 64;
/// Where an id does not fit or is not alone, `_` and eight hexadecimal digits of its hash end the name.
const SUFFIX: usize = 9;

/// The portable names of a set of tools.
#[derive(Clone, Debug, Default)]
pub struct PortableNames {
    names: BTreeMap<String, ItemId>,
    by_id: BTreeMap<ItemId, String>,
    collisions: Vec<Collision>,
}

/// Ids that would give one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The name that none of them has.
    pub name: String,
    /// The ids, sorted; each has a name that ends with a hash.
    pub ids: Vec<ItemId>,
}

impl PortableNames {
    /// Names every id of a set. The order of the ids does not matter.
    pub fn of(ids: impl IntoIterator<Item = ItemId>) -> Self {
        // Sorted lists become maps at once, which counts where there are thousands.
        let mut plain: Vec<(String, ItemId)> = ids.into_iter().map(|id| (plain_name(&id), id)).collect();
        plain.sort();
        plain.dedup();
        let mut collisions = Vec::new();
        let mut named = Vec::with_capacity(plain.len());
        for same in plain.chunk_by(|(one, _), (other, _)| one == other) {
            match same {
                [alone] => named.push(alone.clone()),
                [(name, _), ..] => {
                    named.extend(same.iter().map(|(_, id)| (hashed_name(id), id.clone())));
                    let ids = same.iter().map(|(_, id)| id.clone()).collect();
                    collisions.push(Collision { name: name.clone(), ids });
                }
                [] => {}
            }
        }
        let by_id = named.iter().map(|(name, id)| (id.clone(), name.clone())).collect();
        Self { names: named.into_iter().collect(), by_id, collisions }
    }

    /// The name of a tool of the set.
    #[must_use]
    pub fn name(&self, id: &ItemId) -> Option<&str> {
        self.by_id.get(id).map(String::as_str)
    }

    /// The tool that has a name.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<&ItemId> {
        self.names.get(name)
    }

    /// Every name with its tool, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ItemId)> {
        self.names.iter().map(|(name, id)| (name.as_str(), id))
    }

    /// Ids that would give one name.
    #[must_use]
    pub fn collisions(&self) -> &[Collision] {
        &self.collisions
    }
}

/// `demo/hello` is `demo_hello`.
fn plain_name(id: &ItemId) -> String {
    let name = replaced(id);
    if name.len() <= MAX_NAME { name } else { hashed_name(id) }
}

fn hashed_name(id: &ItemId) -> String {
    let mut name = replaced(id);
    name.truncate(MAX_NAME - SUFFIX);
    format!("{name}_{:08x}", fnv_1a(id.as_str()))
}

/// An id is ASCII (see [`ItemId`]), so that characters are bytes.
fn replaced(id: &ItemId) -> String {
    id.as_str().replace(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')), "_")
}

/// FNV-1a of 32 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>): the same on every machine and in every version.
fn fnv_1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAME, PortableNames};
    use rye_runtimes::ItemId;

    fn id(text: &str) -> ItemId {
        text.parse().unwrap()
    }

    #[test]
    fn an_id_alone_keeps_its_words() {
        let names = PortableNames::of([id("demo/hello"), id("a.b-c_d")]);
        assert_eq!(names.name(&id("demo/hello")), Some("demo_hello"));
        assert_eq!(names.name(&id("a.b-c_d")), Some("a_b-c_d"));
        assert_eq!(names.id("demo_hello"), Some(&id("demo/hello")));
        assert_eq!(names.id("nobody"), None);
        assert!(names.collisions().is_empty());
    }

    #[test]
    fn nobody_gets_a_name_that_two_would_have() {
        let ids = ["a/b", "a_b", "a.b", "c"].map(id);
        let names = PortableNames::of(ids.clone());
        assert_eq!(names.id("a_b"), None);
        assert_eq!(names.collisions().len(), 1);
        let reversed = PortableNames::of(ids.iter().rev().cloned());
        for id in &ids {
            assert_eq!(names.name(id), reversed.name(id));
            assert_eq!(names.id(names.name(id).unwrap()), Some(id));
        }
        assert_eq!(names.name(&id("c")), Some("c"));
    }

    #[test]
    fn a_long_id_gets_a_name_that_fits_and_is_its_own() {
        let [one, other] =
            ["x", "y"].map(|last| id(&format!("{}/{last}", "long/".repeat(20).trim_end_matches('/'))));
        let names = PortableNames::of([one.clone(), other.clone()]);
        for id in [&one, &other] {
            assert_eq!(names.name(id).map(str::len), Some(MAX_NAME));
        }
        assert_ne!(names.name(&one), names.name(&other));
        assert!(names.collisions().is_empty());
    }
}
