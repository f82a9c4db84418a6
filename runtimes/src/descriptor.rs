//! What tool and runtime files have in common, and what a runtime file has of its own. A [`Descriptor`] is
//! checked as far as one file can be; what depends on its chain is checked when it is resolved.

use crate::call::{CALL_KEYS, CallConfig};
use crate::config_keys::{CONFIG_KEYS, EXCHANGE_KEYS};
use crate::document::{Node, Place, Problem};
use crate::env_config::EnvConfig;
use crate::setting::{Settings, read_table};
use crate::table::TableReader;

/// The keys that every item has.
#[derive(Clone, Debug, PartialEq)]
pub struct Descriptor {
    /// `version`
    pub version: Option<String>,
    /// `tool_type`
    pub tool_type: Option<String>,
    /// `executor_id`: the next item of the chain, as written, and where.
    pub executor_id: Option<(Place, String)>,
    /// `category`
    pub category: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `[env_config]`
    pub env_config: EnvConfig,
    /// `[config]`
    pub config: Settings,
    /// `[call]`
    pub call: CallConfig,
    /// `pass_env`: names of variables, `*` allowed.
    pub pass_env: Vec<String>,
}

/// A declared way to run tools.
#[derive(Clone, Debug, PartialEq)]
pub struct Runtime {
    /// What it shares with tools.
    pub descriptor: Descriptor,
    /// `extensions`: the file extensions it claims, without dot.
    pub extensions: Vec<String>,
}

/// The `tool_type` of a runtime.
pub const RUNTIME_TYPE: &str = "runtime";

impl Descriptor {
    /// Takes the common keys out of a table.
    pub fn read(table: &mut TableReader<'_>) -> Self {
        let version = table.string(&["version", "__version__"]);
        let tool_type = table.string(&["tool_type", "__tool_type__"]);
        let executor_id =
            table.entry(&["executor_id", "__executor_id__"]).map(|entry| entry.value.place.clone());
        let executor_id = executor_id.zip(table.string(&["executor_id", "__executor_id__"]));
        let category = table.string(&["category", "__category__"]);
        let description = table.string(&["description", "__tool_description__"]);
        let pass_env = table.strings(&["pass_env"]).unwrap_or_default();
        let env_config = table.entry(&["env_config", "ENV_CONFIG"]);
        let config = table.entry(&["config", "CONFIG"]);
        let call = table.entry(&["call"]);
        table.of_table("config", &CONFIG_KEYS);
        table.of_table("config", &EXCHANGE_KEYS);
        table.of_table("call", &CALL_KEYS);
        let problems = &mut table.problems;
        for (place, name) in &pass_env {
            if name.is_empty() || name.contains(['=', '\0']) {
                problems.push(Problem::new(place, format!("`{name}` cannot name a variable")));
            }
        }
        Self {
            version,
            tool_type,
            executor_id,
            category,
            description,
            env_config: env_config.map(|entry| EnvConfig::read(&entry.value, problems)).unwrap_or_default(),
            config: config.map(|entry| read_table(&entry.value, problems)).unwrap_or_default(),
            call: call.map(|entry| CallConfig::read(&entry.value, problems)).unwrap_or_default(),
            pass_env: pass_env.into_iter().map(|(_, name)| name).collect(),
        }
    }
}

impl Runtime {
    /// Reads a runtime file.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn read(document: &Node) -> Result<Self, Vec<Problem>> {
        let mut table = TableReader::new(document);
        let descriptor = Descriptor::read(&mut table);
        let extensions = table.strings(&["extensions"]).unwrap_or_default();
        for (place, extension) in &extensions {
            if extension.is_empty() || !extension.chars().all(|c| c.is_ascii_alphanumeric()) {
                let problem = Problem::new(place, format!("`{extension}` is not a file extension"));
                table.problems.push(problem.hint("write it without dot: `py`"));
            }
        }
        if descriptor.executor_id.is_none() {
            table.problems.push(
                Problem::new(&document.place, "a runtime without `executor_id`")
                    .hint("add `executor_id = \"subprocess\"`"),
            );
        }
        let mut problems = table.finish();
        problems.sort();
        let extensions = extensions.into_iter().map(|(_, extension)| extension).collect();
        if problems.is_empty() { Ok(Self { descriptor, extensions }) } else { Err(problems) }
    }
}
