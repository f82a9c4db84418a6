//! What to do next, and for whom that is said: who has no shell cannot type a command.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

/// What to do next. As text and as data it is what somebody at a shell reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hint {
    text: String,
    elsewhere: Elsewhere,
}

/// What is said to those who have no shell: models, and people behind a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Elsewhere {
    Same,
    Nothing,
    Other(String),
}

impl Hint {
    /// One that only somebody at a shell can follow; everybody else reads the other one, if there is one.
    pub(super) fn at_a_shell(text: String, otherwise: Option<&str>) -> Self {
        let elsewhere = otherwise.map_or(Elsewhere::Nothing, |other| Elsewhere::Other(other.to_owned()));
        Self { text, elsewhere }
    }

    /// What is said to those who have no shell.
    #[must_use]
    pub fn without_shell(&self) -> Option<&str> {
        match &self.elsewhere {
            Elsewhere::Same => Some(&self.text),
            Elsewhere::Nothing => None,
            Elsewhere::Other(text) => Some(text),
        }
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self { text, elsewhere: Elsewhere::Same }
    }
}

impl From<Hint> for String {
    fn from(hint: Hint) -> Self {
        hint.text
    }
}

impl Deref for Hint {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq<&str> for Hint {
    fn eq(&self, other: &&str) -> bool {
        self.text == *other
    }
}

impl Serialize for Hint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
