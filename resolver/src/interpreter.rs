//! Finds the executable that a resource asks for: a lazy chain of candidates, the first that counts is taken, and
//! every one that did not is remembered with its reason.

mod binary;
mod managers;
mod node;
mod python;
mod versions;

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rye_runtimes::ItemId;
use rye_runtimes::document::Problem;
use rye_runtimes::env_config::{Group, Resource, ResourceKind};

use crate::error::Error;
use crate::files::read_plain;
use crate::host::Host;
use crate::lossy_path;
pub(crate) use managers::is_shim;

/// An executable found on this host.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Interpreter {
    /// The resource, by its key in `env_config`.
    pub resource: String,
    /// The variable that gets its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub var: Option<String>,
    /// Its path, as found: a virtual environment's python is a link and stays one.
    #[serde(serialize_with = "lossy_path::one")]
    pub path: PathBuf,
    /// The group it was found in; `None` for the fallback.
    pub group: Option<Group>,
    /// Where it was found, in words.
    pub source: String,
    /// What was tried before.
    pub trail: Trail,
}

impl Interpreter {
    /// The version that the virtual environment around it says it has. Nothing is started.
    #[must_use]
    pub fn environment_version(&self) -> Option<String> {
        let file = self.path.parent()?.parent()?.join("pyvenv.cfg");
        let text = String::from_utf8(read_plain(&file, None).ok()??).ok()?;
        let mut settings = text.lines().filter_map(|line| line.split_once('='));
        let found = settings.find(|(key, _)| matches!(key.trim(), "version" | "version_info"));
        found.map(|(_, version)| version.trim().to_owned())
    }
}

/// Places that were looked at and did not count, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Trail(pub Vec<Tried>);

/// A place that did not count.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Tried {
    /// Where it belongs, in words: `project .venv`.
    pub source: String,
    /// The place.
    #[serde(serialize_with = "lossy_path::one")]
    pub path: PathBuf,
    /// Why it did not count.
    pub reason: WhyNot,
}

/// Why a candidate did not count.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum WhyNot {
    /// Nothing is there.
    #[error("not there")]
    Missing,
    /// A link that leads nowhere.
    #[error("a link that leads nowhere")]
    DanglingLink,
    /// A directory or something else that is no regular file.
    #[error("not a regular file")]
    NotAFile,
    /// A file that the caller may not execute.
    #[error("not executable")]
    NotExecutable,
    /// A version manager's stand-in, whose version is not known or not installed.
    #[error("a version manager's shim, and the version it stands for is not installed")]
    Shim,
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for tried in &self.0 {
            writeln!(f, "{} ({}): {}", tried.path.display(), tried.source, tried.reason)?;
        }
        Ok(())
    }
}

/// A place where the executable may be.
#[derive(Clone, Debug)]
struct Candidate {
    group: Option<Group>,
    source: String,
    path: PathBuf,
}

impl Candidate {
    fn new(group: Group, source: impl Into<String>, path: PathBuf) -> Self {
        Self { group: Some(group), source: source.into(), path }
    }
}

/// What a search depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'s> {
    /// What needs the interpreter.
    pub(crate) id: &'s ItemId,
    /// The caller's surroundings.
    pub(crate) host: &'s Host,
    /// The project, if there is one.
    pub(crate) project: Option<&'s Path>,
    /// Whether the project's interpreters count: not for a user's tool, unless it asks.
    pub(crate) project_counts: bool,
}

