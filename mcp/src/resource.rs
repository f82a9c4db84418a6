//! What is too long for an answer, as a resource: the executor keeps it as an artifact, and here its URI is known. A URI
//! holds the id of its run, 128 random bits: whoever was not told of it finds it neither by guessing nor by its content.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rye_executor::{Artifact, Executor, Outcome};

/// How many resources are known at once; the oldest is forgotten first, and its file goes by its age.
pub(crate) const MOST: usize = 1024;
/// What the URIs begin with.
const SCHEME: &str = "rye://output/";

/// A part of what a run said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Stdout,
    Stderr,
    /// What it returned.
    Result,
}

impl Part {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Result => "result",
        }
    }
}

/// All of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) uri: String,
    pub(crate) name: String,
    pub(crate) mime_type: &'static str,
    /// How many bytes are kept.
    pub(crate) size: u64,
    /// How many are not.
    pub(crate) lost: u64,
    artifact: Artifact,
}

/// Keeps a part of an outcome whole; the error says why it could not. `None`: nothing is kept anywhere.
pub(crate) fn keep(
    executor: &Executor,
    outcome: &Outcome,
    part: Part,
    text: &str,
) -> Option<Result<Resource, String>> {
    let total = match part {
        Part::Stdout => outcome.stdout_bytes,
        Part::Stderr => outcome.stderr_bytes,
        Part::Result => text.len() as u64,
    };
    let there = outcome.artifacts.iter().find(|artifact| artifact.stream == part.word()).cloned();
    // What was cut in memory already is no whole.
    let is_whole = part == Part::Result || total <= text.len() as u64 + 1;
    let artifact = there.or_else(|| is_whole.then(|| executor.keep(text)).flatten())?;
    if artifact.path.is_none() {
        return Some(Err(artifact.problem.unwrap_or_default()));
    }
    let suffix = if part == Part::Stdout { String::new() } else { format!("-{}", part.word()) };
    let noun = if part == Part::Stdout { "output" } else { part.word() };
    Some(Ok(Resource {
        uri: format!("{SCHEME}{}{suffix}", outcome.run_id),
        name: format!("{} {noun}", outcome.tool),
        mime_type: "text/plain",
        size: artifact.bytes,
        lost: total.saturating_sub(artifact.bytes),
        artifact,
    }))
}

/// The resources that clients were told of, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Resources(Mutex<VecDeque<Resource>>);

impl Resources {
    fn known(&self) -> MutexGuard<'_, VecDeque<Resource>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn insert(&self, resource: Resource) {
        let mut known = self.known();
        known.push_back(resource);
        if known.len() > MOST {
            known.pop_front();
        }
    }

    /// Those with these URIs.
    pub(crate) fn list(&self, uris: &[String]) -> Vec<Resource> {
        self.known().iter().filter(|resource| uris.contains(&resource.uri)).cloned().collect()
    }

    /// Finds a resource and its bytes. What was removed meanwhile is none.
    pub(crate) fn read(&self, uri: &str) -> Option<(Resource, Vec<u8>)> {
        let found = self.known().iter().find(|resource| resource.uri == uri).cloned()?;
        let mut bytes = Vec::new();
        found.artifact.open().ok()?.take(found.size).read_to_end(&mut bytes).ok()?;
        Some((found, bytes))
    }
}
