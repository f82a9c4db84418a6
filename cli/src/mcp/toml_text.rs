//! rye's entry in a client's TOML. Comments, order and every other value stay as they were.

use toml_edit::{Array, DocumentMut, InlineTable, Item, RawString, Table, TableLike, Value};

use super::entry::{Entry, Fault, NAME, Seen};

/// The table below which servers stand.
const SERVERS: &str = "mcp_servers";

/// What stands under rye's name.
pub(super) fn find(text: &str) -> Result<Option<Seen>, Fault> {
    let document = parse(text)?;
    let Some(servers) = document.get(SERVERS) else { return Ok(None) };
    let entry = table_of(servers)?.get(NAME);
    Ok(entry.map(|entry| entry.as_table_like().map(seen).unwrap_or_default()))
}

/// The text with the entry in it. What somebody added to it stays.
pub(super) fn with(text: &str, entry: &Entry) -> Result<String, Fault> {
    let mut document = parse(text)?;
    let mut implicit = Table::new();
    implicit.set_implicit(true);
    let servers = document.entry(SERVERS).or_insert(Item::Table(implicit));
    let is_inline = servers.is_inline_table();
    let servers = table_of_mut(servers)?;
    if servers.get(NAME).is_none() {
        let empty = match is_inline {
            true => Item::Value(Value::InlineTable(InlineTable::new())),
            false => Item::Table(Table::new()),
        };
        servers.insert(NAME, empty);
    }
    let there = servers.get_mut(NAME).and_then(Item::as_table_like_mut);
    let there = there.ok_or_else(|| Fault::of(format!("`{SERVERS}.{NAME}` is not a table")))?;
    set(there, "command", entry.command.as_str().into());
    set(there, "args", Value::Array(entry.args.iter().map(String::as_str).collect::<Array>()));
    Ok(finished(&document, text))
}

/// The text without the entry. A comment above it may be about anything, and stays.
pub(super) fn without(text: &str) -> Result<String, Fault> {
    let mut document = parse(text)?;
    let Some(servers) = document.get_mut(SERVERS) else { return Ok(text.to_owned()) };
    let removed = table_of_mut(servers)?.remove(NAME);
    let is_left_empty = table_of(servers)?.is_empty() && servers.as_table().is_some_and(Table::is_implicit);
    if is_left_empty {
        document.remove(SERVERS);
    }
    if let Some(Item::Table(table)) = removed {
        keep_comment(&mut document, &table);
    }
    Ok(finished(&document, text))
}

/// Puts the comment that stood above a table before what followed it.
fn keep_comment(document: &mut DocumentMut, removed: &Table) {
    let text = |raw: Option<&RawString>| raw.and_then(RawString::as_str).unwrap_or_default().to_owned();
    let comment = text(removed.decor().prefix());
    if !comment.contains('#') {
        return;
    }
    let position = removed.position();
    match next_table(document.as_table_mut(), position) {
        Some(next) => {
            let own = text(next.decor().prefix());
            next.decor_mut().set_prefix(format!("{comment}{own}"));
        }
        None => {
            let own = text(Some(document.trailing()));
            document.set_trailing(format!("{comment}{own}"));
        }
    }
}

/// The table that stands next in the text after a position.
fn next_table(root: &mut Table, after: Option<isize>) -> Option<&mut Table> {
    fn visit<'t>(table: &'t mut Table, after: Option<isize>, best: &mut Option<&'t mut Table>) {
        let position = table.position();
        let is_nearer = position > after
            && !table.is_implicit()
            && best.as_ref().is_none_or(|best| position < best.position());
        if is_nearer {
            *best = Some(table);
            return;
        }
        for (_, item) in table.iter_mut() {
            match item {
                Item::Table(table) => visit(table, after, best),
                Item::ArrayOfTables(tables) => {
                    tables.iter_mut().for_each(|table| visit(table, after, best));
                }
                _ => {}
            }
        }
    }
    let mut best = None;
    visit(root, after, &mut best);
    best
}

/// Sets a value, and keeps what stands around it.
fn set(table: &mut dyn TableLike, key: &str, mut value: Value) {
    if let Some(there) = table.get(key).and_then(Item::as_value) {
        *value.decor_mut() = there.decor().clone();
    }
    table.insert(key, Item::Value(value));
}

fn finished(document: &DocumentMut, before: &str) -> String {
    let text = document.to_string();
    let lines = before.matches('\n').count();
    if lines > 0 && before.matches("\r\n").count() == lines {
        return text.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    text
}

fn parse(text: &str) -> Result<DocumentMut, Fault> {
    text.parse::<DocumentMut>().map_err(|error| {
        let place = error.span().map(|span| {
            let before = text.get(..span.start).unwrap_or(text);
            let line = before.rsplit('\n').next().unwrap_or_default();
            (before.matches('\n').count() + 1, line.chars().count() + 1)
        });
        Fault { place, message: error.message().replace('\n', ", ") }
    })
}

fn table_of(servers: &Item) -> Result<&dyn TableLike, Fault> {
    servers.as_table_like().ok_or_else(|| Fault::of(format!("`{SERVERS}` is not a table")))
}

fn table_of_mut(servers: &mut Item) -> Result<&mut dyn TableLike, Fault> {
    servers.as_table_like_mut().ok_or_else(|| Fault::of(format!("`{SERVERS}` is not a table")))
}

fn seen(entry: &dyn TableLike) -> Seen {
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let args = match entry.get("args") {
        None => Some(Vec::new()),
        Some(item) => item.as_array().and_then(|words| words.iter().map(text).collect()),
    };
    let command = entry.get("command").and_then(Item::as_str).map(ToOwned::to_owned);
    let environment = entry.get("env").and_then(Item::as_table_like);
    let environment = environment.into_iter().flat_map(|table| table.iter());
    let environment =
        environment.filter_map(|(name, value)| Some((name.to_owned(), value.as_str()?.to_owned())));
    Seen {
        entry: command.zip(args).map(|(command, args): (String, Vec<String>)| Entry { command, args }),
        environment: environment.collect(),
        is_remote: false,
    }
}
