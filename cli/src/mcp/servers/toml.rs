//! JSON as TOML tables. What TOML cannot say (null, whole numbers beyond 64 bits with sign) has no text at all, so that
//! nothing is written as something else.

use serde_json::{Map, Value};
use toml_edit::{Array, InlineTable, Item, Table, Value as TomlValue};

/// An object as a table with a table for each object in it.
pub(super) fn table(object: &Map<String, Value>) -> Option<Table> {
    let mut table = Table::new();
    for (key, value) in object {
        let item = match value {
            Value::Object(inner) => {
                let mut inner_table = self::table(inner)?;
                // A header of its own says nothing where every member has one.
                let has_own = inner.is_empty() || !inner.values().all(Value::is_object);
                inner_table.set_implicit(!has_own);
                Item::Table(inner_table)
            }
            other => Item::Value(value_of(other)?),
        };
        table.insert(key, item);
    }
    Some(table)
}

fn value_of(value: &Value) -> Option<TomlValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None if number.is_u64() => return None,
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => TomlValue::Array(items.iter().map(value_of).collect::<Option<Array>>()?),
        Value::Object(members) => {
            let mut table = InlineTable::new();
            for (key, value) in members {
                table.insert(key, value_of(value)?);
            }
            TomlValue::InlineTable(table)
        }
    })
}

/// Whether TOML can say a value.
pub(super) fn is_sayable(value: &Value) -> bool {
    value_of(value).is_some()
}
