//! The runtime file of a server: how it is reached, what it was found to speak, and the style by which its tools are
//! called.

use rye_executor::peer::Listed;
use toml_edit::{DocumentMut, Item, Table};

use super::folder::ServerName;
use super::mark::{body, marked};
use super::reach::Reach;
use super::tool_file::{cut, set, speaking};

/// How long a description of a server may be.
const MOST_DESCRIPTION: usize = 120;

/// The file of a server that was just asked.
pub(super) fn write(name: &ServerName, reach: &Reach, listed: &Listed) -> String {
    let mut document = DocumentMut::new();
    let root = document.as_table_mut();
    set(root, "tool_type", "runtime");
    set(root, "description", &description(name, listed));
    let mut config = Table::new();
    reach.write(root, &mut config);
    set(&mut config, "protocol", &listed.protocol);
    root.insert("config", Item::Table(config));
    root.insert("call", Item::Table(speaking()));
    marked(&document.to_string())
}

/// The same file after the server was asked again; none when it cannot be read.
pub(super) fn renewed(text: &str, name: &ServerName, listed: &Listed) -> Option<String> {
    let mut document: DocumentMut = body(text).parse().ok()?;
    set(document.as_table_mut(), "description", &description(name, listed));
    set(document.get_mut("config")?.as_table_mut()?, "protocol", &listed.protocol);
    Some(marked(&document.to_string()))
}

/// What `rye mcp list` shows of a runtime's file.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub(super) struct Said {
    /// The program and its words, references not filled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) command: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    /// Names alone: a value may be secret.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) environment: Vec<String>,
    pub(super) protocol: Option<String>,
}

/// Reads a runtime's file. `None`: it is no runtime of a server.
pub(super) fn read(text: &str) -> Option<Said> {
    let document: DocumentMut = text.parse().ok()?;
    let at = |path: &[&str]| path.iter().try_fold(document.as_item(), |item, key| item.get(key));
    let is = |path: &[&str], word: &str| at(path).and_then(Item::as_str) == Some(word);
    if !is(&["tool_type"], "runtime") || !is(&["call", "style"], "mcp") {
        return None;
    }
    let text = |path: &[&str]| at(path).and_then(Item::as_str).map(ToOwned::to_owned);
    let names = |path: &[&str]| {
        let table = at(path).and_then(Item::as_table_like);
        table.into_iter().flat_map(|table| table.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>())
    };
    let words = |path: &[&str]| {
        let words = at(path).and_then(Item::as_array);
        words
            .into_iter()
            .flatten()
            .filter_map(|word| word.as_str().map(ToOwned::to_owned))
            .collect::<Vec<_>>()
    };
    let command = text(&["config", "command"]);
    Some(Said {
        command: command.into_iter().chain(words(&["config", "args"])).collect(),
        url: text(&["config", "url"]),
        headers: names(&["config", "headers"]).collect(),
        environment: words(&["pass_env"]).into_iter().chain(names(&["env_config", "env"])).collect(),
        protocol: text(&["config", "protocol"]),
    })
}

fn description(name: &ServerName, listed: &Listed) -> String {
    let told = format!("{} {}", listed.server, listed.version);
    let told = told.lines().next().unwrap_or_default().trim();
    let said = match told {
        "" => format!("The MCP server {}", name.as_str()),
        told => format!("The MCP server {}: {told}", name.as_str()),
    };
    cut(&said, MOST_DESCRIPTION)
}
