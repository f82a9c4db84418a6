//! The revisions of the protocol that are spoken, and the two eras they fall into.

/// The revision without handshake and session.
pub(crate) const STATELESS: &str = "2026-07-28";

/// The revisions that begin with `initialize`, the newest first.
pub(crate) const WITH_HANDSHAKE: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// How a conversation is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// Every request says all about itself.
    Stateless,
    /// A handshake, then a session, in this revision.
    Handshake(&'static str),
}

impl Era {
    /// The era of a revision.
    pub(crate) fn of(revision: &str) -> Option<Self> {
        if revision == STATELESS {
            return Some(Self::Stateless);
        }
        WITH_HANDSHAKE.into_iter().find(|known| *known == revision).map(Self::Handshake)
    }

    /// The best of those that a server names.
    pub(crate) fn best<'n>(named: impl IntoIterator<Item = &'n str>) -> Option<Self> {
        let order = |era: &Self| match era {
            Self::Stateless => 0,
            Self::Handshake(revision) => {
                1 + WITH_HANDSHAKE.iter().position(|known| known == revision).unwrap_or(usize::MAX - 1)
            }
        };
        named.into_iter().filter_map(Self::of).min_by_key(order)
    }

    /// Its revision.
    pub(crate) fn revision(self) -> &'static str {
        match self {
            Self::Stateless => STATELESS,
            Self::Handshake(revision) => revision,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Era, STATELESS};

    #[test]
    fn the_newest_that_both_know_is_taken() {
        assert_eq!(Era::best(["2025-03-26", STATELESS, "2025-11-25"]), Some(Era::Stateless));
        assert_eq!(Era::best(["2024-11-05", "2025-06-18"]), Some(Era::Handshake("2025-06-18")));
        assert_eq!(Era::best(["2031-01-01", "", "x"]), None);
    }
}
