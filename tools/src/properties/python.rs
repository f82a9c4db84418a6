//! Python files: read without being run, each problem at a place that is there; and a literal is exactly its value.

use std::sync::Arc;

use rye_runtimes::document::{Node, NodeValue};
use serde_json::Value;

use super::lie_in;
use crate::python::read;

const FILE: &str = "x.py";

/// Any text as a file, and any JSON as the literal of a file.
pub fn python(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for has_block in [false, true] {
        match read(&Arc::from(FILE), text, has_block) {
            Ok(file) => {
                if !file.notes.is_empty() {
                    lie_in(&file.notes, &[(FILE, unmarked(text))]);
                }
                let names = file.parameters.iter().flat_map(|all| all.list.iter().map(|one| &one.name));
                let names: Vec<_> = names.collect();
                let declared = |name: &String| text.contains(name.as_str()) || !name.is_ascii();
                assert!(names.iter().all(|name| declared(name)), "{names:?}");
                assert!(names.iter().enumerate().all(|(at, name)| !names[..at].contains(name)), "{names:?}");
            }
            Err(problems) => lie_in(&problems, &[(FILE, unmarked(text))]),
        }
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        is_its_literal(&value);
    }
}

/// Without the mark of byte order, which has no column.
fn unmarked(text: &str) -> &[u8] {
    text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes()
}

/// A value written as Python writes it is read as it was, or refused because 64 signed bits cannot hold it.
fn is_its_literal(value: &Value) {
    let mut literal = String::new();
    write(value, &mut literal);
    let source = format!("__tool_type__ = 'python'\nCONFIG = {literal}\n");
    match read(&Arc::from(FILE), &source, false) {
        Ok(file) => {
            let config = file.literals.iter().find(|entry| entry.key == "CONFIG").unwrap();
            assert!(is_same(&config.value, value), "{literal}");
        }
        Err(problems) => {
            let told = problems.iter().all(|problem| {
                problem.message.contains("64 bits") || problem.message.contains("nested more than")
            });
            assert!(told, "{literal}: {problems:?}");
            assert!(is_beyond(value, 0), "{literal}: {problems:?}");
        }
    }
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => {
            out.push('\'');
            for c in text.chars() {
                match c {
                    '\'' | '\\' => out.extend(['\\', c]),
                    ' '..='~' => out.push(c),
                    _ => out.push_str(&format!("\\U{:08x}", u32::from(c))),
                }
            }
            out.push('\'');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (key, value) in members {
                write(&Value::String(key.clone()), out);
                out.push(':');
                write(value, out);
                out.push(',');
            }
            out.push('}');
        }
    }
}

fn is_same(node: &Node, value: &Value) -> bool {
    match (&node.value, value) {
        (NodeValue::Array(nodes), Value::Array(items)) => {
            nodes.len() == items.len() && nodes.iter().zip(items).all(|(node, item)| is_same(node, item))
        }
        (NodeValue::Table(entries), Value::Object(members)) => {
            let pairs = entries.iter().zip(members);
            entries.len() == members.len()
                && pairs
                    .into_iter()
                    .all(|(entry, (key, value))| entry.key == *key && is_same(&entry.value, value))
        }
        (NodeValue::Float(float), Value::Number(number)) => {
            number.as_f64().is_some_and(|number| number.to_bits() == float.to_bits())
        }
        (NodeValue::Integer(integer), Value::Number(number)) => number.as_i64() == Some(*integer),
        (NodeValue::Array(_) | NodeValue::Table(_) | NodeValue::Float(_) | NodeValue::Integer(_), _) => false,
        _ => node.to_json() == *value,
    }
}

/// Whether something in a value does not fit what a literal may be.
fn is_beyond(value: &Value, depth: usize) -> bool {
    match value {
        Value::Number(number) => number.is_u64() && !number.is_i64(),
        Value::Array(items) => depth > 60 || items.iter().any(|item| is_beyond(item, depth + 1)),
        Value::Object(members) => depth > 60 || members.values().any(|item| is_beyond(item, depth + 1)),
        _ => false,
    }
}
