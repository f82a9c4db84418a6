//! The files of one space by their ids: which file makes an item, and which stands beside it. No file is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rye_runtimes::ItemId;
use rye_runtimes::document::{Place, Problem};

use crate::Resolver;
use crate::error::Error;
use crate::locate::self_running;
use crate::spaces::Root;

/// What one space may hold.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    /// By id.
    pub(crate) list: Vec<Candidate>,
    /// Files that are no items, each with its reason.
    pub(crate) notes: Vec<Problem>,
    /// Files and names that break a rule of the spaces.
    pub(crate) problems: Vec<Problem>,
}

/// An id with its files.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) id: ItemId,
    /// The file that stands for it.
    pub(crate) path: PathBuf,
    /// The metadata beside that file, or why it cannot be an item at all.
    pub(crate) sidecar: Result<Option<PathBuf>, Error>,
}

impl Resolver {
    /// The candidates of one space.
    pub(crate) fn candidates(&self, root: &Root) -> Candidates {
        let mut found = Candidates::default();
        let mut by_id: BTreeMap<ItemId, Vec<PathBuf>> = BTreeMap::new();
        for (id, path) in self.files_in(root) {
            match id {
                Ok(id) => by_id.entry(id).or_default().push(path),
                Err(error) => found.problems.push(self.problem(&path, error.to_string())),
            }
        }
        self.report_case_collisions(&by_id, &mut found);
        for (id, files) in by_id {
            let candidate = self.candidate(root, id, files, &mut found);
            found.list.extend(candidate);
        }
        found
    }

    fn candidate(
        &self,
        root: &Root,
        id: ItemId,
        files: Vec<PathBuf>,
        found: &mut Candidates,
    ) -> Option<Candidate> {
        let is_toml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml");
        let (mut sidecars, mut scripts): (Vec<_>, Vec<_>) = files.into_iter().partition(is_toml);
        scripts.retain(|path| match self_running(&self.claims, root.space, path) {
            Ok(()) => true,
            Err(reason) => {
                found.notes.push(self.problem(path, reason.to_string()));
                false
            }
        });
        let sidecar = sidecars.pop();
        let (path, sidecar) = match scripts.first().cloned() {
            Some(script) => (script, sidecar),
            None => (sidecar?, None),
        };
        let sidecar = if id.is_protected() {
            Err(Error::Protected { id: id.clone(), file: path.clone() })
        } else if scripts.len() > 1 {
            Err(Error::Duplicate { id: id.clone(), files: scripts })
        } else {
            Ok(sidecar)
        };
        Some(Candidate { id, path, sidecar })
    }

    fn report_case_collisions(&self, by_id: &BTreeMap<ItemId, Vec<PathBuf>>, found: &mut Candidates) {
        let mut folded: BTreeMap<String, &ItemId> = BTreeMap::new();
        for (id, files) in by_id {
            if let Some(first) = folded.insert(id.as_str().to_ascii_lowercase(), id)
                && let Some(file) = files.first()
            {
                let message = format!("the id `{id}` differs from `{first}` only by case");
                found.problems.push(self.problem(file, message).hint("rename one of the two files"));
            }
        }
    }

    /// A problem of a whole file.
    pub(crate) fn problem(&self, path: &Path, message: String) -> Problem {
        Problem::new(&Place::start_of(&Arc::from(self.host.shown(path))), message)
    }
}
