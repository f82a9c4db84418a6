//! `rye show`: what a tool is, as far as its files say: metadata, parameters, chain.

use std::process::ExitCode;

use rye_executor::{Config, Executor, Host, Report, Resolution};
use serde_json::json;

use crate::arguments::ToolWord;
use crate::output::{Output, Style, plain};
use crate::run::tool_id;

/// Shows one tool.
pub(crate) fn show(output: &Output, host: Host, words: &ToolWord) -> Result<ExitCode, Report> {
    let executor = Executor::new(host, Config::default()).map_err(|error| error.report())?;
    let resolution = executor.resolve(&tool_id(&words.tool)?).map_err(|error| error.report())?;
    if output.json {
        output.print_json(&as_json(&resolution));
    } else {
        output.print(&as_text(output, &executor, &resolution));
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(resolution: &Resolution) -> serde_json::Value {
    let tool = &resolution.tool;
    let metadata = &tool.metadata;
    json!({
        "id": resolution.id,
        "space": resolution.space,
        "path": resolution.file.as_ref().map(|file| &file.path),
        "title": metadata.title,
        "description": tool.description,
        "version": metadata.descriptor.version,
        "category": metadata.descriptor.category,
        "tags": metadata.tags,
        "annotations": metadata.annotations,
        "style": resolution.style,
        "input_schema": tool.parameters.to_json(),
        "output_schema": metadata.output_schema.as_ref().map(rye_executor::tools::schema::Schema::to_json),
        "chain": resolution.links,
    })
}

fn as_text(output: &Output, executor: &Executor, resolution: &Resolution) -> String {
    let tool = &resolution.tool;
    let metadata = &tool.metadata;
    let mut text = format!("{}\n", output.styled(Style::Bold, resolution.id.as_str()));
    let mut line = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            let value = plain(value.trim_end()).replace('\n', "\n              ");
            text.push_str(&format!("  {} {value}\n", output.styled(Style::Dim, &format!("{name:11}"))));
        }
    };
    line("title", metadata.title.as_deref());
    line("description", tool.description.as_deref());
    line("version", metadata.descriptor.version.as_deref());
    line("category", metadata.descriptor.category.as_deref());
    line("tags", Some(metadata.tags.join(", ").as_str()).filter(|tags| !tags.is_empty()));
    let host = executor.resolver().host();
    line("file", resolution.file.as_ref().map(|file| host.shown(&file.path)).as_deref());
    line("chain", Some(&chain(resolution)));
    text.push('\n');
    text.push_str(&plain(&rye_executor::tools::usage::usage(resolution.id.as_str(), None, &tool.parameters)));
    text
}

/// The chain on one line, each item with its space.
pub(crate) fn chain(resolution: &Resolution) -> String {
    let links = resolution.links.iter().map(|link| format!("{} ({})", link.id, link.space.word()));
    links.collect::<Vec<_>>().join(" -> ")
}
