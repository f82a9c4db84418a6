//! What is shown to a client: one row for each tool, with a name that every client takes. Made from one listing, in
//! the order of the names, so that the same files always give the same text.

use std::collections::BTreeMap;

use rye_executor::resolver::{DEFAULT_THRESHOLD, Kind, McpConfig, McpMode, McpSchemas, Offer};
use rye_executor::tools::dialect::mcp::named;
use rye_executor::tools::search::Document;
use rye_executor::tools::{PortableNames, dialect};
use rye_executor::{Card, ToolId};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::notes::bounded;

/// How many of the tools that would have one name are named.
const MOST_NAMED: usize = 5;

/// The tools of one listing.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    names: PortableNames,
    /// By name.
    rows: BTreeMap<String, Row>,
    is_meta: bool,
    /// Tools that no client would take, each with the reason, and how many files have mistakes in them.
    left_out: Vec<(ToolId, String)>,
    broken: usize,
}

/// One tool as a client sees it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    card: Card,
    schemas: McpSchemas,
}

impl Catalogue {
    /// What a configuration shows of all that there is. A broken file keeps its name, so that a call of it says what
    /// is wrong, but has no row.
    pub(crate) fn of(all: rye_executor::Catalogue, config: &McpConfig) -> Self {
        let schemas = config.schemas.unwrap_or_default();
        let is_raw = schemas == McpSchemas::Raw;
        let (mut ids, mut cards, mut left_out, mut broken) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for item in all.items.into_iter().filter(|item| !item.shadowed) {
            let shown = |tags| config.shows(&item.id, item.space, tags);
            match item.card {
                Ok(card) if card.kind == Kind::Tool && shown(&card.tags) => {
                    ids.push(item.id.clone());
                    if card.hidden {
                        continue;
                    }
                    match card.offer.as_ref().filter(|_| !is_raw).and_then(Offer::left_out) {
                        Some(reason) => left_out.push((item.id, reason)),
                        None => cards.push((item.id, card)),
                    }
                }
                Ok(_) => {}
                Err(_) if shown(&[]) => {
                    ids.push(item.id);
                    broken += 1;
                }
                Err(_) => {}
            }
        }
        let names = PortableNames::of(ids);
        let rows = cards
            .into_iter()
            .filter_map(|(id, card)| Some((names.name(&id)?.to_owned(), Row { card, schemas })));
        let rows: BTreeMap<_, _> = rows.collect();
        let threshold = config.threshold.and_then(|number| usize::try_from(number).ok());
        let is_meta = match config.mode.unwrap_or(McpMode::Auto) {
            McpMode::Auto => rows.len() > threshold.unwrap_or(DEFAULT_THRESHOLD),
            McpMode::Tools => false,
            McpMode::Meta => true,
        };
        Self { names, rows, is_meta, left_out, broken }
    }

    /// What a person would want to know who misses a tool or wonders about a name.
    pub(crate) fn notes(&self) -> Vec<String> {
        let called = |id: &ToolId| format!("`{id}` is `{}`", self.names.name(id).unwrap_or_default());
        let collisions = self.names.collisions().iter().map(|collision| {
            let ids: Vec<_> = collision.ids.iter().take(MOST_NAMED).map(called).collect();
            let more = collision.ids.len() - ids.len();
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            format!("several tools would be called `{}`: {}{more}", collision.name, ids.join(", "))
        });
        let left_out =
            self.left_out.iter().map(|(id, reason)| format!("`{id}` is shown to no client: {reason}"));
        let mut notes =
            bounded(collisions.chain(left_out).collect(), "more such notes: `rye check` has them");
        match self.broken {
            0 => {}
            1 => notes.push("a tool has a mistake in it and is not listed: `rye check` shows it".to_owned()),
            many => {
                notes.push(format!("{many} tools have mistakes and are not listed: `rye check` shows them"))
            }
        }
        notes
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
            (false, false) => {
                let pairs = || self.rows.iter().zip(&other.rows);
                self.rows.len() == other.rows.len()
                    && pairs().all(|((name, row), (other_name, other))| {
                        name == other_name && row.shows_the_same(other)
                    })
            }
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
    /// The tool as every revision of the protocol takes it.
    pub(crate) fn tool(&self, name: &str) -> Option<Map<String, Value>> {
        let definition = match self.schemas {
            McpSchemas::Portable => self.card.offer.as_ref()?.definition().ok()?,
            McpSchemas::Raw => self.as_declared(),
        };
        Some(named(name, definition))
    }

    /// The tool with its schemas untouched.
    fn as_declared(&self) -> Map<String, Value> {
        let Card { title, description, annotations, input_schema, .. } = &self.card;
        let read = |schema: &RawValue| serde_json::from_str::<Value>(schema.get()).ok();
        let of_object = |schema: &Map<String, Value>| schema.get("type").is_some_and(|kind| kind == "object");
        let members = [
            ("title", title.clone().map(Value::from)),
            ("description", description.clone().or_else(|| title.clone()).map(Value::from)),
            ("inputSchema", input_schema.as_deref().and_then(read)),
            ("outputSchema", self.output_schema().filter(of_object).map(Value::from)),
            ("annotations", dialect::mcp::annotations(*annotations).map(Value::from)),
        ];
        members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }

    /// The schema of its result, of whatever it is: only the newest revision takes one that is not of an object.
    pub(crate) fn output_schema(&self) -> Option<Map<String, Value>> {
        serde_json::from_str(self.card.output_schema.as_ref()?.get()).ok()
    }

    /// What a search looks at.
    pub(crate) fn document<'r>(&'r self, name: &'r str) -> Document<'r> {
        Document {
            id: name,
            title: self.card.title.as_deref(),
            description: self.card.description.as_deref(),
            tags: &self.card.tags,
            parameters: self.card.parameters(),
        }
    }

    fn shows_the_same(&self, other: &Self) -> bool {
        let schemas = other.schemas;
        let (one, other) = (&self.card, &other.card);
        let same = |one: &Option<Box<RawValue>>, other: &Option<Box<RawValue>>| {
            one.as_ref().map(|schema| schema.get()) == other.as_ref().map(|schema| schema.get())
        };
        self.schemas == schemas
            && one.offer == other.offer
            && same(&one.input_schema, &other.input_schema)
            && same(&one.output_schema, &other.output_schema)
    }
}
