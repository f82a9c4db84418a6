//! `rye mcp install` and `uninstall`: rye's own entry in the configuration of clients, and nothing else in it. What
//! cannot be done for one client is told, and holds no other up.

use rye_executor::{Code, EndingKind, Host, Report, Resolver, exit_codes};
use serde_json::{Value, json};

use super::client::{Client, Place};
use super::config_file::ConfigFile;
use super::entry::{Entry, Fault, NAME, Seen};
use crate::arguments::McpInstallWords;
use crate::entry::ExitCode;
use crate::output::{Output, Style, plain_line};
use rye_executor::report::resolve_report;

/// What is done to one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Added,
    Replaced,
    Removed,
    /// It is as it should be already.
    Unchanged,
}

/// What was done, or would be.
#[derive(Debug)]
struct Change {
    action: Action,
    /// The lines of the entry as they were and as they are.
    before: Vec<String>,
    after: Vec<String>,
}

/// Writes the entry.
pub(super) fn install(output: &Output, host: Host, words: &McpInstallWords) -> Result<ExitCode, Report> {
    let (resolver, _) = Resolver::new_to_look(host).map_err(|error| resolve_report(&error))?;
    let project = resolver.spaces().project.clone();
    let entry = Entry::new(resolver.host(), project.as_deref())?;
    let places = places(&resolver, words)?;
    if places.is_empty() {
        return paste(output, &entry, &resolver);
    }
    let code = each(output, &places, words, |place| add(place, &entry, words.dry_run));
    if !output.json {
        let whose = match &project {
            Some(project) => {
                format!("the tools of {} and your own, wherever the client is", project.display())
            }
            None => {
                "your own tools; run this in a project, or with `--project`, for its tools too".to_owned()
            }
        };
        output.note(Style::Dim, "note", &format!("clients get {whose}"));
        if !words.dry_run {
            output.note(
                Style::Dim,
                "note",
                "a client that is running may have to be started again; `rye mcp doctor` tries each",
            );
        }
    }
    Ok(code)
}

/// Takes the entry out.
pub(super) fn uninstall(output: &Output, host: Host, words: &McpInstallWords) -> Result<ExitCode, Report> {
    let (resolver, _) = Resolver::new_to_look(host).map_err(|error| resolve_report(&error))?;
    let places = places(&resolver, words)?;
    if places.is_empty() && !output.json {
        output.note(Style::Dim, "note", "no client was found");
    }
    Ok(each(output, &places, words, |place| remove(place, words.dry_run)))
}

/// The files that are meant.
fn places(resolver: &Resolver, words: &McpInstallWords) -> Result<Vec<Place>, Report> {
    let host = resolver.host();
    let of = |client: Client| {
        if words.project_scope {
            let project = resolver.spaces().project.as_deref().ok_or_else(|| {
                Report::new(Code::InvalidArguments, "no project was found here or above")
                    .hint("name one with `--project`, or leave out `--project-scope`")
            })?;
            return Ok(client.of_project(project, host));
        }
        client.of_user(host).ok_or_else(|| {
            Report::new(Code::InvalidArguments, "there is no home directory").hint("set `HOME`")
        })
    };
    match words.client {
        Some(client) => Ok(vec![of(client)?]),
        None => {
            let all = Client::ALL.into_iter().map(of).collect::<Result<Vec<_>, _>>()?;
            Ok(all.into_iter().filter(|place| place.is_used).collect())
        }
    }
}

/// Nothing is known to be here: says what a person can put where.
fn paste(output: &Output, entry: &Entry, resolver: &Resolver) -> Result<ExitCode, Report> {
    let mut rows = Vec::new();
    for place in Client::ALL.into_iter().filter_map(|client| client.of_user(resolver.host())) {
        let text = place.client.with("", entry).map_err(|fault| faulty(&place, &fault))?;
        rows.push((place, text));
    }
    if output.json {
        let rows = rows.iter().map(|(place, text)| {
            json!({ "client": place.client, "path": place.file.display().to_string(), "text": text })
        });
        let rows = json!({ "clients": [], "paste": rows.collect::<Vec<_>>() });
        return Ok(output.print_json(&rows, ExitCode::FAILURE));
    }
    let mut all = String::new();
    for (place, text) in &rows {
        let file = plain_line(&place.file.display().to_string());
        all.push_str(&format!("{} {file}\n", output.styled(Style::Bold, place.client.word())));
        text.lines().for_each(|line| all.push_str(&format!("    {}\n", plain_line(line))));
    }
    let code = output.print(&all, ExitCode::FAILURE);
    output.note(Style::Yellow, "note", "no client was found here, so that nothing was written");
    output.note(Style::Green, "hint", "name one with `--client`, or put the lines into your client's file");
    Ok(code)
}

/// Does it for each place, and tells what became of it.
fn each(
    output: &Output,
    places: &[Place],
    words: &McpInstallWords,
    act: impl Fn(&Place) -> Result<Change, Report>,
) -> ExitCode {
    let mut rows = Vec::new();
    let mut code = ExitCode::SUCCESS;
    for place in places {
        let done = act(place);
        if let Err(report) = &done
            && code == ExitCode::SUCCESS
        {
            code = ExitCode::from(exit_codes::of(report.code, EndingKind::NotStarted));
        }
        if output.json {
            rows.push(row(place, &done));
            continue;
        }
        match done {
            Ok(change) => code = output.print(&shown(output, place, &change, words.dry_run), code),
            Err(report) => output.show_report(&report),
        }
    }
    if output.json {
        let rows = json!({ "dry_run": words.dry_run, "clients": rows });
        return output.print_json(&rows, code);
    }
    code
}

