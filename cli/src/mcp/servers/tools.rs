//! `rye mcp tools`: what a server has, shown as `rye list` shows what is here. Nothing is written.

use std::collections::HashSet;
use std::path::PathBuf;

use rye_executor::resolver::Card;
use rye_executor::{Catalogued, Config, Executor, Host, Report, Space};
use serde_json::{Map, Value, json};

use super::ask::Door;
use super::known::server;
use super::reach::Reach;
use super::sync::Wanted;
use super::told;
use super::tool_file::{Via, name_of};
use super::words::ToolsWords;
use crate::columns::columns;
use crate::entry::ExitCode;
use crate::output::{Output, Style, plain_line};
use crate::row::Row;

/// A name in more columns does not push the others' words aside.
const WIDEST_NAME: usize = 32;
/// What a server that was only typed is called.
pub(super) const TYPED: &str = "typed";

/// Asks a server and shows its tools.
pub(super) fn tools(output: &Output, mut host: Host, words: &ToolsWords) -> Result<ExitCode, Report> {
    host.subreaper = true;
    let executor = Executor::new(host, Config::default()).map_err(|error| error.report())?;
    let added = words.server.as_ref().filter(|word| !is_url(&word.to_string_lossy()));
    let (listed, wanted) = match added {
        Some(name) => {
            words.reach.refuse_beside(name)?;
            let known = server(executor.resolver(), name)?;
            let runtime = known.folder.name.runtime();
            ask(
                output,
                &executor,
                known.space(),
                known.folder.name.as_str(),
                Via::Runtime { id: &runtime, is_http: known.is_http() },
                words,
            )?
        }
        None => {
            let reach = Reach::read(words.server.as_ref(), &words.command, &words.reach)?;
            let via = Via::Reach { reach: &reach, protocol: None, is_here: true };
            ask(output, &executor, space_of(&executor), TYPED, via, words)?
        }
    };
    if output.json {
        let names: HashSet<_> = wanted.tools.values().map(|tool| tool.name.as_str()).collect();
        let is_shown = |tool: &&Map<String, Value>| name_of(tool).is_ok_and(|name| names.contains(name));
        let told = json!({
            "server": listed.server,
            "version": listed.version,
            "protocol": listed.protocol,
            "instructions": listed.instructions,
            "tools": listed.tools.iter().filter(is_shown).collect::<Vec<_>>(),
            "passed_over": wanted.passed_over,
        });
        return Ok(output.print_json(&told, ExitCode::SUCCESS));
    }
    let tools = wanted.tools.values().filter_map(|tool| {
        let card = Card::of(&tool.written.item)?;
        let (id, path) = (TYPED.parse().ok()?, Some(PathBuf::new()));
        Some((
            tool.name.as_str(),
            Catalogued { id, space: Space::Project, path, shadowed: false, card: Ok(card) },
        ))
    });
    let tools: Vec<_> = tools.collect();
    let widest = tools.iter().map(|(name, _)| columns(&plain_line(name)));
    let column = widest.filter(|&name| name <= WIDEST_NAME).max().unwrap_or(0);
    let mut text = format!("{}\n", output.styled(Style::Dim, &told::introduced(&listed)));
    tools.iter().for_each(|(name, tool)| text.push_str(&Row::of(tool).line(output, 2, name, column)));
    let code = output.print(&text, ExitCode::SUCCESS);
    if tools.is_empty() {
        output.note(Style::Yellow, "note", "it has no tools");
    }
    told::passed_over(output, &wanted.passed_over);
    Ok(code)
}

fn ask(
    output: &Output,
    executor: &Executor,
    space: Space,
    name: &str,
    via: Via<'_>,
    words: &ToolsWords,
) -> Result<(rye_executor::peer::Listed, Wanted), Report> {
    let listed = Door::plan(executor, space, name, via)?.list(words.reach.timeout)?;
    let wanted = Wanted::of(via, &listed)?;
    if !output.json && !listed.tools.is_empty() && wanted.tools.is_empty() {
        output.note(Style::Yellow, "note", "none of its tools can be shown");
    }
    Ok((listed, wanted))
}

/// Whether a word is a URL, and not the name of a server.
pub(super) fn is_url(word: &str) -> bool {
    word.contains("://")
}

/// Whose rules hold for a server that was only typed: where there is a project, its `.env` and `rye.toml` count.
pub(super) fn space_of(executor: &Executor) -> Space {
    match executor.resolver().spaces().project {
        Some(_) => Space::Project,
        None => Space::User,
    }
}
