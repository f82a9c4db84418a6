//! How the value of a parameter is written on a command line. The form decides how many words a flag takes,
//! and never whether the value is right: that is checked later.

use serde_json::Value;

use crate::arguments::resolve;
use crate::json;
use crate::schema::{Schema, Type};

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `--name` or `--no-name`
    Switch,
    /// `--name item`, as often as there are items.
    List(Items),
    /// `--name value`, the text kept as it is.
    Text,
    /// `--name value`, JSON where it is JSON.
    Free,
}

/// What the items of a list may be, as far as telling one item from a whole list needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Items {
    /// An item may be a list itself.
    Lists,
    /// An item is no list.
    Plain,
    /// An item may be anything.
    Free,
}

impl Form {
    pub(crate) fn of(schema: &Schema) -> Self {
        match &schema.kind {
            Type::Boolean => Self::Switch,
            Type::Any => Self::Free,
            Type::Array(array) => Self::List(match Self::of(&array.items) {
                Self::List(_) => Items::Lists,
                Self::Free => Items::Free,
                Self::Switch | Self::Text => Items::Plain,
            }),
            Type::Union(members) => {
                // `X | null` is written as X is; a real choice is left to the check.
                let mut others = members.iter().filter(|member| member.kind != Type::Null);
                match (others.next(), others.next()) {
                    (Some(only), None) => Self::of(only),
                    _ => Self::Text,
                }
            }
            Type::Raw(raw) => match resolve(raw, raw).get("type").and_then(Value::as_str) {
                Some("boolean") => Self::Switch,
                Some("array") => Self::List(Items::Free),
                _ => Self::Text,
            },
            Type::Null | Type::Integer(_) | Type::Number(_) | Type::String(_) => Self::Text,
            Type::Object(_) | Type::Enum(_) => Self::Text,
        }
    }

    /// The value of a parameter from all texts that were given for it, at least one.
    pub(crate) fn value(self, mut texts: Vec<String>) -> Value {
        match (self, texts.as_mut_slice()) {
            (Self::List(items), [only]) => match whole_list(items, only) {
                Some(list) => list,
                None => Value::Array(vec![items.value(std::mem::take(only))]),
            },
            (Self::List(items), _) => texts.into_iter().map(|text| items.value(text)).collect(),
            (Self::Free, [only]) => free(std::mem::take(only)),
            (Self::Switch | Self::Text, [only]) => Value::String(std::mem::take(only)),
            // A choice between a list and something else, given more than once.
            (_, _) => texts.into_iter().map(Value::String).collect(),
        }
    }
}

impl Items {
    fn value(self, text: String) -> Value {
        if self == Self::Free { free(text) } else { Value::String(text) }
    }
}

/// JSON if it parses, else the text itself.
pub(crate) fn free(text: String) -> Value {
    json::parse(&text).unwrap_or(Value::String(text))
}

/// The list that a single text holds. `[1,2]` is one item where items may be lists, so there only a list of
/// lists is a whole one.
fn whole_list(items: Items, text: &str) -> Option<Value> {
    let list = json::parse(text).ok()?;
    let values = list.as_array()?;
    (items != Items::Lists || values.iter().all(Value::is_array)).then_some(list)
}
