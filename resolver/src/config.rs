//! `rye.toml` of project and user. Project over user, lists joined; an unknown key is an error.

use std::path::PathBuf;
use std::sync::Arc;

use rye_runtimes::document::{Entry, Node, NodeValue, Place, Problem};
use rye_runtimes::{TableReader, TomlSource};
use rye_tools::ToolLimits;

use crate::claims::Claim;
use crate::error::Error;
use crate::files::read_plain;
use crate::host::Host;
use crate::mcp_config::McpConfig;
use crate::spaces::{Root, Space};

/// What the caller's `rye.toml` files say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// `pass_env`: names of variables that every tool gets, `*` allowed.
    pub pass_env: Vec<Said>,
    /// `allow_hosts`: hosts that HTTP tools may reach although their addresses are special.
    pub allow_hosts: Vec<Said>,
    /// `proxy`: the proxy of HTTP tools, the most important first.
    pub proxy: Vec<Said>,
    /// `[runtimes]`: the runtime for an extension, the more important first.
    pub runtimes: Vec<Claim>,
    /// `[limits]`
    pub limits: Limits,
    /// `[mcp]`
    pub mcp: McpConfig,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// A word of a `rye.toml`, and which space says it. What a project says is for its own tools: a user's tool, with the
/// user's credentials, runs in any folder, and a folder may be anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The word.
    pub word: String,
    /// The space.
    pub space: Space,
}

impl Said {
    /// The words that an item of `space` listens to.
    pub fn to(all: &[Self], space: Space) -> impl Iterator<Item = &str> {
        all.iter().filter(move |said| said.space >= space).map(|said| said.word.as_str())
    }
}

/// `[limits]`. What is `None` was not said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// `concurrency`: how many runs at once.
    pub concurrency: Option<u64>,
    /// `queue`: how many calls may wait.
    pub queue: Option<u64>,
    /// `timeout`: the default, in seconds.
    pub timeout: Option<f64>,
    /// `idle_timeout`: the default, in seconds.
    pub idle_timeout: Option<f64>,
    /// `max_output`: the default, in bytes for each stream.
    pub max_output: Option<u64>,
    /// `inline_output`: a stream of more bytes is kept whole, as an artifact; up to 1 MiB.
    pub inline_output: Option<u64>,
    /// `max_artifact`: how many bytes an artifact has at most; rye's own bound holds as well.
    pub max_artifact: Option<u64>,
    /// `tool_concurrency` and `tool_queue`: the same for the calls of any one tool.
    pub tool: ToolLimits,
    /// `caller_concurrency` and `caller_queue`: the same for the calls of any one caller.
    pub caller: CallerLimits,
}

/// How many calls of one caller may be on and may wait. What is `None` is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallerLimits {
    /// How many runs at once.
    pub concurrency: Option<usize>,
    /// How many calls may wait.
    pub queue: Option<usize>,
}

impl Config {
    /// Reads the files of the spaces that are there.
    ///
    /// # Errors
    /// A file cannot be read or says something wrong.
    pub fn read(host: &Host, roots: &[Root]) -> Result<Self, Error> {
        let mut config = Self::default();
        for root in roots {
            let path = root.path.join("rye.toml");
            let file: Arc<str> = Arc::from(host.shown(&path));
            let invalid = |message: String| Error::InvalidConfig {
                problems: vec![Problem::new(&Place::start_of(&file), message)],
            };
            let read = read_plain(&path, root.trusted);
            let read = read.map_err(|refused| invalid(format!("it is refused: {}", refused.reason)))?;
            let Some(bytes) = read else { continue };
            let text = String::from_utf8(bytes).map_err(|_| invalid("not UTF-8".to_owned()))?;
            config.lay_below(Self::parse(&file, text, root.space)?, path);
        }
        Ok(config)
    }

