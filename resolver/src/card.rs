//! What is said of an item to those who choose among many: made from its files once, and small enough to be kept.

use indexmap::IndexMap;
use rye_tools::dialect;
use rye_tools::{Annotations, Item, Tool};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something callable.
    Tool,
    /// A way to run tools.
    Runtime,
}

/// The part of a schema that names parameters.
#[derive(Deserialize)]
struct Members<'s> {
    #[serde(borrow, default)]
    properties: IndexMap<String, &'s RawValue>,
}

/// The part of a parameter's schema that people read.
#[derive(Deserialize)]
struct Described {
    description: Option<String>,
}

/// What is said of one item.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// What it is.
    pub kind: Kind,
    /// `title`
    pub title: Option<String>,
    /// Declared, else from the file's own documentation.
    pub description: Option<String>,
    /// `tags`
    pub tags: Vec<String>,
    /// `hidden`: not listed, still callable.
    pub hidden: bool,
    /// `[annotations]`
    pub annotations: Annotations,
    /// What it takes, a word for each parameter: `name:str`, `[times:int]`.
    pub signature: Vec<String>,
    /// What it takes, as one JSON Schema; none for a runtime.
    pub input_schema: Option<Box<RawValue>>,
    /// `[output_schema]`
    pub output_schema: Option<Box<RawValue>>,
    /// What an MCP client gets of it; none for a runtime. The index keeps it apart: most listings do not need it.
    #[serde(skip)]
    pub offer: Option<Offer>,
}

/// A tool as an MCP client gets it but for its name, or why no client would take it: as JSON, read when it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer(Box<str>);

impl Offer {
    /// The offer of a tool.
    #[must_use]
    pub fn of(tool: &Tool) -> Self {
        let json = match dialect::mcp::definition(tool) {
            Ok(definition) => definition.value,
            Err(loss) => Value::String(loss.to_string()),
        };
        Self(json.to_string().into())
    }

    /// What an index kept.
    pub(crate) fn kept(text: &str) -> Self {
        Self(text.into())
    }

    /// As the index keeps it: without a line end.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The tool without its name.
    ///
    /// # Errors
    /// Why no client would take it.
    pub fn definition(&self) -> Result<Map<String, Value>, String> {
        match serde_json::from_str(&self.0) {
            Ok(Value::Object(definition)) => Ok(definition),
            Ok(Value::String(reason)) => Err(reason),
            Ok(_) => Err("neither a tool nor a reason".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Why no client would take it.
    #[must_use]
    pub fn left_out(&self) -> Option<String> {
        // Nearly every offer is an object, and need not be read for this.
        if self.0.starts_with('{') { None } else { self.definition().err() }
    }
}

impl Card {
    /// The card of an item; `None` for what is neither tool nor runtime.
    #[must_use]
    pub fn of(item: &Item) -> Option<Self> {
        match item {
            Item::Tool(tool) => Some(Self::of_tool(tool)),
            Item::Runtime(runtime) => Some(Self {
                kind: Kind::Runtime,
                title: None,
                description: runtime.descriptor.description.clone(),
                tags: Vec::new(),
                hidden: false,
                annotations: Annotations::default(),
                signature: Vec::new(),
                input_schema: None,
                output_schema: None,
                offer: None,
            }),
            Item::Other(_) => None,
        }
    }

    /// The names of the parameters with what is said of each, as far as the schema tells.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, Option<String>)> {
        let Some(schema) = &self.input_schema else { return Vec::new() };
        let Ok(members) = serde_json::from_str::<Members<'_>>(schema.get()) else { return Vec::new() };
        let described = |(name, schema): (String, &RawValue)| {
            let told = serde_json::from_str::<Described>(schema.get()).ok();
            (name, told.and_then(|told| told.description))
        };
        members.properties.into_iter().map(described).collect()
    }

    fn of_tool(tool: &Tool) -> Self {
        let metadata = &tool.metadata;
        Self {
            kind: Kind::Tool,
            title: metadata.title.clone(),
            description: tool.description.clone(),
            tags: metadata.tags.clone(),
            hidden: metadata.hidden,
            annotations: metadata.annotations,
            signature: tool.parameters.signature(),
            // A value always becomes text.
            input_schema: to_raw_value(&tool.parameters.to_json()).ok(),
            output_schema: metadata
                .output_schema
                .as_ref()
                .and_then(|schema| to_raw_value(&schema.to_json()).ok()),
            offer: Some(Offer::of(tool)),
        }
    }
}
