//! Why a server could not serve. What goes wrong with one call is an answer and never this.

/// The crate's error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A descriptor of the protocol cannot be used.
    #[error("the {which} of the protocol cannot be used: {source}")]
    Stream {
        /// Which: `input`, `output` or `listener`.
        which: &'static str,
        /// Why.
        source: std::io::Error,
    },
}