    /// What a less important file says counts where nothing was said before. Of two bounds on what this machine is put to,
    /// the lesser counts: a project lowers the user's and never raises them.
    fn lay_below(&mut self, below: Self, path: PathBuf) {
        self.pass_env.extend(below.pass_env);
        self.allow_hosts.extend(below.allow_hosts);
        self.proxy.extend(below.proxy);
        self.runtimes.extend(below.runtimes);
        self.mcp.lay_below(below.mcp);
        let (own, below) = (&mut self.limits, below.limits);
        own.concurrency = lesser(own.concurrency, below.concurrency);
        own.queue = lesser(own.queue, below.queue);
        own.timeout = own.timeout.or(below.timeout);
        own.idle_timeout = own.idle_timeout.or(below.idle_timeout);
        own.max_output = own.max_output.or(below.max_output);
        own.inline_output = own.inline_output.or(below.inline_output);
        own.max_artifact = lesser(own.max_artifact, below.max_artifact);
        own.tool.concurrency = lesser(own.tool.concurrency, below.tool.concurrency);
        own.tool.queue = lesser(own.tool.queue, below.tool.queue);
        own.caller.concurrency = lesser(own.caller.concurrency, below.caller.concurrency);
        own.caller.queue = lesser(own.caller.queue, below.caller.queue);
        self.files.push(path);
    }

    fn parse(file: &Arc<str>, text: String, space: Space) -> Result<Self, Error> {
        let document =
            TomlSource::file(file, text).parse().map_err(|problems| Error::InvalidConfig { problems })?;
        let mut table = TableReader::new(&document);
        let said = |list: Option<Vec<(Place, String)>>| -> Vec<Said> {
            list.unwrap_or_default().into_iter().map(|(_, word)| Said { word, space }).collect()
        };
        let mut config = Self {
            pass_env: said(table.strings(&["pass_env"])),
            allow_hosts: said(table.strings(&["allow_hosts"])),
            proxy: table.string(&["proxy"]).map(|word| Said { word, space }).into_iter().collect(),
            ..Self::default()
        };
        if let Some(entry) = table.entry(&["runtimes"]) {
            config.runtimes = read_runtimes(&entry.value, space, &mut table.problems);
        }
        if let Some(entry) = table.entry(&["limits"]) {
            config.limits = Limits::read(&entry.value, &mut table.problems);
        }
        if let Some(entry) = table.entry(&["mcp"]) {
            config.mcp = McpConfig::read(&entry.value, space, &mut table.problems);
        }
        let problems = table.finish();
        if problems.is_empty() { Ok(config) } else { Err(Error::InvalidConfig { problems }) }
    }
}

fn lesser<N: Ord>(one: Option<N>, other: Option<N>) -> Option<N> {
    one.into_iter().chain(other).min()
}

fn read_runtimes(node: &Node, space: Space, problems: &mut Vec<Problem>) -> Vec<Claim> {
    let NodeValue::Table(entries) = &node.value else {
        problems.push(
            Problem::new(&node.place, "`runtimes` is not a table")
                .hint("write `[runtimes]` and `py = \"…\"`"),
        );
        return Vec::new();
    };
    let mut runtimes = Vec::new();
    for Entry { key, value, .. } in entries {
        match &value.value {
            NodeValue::String(id) => {
                runtimes.push(Claim { extension: key.clone(), runtime: id.clone(), space });
            }
            other => {
                let message = format!("`{key}` is {} where the id of a runtime is wanted", other.kind());
                problems.push(Problem::new(&value.place, message));
            }
        }
    }
    runtimes
}

impl Limits {
    fn read(node: &Node, problems: &mut Vec<Problem>) -> Self {
        let mut table = TableReader::new(node);
        let mut limits = Self {
            concurrency: table.positive("concurrency"),
            queue: table.positive("queue"),
            timeout: seconds(&mut table, "timeout"),
            idle_timeout: seconds(&mut table, "idle_timeout"),
            max_output: table.positive("max_output"),
            inline_output: table.positive("inline_output"),
            max_artifact: table.positive("max_artifact"),
            ..Self::default()
        };
        let mut each = |key| table.positive(key).map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        limits.tool = ToolLimits { concurrency: each("tool_concurrency"), queue: each("tool_queue") };
        limits.caller = CallerLimits { concurrency: each("caller_concurrency"), queue: each("caller_queue") };
        problems.extend(table.finish());
        limits
    }
}

fn seconds(table: &mut TableReader<'_>, key: &'static str) -> Option<f64> {
    let entry = table.entry(&[key])?;
    let number = entry.value.to_json().as_f64();
    let number = number.filter(|seconds| std::time::Duration::try_from_secs_f64(*seconds).is_ok());
    if number.is_none() {
        let message = format!("`{key}` is not a number of seconds");
        table.problems.push(Problem::new(&entry.value.place, message).hint("0 means no limit"));
    }
    number
}
