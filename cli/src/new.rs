//! `rye new`: a typed, documented tool that runs at once, and what to do next. Nothing that is there is overwritten.

mod language;
mod place;

use std::path::Path;
use std::sync::Arc;

use rye_executor::report::resolve_report;
use rye_executor::resolver::Error;
use rye_executor::{CallOptions, Code, EndingKind, Host, Report, Resolver, Space, ToolId, exit_codes};
use serde_json::{Map, json};

use crate::arguments::NewWords;
use crate::entry::ExitCode;
use crate::output::{Output, Style};
use crate::run::tool_id;

pub(crate) use language::Language;
use language::Template;
pub(crate) use place::Place;

/// Makes a tool.
pub(crate) fn new(output: &Output, host: Host, words: &NewWords) -> Result<ExitCode, Report> {
    let (id, language) = named(words)?;
    let template = language.template();
    let (resolver, _) = Resolver::new_to_look(host.clone()).map_err(|error| resolve_report(&error))?;
    let place = Place::find(&resolver, words.user)?;
    place.check(&resolver, &id)?;
    let shadow = shadow(&resolver, &place, &id);
    let file = place.write(&id, template.extension, template.text)?;
    let made = Made { id, language, template, place, file: &file, host: &host };
    let obstacle = made.obstacle();
    let code = match &obstacle {
        Some(Obstacle::Broken(report)) => ExitCode::from(exit_codes::of(report.code, EndingKind::NotStarted)),
        _ => ExitCode::SUCCESS,
    };
    if output.json {
        return Ok(output.print_json(&made.as_json(obstacle.as_ref(), shadow.as_deref()), code));
    }
    let code = output.print(&made.as_text(output), code);
    if let Some(shadow) = &shadow {
        output.note(Style::Yellow, "note", shadow);
    }
    match &obstacle {
        Some(Obstacle::Interpreter(report)) => {
            output.note(Style::Yellow, "note", &format!("it cannot run yet: {}", report.message));
            for hint in &report.hints {
                output.note(Style::Green, "hint", hint);
            }
        }
        Some(Obstacle::Broken(report)) => output.show_report(report),
        None => {}
    }
    Ok(code)
}

/// The id and the language. An extension that names a language is no part of the id.
fn named(words: &NewWords) -> Result<(ToolId, Language), Report> {
    let written = tool_id(&words.id, "new")?;
    let by_extension = written.last_segment().rsplit_once('.').and_then(|(_, extension)| {
        // Only what its file's name really ends with: `v1.command` and `api.https` are ids.
        Some((extension.len() + 1, Language::of_extension(extension)?))
    });
    let Some((length, found)) = by_extension else {
        return Ok((written, words.lang.unwrap_or(Language::Python)));
    };
    let extension = found.template().extension;
    let language = words.lang.unwrap_or(found);
    if language.template().extension != extension {
        let fact = format!(
            "`{written}` names a file in `{}`, and `--lang` asks for `{}`",
            found.word(),
            language.word()
        );
        return Err(Report::new(Code::InvalidArguments, fact).hint("leave one of the two out"));
    }
    let id = written.as_str().get(..written.as_str().len() - length).unwrap_or_default();
    Ok((id.parse().map_err(|error| resolve_report(&Error::InvalidId(error)))?, language))
}

/// What else has the id, and which of the two is called.
fn shadow(resolver: &Resolver, place: &Place, id: &ToolId) -> Option<String> {
    let others = resolver.ids().into_iter().filter(|known| known.id == *id && known.space != place.space);
    others.map(|known| known.space).next().map(|space| match space {
        Space::Project => format!("in this project `{id}` is the project's own tool, which comes first"),
        _ => format!("in this project it comes before the {} tool `{id}`", space.word()),
    })
}

/// Why the new tool does not run.
enum Obstacle {
    /// What it runs in is not on this machine.
    Interpreter(Report),
    /// Something that keeps every tool of the space from running.
    Broken(Report),
}

/// A tool that was made.
struct Made<'m> {
    id: ToolId,
    language: Language,
    template: Template,
    place: Place,
    file: &'m Path,
    host: &'m Host,
}

impl Made<'_> {
    /// Looks at the tool as a call would, up to its start. Where another tool is called by its id, nothing can be said.
    fn obstacle(&self) -> Option<Obstacle> {
        let arguments = self.template.words.chunks(2).filter_map(|pair| match pair {
            [name, value] => Some((name.trim_start_matches("--").to_owned(), (*value).into())),
            _ => None,
        });
        let planned = || {
            let resolver = Resolver::new(self.host.clone())?;
            let resolution = Arc::new(resolver.resolve(&self.id)?);
            if resolution.space != self.place.space {
                return Ok(());
            }
            resolver.check(&resolution)?;
            let invocation =
                resolver.invoke(resolution, Map::from_iter(arguments), CallOptions::default())?;
            resolver.plan(&invocation).map(drop)
        };
        planned().err().map(|error| {
            let report = resolve_report(&error);
            match error {
                Error::InterpreterNotFound { .. } | Error::CommandNotFound { .. } => {
                    Obstacle::Interpreter(report)
                }
                _ => Obstacle::Broken(report),
            }
        })
    }

    /// rye's own words of a call, with what was said about the project.
    fn command(&self, verb: &str, words: &[&str]) -> Vec<String> {
        let mut command = vec!["rye".to_owned()];
        if let Some(project) = &self.host.project {
            command.extend(["--project".to_owned(), project.display().to_string()]);
        }
        command.extend([verb.to_owned(), self.id.to_string()]);
        command.extend(words.iter().map(|word| (*word).to_owned()));
        command
    }

    fn as_json(&self, obstacle: Option<&Obstacle>, shadow: Option<&str>) -> serde_json::Value {
        let report = match obstacle {
            Some(Obstacle::Interpreter(report) | Obstacle::Broken(report)) => Some(report),
            None => None,
        };
        json!({
            "id": self.id,
            "space": self.place.space,
            "language": self.language.word(),
            "path": self.file.to_string_lossy(),
            "new_space": self.place.is_new,
            "run": self.command("run", self.template.words),
            "show": self.command("show", &[]),
            "note": shadow,
            "obstacle": report,
        })
    }

    fn as_text(&self, output: &Output) -> String {
        let shown = self.host.shown(self.file);
        let mut text = String::new();
        if self.place.is_new {
            let why = self.place.reason;
            text.push_str(&format!(
                "made {}/: {why}\n",
                output.styled(Style::Bold, &self.place.tools.display().to_string())
            ));
        }
        text.push_str(&format!("made {}\n\n", output.styled(Style::Bold, &shown)));
        let run = shell_words(&self.command("run", self.template.words));
        let show = shell_words(&self.command("show", &[]));
        for (name, value) in [("run it", run), ("see it", show), ("edit it", shell_words(&[shown]))] {
            text.push_str(&format!(
                "  {}  {}\n",
                output.styled(Style::Dim, &format!("{name:7}")),
                output.styled(Style::Bold, &value)
            ));
        }
        text
    }
}

/// Words as a shell reads them.
fn shell_words(words: &[String]) -> String {
    let quoted = words.iter().map(|word| shlex::try_quote(word).map_or_else(|_| word.clone(), Into::into));
    quoted.collect::<Vec<_>>().join(" ")
}
