//! What was typed after `rye mcp add` and its sisters.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;

use crate::arguments::seconds;

/// How a server is reached, beside its command or URL.
#[derive(Args, Debug)]
pub(crate) struct ReachWords {
    /// A header of every request; `${NAME}` stands for a variable
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub(super) headers: Vec<OsString>,
    /// A variable for the server: yours by name, or a value, in which `${NAME}` stands for another
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    pub(super) environment: Vec<OsString>,
    /// Where a tool asks back, answer with the values that it proposes
    #[arg(long)]
    pub(super) defaults: bool,
    /// How many seconds the server may take
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(super) timeout: Option<Duration>,
}

#[derive(Args, Debug)]
#[command(
    override_usage = "rye mcp add [OPTIONS] <NAME> --url <URL>\n       rye mcp add [OPTIONS] <NAME> -- <COMMAND>..."
)]
pub(crate) struct AddWords {
    /// Its name here: its tools become mcp/NAME/…
    pub(super) name: OsString,
    /// The server's address, if it is on already
    #[arg(long, conflicts_with = "command", required_unless_present = "command")]
    pub(super) url: Option<OsString>,
    #[command(flatten)]
    pub(super) reach: ReachWords,
    /// Into your user space, which every folder sees
    #[arg(long)]
    pub(super) user: bool,
    /// Ask the server, show what would be written, and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// The program that is the server, with its words
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

#[derive(Args, Debug)]
pub(crate) struct RefreshWords {
    /// One server [default: each that was added]
    #[arg(value_name = "SERVER")]
    pub(super) name: Option<OsString>,
    /// Ask the servers, show what would change, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// How many seconds a server may take
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(super) timeout: Option<Duration>,
}

#[derive(Args, Debug)]
pub(crate) struct RemoveWords {
    /// The server
    #[arg(value_name = "SERVER")]
    pub(super) name: OsString,
    /// Files too that were edited since they were written
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Args, Debug)]
#[command(
    override_usage = "rye mcp tools [OPTIONS] <URL|SERVER>\n       rye mcp tools [OPTIONS] -- <COMMAND>..."
)]
pub(crate) struct ToolsWords {
    #[command(flatten)]
    pub(super) reach: ReachWords,
    /// The server's address, or the name of one that was added
    #[arg(value_name = "URL|SERVER", conflicts_with = "command", required_unless_present = "command")]
    pub(super) server: Option<OsString>,
    /// The program that is the server, with its words
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

#[derive(Args, Debug)]
#[command(
    override_usage = "rye mcp call [OPTIONS] <URL> <TOOL> [WORD]...\n       rye mcp call [OPTIONS] <TOOL> [WORD]... -- <COMMAND>..."
)]
pub(crate) struct CallWords {
    #[command(flatten)]
    pub(super) reach: ReachWords,
    /// Arguments as one JSON object; flags after TOOL beat them
    #[arg(long, value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    pub(super) params: Option<OsString>,
    /// The server, the tool and its own words, as after `rye run` (--help shows them)
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORD")]
    pub(super) words: Vec<OsString>,
}
