//! One tool of a server as a file: what the server says of it, in rye's own words. The file is read back before it
//! counts, so that what is written is a tool.

use std::sync::Arc;

use rye_executor::peer::Mirrored;
use rye_executor::tools::{Item, ToolFile};
use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, Item as TomlItem, Table};

use super::literal::literal;
use super::mark::marked;
use super::reach::Reach;
use super::{schema, toml};

/// A name with more characters names nothing.
const MOST_NAME: usize = 256;
/// A title is one line.
const MOST_TITLE: usize = 200;
/// A description with more characters is cut: nobody reads on, and each listing holds it.
const MOST_DESCRIPTION: usize = 16 << 10;

/// MCP's hints and ours.
const HINTS: [(&str, &str); 4] = [
    ("readOnlyHint", "read_only"),
    ("destructiveHint", "destructive"),
    ("idempotentHint", "idempotent"),
    ("openWorldHint", "open_world"),
];

/// What leads from a tool to its server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Via<'v> {
    /// The runtime of a server that was added, by its id.
    Runtime {
        id: &'v str,
        /// Whether it goes by requests, whose heads carry arguments too.
        is_http: bool,
    },
    /// What was typed.
    Reach {
        reach: &'v Reach,
        /// The revision that the server was found to speak.
        protocol: Option<&'v str>,
        /// Where the person is, as with any command that is typed; else where the space's tools run.
        is_here: bool,
    },
}

/// The file of a tool.
#[derive(Debug)]
pub(super) struct Written {
    /// Its whole text.
    pub(super) text: String,
    /// What of the server's words it does not hold.
    pub(super) losses: Vec<String>,
    /// What it is, read back.
    pub(super) item: Item,
}

/// The name under which a server knows a tool, unless no file can hold it.
pub(super) fn name_of(tool: &Map<String, Value>) -> Result<&str, String> {
    let name = tool.get("name").and_then(Value::as_str).unwrap_or_default();
    let length = name.chars().count();
    if name.is_empty() {
        Err("a tool without a name".to_owned())
    } else if length > MOST_NAME {
        Err(format!("a tool whose name has {length} characters"))
    } else if name.chars().any(char::is_control) {
        Err(format!("a tool whose name holds control characters: {name:?}"))
    } else if name == "~" || name.starts_with("~/") {
        Err(format!("a tool with the name of a home directory: {name:?}"))
    } else {
        Ok(name)
    }
}

/// Writes the file of a tool.
pub(super) fn write(via: Via<'_>, tool: &Map<String, Value>) -> Result<Written, String> {
    let name = name_of(tool)?;
    let mut losses = Vec::new();
    let mut document = DocumentMut::new();
    let root = document.as_table_mut();
    let annotations = tool.get("annotations").and_then(Value::as_object);
    let title = tool.get("title").or_else(|| annotations?.get("title")).and_then(Value::as_str);
    let title = title.map(|title| cut(title.trim().lines().next().unwrap_or_default(), MOST_TITLE));
    if let Some(title) = title.filter(|title| !title.is_empty()) {
        set(root, "title", title.as_str());
    }
    if let Some(description) = tool.get("description").and_then(Value::as_str) {
        let kept = cut(description.trim(), MOST_DESCRIPTION);
        if kept.len() < description.trim().len() {
            losses.push("its description is too long, and is cut".to_owned());
        }
        set(root, "description", kept.as_str());
    }
    let mut config = Table::new();
    via.write(root, &mut config);
    set(&mut config, "tool", literal(name).as_str());
    let mirrored = match tool.get("inputSchema") {
        Some(schema) if via.is_http() => {
            Mirrored::of_schema(schema).map_err(|why| format!("`{name}`: {why}"))?
        }
        _ => Vec::new(),
    };
    if !mirrored.is_empty() {
        let path = |one: &Mirrored| one.path.iter().map(|name| literal(name)).collect::<Array>();
        let table = mirrored.iter().map(|one| (one.header.as_str(), toml_edit::value(path(one))));
        config.insert("mirrored", TomlItem::Table(table.collect()));
    }
    root.insert("config", TomlItem::Table(config));
    let hint = |(theirs, ours): &(&str, &'static str)| Some((*ours, annotations?.get(*theirs)?.as_bool()?));
    let mut hints = Table::new();
    HINTS.iter().filter_map(hint).for_each(|(name, value)| {
        hints.insert(name, toml_edit::value(value));
    });
    if !hints.is_empty() {
        root.insert("annotations", TomlItem::Table(hints));
    }
    let input = schema::input(tool.get("inputSchema"));
    losses.extend(input.losses);
    // What reads back as a schema was written once already.
    root.insert("input_schema", TomlItem::Table(toml::table(&input.schema).unwrap_or_default()));
    if let Some(given) = tool.get("outputSchema") {
        let (schema, lost) = schema::output(given);
        losses.extend(lost);
        if let Some(table) = schema.and_then(|schema| toml::table(&schema)) {
            root.insert("output_schema", TomlItem::Table(table));
        }
    }
    let text = marked(&document.to_string());
    match read(&text) {
        Some(item @ Item::Tool(_)) => Ok(Written { text, losses, item }),
        _ => Err(format!("`{name}`: what the server says of it cannot be written")),
    }
}

impl Via<'_> {
    fn is_http(self) -> bool {
        match self {
            Self::Runtime { is_http, .. } => is_http,
            Self::Reach { reach, .. } => reach.is_http(),
        }
    }

    fn write(self, root: &mut Table, config: &mut Table) {
        match self {
            Self::Runtime { id, .. } => set(root, "executor_id", id),
            Self::Reach { reach, protocol, is_here } => {
                reach.write(root, config);
                if is_here && !reach.is_http() {
                    set(config, "cwd", "caller");
                }
                if let Some(protocol) = protocol {
                    set(config, "protocol", protocol);
                }
                root.insert("call", TomlItem::Table(speaking()));
            }
        }
    }
}

/// `[call]` of whatever speaks to a server.
pub(super) fn speaking() -> Table {
    let mut call = Table::new();
    set(&mut call, "style", "mcp");
    call
}

fn read(text: &str) -> Option<Item> {
    let source = ToolFile {
        file: Arc::from("tool.toml"),
        extension: Some("toml"),
        bytes: text.as_bytes(),
        sidecar: None,
    };
    Item::read(&source).ok()
}

pub(super) fn set(table: &mut Table, key: &str, value: &str) {
    table.insert(key, toml_edit::value(value));
}

/// So many characters of a text, the last one a mark where some are missing.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests;
