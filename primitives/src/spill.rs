//! The whole of a stream that is long, in a file. The file is made when the first byte too many comes; a disk that
//! fails costs the file, never the run, and never what is kept in memory.

use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use rustix::process::{Resource, getrlimit};
use tempfile::{NamedTempFile, TempPath};

/// What the files are called while they grow, before a random part.
pub const SPILL_PREFIX: &str = ".growing-";

/// Where the whole of a long stream goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spill {
    /// The folder; made when it is needed, for its owner alone.
    pub folder: PathBuf,
    /// A stream of no more bytes gets no file.
    pub after: usize,
    /// How many bytes a file has at most.
    pub cap: u64,
}

impl Spill {
    /// Writes what is there already, as if it were a long stream.
    #[must_use]
    pub fn write(self, whole: &[u8]) -> Spilled {
        let mut spiller = Spiller::new(Self { after: 0, ..self });
        spiller.push(whole);
        spiller.finish()
    }
}

/// What became of the file of one stream.
#[derive(Debug, Default)]
pub enum Spilled {
    /// There is none: it was not asked for, or the stream is short.
    #[default]
    No,
    /// It holds the stream from its first byte on.
    Kept {
        /// Mode 0600, in the folder that was asked for. It is removed when this is dropped: who wants it to stay gives it
        /// a name.
        file: TempPath,
        /// How many bytes it holds: all, or as many as it may.
        bytes: u64,
    },
    /// It could not be written, and is not there.
    Failed {
        /// Why.
        reason: String,
    },
}

/// One stream on its way into a file.
#[derive(Debug)]
pub(crate) struct Spiller {
    to: Spill,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Not too long as yet.
    Short(Vec<u8>),
    Long {
        file: NamedTempFile,
        bytes: u64,
    },
    Failed(std::io::Error),
}

impl Spiller {
    pub(crate) fn new(mut to: Spill) -> Self {
        // Whoever writes beyond this limit is sent a signal that ends it.
        to.cap = to.cap.min(getrlimit(Resource::Fsize).current.unwrap_or(u64::MAX));
        Self { to, state: State::Short(Vec::new()) }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Short(held) => {
                held.extend_from_slice(bytes);
                if held.len() > self.to.after {
                    let held = std::mem::take(held);
                    self.state = match self.make() {
                        Ok(file) => State::Long { file, bytes: 0 },
                        Err(error) => State::Failed(error),
                    };
                    self.push(&held);
                }
            }
            State::Long { file, bytes: written } => {
                let room = usize::try_from(self.to.cap - *written).unwrap_or(usize::MAX);
                let fits = bytes.get(..room.min(bytes.len())).unwrap_or_default();
                match file.write_all(fits) {
                    Ok(()) => *written += fits.len() as u64,
                    // What was written goes with the file.
                    Err(error) => self.state = State::Failed(error),
                }
            }
            State::Failed(_) => {}
        }
    }

    fn make(&self) -> std::io::Result<NamedTempFile> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.to.folder)?;
        tempfile::Builder::new().prefix(SPILL_PREFIX).tempfile_in(&self.to.folder)
    }

    pub(crate) fn finish(self) -> Spilled {
        match self.state {
            State::Short(_) => Spilled::No,
            State::Long { file, bytes } => Spilled::Kept { file: file.into_temp_path(), bytes },
            State::Failed(error) => Spilled::Failed { reason: error.to_string() },
        }
    }
}
