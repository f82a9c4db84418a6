//! What is too long for an answer, as a resource: the executor keeps it as an artifact, and here its URI is known. A URI
//! holds the id of its run, 128 random bits: whoever was not told of it finds it neither by guessing nor by its content.

use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rye_executor::{Artifact, Executor, Outcome};

/// How many resources are known at once; the oldest is forgotten first, and its file goes by its age.
pub(crate) const MOST: usize = 1024;
/// What the URIs begin with.
const SCHEME: &str = "rye://output/";
/// What stands in a URI before the place from which on is read.
const FROM: &str = "?from=";
/// How many bytes one answer has: clients take no line of more than 16 MiB, and a byte may be six in JSON.
pub(crate) const MAX_PIECE: u64 = 1 << 20;

/// A part of what a run said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Stdout,
    Stderr,
    /// What it returned.
    Result,
    /// One of the blocks that it returned, the first being 0.
    Block(usize),
}

impl Part {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Result => "result",
            Self::Block(_) => "block",
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
    /// Its file, where the client may read that.
    pub(crate) path: Option<PathBuf>,
    artifact: Artifact,
}

impl Resource {
    /// The same for a client that is on this machine.
    pub(crate) fn near(self) -> Self {
        Self { path: self.artifact.path.clone(), ..self }
    }

    /// Under which URI it is read from a place on.
    pub(crate) fn uri_from(&self, from: impl Display) -> String {
        format!("{}{FROM}{from}", self.uri)
    }
}

/// A piece of a resource.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) resource: Resource,
    /// Where it begins, in bytes.
    pub(crate) from: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Piece {
    /// Where the next one begins; `None`: this is the last.
    pub(crate) fn next(&self) -> Option<u64> {
        let end = self.from + self.bytes.len() as u64;
        (end < self.resource.size).then_some(end)
    }
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
        Part::Result | Part::Block(_) => text.len() as u64,
    };
    let there = outcome.artifacts.iter().find(|artifact| artifact.stream == part.word()).cloned();
    // What was cut in memory already is no whole.
    let is_whole = matches!(part, Part::Result | Part::Block(_)) || total <= text.len() as u64 + 1;
    let artifact = there.or_else(|| is_whole.then(|| executor.keep(text)).flatten())?;
    if artifact.path.is_none() {
        return Some(Err(artifact.problem.unwrap_or_default()));
    }
    let (suffix, noun) = match part {
        Part::Stdout => (String::new(), "output".to_owned()),
        Part::Stderr | Part::Result => (format!("-{}", part.word()), part.word().to_owned()),
        Part::Block(number) => (format!("-block-{number}"), format!("block {}", number + 1)),
    };
    Some(Ok(Resource {
        uri: format!("{SCHEME}{}{suffix}", outcome.run_id),
        name: format!("{} {noun}", outcome.tool),
        mime_type: "text/plain",
        size: artifact.bytes,
        lost: total.saturating_sub(artifact.bytes),
        path: None,
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

    /// Finds a resource and a piece of it. What was removed meanwhile is none.
    pub(crate) fn read(&self, uri: &str) -> Option<Piece> {
        let (uri, from) = match uri.split_once(FROM) {
            Some((uri, from)) => (uri, from.parse().ok()?),
            None => (uri, 0),
        };
        let found = self.known().iter().find(|resource| resource.uri == uri).cloned()?;
        let length = found.size.checked_sub(from)?.min(MAX_PIECE);
        let mut bytes = Vec::new();
        let mut file = found.artifact.open().ok()?;
        file.seek(SeekFrom::Start(from)).ok()?;
        file.take(length).read_to_end(&mut bytes).ok()?;
        if from + length < found.size {
            // No character is split between two pieces.
            let whole = match std::str::from_utf8(&bytes) {
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => bytes.len(),
            };
            bytes.truncate(whole);
        }
        Some(Piece { resource: found, from, bytes })
    }
}
