//! Other servers: their tools become files of the project or the user, and people may talk to them.

mod add;
mod ask;
mod call;
mod folder;
mod known;
mod literal;
mod mark;
mod names;
mod overview;
mod reach;
mod refresh;
mod remove;
mod runtime_file;
mod schema;
mod sync;
mod told;
mod toml;
mod tool_file;
mod tools;
mod words;

use clap::Subcommand;
use rye_executor::{Host, Report};

use crate::entry::ExitCode;
use crate::output::Output;

pub(crate) use known::names_in;

/// The verbs about other servers.
#[derive(Debug, Subcommand)]
pub(crate) enum ServerCommand {
    /// Take the tools of another MCP server in, as files
    Add(words::AddWords),
    /// List the servers that were added
    List,
    /// Ask servers again, and let the files follow
    Refresh(words::RefreshWords),
    /// Take a server's files away
    Remove(words::RemoveWords),
    /// Show the tools of any MCP server
    Tools(words::ToolsWords),
    /// Call a tool of any MCP server
    Call(words::CallWords),
}

/// Does what the verb says.
pub(super) fn servers(output: &Output, host: Host, command: &ServerCommand) -> Result<ExitCode, Report> {
    match command {
        ServerCommand::Add(words) => add::add(output, host, words),
        ServerCommand::List => overview::overview(output, host),
        ServerCommand::Refresh(words) => refresh::refresh(output, host, words),
        ServerCommand::Remove(words) => remove::remove(output, host, words),
        ServerCommand::Tools(words) => tools::tools(output, host, words),
        ServerCommand::Call(words) => call::call(output, host, words),
    }
}
