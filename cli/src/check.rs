//! `rye check`: every problem of every file at once. Exit code 1 when there is one; notes do not count.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rye_executor::report::resolve_report;
use rye_executor::resolver::Error;
use rye_executor::runtimes::document::{Place, Problem};
use rye_executor::tools::{Item, PortableNames, portability};
use rye_executor::{Code, Host, Listed, Listing, Report, Resolver};
use serde_json::json;

use crate::arguments::CheckWords;
use crate::drawing::Drawing;
use crate::entry::ExitCode;
use crate::output::{Output, Style, plural};

/// Checks the files that the caller sees.
pub(crate) fn check(output: &Output, host: Host, words: &CheckWords) -> Result<ExitCode, Report> {
    let (resolver, problems) = Resolver::new_to_look(host).map_err(|error| resolve_report(&error))?;
    let mut problems: Vec<_> = problems.into_iter().map(Told::from).collect();
    let listing = resolver.list();
    let within = words.path.as_ref().map(|path| within(resolver.host(), &listing, path)).transpose()?;
    let names = listing.portable_names();
    problems.extend(listing.problems.into_iter().map(Told::from));
    let mut notes: Vec<_> = listing.notes.into_iter().map(Told::from).collect();
    let mut tools = 0;
    for listed in listing.items {
        notes.extend(for_other_programs(&names, &listed).into_iter().map(Told::from));
        let checked = listed.item.and_then(|found| match found.item {
            Item::Tool(_) => {
                tools += 1;
                resolver.check(&resolver.resolve_item(found)?)
            }
            Item::Runtime(_) => resolver.check_runtime(found),
            Item::Other(_) => Ok(()),
        });
        if let Err(error) = checked {
            problems.extend(problems_of(resolver.host(), listed.path.as_deref(), &error));
        }
    }
    if let Some(within) = &within {
        let inside = |told: &Told| {
            let path = resolver.host().working_directory.join(&*told.problem.place.file);
            within.iter().any(|within| path.starts_with(within))
        };
        problems.retain(inside);
        notes.retain(inside);
    }
    for list in [&mut problems, &mut notes] {
        list.sort();
        list.dedup();
    }
    let code = ExitCode::from(u8::from(!problems.is_empty()));
    if output.json {
        let in_one = |list: Vec<Told>| list.into_iter().map(Told::in_one).collect::<Vec<_>>();
        let checked = json!({ "problems": in_one(problems), "notes": in_one(notes), "tools": tools });
        return Ok(output.print_json(&checked, code));
    }
    Ok(output.print(&as_text(output, &problems, &notes, tools), code))
}

/// A problem, and what lies behind it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    problem: Problem,
    causes: Vec<String>,
}

impl From<Problem> for Told {
    fn from(problem: Problem) -> Self {
        Self { problem, causes: Vec::new() }
    }
}

impl Told {
    /// As programs get it: the causes are part of the message.
    fn in_one(self) -> Problem {
        let message =
            [self.problem.message].into_iter().chain(self.causes).collect::<Vec<_>>().join("\n    ");
        Problem { message, ..self.problem }
    }
}

/// What MCP clients and function calling have against the tools of a listing.
pub(crate) fn notes_of(listing: &Listing) -> Vec<Problem> {
    let names = listing.portable_names();
    listing.items.iter().flat_map(|listed| for_other_programs(&names, listed)).collect()
}

/// What MCP clients and function calling have against a tool that they are shown.
fn for_other_programs(names: &PortableNames, listed: &Listed) -> Vec<Problem> {
    let Ok(Item::Tool(tool)) = listed.item.as_ref().map(|found| &found.item) else { return Vec::new() };
    if listed.shadowed || tool.metadata.hidden {
        return Vec::new();
    }
    let mut notes = portability::notes(names.name(&listed.id).unwrap_or_default(), tool);
    let place = &tool.metadata.place;
    let same = names.collisions().iter().filter(|collision| collision.ids.contains(&listed.id));
    notes.extend(same.map(|collision| portability::collision_note(collision, &listed.id, place)));
    notes
}

/// The files that are meant by a word: what lies below it if it is a path, else those of the item that has it as its id.
fn within(host: &Host, listing: &Listing, word: &Path) -> Result<Vec<PathBuf>, Report> {
    let path = host.working_directory.join(word);
    let error = match path.canonicalize() {
        Ok(path) => return Ok(vec![path]),
        Err(error) => error,
    };
    let named = listing.items.iter().filter(|item| word.to_str() == Some(item.id.as_str()));
    let files: Vec<_> = named.filter_map(|item| item.path.clone()).collect();
    if files.is_empty() {
        let fact = format!("`{}` cannot be checked: {error}", path.display());
        let hint = "name a file or folder in `.ai/tools/` or a tool's id, or nothing to check everything";
        return Err(Report::new(Code::InvalidArguments, fact).hint(hint));
    }
    let sidecars: Vec<_> = files.iter().map(|file| file.with_extension("toml")).collect();
    Ok(files.into_iter().chain(sidecars).collect())
}

/// The problems in an error; one that names no place stands at the beginning of its file.
fn problems_of(host: &Host, path: Option<&Path>, error: &Error) -> Vec<Told> {
    match error {
        Error::InvalidMetadata { problems, .. }
        | Error::InvalidDescriptor { problems }
        | Error::InvalidConfig { problems } => problems.iter().cloned().map(Told::from).collect(),
        _ => {
            let report = resolve_report(error);
            let place = match error {
                Error::RuntimeNotFound { place, .. } | Error::NotAllowedSpace { place, .. } => place.clone(),
                _ => {
                    let shown = path.map_or_else(String::new, |path| host.shown(path));
                    Place::start_of(&Arc::from(shown))
                }
            };
            // A message that begins with its place says it again.
            let again = format!("{place}: ");
            let message = report.message.strip_prefix(&again).unwrap_or(&report.message).to_owned();
            let problem = Problem { place, message, hint: report.hints.into_iter().next().map(Into::into) };
            vec![Told { problem, causes: report.causes }]
        }
    }
}

fn as_text(output: &Output, problems: &[Told], notes: &[Told], tools: usize) -> String {
    let mut text = String::new();
    let mut drawing = Drawing::new(output.width());
    for (style, word, list) in [(Style::Red, "error", problems), (Style::Yellow, "note", notes)] {
        let word = format!("{}: ", output.styled(style, word));
        for Told { problem, causes } in list {
            let paint = |style, text: &str| output.styled(style, text);
            text.push_str(&drawing.problem(problem, causes, &word, &paint));
        }
    }
    text.push_str(&format!("{}, {}\n", plural(tools, "tool"), plural(problems.len(), "problem")));
    text
}
