//! `rye mcp add`: the server is started or asked once, and what it lists becomes files. Nothing is written unless it
//! has answered, and nothing that is there is overwritten.

use rye_executor::peer::Listed;
use rye_executor::{Config, Executor, Host, Report, Space};
use serde_json::{Value, json};

use super::ask::{Door, shell_words};
use super::folder::{ServerFolder, ServerName, tool_id};
use super::reach::Reach;
use super::runtime_file;
use super::sync::Wanted;
use super::told;
use super::tool_file::Via;
use super::words::AddWords;
use crate::entry::ExitCode;
use crate::new::Place;
use crate::output::{Output, Style, plain, plain_line, plural};

/// Adds a server.
pub(super) fn add(output: &Output, mut host: Host, words: &AddWords) -> Result<ExitCode, Report> {
    host.subreaper = true;
    let name = ServerName::read(&words.name)?;
    let reach = Reach::read(words.url.as_ref(), &words.command, &words.reach)?;
    let executor = Executor::new(host, Config::default()).map_err(|error| error.report())?;
    let resolver = executor.resolver();
    let place = Place::find(resolver, words.user)?;
    let folder = ServerFolder::new(place.space, &place.tools, name.clone());
    folder.check_free(resolver)?;
    let typed_in = &resolver.host().working_directory;
    let runs_in = match place.space {
        Space::Project => Some(resolver.spaces().project.as_deref().unwrap_or(typed_in)),
        _ => None,
    };
    let reach = reach.found_from(typed_in, runs_in);
    let mut added = Added {
        listed: Listed::default(),
        wanted: Wanted::default(),
        runtime: String::new(),
        folder,
        is_dry: words.dry_run,
    };
    let runtime = name.runtime();
    let via = Via::Reach { reach: &reach, protocol: None, is_here: false };
    let door = Door::plan(&executor, place.space, name.as_str(), via)?;
    door.announce(output);
    added.listed = door.list(words.reach.timeout)?;
    added.runtime = runtime_file::write(&name, &reach, &added.listed);
    added.wanted = Wanted::of(Via::Runtime { id: &runtime, is_http: reach.is_http() }, &added.listed)?;
    if !words.dry_run {
        added.write()?;
    }
    if output.json {
        return Ok(output.print_json(&added.as_json()?, ExitCode::SUCCESS));
    }
    let code = output.print(&added.as_text(output, resolver.host())?, ExitCode::SUCCESS);
    told::passed_over(output, &added.wanted.passed_over);
    told::losses(output, &name, &added.wanted);
    for secret in reach.secrets() {
        output.note(
            Style::Yellow,
            "note",
            &format!("the value of `{secret}` stands in the file for all to read"),
        );
        let hint = "write `${NAME}` in its place, and keep the value in your environment or a `.env` file";
        output.note(Style::Green, "hint", hint);
    }
    Ok(code)
}

/// A server that was added, or would be.
struct Added {
    listed: Listed,
    wanted: Wanted,
    runtime: String,
    folder: ServerFolder,
    is_dry: bool,
}

impl Added {
    /// The runtime first: with it, whatever is missing of the rest comes with the next `refresh`.
    fn write(&self) -> Result<(), Report> {
        self.folder.write(&self.folder.runtime_file(), &self.runtime)?;
        let changes = self.wanted.changes(&self.folder.files()?);
        self.wanted.apply(&changes, &self.folder)
    }

    fn as_json(&self) -> Result<Value, Report> {
        let tools = self.wanted.tools.iter().map(|(segment, tool)| {
            Ok(json!({
                "id": tool_id(&self.folder.name, segment)?,
                "name": tool.name,
                "path": self.folder.file(segment).to_string_lossy(),
                "losses": tool.written.losses,
                "text": self.is_dry.then_some(&tool.written.text),
            }))
        });
        Ok(json!({
            "name": self.folder.name.as_str(),
            "space": self.folder.space,
            "path": self.folder.runtime_file().to_string_lossy(),
            "text": self.is_dry.then_some(&self.runtime),
            "server": self.listed.server,
            "version": self.listed.version,
            "protocol": self.listed.protocol,
            "tools": tools.collect::<Result<Vec<_>, Report>>()?,
            "passed_over": self.wanted.passed_over,
            "written": !self.is_dry,
        }))
    }

    fn as_text(&self, output: &Output, host: &Host) -> Result<String, Report> {
        let mut text = String::new();
        if self.is_dry {
            let files = self.wanted.tools.iter();
            let files = files.map(|(segment, tool)| (self.folder.file(segment), &tool.written.text));
            for (path, file) in std::iter::once((self.folder.runtime_file(), &self.runtime)).chain(files) {
                text.push_str(&format!(
                    "{}\n{}\n",
                    output.styled(Style::Bold, &host.shown(&path)),
                    plain(file)
                ));
            }
        }
        let done = if self.is_dry { "would add" } else { "added" };
        let name = self.folder.name.as_str();
        text.push_str(&format!(
            "{done} {}: {} of {}\n",
            output.styled(Style::Bold, name),
            plural(self.wanted.tools.len(), "tool"),
            told::introduced(&self.listed)
        ));
        if self.is_dry {
            return Ok(text);
        }
        let shown = host.shown(&self.folder.runtime_file());
        text.push_str(&format!("  {}\n", plain_line(&shown)));
        if let Some(segment) = self.wanted.tools.keys().next() {
            text.push_str(&format!("  {}/\n\n", plain_line(&host.shown(&self.folder.path()))));
            let rye = |words: &[&str]| {
                let project =
                    host.project.iter().flat_map(|path| ["--project".to_owned(), path.display().to_string()]);
                let words = words.iter().map(|word| (*word).to_owned());
                shell_words(std::iter::once("rye".to_owned()).chain(project).chain(words))
            };
            let id = tool_id(&self.folder.name, segment)?;
            for (word, command) in [
                ("see them", rye(&["list", &format!("{}/", self.folder.name.runtime())])),
                ("run one", rye(&["run", id.as_str(), "--help"])),
            ] {
                let word = output.styled(Style::Dim, &format!("{word:8}"));
                text.push_str(&format!("  {word}  {}\n", output.styled(Style::Bold, &command)));
            }
        }
        Ok(text)
    }
}
