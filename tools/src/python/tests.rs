//! Small sources and what is read from them. A type is compared in a compact form: see [`show`].

use std::sync::Arc;

use super::{EntryFunction, PythonFile, PythonKind, read};
use crate::schema::{Additional, NumberBounds, Schema, StringBounds, Type};

mod docstrings;
mod kinds;
mod literals;
mod robustness;
mod types;

/// Reads a source that must be in order.
fn file(source: &str) -> PythonFile {
    read(&Arc::from("t.py"), source, false).unwrap_or_else(|problems| panic!("{source}\n{problems:#?}"))
}

/// The problems of a source that must not be in order, one line each.
fn problems(source: &str) -> Vec<String> {
    read(&Arc::from("t.py"), source, false).unwrap_err().iter().map(ToString::to_string).collect()
}

/// All parameters as `name: type`, `name?: type` where optional, `= default`, `-- description`.
fn parameters(file: &PythonFile) -> String {
    let parameters = file.parameters.as_ref().unwrap();
    let mut lines: Vec<String> = parameters
        .list
        .iter()
        .map(|parameter| {
            let mark = if parameter.required { "" } else { "?" };
            format!("{}{mark}: {}", parameter.name, show(&parameter.schema))
        })
        .collect();
    match &parameters.additional {
        Additional::Forbidden => {}
        Additional::Any => lines.push("**: any".to_owned()),
        Additional::Typed(schema) => lines.push(format!("**: {}", show(schema))),
    }
    lines.join("; ")
}

/// A type in compact form.
fn show(schema: &Schema) -> String {
    let mut text = match &schema.kind {
        Type::Any => "any".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Integer(bounds) => format!("int{}", show_bounds(bounds)),
        Type::Number(bounds) => format!("number{}", show_bounds(bounds)),
        Type::String(StringBounds { min_length, max_length, pattern, format }) => {
            let mut text = "str".to_owned();
            text.extend(format.iter().map(|format| format!("<{format}>")));
            text.extend(min_length.iter().map(|least| format!(" min{least}")));
            text.extend(max_length.iter().map(|most| format!(" max{most}")));
            text.extend(pattern.iter().map(|pattern| format!(" /{pattern}/")));
            text
        }
        Type::Array(array) => {
            let word = if array.unique { "set" } else { "list" };
            let mut text = format!("{word}[{}]", show(&array.items));
            text.extend(array.min_items.iter().map(|least| format!(" min{least}")));
            text.extend(array.max_items.iter().map(|most| format!(" max{most}")));
            text
        }
        Type::Object(object) => {
            let mut members: Vec<String> = object
                .properties
                .iter()
                .map(|(name, property)| {
                    format!("{name}{}: {}", if property.required { "" } else { "?" }, show(&property.schema))
                })
                .collect();
            match &object.additional {
                Additional::Forbidden => {}
                Additional::Any => members.push("*: any".to_owned()),
                Additional::Typed(schema) => members.push(format!("*: {}", show(schema))),
            }
            format!("{{{}}}", members.join(", "))
        }
        Type::Enum(values) => values.iter().map(ToString::to_string).collect::<Vec<_>>().join("|"),
        Type::Union(members) => members.iter().map(show).collect::<Vec<_>>().join(" or "),
        Type::Raw(raw) => raw.to_string(),
    };
    text.extend(schema.title.iter().map(|title| format!(" ({title})")));
    text.extend(schema.default.iter().map(|default| format!(" = {default}")));
    text.extend(schema.examples.iter().map(|example| format!(" e.g. {example}")));
    text.extend(schema.description.iter().map(|description| format!(" -- {description}")));
    text
}

fn show_bounds(bounds: &NumberBounds) -> String {
    let NumberBounds { minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of } = bounds;
    [(">=", minimum), ("<=", maximum), (">", exclusive_minimum), ("<", exclusive_maximum), ("%", multiple_of)]
        .iter()
        .filter_map(|(sign, bound)| bound.as_ref().map(|bound| format!(" {sign}{bound}")))
        .collect()
}

const MAIN: PythonKind = PythonKind::Function(EntryFunction::Main { is_async: false });
const ASYNC_MAIN: PythonKind = PythonKind::Function(EntryFunction::Main { is_async: true });
const EXECUTE: PythonKind = PythonKind::Function(EntryFunction::Execute { is_async: false });
