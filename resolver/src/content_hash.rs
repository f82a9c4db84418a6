//! The SHA-256 of the bytes of a file as they were read. It is made when somebody asks, from the bytes that are held:
//! most runs are asked by nobody, and the first hash of a process costs it a question to the processor, which takes
//! tens of microseconds in a virtual machine.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Serialize, Serializer};

use crate::files::{SourceFile, sha256};

/// A SHA-256 in lower-case hexadecimal.
#[derive(Clone)]
pub struct ContentHash {
    content: Content,
    made: OnceLock<String>,
}

#[derive(Clone)]
enum Content {
    File(Arc<SourceFile>),
    Core(&'static str),
}

impl ContentHash {
    pub(crate) fn of_file(file: Arc<SourceFile>) -> Self {
        Self { content: Content::File(file), made: OnceLock::new() }
    }

    /// Of a file that is embedded.
    pub(crate) fn of_core(text: &'static str) -> Self {
        Self { content: Content::Core(text), made: OnceLock::new() }
    }

    /// Its 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.made.get_or_init(|| sha256(self.bytes()))
    }

    /// What it is the hash of.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::File(file) => &file.bytes,
            Content::Core(text) => text.as_bytes(),
        }
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for ContentHash {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for ContentHash {}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
