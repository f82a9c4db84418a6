//! rye's entry in a client's JSON. Order, indentation and every other value stay as they were; a text that is not
//! exactly JSON is refused, for a client would refuse it too, or begin anew.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use serde_json::{Map, Value};

use super::entry::{Entry, Fault, NAME, Seen};

/// The key below which servers stand.
const SERVERS: &str = "mcpServers";

/// What stands under rye's name.
pub(super) fn find(text: &str) -> Result<Option<Seen>, Fault> {
    let value = parse(text)?;
    let object = value.as_object().ok_or_else(|| Fault::of("an object was expected"))?;
    let Some(servers) = object.get(SERVERS) else { return Ok(None) };
    let servers = servers.as_object().ok_or_else(|| Fault::of(format!("`{SERVERS}` is not an object")))?;
    Ok(servers.get(NAME).map(|entry| entry.as_object().map(seen).unwrap_or_default()))
}

/// The text with the entry in it. What somebody added to it stays.
pub(super) fn with(text: &str, entry: &Entry) -> Result<String, Fault> {
    let (root, servers) = open(text)?;
    let args = entry.args.iter().map(|word| CstInputValue::String(word.clone())).collect();
    let keys = [
        ("type", CstInputValue::String("stdio".to_owned())),
        ("command", CstInputValue::String(entry.command.clone())),
        ("args", CstInputValue::Array(args)),
    ];
    match servers.object_value(NAME) {
        Some(there) => {
            for (key, value) in keys {
                match there.get(key) {
                    Some(property) => property.set_value(value),
                    None => drop(there.append(key, value)),
                }
            }
        }
        None => {
            let keys = keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            servers.append(NAME, CstInputValue::Object(keys));
        }
    }
    Ok(finished(&root, text))
}

/// The text without the entry.
pub(super) fn without(text: &str) -> Result<String, Fault> {
    let (root, servers) = open(text)?;
    if let Some(property) = servers.get(NAME) {
        property.remove();
    }
    Ok(finished(&root, text))
}

fn finished(root: &CstRootNode, before: &str) -> String {
    let mut text = root.to_string();
    if before.trim().is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The text as a tree that keeps every character, and the servers in it. It was read by [`find`] before.
fn open(text: &str) -> Result<(CstRootNode, CstObject), Fault> {
    find(text)?;
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let root = CstRootNode::parse(text, &strict).map_err(|error| Fault {
        place: Some((error.line_display(), error.column_display())),
        message: error.kind().to_string(),
    })?;
    let object = root.object_value_or_set();
    once(&object, SERVERS)?;
    let servers = object.object_value_or_set(SERVERS);
    once(&servers, NAME)?;
    Ok((root, servers))
}

/// Of a key that is there twice readers take one or the other.
fn once(object: &CstObject, key: &str) -> Result<(), Fault> {
    let named = |name: Option<String>| name.as_deref() == Some(key);
    match object.properties().into_iter().filter(|property| named(property.decoded_name())).count() {
        0 | 1 => Ok(()),
        _ => Err(Fault::of(format!("key `{key}` is there twice"))),
    }
}

fn parse(text: &str) -> Result<Value, Fault> {
    if text.trim().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let place = (error.line(), error.column());
        let suffix = format!(" at line {} column {}", place.0, place.1);
        let mut message = message.strip_suffix(&suffix).unwrap_or(&message).to_owned();
        if text.starts_with('\u{feff}') {
            message.push_str(": the file begins with a byte order mark");
        }
        let line = text.lines().nth(place.0.saturating_sub(1)).unwrap_or_default();
        if line.get(place.1.saturating_sub(1)..).is_some_and(|rest| rest.starts_with('/')) {
            message.push_str(": it is a comment, and JSON has none");
        }
        Fault { place: Some(place), message }
    })
}

fn seen(entry: &Map<String, Value>) -> Seen {
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let args = match entry.get("args") {
        Some(Value::Array(words)) => words.iter().map(text).collect::<Option<Vec<_>>>(),
        None => Some(Vec::new()),
        Some(_) => None,
    };
    let command = entry.get("command").and_then(text);
    let environment = entry.get("env").and_then(Value::as_object).into_iter().flatten();
    Seen {
        entry: command.zip(args).map(|(command, args)| Entry { command, args }),
        environment: environment.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect(),
        is_remote: entry.get("type").is_some_and(|kind| kind != "stdio"),
    }
}
