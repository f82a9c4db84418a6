//! Ranks what is said of tools by the words that somebody looks for: documents in, hits out, nothing read and nothing
//! executed. Every word must match somewhere, and the words need not stand in one field; the order of equal hits is
//! that of the documents.

use std::collections::HashMap;

mod fields;
#[cfg(test)]
mod tests;
mod word;

use fields::Texts;
use word::{Match, Word};

pub use fields::Field;

/// What is said of one tool.
#[derive(Clone, Debug, Default)]
pub struct Document<'d> {
    /// Its id.
    pub id: &'d str,
    /// `title`
    pub title: Option<&'d str>,
    /// `description`
    pub description: Option<&'d str>,
    /// `tags`
    pub tags: &'d [String],
    /// Its parameters: names and descriptions.
    pub parameters: Vec<(String, Option<String>)>,
}

/// A document that every word matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its place among the documents.
    pub index: usize,
    /// The higher, the better; it means something only beside the others of one search.
    pub score: u32,
    /// Where the words were found.
    pub matched: Vec<Field>,
}

/// What a search gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The best hits.
    pub hits: Vec<Hit>,
    /// How many hits there are in all.
    pub total: usize,
    /// Whether nothing matches the words as they were typed, and these are hits for something near them.
    pub near: bool,
    /// When there is no hit: the words that match nothing at all.
    pub unknown: Vec<String>,
}

/// Words that say nothing beside others.
const EMPTY: [&str; 16] =
    ["a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "it", "of", "on", "or", "the", "to"];

/// The best `limit` documents for a text of words.
#[must_use]
pub fn search(documents: &[Document<'_>], text: &str, limit: usize) -> Found {
    let words = words_of(text);
    if words.is_empty() {
        return Found::default();
    }
    let mut ranking = Ranking::default();
    let mut hits = ranking.hits(documents, &words, false);
    let near = hits.is_empty();
    if near {
        hits = ranking.hits(documents, &words, true);
    }
    if hits.is_empty() {
        return Found { unknown: ranking.unknown(documents, &words), ..Found::default() };
    }
    let total = hits.len();
    hits.sort_by_key(|hit| (std::cmp::Reverse(hit.score), hit.index));
    hits.truncate(limit);
    Found { hits, total, near, unknown: Vec::new() }
}

/// The words of a text, each once; those that say nothing only when there are no others.
fn words_of(text: &str) -> Vec<Word> {
    let mut folded = String::new();
    fields::fold_name(text, &mut folded);
    let mut words: Vec<&str> = Vec::new();
    for word in fields::tokens(&folded) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let telling: Vec<_> = words.iter().copied().filter(|word| !EMPTY.contains(word)).collect();
    if telling.is_empty() { words } else { telling }.into_iter().map(Word::of).collect()
}

/// The state of one search: buffers, and what is known of tokens.
#[derive(Default)]
struct Ranking {
    texts: Texts,
    /// For each word, how near the tokens seen are to it.
    near: HashMap<usize, HashMap<String, Option<Match>>>,
}

impl Ranking {
    fn hits(&mut self, documents: &[Document<'_>], words: &[Word], near: bool) -> Vec<Hit> {
        let hit = |(index, document)| self.hit(index, document, words, near);
        documents.iter().enumerate().filter_map(hit).collect()
    }

    fn hit(&mut self, index: usize, document: &Document<'_>, words: &[Word], near: bool) -> Option<Hit> {
        self.texts.fill(document);
        let mut score = 0;
        let mut matched = [false; Field::ALL.len()];
        let mut named = 0;
        for (number, word) in words.iter().enumerate() {
            let mut best = 0;
            let mut sum = 0;
            for (field, matched) in Field::ALL.into_iter().zip(&mut matched) {
                let Some(found) = self.look(field, number, word, near) else { continue };
                *matched = true;
                if field == Field::Id && found.is_whole() {
                    named += word.length();
                }
                let worth = field.weight() * found.worth();
                best = best.max(worth);
                sum += worth;
            }
            if best == 0 {
                return None;
            }
            // Several fields are a little better than one.
            score += best + (sum - best) / 8;
        }
        score += self.texts.share_of_name(named);
        let matched = Field::ALL.into_iter().zip(matched).filter_map(|(field, is)| is.then_some(field));
        Some(Hit { index, score, matched: matched.collect() })
    }

    /// The best match of a word in a field.
    fn look(&mut self, field: Field, number: usize, word: &Word, near: bool) -> Option<Match> {
        let tokens = fields::tokens(self.texts.of(field));
        if !near {
            return tokens.filter_map(|token| word.matches(token)).max();
        }
        let known = self.near.entry(number).or_default();
        let judge = |token: &str| match known.get(token) {
            Some(judged) => *judged,
            None => {
                let judged = word.matches(token).or_else(|| word.is_near(token));
                known.insert(token.to_owned(), judged);
                judged
            }
        };
        tokens.filter_map(judge).max()
    }

    fn unknown(&mut self, documents: &[Document<'_>], words: &[Word]) -> Vec<String> {
        let mut unknown = Vec::new();
        for (number, word) in words.iter().enumerate() {
            let known = documents.iter().any(|document| {
                self.texts.fill(document);
                Field::ALL.into_iter().any(|field| self.look(field, number, word, true).is_some())
            });
            if !known {
                unknown.push(word.text().to_owned());
            }
        }
        unknown
    }
}
