//! What is shown to a client: one row for each tool, with a name that every client takes. Made from one listing, in
//! the order of the names, so that the same files always give the same text.

use std::collections::BTreeMap;

use rye_executor::resolver::{DEFAULT_THRESHOLD, McpConfig, McpMode};
use rye_executor::tools::schema::Schema;
use rye_executor::tools::{Item, PortableNames, Tool, dialect};
use rye_executor::{Listing, ToolId};
use serde_json::Value;

/// The tools of one listing.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    names: PortableNames,
    /// By name.
    rows: BTreeMap<String, Row>,
    is_meta: bool,
}

/// One tool as a client sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// The tool as every revision of the protocol takes it.
    pub(crate) tool: Value,
    /// The schema of its result where that is not of an object: only the newest revision takes it.
    pub(crate) other_output: Option<Value>,
    pub(crate) tags: Vec<String>,
}

impl Catalogue {
    /// What a configuration shows of a listing. A broken file keeps its name, so that a call of it says what is wrong,
    /// but has no row.
    pub(crate) fn of(listing: &Listing, config: &McpConfig) -> Self {
        let mut ids = Vec::new();
        let mut tools = Vec::new();
        for listed in listing.items.iter().filter(|listed| !listed.shadowed) {
            let shown = |tags| config.shows(&listed.id, listed.space, tags);
            match &listed.item {
                Ok(found) => {
                    if let Item::Tool(tool) = &found.item
                        && shown(tool.metadata.tags.as_slice())
                    {
                        ids.push(listed.id.clone());
                        tools.push((&listed.id, tool));
                    }
                }
                Err(_) if shown(&[]) => ids.push(listed.id.clone()),
                Err(_) => {}
            }
        }
        let names = PortableNames::of(ids);
        let rows = tools.into_iter().filter(|(_, tool)| !tool.metadata.hidden).filter_map(|(id, tool)| {
            let name = names.name(id)?;
            Some((name.to_owned(), Row::of(name, tool)?))
        });
        let rows: BTreeMap<_, _> = rows.collect();
        let threshold = config.threshold.and_then(|number| usize::try_from(number).ok());
        let is_meta = match config.mode.unwrap_or(McpMode::Auto) {
            McpMode::Auto => rows.len() > threshold.unwrap_or(DEFAULT_THRESHOLD),
            McpMode::Tools => false,
            McpMode::Meta => true,
        };
        Self { rows, names, is_meta }
    }

    /// The tool that has a name. An id is taken as well, for people write it, unless it looks like a name: a name
    /// never comes to mean another tool.
    pub(crate) fn id(&self, name: &str) -> Option<&ToolId> {
        self.names.id(name).or_else(|| {
            let id: ToolId = name.contains(['/', '.']).then(|| name.parse().ok())??;
            self.names.name(&id).and_then(|name| self.names.id(name))
        })
    }

    /// The row of a name.
    pub(crate) fn row(&self, name: &str) -> Option<&Row> {
        self.rows.get(name)
    }

    /// How many tools there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether a client sees the same list.
    pub(crate) fn shows_the_same(&self, other: &Self) -> bool {
        match (self.is_meta, other.is_meta) {
            (true, true) => self.rows.len() == other.rows.len(),
            (false, false) => self.rows == other.rows,
            _ => false,
        }
    }

    /// Whether three tools stand for all of them.
    pub(crate) fn is_meta(&self) -> bool {
        self.is_meta
    }

    /// The rows after a name, each with its own, in order.
    pub(crate) fn rows_after(&self, name: &str) -> impl Iterator<Item = (&str, &Row)> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.rows.range::<str, _>((Excluded(name), Unbounded)).map(|(name, row)| (name.as_str(), row))
    }

    /// The names nearest to one that was asked for.
    pub(crate) fn nearest(&self, name: &str) -> Option<&str> {
        rye_executor::runtimes::nearest(name, self.rows.keys().map(String::as_str))
    }
}

impl Row {
    /// `None`: no client would take it. `rye schema --format mcp` says why.
    fn of(name: &str, tool: &Tool) -> Option<Self> {
        let told = dialect::mcp::tool(name, tool).ok()?.value;
        let schema = tool.metadata.output_schema.as_ref().filter(|_| told.get("outputSchema").is_none());
        let other_output = schema.map(Schema::to_json).filter(Value::is_object);
        Some(Self { tool: told, other_output, tags: tool.metadata.tags.clone() })
    }
}
