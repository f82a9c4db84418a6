//! Did-you-mean: the known word nearest to one that was typed.

/// The known word that the typed one was probably meant to be, if any is near enough.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |word: &str| word.to_ascii_lowercase().replace('-', "_");
    let typed = fold(typed);
    let length = typed.chars().count();
    // A word of which nothing is left is none that was meant.
    let bound = (length / 3).max(1).min(length.saturating_sub(1));
    known
        .into_iter()
        .map(|word| (strsim::osa_distance(&typed, &fold(word)), word))
        .filter(|&(distance, _)| distance <= bound)
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word_and_nonsense_finds_none() {
        let known = ["description", "version", "executor_id"];
        assert_eq!(nearest("descripton", known), Some("description"));
        assert_eq!(nearest("executor-id", known), Some("executor_id"));
        assert_eq!(nearest("banana", known), None);
        assert_eq!((nearest("q", ["z"]), nearest("Z", ["z"])), (None, Some("z")));
        assert_eq!((nearest("", ["z"]), nearest("ab", ["ac"])), (None, Some("ac")));
    }
}
