//! What a tool prints beyond what an answer carries, kept for as long as the server runs: a file for each run, which
//! a client reads as a resource. Files are bounded in size and number; the oldest goes first.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rye_executor::RunEvent;

use crate::scratch::Scratch;
use crate::text::MAX_TEXT;

/// How many bytes of one run are kept.
const MAX_FILE: u64 = 64 << 20;
/// Of how many runs the output is kept.
const MAX_FILES: usize = 16;
/// What the URIs begin with.
const SCHEME: &str = "rye://output/";

/// All that a run printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spilled {
    pub(crate) uri: String,
    pub(crate) name: String,
    pub(crate) mime_type: &'static str,
    /// How many bytes are kept.
    pub(crate) size: u64,
    /// How many are not.
    pub(crate) lost: u64,
    path: PathBuf,
}

/// The outputs that are kept, the oldest first.
#[derive(Debug)]
pub(crate) struct Spills {
    scratch: Scratch,
    kept: Mutex<VecDeque<Spilled>>,
}

impl Spills {
    pub(crate) fn new(scratch: Scratch) -> Self {
        Self { scratch, kept: Mutex::default() }
    }

    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Spilled>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept now.
    pub(crate) fn list(&self) -> Vec<Spilled> {
        self.kept().iter().cloned().collect()
    }

    /// Finds an output and its bytes.
    pub(crate) fn read(&self, uri: &str) -> Option<(Spilled, Vec<u8>)> {
        let found = self.kept().iter().find(|spilled| spilled.uri == uri).cloned()?;
        let bytes = std::fs::read(&found.path).ok()?;
        Some((found, bytes))
    }

    /// Keeps a text that is complete.
    pub(crate) fn keep(&self, run_id: &str, name: &str, text: &str) -> Option<Spilled> {
        let mut spill = Spill::new(self, run_id);
        spill.add(text.as_bytes());
        spill.finish(name)
    }

    fn insert(&self, spilled: Spilled) {
        let mut kept = self.kept();
        kept.push_back(spilled);
        while kept.len() > MAX_FILES
            && let Some(oldest) = kept.pop_front()
        {
            // What cannot be removed goes with the folder.
            let _ = std::fs::remove_file(oldest.path);
        }
    }
}

/// What one run prints, as it comes. Up to what an answer carries, nothing is written.
#[derive(Debug)]
pub(crate) struct Spill<'s> {
    spills: &'s Spills,
    run_id: String,
    held: Vec<u8>,
    file: Option<(File, PathBuf)>,
    size: u64,
    lost: u64,
}

impl<'s> Spill<'s> {
    pub(crate) fn new(spills: &'s Spills, run_id: &str) -> Self {
        Self { spills, run_id: run_id.to_owned(), held: Vec::new(), file: None, size: 0, lost: 0 }
    }

    /// Takes what a run printed.
    pub(crate) fn take(&mut self, event: RunEvent) {
        match event {
            RunEvent::Stdout(bytes) => self.add(&bytes),
            RunEvent::Dropped { bytes } => self.lost += bytes,
            // What is no output of the tool's is told while it runs, or not at all.
            _ => {}
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.file.is_none() {
            self.held.extend_from_slice(bytes);
            if self.held.len() <= MAX_TEXT {
                return;
            }
            // A full disk costs the whole of the output; head and tail of it are in the answer.
            self.file = self.spills.scratch.file(&self.run_id).ok();
            let held = std::mem::take(&mut self.held);
            return self.write(&held);
        }
        self.write(bytes);
    }

    fn write(&mut self, bytes: &[u8]) {
        let room = usize::try_from(MAX_FILE - self.size).unwrap_or(usize::MAX);
        let (fits, rest) = bytes.split_at(room.min(bytes.len()));
        let written = self.file.as_mut().is_some_and(|(file, _)| file.write_all(fits).is_ok());
        let (kept, lost) = if written { (fits.len(), rest.len()) } else { (0, bytes.len()) };
        self.size += kept as u64;
        self.lost += lost as u64;
    }

    /// Keeps what was written, if it was more than an answer carries.
    pub(crate) fn finish(self, name: &str) -> Option<Spilled> {
        let (_, path) = self.file?;
        let spilled = Spilled {
            uri: format!("{SCHEME}{}", self.run_id),
            name: name.to_owned(),
            mime_type: "text/plain",
            size: self.size,
            lost: self.lost,
            path,
        };
        self.spills.insert(spilled.clone());
        Some(spilled)
    }
}
