//! `rye show`: what a tool is, as far as its files say: metadata, parameters, chain.

use std::path::Path;

use rye_executor::tools::Annotations;
use rye_executor::tools::schema::Schema;
use rye_executor::{Config, Executor, Host, Report, Resolution};
use serde_json::json;

use crate::arguments::ToolWord;
use crate::columns::wrapped;
use crate::entry::ExitCode;
use crate::output::{Output, Style, plain};
use crate::run::tool_id;

/// What stands before a value.
const LABEL: usize = 14;

/// Shows one tool.
pub(crate) fn show(output: &Output, host: Host, words: &ToolWord) -> Result<ExitCode, Report> {
    let executor = Executor::new(host, Config::default()).map_err(|error| error.report())?;
    let resolution = executor.resolve(&tool_id(&words.tool, "show")?).map_err(|error| error.report())?;
    if output.json {
        return Ok(output.print_json(&as_json(&resolution), ExitCode::SUCCESS));
    }
    Ok(output.print(&as_text(output, &executor, &resolution), ExitCode::SUCCESS))
}

fn as_json(resolution: &Resolution) -> serde_json::Value {
    let tool = &resolution.tool;
    let metadata = &tool.metadata;
    json!({
        "id": resolution.id,
        "space": resolution.space,
        "path": file(resolution).map(Path::to_string_lossy),
        "title": metadata.title,
        "description": tool.description,
        "version": metadata.descriptor.version,
        "category": metadata.descriptor.category,
        "tags": metadata.tags,
        "annotations": metadata.annotations,
        "style": resolution.style,
        "input_schema": tool.parameters.to_json(),
        "output_schema": metadata.output_schema.as_ref().map(Schema::to_json),
        "chain": resolution.links,
    })
}

/// The tool's own file; none of what is embedded.
fn file(resolution: &Resolution) -> Option<&Path> {
    resolution.links.first().and_then(|link| link.path.as_deref())
}

fn as_text(output: &Output, executor: &Executor, resolution: &Resolution) -> String {
    let tool = &resolution.tool;
    let metadata = &tool.metadata;
    let mut text = format!("{}\n", output.styled(Style::Bold, resolution.id.as_str()));
    let mut line = |name: &str, value: Option<&str>| {
        let Some(value) = value.map(str::trim_end).filter(|value| !value.is_empty()) else { return };
        let mut label = output.styled(Style::Dim, &format!("{name:11}"));
        for line in plain(value).lines().flat_map(|line| fitting(output, line)) {
            let line = if line.is_empty() { String::new() } else { format!("  {label} {line}") };
            text.push_str(&format!("{line}\n"));
            label = " ".repeat(11);
        }
    };
    line("title", metadata.title.as_deref());
    line("description", tool.description.as_deref());
    line("version", metadata.descriptor.version.as_deref());
    line("category", metadata.descriptor.category.as_deref());
    line("tags", Some(&metadata.tags.join(", ")));
    line("effects", Some(&effects(&metadata.annotations)));
    line("returns", metadata.output_schema.as_ref().map(Schema::signature).as_deref());
    let host = executor.resolver().host();
    line("file", file(resolution).map(|path| host.shown(path)).as_deref());
    line("chain", Some(&chain(resolution)));
    text.push('\n');
    text.push_str(&plain(&rye_executor::tools::usage::usage(resolution.id.as_str(), None, &tool.parameters)));
    text
}

/// A line in the columns that are left of it; as it is where no terminal shows it.
fn fitting<'l>(output: &Output, line: &'l str) -> Vec<&'l str> {
    match output.width() {
        Some(width) => {
            let room = width.saturating_sub(LABEL);
            wrapped(line, room, room)
        }
        None => vec![line],
    }
}

/// What the tool says of its effects.
fn effects(annotations: &Annotations) -> String {
    let said = [
        (annotations.read_only, "reads only", "changes things"),
        (annotations.destructive, "may destroy", "destroys nothing"),
        (annotations.idempotent, "twice is like once", "twice is not like once"),
        (annotations.open_world, "reaches beyond this machine", "stays on this machine"),
    ];
    let words = said.into_iter().filter_map(|(said, yes, no)| said.map(|is| if is { yes } else { no }));
    words.collect::<Vec<_>>().join(", ")
}

/// The chain on one line, each item with its space.
pub(crate) fn chain(resolution: &Resolution) -> String {
    let links = resolution.links.iter().map(|link| format!("{} ({})", link.id, link.space.word()));
    links.collect::<Vec<_>>().join(" -> ")
}
