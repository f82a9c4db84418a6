//! What is said of an item to those who choose among many: made from its files once, and small enough to be kept.

use indexmap::IndexMap;
use rye_tools::{Annotations, Item, Tool};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

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
        }
    }
}
