//! What holds of any input. Fuzzers call these functions (`fuzz/`), and the tests replay what fuzzers found; in every
//! other build they are not there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "they are tests")]

mod neutral;

pub use neutral::neutral;

#[cfg(test)]
mod tests {
    use crate::replay::replay;

    #[test]
    fn neutral() {
        replay("neutral", super::neutral);
    }
}
