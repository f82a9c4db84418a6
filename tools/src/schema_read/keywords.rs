//! The keywords of JSON Schema 2020-12, and which of them the closed types hold. A keyword that is not here is
//! unknown.

/// What a keyword means for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    /// Says something about the type, or is read with it.
    Plain,
    /// Binds values of one kind only.
    Bound,
    /// Makes the schema more than the closed types hold.
    Beyond,
}

/// The words of `type`.
pub(super) const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "array", "object", "null"];

/// What people write for them.
pub(super) const OTHER_WORDS: [(&str, &str); 13] = [
    ("str", "string"),
    ("text", "string"),
    ("path", "string"),
    ("int", "integer"),
    ("float", "number"),
    ("double", "number"),
    ("bool", "boolean"),
    ("flag", "boolean"),
    ("list", "array"),
    ("dict", "object"),
    ("map", "object"),
    ("table", "object"),
    ("none", "null"),
];

const PLAIN: [&str; 13] = [
    "type",
    "enum",
    "const",
    "title",
    "description",
    "default",
    "examples",
    "anyOf",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$schema",
    "$comment",
];

const BOUND: [&str; 16] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "properties",
    "required",
    "additionalProperties",
];

const BEYOND: [&str; 29] = [
    "$id",
    "$anchor",
    "$ref",
    "$dynamicRef",
    "$dynamicAnchor",
    "$defs",
    "definitions",
    "$vocabulary",
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "dependentRequired",
    "prefixItems",
    "contains",
    "minContains",
    "maxContains",
    "patternProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "minProperties",
    "maxProperties",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
];

impl Keyword {
    /// The sort of a keyword. Those that begin with `x-` are annotations of the author's own.
    pub(super) fn find(word: &str) -> Option<Self> {
        if PLAIN.contains(&word) || word.starts_with("x-") {
            Some(Self::Plain)
        } else if BOUND.contains(&word) {
            Some(Self::Bound)
        } else {
            BEYOND.contains(&word).then_some(Self::Beyond)
        }
    }
}

/// All keywords, for did-you-mean.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    PLAIN.into_iter().chain(BOUND).chain(BEYOND)
}
