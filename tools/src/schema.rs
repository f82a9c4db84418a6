//! The types that parameters have. What is written here is closed and checked by our own code; a schema that
//! needs more of JSON Schema is kept whole as [`Type::Raw`] and checked by the `jsonschema` crate.

use indexmap::IndexMap;
use serde_json::Value;

pub use crate::schema_read::keywords;

/// A type with what is said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// What values are allowed.
    pub kind: Type,
    /// `title`
    pub title: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `default`: what the tool uses when the value is absent. rye shows it and never fills it in.
    pub default: Option<Value>,
    /// `examples`
    pub examples: Vec<Value>,
    /// `x-mcp-header`: over HTTP the value travels in a header of this name as well.
    pub header: Option<String>,
}

/// Which values are allowed.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Any JSON value.
    Any,
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A whole number of 64 bits, signed or unsigned.
    Integer(NumberBounds),
    /// Any number.
    Number(NumberBounds),
    /// A string.
    String(StringBounds),
    /// A list.
    Array(Box<ArrayType>),
    /// An object.
    Object(Box<ObjectType>),
    /// One of these values (`enum`, `const`, Python's `Literal` and `Enum`).
    Enum(Vec<Value>),
    /// Any of these (`anyOf`, a `type` list, Python's `X | Y`).
    Union(Vec<Schema>),
    /// A JSON Schema (2020-12) beyond the closed types, as written.
    Raw(Value),
}

/// The bounds of a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberBounds {
    /// `minimum`
    pub minimum: Option<serde_json::Number>,
    /// `maximum`
    pub maximum: Option<serde_json::Number>,
    /// `exclusiveMinimum`
    pub exclusive_minimum: Option<serde_json::Number>,
    /// `exclusiveMaximum`
    pub exclusive_maximum: Option<serde_json::Number>,
    /// `multipleOf`
    pub multiple_of: Option<serde_json::Number>,
}

/// The bounds of a string. Lengths are in characters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StringBounds {
    /// `minLength`
    pub min_length: Option<u64>,
    /// `maxLength`
    pub max_length: Option<u64>,
    /// `pattern`: a regular expression that must match somewhere. Known to compile.
    pub pattern: Option<String>,
    /// `format`: shown, not checked, as JSON Schema 2020-12 has it.
    pub format: Option<String>,
}

/// A list and its items.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayType {
    /// `items`
    pub items: Schema,
    /// `minItems`
    pub min_items: Option<u64>,
    /// `maxItems`
    pub max_items: Option<u64>,
    /// `uniqueItems`
    pub unique: bool,
}

/// An object and its members.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectType {
    /// `properties`, in the order written.
    pub properties: IndexMap<String, Property>,
    /// `additionalProperties`
    pub additional: Additional,
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Its type.
    pub schema: Schema,
    /// Whether it must be there.
    pub required: bool,
}

/// What an object may hold beyond its declared members.
#[derive(Clone, Debug, PartialEq)]
pub enum Additional {
    /// Nothing.
    Forbidden,
    /// Anything.
    Any,
    /// Values of one type.
    Typed(Box<Schema>),
}

impl Schema {
    /// A type about which nothing more is said.
    #[must_use]
    pub fn of(kind: Type) -> Self {
        Self { kind, title: None, description: None, default: None, examples: Vec::new(), header: None }
    }
}
