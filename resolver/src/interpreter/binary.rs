//! Where a `binary` may be: its names, in the given folders below each searched root, then on `PATH`.

use std::ffi::OsStr;
use std::path::Path;

use rye_runtimes::env_config::Group;

use super::{Candidate, Search};

impl Search<'_> {
    pub(super) fn binary(&self, group: Group, names: &[String], paths: &[String]) -> Vec<Candidate> {
        let root = match group {
            Group::Project => self.project,
            Group::User => self.host.home.as_deref(),
            Group::System => Some(Path::new("/")),
        };
        let below = root.into_iter().flat_map(|root| {
            paths.iter().flat_map(move |path| {
                names.iter().map(move |name| {
                    let source = format!("{} {path}", word(group));
                    Candidate::new(group, source, root.join(path.trim_start_matches('/')).join(name))
                })
            })
        });
        let mut candidates: Vec<_> = below.collect();
        if group == Group::System {
            candidates
                .extend(names.iter().flat_map(|name| self.on_path(OsStr::new(name), Some(group), "PATH")));
        }
        candidates
    }
}

/// The group in words.
pub(super) fn word(group: Group) -> &'static str {
    match group {
        Group::Project => "project",
        Group::User => "user",
        Group::System => "system",
    }
}
