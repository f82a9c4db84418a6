//! One word that is looked for, and how well it fits one word of a text. Both are folded: lower case, letters and
//! digits only.

use strsim::osa_distance;

/// How a word fits. The greater, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Match(u32);

impl Match {
    const WHOLE: Self = Self(100);

    /// Of a hundred.
    pub(super) fn worth(self) -> u32 {
        self.0
    }

    pub(super) fn is_whole(self) -> bool {
        self == Self::WHOLE
    }
}

/// A word that is looked for.
#[derive(Clone, Debug)]
pub(super) struct Word {
    text: String,
    length: usize,
}

impl Word {
    pub(super) fn of(text: &str) -> Self {
        Self { text: text.to_owned(), length: text.chars().count() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// In characters.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// As typed: the whole token, its beginning, or a part of it.
    pub(super) fn matches(&self, token: &str) -> Option<Match> {
        if token.len() < self.text.len() {
            return None;
        }
        if let Some(rest) = token.strip_prefix(&self.text) {
            if rest.is_empty() {
                return Some(Match::WHOLE);
            }
            // `s` makes a plural, and `e` beside it is no other word either.
            if matches!(rest, "s" | "es") {
                return Some(Match(95));
            }
            // One letter begins too many words.
            return (self.length > 1).then(|| Match(50 + self.share_of(token, 40)));
        }
        // A part says something from three letters on, or where a script has no blanks between words.
        let tells = self.length >= 3 || (!self.text.is_ascii() && self.length > 1);
        (tells && token.contains(&self.text)).then(|| Match(20 + self.share_of(token, 20)))
    }

    /// With slips of the hand: more of them in longer words, none in short ones. A beginning may hold one, too.
    pub(super) fn is_near(&self, token: &str) -> Option<Match> {
        let allowed = match self.length {
            0..=3 => return None,
            4..=7 => 1,
            _ => 2,
        };
        let length = token.chars().count();
        if length + allowed < self.length {
            return None;
        }
        let whole =
            if length <= self.length + allowed { osa_distance(&self.text, token) } else { usize::MAX };
        if whole <= allowed {
            return Some(Match(if whole == 1 { 40 } else { 25 }));
        }
        let begins_near = |count: usize| {
            let begin: String = token.chars().take(count).collect();
            length > count && osa_distance(&self.text, &begin) == 1
        };
        (begins_near(self.length) || begins_near(self.length + 1)).then_some(Match(20))
    }

    /// How much of a token the word is, of `most`.
    fn share_of(&self, token: &str, most: u32) -> u32 {
        let share = u32::try_from(self.text.len()).unwrap_or(u32::MAX).saturating_mul(most);
        share / u32::try_from(token.len()).unwrap_or(u32::MAX).max(1)
    }
}
