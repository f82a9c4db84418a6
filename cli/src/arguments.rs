//! What was typed. What it means is decided by the module of each command.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueHint};
use rye_executor::tools::dialect::Dialect;

use crate::completions::Shell;
use crate::mcp::{Client, ServerCommand};
use crate::new::Language;

/// One door to a folder of scripts: put a script in .ai/tools/, and run it by name.
#[derive(Debug, Parser)]
#[command(name = "rye", version, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args, Debug)]
pub(crate) struct Everywhere {
    /// The project: the folder that holds .ai/ [default: the nearest one above]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) project: Option<PathBuf>,
    /// Print one JSON value and nothing else
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// The same with one command alone. To build the others takes as long as everything else that `rye run` does by
/// itself, and grows with each.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true)]
struct RunLine {
    #[command(flatten)]
    everywhere: Everywhere,
    #[command(subcommand)]
    command: RunCommand,
}

#[derive(Debug, Subcommand)]
enum RunCommand {
    Run(RunCall),
}

impl CommandLine {
    /// Reads what was typed. Help and errors are those of all commands.
    pub(crate) fn read(words: &[OsString]) -> Result<Self, clap::Error> {
        if words.iter().any(|word| word == "run")
            && let Ok(RunLine { everywhere, command: RunCommand::Run(call) }) = RunLine::try_parse_from(words)
        {
            return Ok(Self { everywhere, command: Command::Run(call) });
        }
        Self::try_parse_from(words)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a tool
    Run(RunCall),
    /// List every tool
    List(ListWords),
    /// Find tools by words, the best first
    Search(SearchWords),
    /// Show what a tool is: metadata, parameters, chain
    Show(ToolWord),
    /// Show every decision about a call, and start nothing
    Explain(RunWords),
    /// Check every file, and show all problems at once
    Check(CheckWords),
    /// Print the schemas of tools for other programs
    Schema(SchemaWords),
    /// Serve every tool to MCP clients
    Mcp(McpWords),
    /// Make a tool that runs at once
    New(NewWords),
    /// List the ways to run tools, and what this machine has for each
    Runtimes,
    /// Look at everything that tools depend on, and say what is broken
    Doctor,
    /// Look at long outputs of runs, which are kept whole for a week
    #[command(subcommand)]
    Artifacts(ArtifactsVerb),
    /// Print the completion script of a shell
    Completions(CompletionsWords),
    /// What may stand in the place of the last word
    #[command(name = "__complete", hide = true)]
    Complete(CompleteWords),
}

#[derive(Args, Debug)]
pub(crate) struct RunCall {
    #[command(flatten)]
    pub(crate) words: RunWords,
    /// Show where the time of this call went
    #[arg(long)]
    pub(crate) timings: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RunWords {
    /// Time limit in seconds; 0 means none
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) timeout: Option<std::time::Duration>,
    /// Limit on silence in seconds, with --json: how long it may say nothing; 0 means none
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) idle_timeout: Option<std::time::Duration>,
    /// Arguments as one JSON object; flags after TOOL beat them
    #[arg(long, value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    pub(crate) params: Option<OsString>,
    /// A variable for the tool: yours by name, or a value
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    pub(crate) environment: Vec<OsString>,
    /// The tool's id, then its own words: --name value, --name=value, or bare values (--help shows them)
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_names = ["TOOL", "WORD"])]
    pub(crate) words: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ArtifactsVerb {
    /// List them, the newest first
    List,
    /// Print one, every byte as it was printed
    Show {
        /// The beginning of its id
        id: String,
    },
    /// Remove some
    Rm {
        /// The beginnings of their ids
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// Remove all
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

#[derive(Args, Debug)]
pub(crate) struct ListWords {
    /// Runtimes too, and what is hidden or shadowed
    #[arg(long)]
    pub(crate) all: bool,
    /// Only ids that begin with this
    pub(crate) prefix: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct SearchWords {
    /// How many are shown at most
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Words that all match: in the id, title, tags, description or parameters
    #[arg(required = true, value_name = "WORD")]
    pub(crate) words: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ToolWord {
    /// The tool's id
    pub(crate) tool: OsString,
}

#[derive(Args, Debug)]
pub(crate) struct CheckWords {
    /// Only what lies below this file or folder, or the tool of this id
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) path: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct SchemaWords {
    /// One tool's id [default: every tool]
    pub(crate) tool: Option<OsString>,
    /// Who reads them
    #[arg(long, default_value = "json-schema", value_parser = dialects())]
    pub(crate) format: Dialect,
}

fn dialects() -> impl TypedValueParser<Value = Dialect> {
    let words = PossibleValuesParser::new(Dialect::ALL.iter().map(|(word, _)| *word));
    words.map(|typed| {
        Dialect::ALL.iter().find(|(word, _)| *word == typed).map_or(Dialect::JsonSchema, |(_, one)| *one)
    })
}

#[derive(Args, Debug)]
pub(crate) struct NewWords {
    /// The new tool's id: its path below tools/, such as text/count
    pub(crate) id: OsString,
    /// What it is written in [default: python]
    #[arg(long, value_enum, value_name = "LANGUAGE", ignore_case = true)]
    pub(crate) lang: Option<Language>,
    /// Into your user space, which every folder sees
    #[arg(long)]
    pub(crate) user: bool,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionsWords {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Args, Debug)]
pub(crate) struct CompleteWords {
    pub(crate) shell: Shell,
    /// The words of a command line up to the cursor, the program's name left out
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<OsString>,
}

#[derive(Args, Debug)]
pub(crate) struct McpWords {
    #[command(subcommand)]
    pub(crate) command: Option<McpCommand>,
    /// Over HTTP instead of standard input and output [default ADDR: 127.0.0.1:8808]
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:8808")]
    pub(crate) http: Option<std::net::SocketAddr>,
    /// Let anybody in who can reach an address that is not this machine's own
    #[arg(long, requires = "http")]
    pub(crate) no_token: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum McpCommand {
    /// Write rye into the configuration of MCP clients
    Install(McpInstallWords),
    /// Take rye's own entry out again, and nothing else
    Uninstall(McpInstallWords),
    /// Start rye as each client would, and say what it answers
    Doctor,
    #[command(flatten)]
    Servers(ServerCommand),
}

#[derive(Args, Debug)]
pub(crate) struct McpInstallWords {
    /// One client [default: each that is on this machine]
    #[arg(long, value_enum, value_name = "CLIENT")]
    pub(crate) client: Option<Client>,
    /// Show the change and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// In the client's file of this project instead of your own
    #[arg(long)]
    pub(crate) project_scope: bool,
}

pub(crate) fn seconds(text: &str) -> Result<std::time::Duration, String> {
    let number: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    std::time::Duration::try_from_secs_f64(number)
        .map_err(|_| "not a number of seconds, 0 or more".to_owned())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::Parser;

    use super::CommandLine;

    #[test]
    fn run_is_read_as_it_would_be_among_all_commands() {
        for line in [
            "run t",
            "run",
            "run --help",
            "--json run t --json",
            "run --json --project x --timings t --project y",
            "run --timeout 1.5 --env A=B --env C --params {} t -- --x",
            "run --timeout x t",
            "run --unknown t",
            "run t --help",
            "--project run list",
            "--project=p run run",
            "list run",
            "list --all",
            "show run",
            "help run",
            "--version run",
            "runs",
            "explain --timings t",
            "",
        ] {
            let words: Vec<OsString> =
                std::iter::once("rye").chain(line.split_whitespace()).map(Into::into).collect();
            let told = |read: Result<CommandLine, clap::Error>| match read {
                Ok(line) => format!("{line:?}"),
                Err(error) => error.to_string(),
            };
            assert_eq!(told(CommandLine::read(&words)), told(CommandLine::try_parse_from(&words)), "{line}");
        }
    }
}