fn add(place: &Place, entry: &Entry, dry_run: bool) -> Result<Change, Report> {
    let client = place.client;
    if let Some(sign) = client.replaces()
        && let Some(word) = entry.words().find(|word| word.contains(sign))
    {
        let fact = format!("`{word}` holds `{sign}`, which {} takes for a variable", client.word());
        return Err(Report::new(Code::InvalidArguments, fact).hint("rename the folder"));
    }
    let file = ConfigFile::read(&place.file)?;
    let seen = client.find(&file.text).map_err(|fault| faulty(place, &fault))?;
    let action = match &seen {
        None => Action::Added,
        Some(seen) if seen.is(entry) => Action::Unchanged,
        Some(seen) if seen.is_ours() => Action::Replaced,
        Some(_) => return Err(foreign(place)),
    };
    if action != Action::Unchanged {
        let text = client.with(&file.text, entry).map_err(|fault| faulty(place, &fault))?;
        if !dry_run {
            file.replace(&text, place.is_shared)?;
        }
    }
    Ok(Change { action, before: lines(client, seen.as_ref()), after: lines_of(client, entry) })
}

fn remove(place: &Place, dry_run: bool) -> Result<Change, Report> {
    let client = place.client;
    let file = ConfigFile::read(&place.file)?;
    let seen = client.find(&file.text).map_err(|fault| faulty(place, &fault))?;
    match &seen {
        None => return Ok(Change { action: Action::Unchanged, before: Vec::new(), after: Vec::new() }),
        Some(seen) if !seen.is_ours() => return Err(foreign(place)),
        Some(_) => {}
    }
    let text = client.without(&file.text).map_err(|fault| faulty(place, &fault))?;
    if !dry_run {
        file.replace(&text, place.is_shared)?;
    }
    Ok(Change { action: Action::Removed, before: lines(client, seen.as_ref()), after: Vec::new() })
}

/// The entry as it stands in a file, without what stands around it there.
fn lines_of(client: Client, entry: &Entry) -> Vec<String> {
    let text = client.with("", entry).unwrap_or_default();
    let (around, indent) = client.around();
    let lines: Vec<_> = text.lines().map(|line| line.strip_prefix(indent).unwrap_or(line)).collect();
    let inner = lines.get(around..lines.len().saturating_sub(around)).unwrap_or_default();
    inner.iter().map(|line| (*line).to_owned()).collect()
}

fn lines(client: Client, seen: Option<&Seen>) -> Vec<String> {
    seen.and_then(|seen| seen.entry.as_ref()).map(|entry| lines_of(client, entry)).unwrap_or_default()
}

impl Action {
    fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::Removed => "removed",
            Self::Unchanged => "unchanged",
        }
    }
}

fn shown(output: &Output, place: &Place, change: &Change, dry_run: bool) -> String {
    let word = match (change.action, dry_run) {
        (Action::Unchanged, _) if change.after.is_empty() => "not there",
        (Action::Unchanged, _) => "already there",
        (Action::Added, true) => "would add to",
        (Action::Replaced, true) => "would replace in",
        (Action::Removed, true) => "would remove from",
        (Action::Added, false) => "added to",
        (Action::Replaced, false) => "replaced in",
        (Action::Removed, false) => "removed from",
    };
    let file = plain_line(&place.file.display().to_string());
    let client = output.styled(Style::Bold, &format!("{:11}", place.client.word()));
    let mut text = format!("{client}  {word}: {file}\n");
    if change.action == Action::Unchanged {
        return text;
    }
    let (before, after) = (&change.before, &change.after);
    let same = |(one, other): &(&String, &String)| one == other;
    let head = before.iter().zip(after).take_while(same).count();
    let most = before.len().min(after.len()) - head;
    let tail = before.iter().rev().zip(after.iter().rev()).take(most).take_while(same).count();
    let middle = |lines: &[String]| lines.get(head..lines.len() - tail).unwrap_or_default().to_vec();
    for line in before.iter().take(head) {
        text.push_str(&format!("      {}\n", plain_line(line)));
    }
    for (style, sign, lines) in [(Style::Red, '-', middle(before)), (Style::Green, '+', middle(after))] {
        for line in lines {
            text.push_str(&format!("    {}\n", output.styled(style, &format!("{sign} {line}"))));
        }
    }
    for line in before.iter().skip(before.len() - tail) {
        text.push_str(&format!("      {}\n", plain_line(line)));
    }
    text
}

fn row(place: &Place, done: &Result<Change, Report>) -> Value {
    let mut row = json!({ "client": place.client, "path": place.file.display().to_string() });
    let more = match done {
        Ok(change) => {
            json!({ "action": change.action.word(), "before": change.before, "after": change.after })
        }
        Err(report) => json!({ "action": "failed", "error": report }),
    };
    if let (Value::Object(row), Value::Object(more)) = (&mut row, more) {
        row.extend(more);
    }
    row
}

/// A file that its client could not read either.
pub(super) fn faulty(place: &Place, fault: &Fault) -> Report {
    let file = place.file.display();
    let at = fault.place.map_or_else(|| file.to_string(), |(line, column)| format!("{file}:{line}:{column}"));
    Report::new(Code::InvalidConfig, format!("{at}: {}", fault.message))
        .hint("repair the file first: rye changes nothing in it")
}

fn foreign(place: &Place) -> Report {
    let fact = format!("`{NAME}` in `{}` is another server", place.file.display());
    Report::new(Code::InvalidConfig, fact).hint("give that one another name: rye leaves it as it is")
}
