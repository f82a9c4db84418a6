//! `rye mcp doctor`: for each client whether rye's entry is there and what a server started by it answers. What a
//! project's file names is started only when it is this very program, as looking at a project runs nothing of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rye_executor::{Host, Report, Resolver};
use serde::Serialize;

use super::client::{Client, Place};
use super::config_file::ConfigFile;
use super::entry::{Seen, same_file};
use super::install::faulty;
use super::probe::{Answer, probe};
use crate::check::notes_of;
use crate::entry::ExitCode;
use crate::output::{Output, Style, plain_line};
use crate::run::event_loop;
use rye_executor::report::resolve_report;

/// How many notes about tools are shown.
const SHOWN: usize = 10;

/// What was found of one client.
#[derive(Debug, Serialize)]
struct Finding {
    client: Client,
    path: String,
    /// The words that start rye; empty when there is no entry.
    command: Vec<String>,
    /// The project that it names.
    project: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
    /// Why the client gets no tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// What may surprise.
    warnings: Vec<String>,
}

/// Looks at every client.
pub(super) fn doctor(output: &Output, mut host: Host) -> Result<ExitCode, Report> {
    host.subreaper = true;
    let (resolver, _) = Resolver::new_to_look(host).map_err(|error| resolve_report(&error))?;
    let (host, project) = (resolver.host(), resolver.spaces().project.as_deref());
    let runtime = event_loop()?;
    let (mut findings, mut projects) = (Vec::new(), BTreeSet::new());
    for client in Client::ALL {
        let places = client.of_user(host).into_iter();
        for place in places.chain(project.map(|project| client.of_project(project, host))) {
            if place.is_used && (!place.is_shared || place.file.exists()) {
                let finding = runtime.block_on(examine(&place, host));
                projects.extend(
                    finding.iter().filter(|found| found.answer.is_some()).map(|found| found.project.clone()),
                );
                findings.extend(finding);
            }
        }
    }
    let notes: Vec<_> = projects.iter().flat_map(|project| notes_for(project.as_deref(), host)).collect();
    let broken = findings.iter().filter(|finding| finding.problem.is_some()).count();
    let installed = findings.iter().filter(|finding| !finding.command.is_empty()).count();
    let healthy = broken == 0 && installed > 0;
    let code = ExitCode::from(u8::from(!healthy));
    if output.json {
        let told = serde_json::json!({ "healthy": healthy, "clients": findings, "notes": notes });
        return Ok(output.print_json(&told, code));
    }
    let mut text: String = findings.iter().map(|finding| finding.as_text(output)).collect();
    for note in notes.iter().take(SHOWN) {
        text.push_str(&format!("{}: {}\n", output.styled(Style::Yellow, "note"), plain_line(note)));
    }
    if let Some(more @ 1..) = notes.len().checked_sub(SHOWN) {
        text.push_str(&format!("{more} more notes: `rye check` shows them\n"));
    }
    let verdict = match (installed, broken) {
        (_, 1..) => output
            .styled(Style::Red, &format!("not well: {broken} of {} clients cannot use rye", findings.len())),
        (0, 0) => output.styled(Style::Red, "no client knows rye: `rye mcp install` tells them"),
        (count, 0) => output
            .styled(Style::Green, &format!("all is well: {count} of {} clients can use rye", findings.len())),
    };
    text.push_str(&format!("{verdict}\n"));
    Ok(output.print(&text, code))
}

/// Looks at one file. `None`: it is a project's and does not name rye.
async fn examine(place: &Place, host: &Host) -> Option<Finding> {
    let mut finding = Finding {
        client: place.client,
        path: place.file.display().to_string(),
        command: Vec::new(),
        project: None,
        answer: None,
        problem: None,
        warnings: Vec::new(),
    };
    let seen = ConfigFile::read(&place.file)
        .and_then(|file| place.client.find(&file.text).map_err(|fault| faulty(place, &fault)));
    let seen = match seen {
        Ok(Some(seen)) => seen,
        Ok(None) => return (!place.is_shared).then_some(finding),
        Err(report) => {
            finding.problem = Some(report.message);
            return Some(finding);
        }
    };
    if let Err(problem) = try_out(&mut finding, place, &seen, host).await {
        finding.problem = Some(problem);
    }
    Some(finding)
}

async fn try_out(finding: &mut Finding, place: &Place, seen: &Seen, host: &Host) -> Result<(), String> {
    let entry = seen.entry.as_ref().filter(|_| seen.is_ours()).ok_or("`rye` is another server here")?;
    finding.command = entry.words().map(ToOwned::to_owned).collect();
    finding.project = entry.project().map(Path::to_owned);
    let program = Path::new(&entry.command);
    if !program.is_absolute() {
        return Err(format!("`{}` is no absolute path", entry.command));
    }
    if !program.is_file() {
        return Err(format!("`{}` is not there", entry.command));
    }
    let is_this = std::env::current_exe().is_ok_and(|own| same_file(program, &own));
    if place.is_shared && !(is_this && seen.environment.is_empty()) {
        finding.warnings.push("not started: the project names a program or variables of its own".to_owned());
        return Ok(());
    }
    if !is_this {
        finding.warnings.push("it is another rye than this one".to_owned());
    }
    if let Some(project) = entry.project().filter(|project| !project.join(".ai").is_dir()) {
        return Err(format!("there is no project at `{}`", project.display()));
    }
    let answer = probe(entry, seen, host).await?;
    if answer.tools == 0 {
        finding.warnings.push("it has no tools".to_owned());
    }
    finding.answer = Some(answer);
    Ok(())
}

/// What clients have against single tools that a server started by an entry shows, and what keeps tools from being
/// shown.
fn notes_for(project: Option<&Path>, host: &Host) -> Vec<String> {
    // Not `/`, where clients start servers: paths are shown from there, and would lose their beginning.
    let working_directory = project.unwrap_or(Path::new("/proc")).to_owned();
    let theirs = Host { project: project.map(Path::to_owned), working_directory, ..host.clone() };
    let Ok((resolver, mut problems)) = Resolver::new_to_look(theirs) else { return Vec::new() };
    let listing = resolver.list();
    problems.extend(notes_of(&listing));
    problems.extend(listing.problems);
    problems.iter().map(|problem| format!("{}: {}", problem.place, problem.message)).collect()
}

impl Finding {
    fn as_text(&self, output: &Output) -> String {
        let client = output.styled(Style::Bold, &format!("{:11}", self.client.word()));
        let told = match (&self.problem, &self.answer) {
            (Some(problem), _) => output.styled(Style::Red, problem),
            (None, Some(answer)) => {
                let more = if answer.has_more { " or more" } else { "" };
                let plural = if answer.tools == 1 { "" } else { "s" };
                format!(
                    "{} {}, {}{more} tool{plural}",
                    plain_line(&answer.server),
                    plain_line(&answer.version),
                    answer.tools
                )
            }
            (None, None) if self.command.is_empty() => "no entry".to_owned(),
            (None, None) => "not tried".to_owned(),
        };
        let mut text = format!("{client}  {told}\n             {}\n", plain_line(&self.path));
        for warning in &self.warnings {
            let word = output.styled(Style::Yellow, "warning");
            text.push_str(&format!("             {word}: {}\n", plain_line(warning)));
        }
        text
    }
}
