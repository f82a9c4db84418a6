//! The interpreters that were found, each asked once which version it is. They are started by the executor, contained
//! and within bounds; what lies in the project or was chosen by a runtime of the project is not started, as looking at
//! a project runs nothing of its choice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rye_executor::resolver::{Interpreter, WhyNot, lossy_path};
use rye_executor::{Host, Report, Space, ask_version};
use serde::Serialize;
use tokio::task::JoinSet;

use super::Finding;
use crate::runtimes::Row;

/// How long an interpreter may take to tell its version.
const LIMIT: Duration = Duration::from_secs(5);

/// How many are asked at the same time.
const AT_ONCE: usize = 8;

/// What a runtime has on this machine.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    runtime: String,
    /// How many tools run in it.
    tools: usize,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "lossy_path::maybe")]
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Why its tools do not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Report>,
    #[serde(skip)]
    is_missing: bool,
    /// Nearer candidates that did not count, though something is there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    passed_over: Vec<String>,
}

/// The answers of the interpreters, by their paths.
pub(super) type Answers = BTreeMap<PathBuf, Result<Option<String>, Report>>;

/// Asks each interpreter once, some at the same time.
pub(super) async fn ask(rows: &[Row], host: &Host, project: Option<&Path>) -> Answers {
    let found = || rows.iter().flat_map(|row| row.interpreters.iter().map(move |found| (row, found)));
    let mut answers: Answers =
        found().map(|(_, found)| (found.path.clone(), Ok(found.environment_version()))).collect();
    let project = project.and_then(|project| project.canonicalize().ok());
    let is_the_projects = |path: &Path| project.as_deref().is_some_and(|project| leads_into(path, project));
    // A runtime of the project says which program it wants, wherever that lies.
    let chosen_elsewhere = found().filter(|(row, _)| row.space != Space::Project);
    let programs: BTreeSet<_> = chosen_elsewhere.map(|(_, found)| &found.path).collect();
    let mut asked = JoinSet::new();
    for path in programs.into_iter().filter(|path| !is_the_projects(path)) {
        if asked.len() == AT_ONCE {
            answers.extend(asked.join_next().await.and_then(Result::ok));
        }
        let (path, host) = (path.clone(), host.clone());
        asked.spawn(async move {
            let answer = ask_version(&path, &host, LIMIT).await.map_err(|error| error.report());
            (path, answer)
        });
    }
    while let Some(answer) = asked.join_next().await {
        answers.extend(answer.ok());
    }
    answers
}

/// Whether a file lies in a folder whose real path is given, by whatever link it is reached, or is a link into it.
fn leads_into(path: &Path, folder: &Path) -> bool {
    path.ancestors().any(|part| part.canonicalize().is_ok_and(|real| real.starts_with(folder)))
}

impl Found {
    /// What a runtime has, and how many tools need it.
    pub(super) fn of(row: &Row, answers: &Answers, tools: usize) -> Self {
        let first: Option<&Interpreter> = row.interpreters.first();
        let answer = first.and_then(|found| answers.get(&found.path));
        let silent = answer.and_then(|answer| answer.as_ref().err()).cloned();
        let tried = row.interpreters.iter().flat_map(|found| &found.trail.0);
        let there = tried.filter(|tried| tried.reason != WhyNot::Missing);
        Self {
            runtime: row.name().to_owned(),
            tools,
            path: first.map(|found| found.path.clone()),
            source: first.map(|found| found.source.clone()),
            version: answer.and_then(|answer| answer.as_ref().ok().cloned().flatten()),
            problem: row.problem.clone().or(silent),
            is_missing: row.is_missing,
            passed_over: there
                .map(|tried| format!("{} ({}): {}", tried.path.display(), tried.source, tried.reason))
                .collect(),
        }
    }

    /// Its row: what it is, then what is there.
    pub(super) fn row(&self) -> (String, String) {
        let told = match (&self.path, &self.version, &self.problem) {
            (Some(path), _, Some(_)) => format!("{}  does not answer", path.display()),
            (Some(path), Some(version), None) => format!("{version:9} {}", path.display()),
            (Some(path), None, None) => format!("{}  version not told", path.display()),
            (None, _, None) => "needs nothing of this machine".to_owned(),
            (None, _, Some(_)) if self.is_missing && self.tools == 0 => {
                "not found, and no tool needs it".to_owned()
            }
            (None, _, Some(_)) if self.is_missing => "not found".to_owned(),
            (None, _, Some(problem)) => problem.message.clone(),
        };
        (self.runtime.clone(), told)
    }

    /// What is wrong, and whether it keeps tools from running.
    pub(super) fn finding(&self) -> Option<(bool, Finding)> {
        let problem = self.problem.as_ref()?;
        let needed = self.tools > 0;
        if self.is_missing && !needed {
            return None;
        }
        let mut fact = format!("`{}`: {}", self.runtime, problem.message);
        if needed {
            let verb = if self.tools == 1 { "tool needs" } else { "tools need" };
            fact.push_str(&format!("; {} {verb} it", self.tools));
        }
        let hint = problem.hints.last().map(ToString::to_string);
        Some((needed, Finding { message: fact, hint }))
    }

    /// What was nearer and did not count.
    pub(super) fn surprise(&self) -> Option<Finding> {
        let first = self.passed_over.first()?;
        Some(Finding::new(format!("`{}` passes over {first}", self.runtime)))
    }
}
