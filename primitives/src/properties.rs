//! What holds of any input. Fuzzers call these functions (`fuzz/`), and the tests replay what fuzzers found; in every
//! other build they are not there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "they are tests")]

mod capture;
mod shebang;

pub use crate::http::properties::{retry_after, sse, url};
pub use capture::capture;
pub use shebang::shebang;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::replay::replay;

    #[test]
    fn captures() {
        replay("capture", super::capture);
    }

    #[test]
    fn shebangs() {
        replay("shebang", super::shebang);
    }

    #[test]
    fn urls() {
        replay("url", super::url);
    }

    #[test]
    fn retries_after() {
        replay("retry_after", super::retry_after);
    }

    #[test]
    fn events() {
        replay("sse", super::sse);
    }

    proptest! {
        #[test]
        fn any_stream_is_captured(
            limit in 0..60_u16,
            sizes in any::<[u8; 8]>(),
            pieces in prop::collection::vec(prop::sample::select(&["a", "ä", "€", "😀", "\n", "\r\n"][..]), 0..60),
            broken in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let text = pieces.concat();
            super::capture(&[&limit.to_le_bytes(), &sizes[..], text.as_bytes()].concat());
            super::capture(&[&limit.to_le_bytes(), &sizes[..], text.as_bytes(), &broken].concat());
        }
    }
}