impl Search<'_> {
    /// Finds what a resource asks for.
    pub(crate) fn find(
        &self,
        name: &str,
        resource: &Resource,
        fallback: Option<&OsStr>,
    ) -> Result<Interpreter, Error> {
        let Some(kind) = resource.kind else {
            let problem = Problem::new(&resource.place, format!("`{name}` has no `type`"));
            return Err(Error::InvalidDescriptor { problems: vec![problem] });
        };
        let default = [Group::Project, Group::User, Group::System];
        let groups = resource.search.as_deref().unwrap_or(&default);
        let groups = groups.iter().copied().filter(|group| *group != Group::Project || self.project_counts);
        let fallback = fallback.into_iter().flat_map(|command| self.fallback(command));
        let mut candidates: Box<dyn Iterator<Item = Candidate>> = match kind {
            ResourceKind::VenvPython => Box::new(groups.flat_map(|group| self.python(group)).chain(fallback)),
            ResourceKind::HttpConfig => Box::new(std::iter::empty()),
            ResourceKind::VenvNode => Box::new(groups.flat_map(|group| self.node(group)).chain(fallback)),
            ResourceKind::Binary => {
                let names = resource.names.as_deref().unwrap_or_default();
                if names.is_empty() {
                    let problem = Problem::new(&resource.place, format!("`{name}` has no `names`"))
                        .hint("add `names = [\"…\"]`, the file names that count");
                    return Err(Error::InvalidDescriptor { problems: vec![problem] });
                }
                let paths = resource.paths.as_deref().unwrap_or_default();
                Box::new(groups.flat_map(move |group| self.binary(group, names, paths)).chain(fallback))
            }
        };
        let mut trail = Trail::default();
        for candidate in candidates.by_ref() {
            match self.judge(&candidate) {
                Ok(path) => {
                    let Candidate { group, source, .. } = candidate;
                    let (resource, var) = (name.to_owned(), resource.var.clone());
                    return Ok(Interpreter { resource, var, path, group, source, trail });
                }
                Err(reason) => {
                    trail.0.push(Tried { source: candidate.source, path: candidate.path, reason });
                }
            }
        }
        let wanted = match kind {
            ResourceKind::VenvPython => "`python3`".into(),
            ResourceKind::VenvNode => "`node`".into(),
            ResourceKind::Binary => one_of(resource.names.as_deref().unwrap_or_default()).into(),
            ResourceKind::HttpConfig => format!("`{name}`").into(),
        };
        let install = resource.install.as_deref().map(Into::into);
        let (id, place) = (self.id.clone(), resource.place.clone());
        Err(Error::InterpreterNotFound { id, wanted, place, trail, install })
    }

    /// The path to run for a candidate, if it counts.
    fn judge(&self, candidate: &Candidate) -> Result<PathBuf, WhyNot> {
        if !candidate.path.is_absolute() {
            // A bare name that no folder of `PATH` has.
            return Err(WhyNot::Missing);
        }
        executable(&candidate.path)?;
        if is_shim(&candidate.path) {
            let real = self.behind_shim(&candidate.path).ok_or(WhyNot::Shim)?;
            executable(&real).map_err(|_| WhyNot::Shim)?;
            return Ok(real);
        }
        Ok(candidate.path.clone())
    }

    /// The fallback: a command on `PATH`, or a path.
    fn fallback(&self, command: &OsStr) -> Vec<Candidate> {
        let source = "the fallback";
        if command.as_encoded_bytes().contains(&b'/') {
            let path = self.host.working_directory.join(command);
            return vec![Candidate { group: None, source: source.to_owned(), path }];
        }
        self.on_path(command, None, &format!("{source}, on PATH"))
    }

    /// Every executable of that name on the caller's `PATH`; where there is none, the bare name, which never counts
    /// and tells that `PATH` was looked at.
    fn on_path(&self, name: &OsStr, group: Option<Group>, source: &str) -> Vec<Candidate> {
        let candidate = |path| Candidate { group, source: source.to_owned(), path };
        let path = self.host.variable("PATH");
        let found: Vec<_> = path.into_iter().flat_map(|path| all_on_path(name, path)).collect();
        if found.is_empty() {
            vec![candidate(name.into())]
        } else {
            found.into_iter().map(candidate).collect()
        }
    }
}

/// `` `a`, `b` or `c` ``
fn one_of(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// Every executable of that name on a `PATH`. Entries that are not absolute are passed over.
pub(crate) fn all_on_path(name: &OsStr, path: &OsStr) -> impl Iterator<Item = PathBuf> {
    let absolute = std::env::split_paths(path).filter(|entry| entry.is_absolute());
    let joined = std::env::join_paths(absolute).ok();
    let found = joined.and_then(|joined| which::which_in_all(name.to_owned(), Some(joined), "/").ok());
    found.into_iter().flatten()
}

/// Whether a path is, links followed, a regular file that the caller may execute.
pub(crate) fn executable(path: &Path) -> Result<(), WhyNot> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(_) if path.symlink_metadata().is_ok() => return Err(WhyNot::DanglingLink),
        Err(_) => return Err(WhyNot::Missing),
    };
    if !metadata.is_file() {
        return Err(WhyNot::NotAFile);
    }
    let allowed = rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    if metadata.permissions().mode() & 0o111 == 0 || !allowed { Err(WhyNot::NotExecutable) } else { Ok(()) }
}
