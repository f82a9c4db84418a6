//! Paths as JSON has them: text, in which what is no UTF-8 is replaced. A path never keeps a value from being written.

use std::path::{Path, PathBuf};

use serde::Serializer;

/// For `#[serde(serialize_with)]`: a path.
///
/// # Errors
/// The serializer's own.
pub fn one<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// The same of a path that may be missing.
///
/// # Errors
/// The serializer's own.
pub fn maybe<S: Serializer>(path: &Option<impl AsRef<Path>>, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => one(path.as_ref(), serializer),
        None => serializer.serialize_none(),
    }
}

/// The same of several.
///
/// # Errors
/// The serializer's own.
pub fn each<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}
