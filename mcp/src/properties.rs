//! What holds of any input. Fuzzers call these functions (`fuzz/`), and the tests replay what fuzzers found; in every
//! other build they are not there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "they are tests")]

mod cursor;
mod envelope;
mod text;

pub use crate::stdio::properties::framing;
pub use cursor::cursor;
pub use envelope::envelope;
pub use text::text;

#[cfg(test)]
mod tests {
    use crate::replay::replay;

    #[test]
    fn framing() {
        replay("framing", super::framing);
    }

    #[test]
    fn cursors() {
        replay("cursor", super::cursor);
    }

    #[test]
    fn envelopes() {
        replay("envelope", super::envelope);
    }

    #[test]
    fn texts() {
        replay("text", super::text);
    }
}
