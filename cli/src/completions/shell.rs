//! The shells: their lines, how they hand over what was typed, and how they take an answer. A value in an answer is
//! written so that the shell reads it as one word and expands nothing of it.

use std::ffi::OsString;

use clap::ValueEnum;
use rye_executor::tools::completion::{Candidate, Completion};

use super::text;
use crate::output::plain;

/// A shell whose completion is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// In ~/.bashrc: eval "$(rye completions bash)"
    Bash,
    /// In ~/.zshrc, after compinit: source <(rye completions zsh)
    Zsh,
    /// In ~/.config/fish/config.fish: rye completions fish | source
    Fish,
}

impl Shell {
    /// Its lines.
    pub(super) fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("rye.bash"),
            Self::Zsh => include_str!("rye.zsh"),
            Self::Fish => include_str!("rye.fish"),
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }
}

/// What was typed, as words of rye.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Typed {
    shell: Shell,
    /// The words before the cursor's.
    pub(super) before: Vec<String>,
    /// The cursor's word, up to the cursor.
    pub(super) current: String,
    /// A quote is open in it.
    in_quotes: bool,
}

impl Typed {
    /// Reads what a shell hands over, the cursor's word last. Nothing in it is expanded.
    pub(super) fn read(shell: Shell, words: &[OsString]) -> Self {
        let mut words: Vec<String> = words.iter().map(text).collect();
        let last = words.pop().unwrap_or_default();
        if shell == Shell::Zsh {
            // It has taken quotes away already.
            return Self { shell, before: words, current: last, in_quotes: false };
        }
        let before = words.iter().map(|word| unquoted(word).0).collect();
        let (current, in_quotes) = unquoted(&last);
        Self { shell, before, current, in_quotes }
    }

    /// The answer as the shell's lines read it: what kind of path may stand there, then one candidate a line.
    pub(super) fn answer(&self, completion: &Completion, folders: bool) -> String {
        let kind = if folders {
            "folders"
        } else if completion.files {
            "files"
        } else {
            "words"
        };
        let mut answer = format!("{kind}\n");
        for candidate in &completion.candidates {
            if let Some(line) = self.line(candidate) {
                answer.push_str(&line);
                answer.push('\n');
            }
        }
        answer
    }

    fn line(&self, candidate: &Candidate) -> Option<String> {
        let word = &candidate.word;
        // What could drive the terminal, or two lines, is no word to offer.
        if word.chars().any(char::is_control) || plain(word) != *word {
            return None;
        }
        match self.shell {
            Shell::Bash => match self.in_quotes {
                true => word.chars().all(is_harmless_in_quotes).then(|| word.clone()),
                false => Some(escaped(word)),
            },
            Shell::Zsh | Shell::Fish => {
                let says = candidate.says.as_deref().and_then(|says| says.lines().next()).unwrap_or_default();
                let says: String = plain(says).replace('\t', " ").chars().take(60).collect();
                Some(format!("{word}\t{says}"))
            }
        }
    }
}

/// A word without its quotes and backslashes, and whether a quote is still open.
fn unquoted(word: &str) -> (String, bool) {
    let mut out = String::new();
    let mut quote = None;
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None | Some('"'), '\\') => out.extend(chars.next()),
            (_, c) => out.push(c),
        }
    }
    (out, quote.is_some())
}

/// A word as bash reads it back.
fn escaped(word: &str) -> String {
    let bare = |c: char| {
        c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '=' | '@' | '%' | '+' | ',')
    };
    word.chars().fold(String::with_capacity(word.len()), |mut out, c| {
        if !bare(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// Whether a character is itself within any quotes.
fn is_harmless_in_quotes(c: char) -> bool {
    !matches!(c, '$' | '`' | '\\' | '"' | '\'' | '!')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bash(words: &[&str]) -> Typed {
        Typed::read(Shell::Bash, &words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn quotes_are_read_and_nothing_in_them_is_expanded() {
        assert_eq!(unquoted("\"my $(dir)"), ("my $(dir)".to_owned(), true));
        assert_eq!(unquoted("my\\ dir'a\\b'"), ("my dira\\b".to_owned(), false));
    }

    #[test]
    fn what_is_offered_is_one_word_and_no_more() {
        let candidate = |word: &str| Candidate { word: word.to_owned(), says: None };
        let typed = bash(&["run", "t", ""]);
        assert_eq!(typed.line(&candidate("$(touch x) `y`")).unwrap(), "\\$\\(touch\\ x\\)\\ \\`y\\`");
        assert_eq!(typed.line(&candidate("a\nb")), None);
        assert_eq!(typed.line(&candidate("\u{1b}[2J")), None);
        let quoted = bash(&["run", "t", "\"a"]);
        assert_eq!(quoted.line(&candidate("a b")).unwrap(), "a b");
        assert_eq!(quoted.line(&candidate("a$(x)")), None);
    }
}
