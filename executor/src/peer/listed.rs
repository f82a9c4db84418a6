//! The tools that a server lists, gathered page by page, within bounds that no honest server comes near.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::failure::Failure;
use super::mirrored::Mirrored;
use super::talk::short;

/// Pages of one list.
const MAX_PAGES: usize = 1000;
/// Tools of one server.
const MAX_TOOLS: usize = 20_000;
/// Bytes of all pages together.
const MAX_BYTES: usize = 64 << 20;

/// What a server told of itself and its tools.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Listed {
    /// The revision of the protocol that it speaks with us.
    pub protocol: String,
    /// Its name.
    pub server: String,
    /// Its version.
    pub version: String,
    /// What it says about its use.
    pub instructions: Option<String>,
    /// Its tools, as it wrote them, in its order.
    pub tools: Vec<Map<String, Value>>,
    /// What of its list is no tool that can be called, and why.
    pub passed_over: Vec<(String, String)>,
    names: HashSet<String>,
    cursors: HashSet<String>,
    bytes: usize,
}

/// What follows a page.
pub(crate) enum Page {
    Last,
    More { cursor: String },
}

#[derive(Deserialize)]
struct Fields {
    tools: Vec<Value>,
    #[serde(rename = "nextCursor")]
    next: Option<String>,
}

impl Listed {
    /// Takes what a server says of itself.
    pub(crate) fn introduce(&mut self, protocol: &str, result: &Value) {
        let told = result.get("serverInfo");
        let in_meta = || result.get("_meta")?.get("io.modelcontextprotocol/serverInfo");
        let server = told.or_else(in_meta).unwrap_or(&Value::Null);
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(short);
        protocol.clone_into(&mut self.protocol);
        self.server = text(server, "name").unwrap_or_default();
        self.version = text(server, "version").unwrap_or_default();
        self.instructions = text(result, "instructions");
    }

    /// Takes a page.
    pub(crate) fn take(&mut self, result: &RawValue) -> Result<Page, Failure> {
        let too_many = |limit, what| Err(Failure::TooMany { limit, what });
        self.bytes += result.get().len();
        if self.bytes > MAX_BYTES {
            return too_many(MAX_BYTES, "bytes of tools");
        }
        let page: Fields = serde_json::from_str(result.get()).map_err(|error| Failure::Misspelled {
            method: "tools/list".to_owned(),
            what: short(&error.to_string()),
        })?;
        if self.tools.len() + self.passed_over.len() + page.tools.len() > MAX_TOOLS {
            return too_many(MAX_TOOLS, "tools");
        }
        for tool in page.tools {
            self.add(tool);
        }
        match page.next {
            None => Ok(Page::Last),
            // It would go round for ever.
            Some(cursor) if self.cursors.contains(&cursor) => Err(Failure::Misspelled {
                method: "tools/list".to_owned(),
                what: "its list comes back to a page that was there before".to_owned(),
            }),
            Some(_) if self.cursors.len() + 1 >= MAX_PAGES => too_many(MAX_PAGES, "pages of tools"),
            Some(cursor) => {
                self.cursors.insert(cursor.clone());
                Ok(Page::More { cursor })
            }
        }
    }

    /// Over HTTP a tool whose `x-mcp-header` is wrong must not be called.
    pub(crate) fn pass_over_what_no_request_can_carry(&mut self) {
        let passed_over = &mut self.passed_over;
        self.tools.retain(|tool| {
            let schema = tool.get("inputSchema").unwrap_or(&Value::Null);
            let Err(why) = Mirrored::of_schema(schema) else { return true };
            let name = tool.get("name").and_then(Value::as_str).unwrap_or_default();
            passed_over.push((short(name), short(&why)));
            false
        });
    }

    fn add(&mut self, tool: Value) {
        let mut pass = |name: &str, why: &str| self.passed_over.push((short(name), why.to_owned()));
        let Value::Object(tool) = tool else { return pass("", "it is no object") };
        match tool.get("name").and_then(Value::as_str) {
            None | Some("") => pass("", "it has no name"),
            Some(name) if self.names.contains(name) => pass(name, "another has its name"),
            Some(name) => {
                self.names.insert(name.to_owned());
                self.tools.push(tool);
            }
        }
    }
}
