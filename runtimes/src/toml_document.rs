//! TOML text to [`Node`], with every syntax problem at its line and column.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::document::{Entry, LineIndex, Node, NodeValue, Place, Problem};

/// A piece of TOML: a whole file, or the lines of a comment block.
#[derive(Clone, Debug)]
pub struct TomlSource {
    file: Arc<str>,
    text: String,
    /// For a block: the place in the file where each line of `text` begins.
    lines: Option<Vec<Place>>,
}

impl TomlSource {
    /// A whole file.
    #[must_use]
    pub fn file(file: &Arc<str>, text: String) -> Self {
        Self { file: Arc::clone(file), text, lines: None }
    }

    /// Lines cut out of a file, each with the place where it began.
    #[must_use]
    pub fn block(file: &Arc<str>, lines: Vec<(Place, String)>) -> Self {
        let mut text = String::new();
        let mut places = Vec::with_capacity(lines.len());
        for (place, line) in lines {
            text.push_str(&line);
            text.push('\n');
            places.push(place);
        }
        Self { file: Arc::clone(file), text, lines: Some(places) }
    }

    /// Parses the text into one table.
    ///
    /// # Errors
    /// All syntax problems that the parser could find, in the order of their places.
    pub fn parse(&self) -> Result<Node, Vec<Problem>> {
        let reader = Reader { index: LineIndex::new(&self.file, &self.text), source: self };
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        if !errors.is_empty() {
            let mut problems: Vec<_> = errors
                .iter()
                .map(|error| {
                    let at = error.span().map_or_else(|| reader.beginning(), |span| reader.place(span.start));
                    Problem::new(&at, first_line(error.message()))
                })
                .collect();
            problems.sort();
            problems.dedup();
            return Err(problems);
        }
        let mut problems = Vec::new();
        let node = Node { place: reader.beginning(), value: reader.table(table.get_ref(), &mut problems) };
        if problems.is_empty() { Ok(node) } else { Err(problems) }
    }
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or("invalid TOML").to_owned()
}

struct Reader<'t> {
    index: LineIndex<'t>,
    source: &'t TomlSource,
}

impl Reader<'_> {
    /// What stands for all of it.
    fn beginning(&self) -> Place {
        if self.source.lines.is_some() { self.place(0) } else { Place::start_of(&self.source.file) }
    }

    fn place(&self, offset: usize) -> Place {
        let inner = self.index.place(offset);
        let Some(lines) = &self.source.lines else { return inner };
        let line = usize::try_from(inner.line).unwrap_or(usize::MAX).saturating_sub(1);
        match lines.get(line).or(lines.last()) {
            Some(start) => Place { column: start.column + inner.column - 1, ..start.clone() },
            None => inner,
        }
    }

    fn node(&self, value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Node {
        let place = self.place(value.span().start);
        let wrong = |problems: &mut Vec<Problem>, message: &str| {
            problems.push(Problem::new(&place, message));
            NodeValue::Null
        };
        let value = match value.get_ref() {
            DeValue::String(text) => NodeValue::String(text.to_string()),
            DeValue::Boolean(value) => NodeValue::Boolean(*value),
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(value) => NodeValue::Integer(value),
                Err(_) => wrong(problems, "an integer that does not fit in 64 bits"),
            },
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(value) if value.is_finite() => NodeValue::Float(value),
                _ => wrong(problems, "a number that JSON cannot say"),
            },
            DeValue::Datetime(_) => wrong(problems, "a date, where dates are written as strings"),
            DeValue::Array(items) => {
                NodeValue::Array(items.iter().map(|item| self.node(item, problems)).collect())
            }
            DeValue::Table(table) => self.table(table, problems),
        };
        Node { place, value }
    }

    fn table(&self, table: &DeTable<'_>, problems: &mut Vec<Problem>) -> NodeValue {
        let entries = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                key_place: self.place(key.span().start),
                value: self.node(value, problems),
            })
            .collect();
        NodeValue::Table(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Node, Vec<Problem>> {
        TomlSource::file(&Arc::from("t.toml"), text.to_owned()).parse()
    }

    #[test]
    fn values_keep_their_place_and_order() {
        let node = parse("b = 1\n[a]\nc = [ \"x\", 2.5 ]\n").unwrap();
        assert_eq!(node.to_json().to_string(), r#"{"b":1,"a":{"c":["x",2.5]}}"#);
        let NodeValue::Table(entries) = &node.value else { panic!() };
        assert_eq!(entries[0].value.place.to_string(), "t.toml:1:5");
        let NodeValue::Table(inner) = &entries[1].value.value else { panic!() };
        assert_eq!(inner[0].key_place.to_string(), "t.toml:3:1");
    }

    #[test]
    fn every_syntax_problem_is_reported_with_its_place() {
        let problems = parse("a = \nb = 1\nb = 2\nc = 99999999999999999999\n").unwrap_err();
        let places: Vec<_> = problems.iter().map(|p| p.place.line).collect();
        assert!(places.contains(&1) && places.contains(&3), "{problems:?}");
    }

    #[test]
    fn the_lines_of_a_block_are_found_in_their_file() {
        let file: Arc<str> = Arc::from("x.sh");
        let at = |line, column| Place { file: Arc::clone(&file), line, column, whole_file: false };
        let lines = vec![(at(4, 3), "a = 1".to_owned()), (at(5, 3), "b = ".to_owned())];
        let problems = TomlSource::block(&file, lines).parse().unwrap_err();
        assert_eq!(problems[0].place.line, 5);
        assert!(problems[0].place.column >= 3);
    }

    #[test]
    fn a_megabyte_of_nesting_is_a_problem_and_not_a_crash() {
        let text = format!("a = {}", "[".repeat(1 << 20));
        assert!(parse(&text).is_err());
        let text = format!("{}a = 1", "a.".repeat(1 << 19));
        let _ = parse(&text);
    }
}
