//! Where a file stops being UTF-8.

use std::str::Utf8Error;
use std::sync::Arc;

use rye_runtimes::document::{Place, Problem};

/// The problem of a text that is not UTF-8, in the line where it stops being so.
pub(crate) fn not_utf8(file: &Arc<str>, bytes: &[u8], error: &Utf8Error, fact: &str) -> Problem {
    let line = bytes.iter().take(error.valid_up_to()).filter(|&&byte| byte == b'\n').count() + 1;
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    Problem::new(&Place { file: Arc::clone(file), line, column: 1, whole_file: false }, fact)
}
