//! `rye mcp` and its own verbs: serve clients, write their configuration, see whether they reach their tools.

mod client;
mod config_file;
mod doctor;
mod entry;
mod install;
mod json_text;
mod probe;
mod serve;
mod servers;
mod token;
mod toml_text;

use rye_executor::{Code, Host, Report};

pub(crate) use client::Client;
pub(crate) use servers::{ServerCommand, names_in};

use crate::arguments::{McpCommand, McpWords};
use crate::entry::ExitCode;
use crate::output::Output;

/// Serves, or does what the word after `mcp` says.
pub(crate) fn mcp(output: &Output, host: Host, words: &McpWords) -> Result<ExitCode, Report> {
    if words.command.is_some() && words.http.is_some() {
        return Err(Report::new(Code::InvalidArguments, "`--http` with a verb, which serves nobody")
            .hint("`rye mcp --http` serves; `rye mcp --help` shows the verbs"));
    }
    match &words.command {
        None => serve::serve_clients(output, host, words),
        Some(McpCommand::Install(words)) => install::install(output, host, words),
        Some(McpCommand::Uninstall(words)) => install::uninstall(output, host, words),
        Some(McpCommand::Doctor) => doctor::doctor(output, host),
        Some(McpCommand::Servers(command)) => servers::servers(output, host, command),
    }
}
