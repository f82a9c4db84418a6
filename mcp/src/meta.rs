//! Meta mode: three tools that find, describe and run all the others, so that thousands of tools cost a model three.
//! Every tool stays callable by its own name as well.

use std::borrow::Cow;

use rye_executor::tools::search::search;
use serde_json::{Map, Value, json};

use crate::catalogue::Catalogue;
use crate::reply::Reply;

/// How many hits one search gives unless the caller says more.
const HITS: usize = 10;
const MOST_HITS: u64 = 50;
/// How many tools one call of `load` describes.
const MOST_LOADED: usize = 20;

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetaTool {
    Search,
    Load,
    Execute,
}

/// What is left to do after a meta tool has read its arguments.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// It is done.
    Reply(Reply),
    /// Another tool is to be run.
    Run { name: String, arguments: Map<String, Value> },
}

impl MetaTool {
    const ALL: [Self; 3] = [Self::Execute, Self::Load, Self::Search];

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Load => "load",
            Self::Execute => "execute",
        }
    }

    /// The three as a client sees them, in the order of their names.
    pub(crate) fn rows(tools: usize) -> [Value; 3] {
        Self::ALL.map(|one| one.row(tools))
    }

    fn row(self, tools: usize) -> Value {
        let (description, properties, required, read_only) = match self {
            Self::Search => (
                format!(
                    "Find tools by what they do: {tools} tools are here, and every word must match. `load` \
                     describes what was found, `execute` runs it."
                ),
                json!({
                    "query": {"type": "string", "description": "words, such as \"resize image\""},
                    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_HITS, "default": HITS},
                }),
                json!(["query"]),
                true,
            ),
            Self::Load => (
                "Describe tools by their names: what each does, and the schema of its arguments.".to_owned(),
                json!({"names": {
                    "type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MOST_LOADED,
                    "description": "names that `search` gave",
                }}),
                json!(["names"]),
                true,
            ),
            Self::Execute => (
                "Run a tool by its name, with the arguments that `load` describes.".to_owned(),
                json!({
                    "name": {"type": "string", "description": "the tool's name"},
                    "arguments": {"type": "object", "description": "its arguments", "additionalProperties": true},
                }),
                json!(["name"]),
                false,
            ),
        };
        let mut row = json!({
            "name": self.name(),
            "description": description,
            "inputSchema": {
                "type": "object", "properties": properties, "required": required, "additionalProperties": false,
            },
        });
        if read_only {
            row["annotations"] = json!({"readOnlyHint": true, "openWorldHint": false});
        }
        row
    }

    /// Reads the arguments and does what can be done without running anything.
    pub(crate) fn begin(self, catalogue: &Catalogue, arguments: &Map<String, Value>) -> Next {
        let next = match self {
            Self::Search => searched(catalogue, arguments).map(Next::Reply),
            Self::Load => loaded(catalogue, arguments).map(Next::Reply),
            Self::Execute => executed(arguments),
        };
        next.unwrap_or_else(|problem| {
            Next::Reply(Reply::refused(&format!("the arguments do not fit `{}`: {problem}", self.name())))
        })
    }
}

/// An argument. Some clients write as text what is none.
fn argument<'a>(arguments: &'a Map<String, Value>, name: &str) -> Option<Cow<'a, Value>> {
    let given = arguments.get(name).filter(|value| !value.is_null())?;
    let read = given.as_str().and_then(|text| rye_executor::tools::json::parse(text).ok());
    Some(read.map_or(Cow::Borrowed(given), Cow::Owned))
}

fn searched(catalogue: &Catalogue, arguments: &Map<String, Value>) -> Result<Reply, &'static str> {
    let query = arguments.get("query").and_then(Value::as_str).ok_or("`query` must be a string")?;
    let limit = match argument(arguments, "limit") {
        None => HITS,
        Some(limit) => limit
            .as_u64()
            .filter(|limit| (1..=MOST_HITS).contains(limit))
            .and_then(|limit| usize::try_from(limit).ok())
            .ok_or("`limit` must be an integer from 1 to 50")?,
    };
    let rows: Vec<_> = catalogue.rows_after("").collect();
    let documents: Vec<_> = rows.iter().map(|(name, row)| row.document(name)).collect();
    let found = search(&documents, query, limit);
    let hits: Vec<_> = found
        .hits
        .iter()
        .filter_map(|hit| documents.get(hit.index))
        .map(|document| {
            json!({
                "name": document.id,
                "description": document.description.unwrap_or_default().lines().next().unwrap_or_default(),
                "arguments": document.parameters.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut data = json!({"tools": hits, "total": found.total});
    if found.near {
        data["note"] = json!("nothing matches the words as they are; these are near");
    }
    Ok(Reply::data(data))
}

fn loaded(catalogue: &Catalogue, arguments: &Map<String, Value>) -> Result<Reply, &'static str> {
    let wrong = "`names` must be a list of 1 to 20 strings";
    let names = argument(arguments, "names").ok_or(wrong)?;
    let names = match &*names {
        Value::Array(names) => names.as_slice(),
        // Whoever wants one tool may name one.
        name @ Value::String(_) => std::slice::from_ref(name),
        _ => return Err(wrong),
    };
    if names.is_empty() || names.len() > MOST_LOADED || !names.iter().all(Value::is_string) {
        return Err(wrong);
    }
    let names = || names.iter().filter_map(Value::as_str);
    let known: Vec<_> = names().filter_map(|name| Some(catalogue.row(name)?.tool(name))).collect();
    let unknown: Vec<_> = names()
        .filter(|name| catalogue.row(name).is_none())
        .map(|name| json!({"name": name, "didYouMean": catalogue.nearest(name)}))
        .collect();
    let mut data = json!({ "tools": known });
    if !unknown.is_empty() {
        data["unknown"] = json!(unknown);
    }
    Ok(Reply::data(data))
}

fn executed(arguments: &Map<String, Value>) -> Result<Next, &'static str> {
    let name = arguments.get("name").and_then(Value::as_str).ok_or("`name` must be a string")?;
    let arguments = match argument(arguments, "arguments").map(Cow::into_owned) {
        None => Map::new(),
        Some(Value::Object(arguments)) => arguments,
        Some(_) => return Err("`arguments` must be an object"),
    };
    Ok(Next::Run { name: name.to_owned(), arguments })
}
