//! What holds of any input. Fuzzers call these functions (`fuzz/`), and the tests replay what fuzzers found; in every
//! other build they are not there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "they are tests")]

mod id;
mod runtime;
mod template;

pub use id::id;
pub use runtime::runtime;
pub use template::template;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::replay::replay;

    /// What templates are made of, and what looks like it.
    const PIECES: &[&str] = &[
        "{a}",
        "{b?}",
        "{c...}",
        "{",
        "}",
        "{{",
        "}}",
        "${A}",
        "$<B>",
        "${A:-d}",
        "$<B:-}>",
        "$",
        "$$",
        "~",
        "~/",
        "/",
        "x",
        " ",
        "\n",
        "é",
        "\"",
        "[1,\"{a}\"]",
        "null",
        "{\"a\":\"${A}\"}",
        "-",
        "\0",
        "\0",
        "\0",
    ];

    #[test]
    fn ids() {
        replay("id", super::id);
    }

    #[test]
    fn runtimes() {
        replay("runtime", super::runtime);
    }

    #[test]
    fn templates() {
        replay("template", super::template);
    }

    proptest! {
        #[test]
        fn any_template_takes_any_value(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..16)) {
            super::template(pieces.concat().as_bytes());
        }
    }
}
