//! A tool as other programs take it: JSON Schema, MCP, and the function calling of OpenAI, Anthropic and Gemini.
//! Whatever a dialect cannot say is named as a [`Loss`], and rye holds every call to the whole schema whoever makes it.

pub mod anthropic;
pub(crate) mod draft;
pub mod gemini;
pub(crate) mod inline;
pub mod json_schema;
pub mod mcp;
mod merge;
pub mod openai;
mod strict;
pub(crate) mod walk;

use rye_runtimes::ItemId;
use serde_json::{Map, Value, json};

use crate::tool::Tool;

/// Who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The input schema and nothing else, as it is.
    JsonSchema,
    /// A tool of the Model Context Protocol.
    Mcp,
    /// A function tool of OpenAI's Responses API.
    OpenAi,
    /// A tool of Anthropic's Messages API.
    Anthropic,
    /// A function declaration of the Gemini API.
    Gemini,
}

/// A tool in a dialect.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// As the dialect has it.
    pub value: Value,
    /// What it does not say.
    pub lost: Vec<Loss>,
}

/// Something about a tool that a dialect cannot say.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct Loss {
    /// Which part of the arguments: `filters[].name`. Empty when the tool as a whole is meant.
    pub path: String,
    /// The fact: a lower-case fragment.
    pub what: String,
}

impl Loss {
    fn new(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self { path: path.into(), what: what.into() }
    }
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.what)
        } else {
            write!(f, "`{}`: {}", self.path, self.what)
        }
    }
}

impl Dialect {
    /// The words of `rye schema --format`.
    pub const ALL: &[(&str, Self)] = &[
        ("json-schema", Self::JsonSchema),
        ("mcp", Self::Mcp),
        ("openai", Self::OpenAi),
        ("anthropic", Self::Anthropic),
        ("gemini", Self::Gemini),
    ];

    /// One tool under a portable name (see [`crate::PortableNames`]).
    ///
    /// # Errors
    /// The dialect cannot say it at all.
    pub fn tool(self, name: &str, tool: &Tool) -> Result<Exported, Loss> {
        match self {
            Self::JsonSchema => Ok(json_schema::tool(tool)),
            Self::Mcp => mcp::tool(name, tool),
            Self::OpenAi => Ok(openai::tool(name, tool)),
            Self::Anthropic => anthropic::tool(name, tool),
            Self::Gemini => gemini::tool(name, tool),
        }
    }

    /// Several tools in one value: what stands in `tools` of a request, and an object by id for JSON Schema.
    #[must_use]
    pub fn list(self, tools: Vec<(ItemId, Value)>) -> Value {
        match self {
            Self::JsonSchema => {
                Value::Object(tools.into_iter().map(|(id, value)| (id.to_string(), value)).collect())
            }
            Self::Gemini => {
                let declarations: Vec<_> = tools.into_iter().map(|(_, value)| value).collect();
                json!([{ "functionDeclarations": declarations }])
            }
            Self::Mcp | Self::OpenAi | Self::Anthropic => tools.into_iter().map(|(_, value)| value).collect(),
        }
    }
}

/// What a model reads about a tool.
pub(crate) fn description(tool: &Tool) -> Option<&str> {
    let said = tool.description.as_deref().or(tool.metadata.title.as_deref());
    said.map(str::trim).filter(|text| !text.is_empty())
}

fn put(out: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        out.insert(key.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests;
