//! What makes two calls one: a key of the caller's, and the tool and arguments that it was given for. The values do not
//! stand in it, which may be long or secret.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rye_runtimes::ItemId;
use rye_tools::arguments::Arguments;
use sha2::{Digest, Sha256};

/// What a caller calls one call of his: asked for again under the same key, it is not run again. 1 to 256 bytes, no
/// control characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Arc<str>);

/// What was given is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to {MAX_KEY} bytes and no control characters")]
pub struct InvalidIdempotencyKey;

/// How long a key may be, in bytes.
const MAX_KEY: usize = 256;

impl FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let fits = (1..=MAX_KEY).contains(&text.len()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.into())) } else { Err(InvalidIdempotencyKey) }
    }
}

/// Who knows a key may ask for what came of its call: it is not shown.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "IdempotencyKey({} bytes)", self.0.len())
    }
}

/// A call that is to be run once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The caller's name for it.
    pub key: IdempotencyKey,
    /// The SHA-256 of the tool's id and the arguments as they were understood, in whatever order they came.
    pub call: [u8; 32],
}

impl Once {
    pub(crate) fn new(key: IdempotencyKey, tool: &ItemId, arguments: &Arguments) -> Self {
        let mut arguments = arguments.to_json();
        arguments.sort_all_objects();
        let mut digest = Sha256::new();
        digest.update(tool.as_str());
        digest.update([0]);
        digest.update(arguments.to_string());
        Self { key, call: digest.finalize().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::IdempotencyKey;

    #[test]
    fn a_key_is_short_and_is_not_shown() {
        let key: IdempotencyKey = "7f3a ü".parse().unwrap();
        assert_eq!(format!("{key:?}"), "IdempotencyKey(7 bytes)");
        assert!("x".repeat(256).parse::<IdempotencyKey>().is_ok());
        for wrong in ["", "a\nb", "a\0", &"x".repeat(257)] {
            assert!(wrong.parse::<IdempotencyKey>().is_err(), "{wrong:?}");
        }
    }
}
