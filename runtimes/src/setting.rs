//! A value of `config`, `env` or `call`: like a JSON value, but its strings are templates and every value knows
//! its place. Merging is key by key: tables deep, everything else replaced.

use indexmap::IndexMap;
use serde_json::Value;

use crate::document::{Node, NodeValue, Place, Problem};
use crate::template::Template;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Where the value stands.
    pub place: Place,
    /// The value.
    pub value: SettingValue,
}

/// The kinds of values.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingValue {
    /// Null, a boolean or a number.
    Plain(Value),
    /// A string.
    Text(Template),
    /// A list.
    List(Vec<Setting>),
    /// A table.
    Table(Settings),
}

/// A table of settings, in the order written.
pub type Settings = IndexMap<String, Setting>;

impl Setting {
    /// Reads a value, and collects what is wrong in its templates.
    pub fn read(node: &Node, problems: &mut Vec<Problem>) -> Self {
        let value = match &node.value {
            NodeValue::String(text) => match Template::parse(&node.place, text) {
                Ok(template) => SettingValue::Text(template),
                Err(problem) => {
                    problems.push(problem);
                    SettingValue::Plain(Value::Null)
                }
            },
            NodeValue::Array(items) => {
                SettingValue::List(items.iter().map(|item| Self::read(item, problems)).collect())
            }
            NodeValue::Table(_) => SettingValue::Table(read_table(node, problems)),
            _ => SettingValue::Plain(node.to_json()),
        };
        Self { place: node.place.clone(), value }
    }

    /// Visits every template in the value.
    pub fn templates<'s>(&'s self, visit: &mut dyn FnMut(&'s Template)) {
        match &self.value {
            SettingValue::Plain(_) => {}
            SettingValue::Text(template) => visit(template),
            SettingValue::List(items) => items.iter().for_each(|item| item.templates(visit)),
            SettingValue::Table(table) => table.values().for_each(|item| item.templates(visit)),
        }
    }
}

/// Reads a table; anything else is a problem and gives an empty one.
pub fn read_table(node: &Node, problems: &mut Vec<Problem>) -> Settings {
    match &node.value {
        NodeValue::Table(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), Setting::read(&entry.value, problems))).collect()
        }
        other => {
            problems.push(Problem::new(&node.place, format!("{} where a table is wanted", other.kind())));
            Settings::new()
        }
    }
}

/// Lays one table over another.
pub fn merge(base: &mut Settings, over: &Settings) {
    for (key, setting) in over {
        match (base.get_mut(key).map(|below| &mut below.value), &setting.value) {
            (Some(SettingValue::Table(below)), SettingValue::Table(above)) => merge(below, above),
            _ => {
                base.insert(key.clone(), setting.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::TomlSource;

    fn table(text: &str) -> Settings {
        let node = TomlSource::file(&Arc::from("t.toml"), text.to_owned()).parse().unwrap();
        let mut problems = Vec::new();
        let table = read_table(&node, &mut problems);
        assert_eq!(problems, []);
        table
    }

    #[test]
    fn tables_merge_deep_and_everything_else_is_replaced() {
        let mut base = table("args = ['a', 'b']\ntimeout = 1\n[headers]\na = '1'\nb = '2'");
        merge(&mut base, &table("args = ['c']\n[headers]\nb = '3'"));
        assert!(matches!(&base["args"].value, SettingValue::List(items) if items.len() == 1));
        assert!(matches!(&base["timeout"].value, SettingValue::Plain(value) if value == 1));
        let SettingValue::Table(headers) = &base["headers"].value else { panic!() };
        assert!(matches!(&headers["b"].value, SettingValue::Text(t) if t.literal() == Some("3")));
        assert_eq!(headers.len(), 2);
    }
}
