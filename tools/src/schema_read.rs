//! JSON Schema as it is written in metadata, read into the closed types. Everything that is wrong is told at
//! its place; a schema beyond the closed types is kept whole, and is known to compile.

mod bounds;
mod keywords;
mod parameters;
mod raw;

use indexmap::IndexMap;
use rye_runtimes::document::{Entry, Node, NodeValue, Problem};
use serde_json::Value;

use crate::schema::{Additional, ArrayType, ObjectType, Property, Schema, Type};
use bounds::Sides;
use keywords::Keyword;

impl Schema {
    /// Reads one JSON Schema.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn from_node(node: &Node) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(node);
        let schema = reader.schema(node);
        let schema = if reader.needs_root { reader.keep_raw(node, 0) } else { schema };
        if let (Type::Raw(raw), true, true) = (&schema.kind, reader.needs_root, reader.problems.is_empty()) {
            reader.compile(node, raw);
        }
        if reader.problems.is_empty() { Ok(schema) } else { Err(reader.in_order()) }
    }
}

/// Every keyword that is known.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    keywords::all()
}

/// One document that is read.
struct Reader<'n> {
    /// Where local references begin.
    root: &'n Node,
    problems: Vec<Problem>,
    /// Whether some part refers to another part of the document, so that only the whole can be checked.
    needs_root: bool,
    /// Whether what is read now is part of a raw schema, which is compiled as one.
    inside_raw: bool,
}

impl<'n> Reader<'n> {
    fn new(root: &'n Node) -> Self {
        Self { root, problems: Vec::new(), needs_root: false, inside_raw: false }
    }

    /// The problems in the order of the file. A part that was read twice has told them twice.
    fn in_order(mut self) -> Vec<Problem> {
        self.problems.sort();
        self.problems.dedup();
        self.problems
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// A schema; [`Type::Any`] stands in for a part with a problem.
    fn schema(&mut self, node: &'n Node) -> Schema {
        let entries = match &node.value {
            NodeValue::Table(entries) => entries,
            NodeValue::Boolean(true) => return Schema::of(Type::Any),
            NodeValue::Boolean(false) => return Schema::of(Type::Enum(Vec::new())),
            other => {
                let fact = format!("a schema is a table, not {}", other.kind());
                self.problem(Problem::new(&node.place, fact).hint("write it like `{ type = \"string\" }`"));
                return Schema::of(Type::Any);
            }
        };
        let before = self.problems.len();
        let beyond = entries.iter().filter(|entry| self.keyword(entry) == Some(Keyword::Beyond)).count() > 0;
        let sides = Sides::read(self, entries);
        let schema = match self.kind(entries, sides, beyond) {
            Some(kind) => Schema { kind, ..self.said(entries) },
            None => self.keep_raw(node, before),
        };
        if self.problems.len() == before && !self.inside_raw && !self.needs_root {
            self.check_default(entries, &schema);
        }
        schema
    }

    /// What sort of keyword this is; an unknown one is a problem.
    fn keyword(&mut self, entry: &Entry) -> Option<Keyword> {
        let keyword = Keyword::find(&entry.key);
        if keyword.is_none() {
            let problem = Problem::new(&entry.key_place, format!("unknown schema keyword `{}`", entry.key));
            self.problem(match rye_runtimes::nearest(&entry.key, keywords::all()) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint("annotations of your own begin with `x-`"),
            });
        }
        keyword
    }

    /// The type that the keywords make together; none when it is beyond the closed types.
    fn kind(&mut self, entries: &'n [Entry], sides: Sides, beyond: bool) -> Option<Type> {
        let words = self.types(entries);
        // All parts are read even when the whole stays raw: their problems are told at their places.
        let inside = self.inside_raw || beyond;
        let was_inside = std::mem::replace(&mut self.inside_raw, inside);
        let array = self.array(entries);
        let object = self.object(entries);
        let members = self.any_of(entries);
        self.inside_raw = was_inside;
        if beyond {
            return None;
        }
        let values = self.values(entries);
        let typed: Vec<Type> = words
            .iter()
            .flatten()
            .map(|word| match *word {
                "null" => Type::Null,
                "boolean" => Type::Boolean,
                "integer" => Type::Integer(sides.number.clone()),
                "number" => Type::Number(sides.number.clone()),
                "string" => Type::String(sides.text.clone()),
                "array" => Type::Array(Box::new(array.clone())),
                _ => Type::Object(Box::new(object.clone())),
            })
            .collect();
        let typed = match typed.as_slice() {
            [] => Type::Any,
            [only] => only.clone(),
            _ => Type::Union(typed.into_iter().map(Schema::of).collect()),
        };
        // Without a type, a bound binds only the values that it fits: nothing closed says that.
        let bounded = entries.iter().any(|entry| Keyword::find(&entry.key) == Some(Keyword::Bound));
        if words.is_none() && bounded {
            return None;
        }
        match (members, values) {
            (Some(members), None) if words.is_none() => Some(Type::Union(members)),
            (Some(_), _) => None,
            (None, Some((place, values))) => {
                let typed = Schema::of(typed);
                for value in values.iter().filter(|value| !typed.problems(value).is_empty()) {
                    self.problem(Problem::new(&place, format!("`{value}` does not fit the type beside it")));
                }
                Some(Type::Enum(values))
            }
            (None, None) => Some(typed),
        }
    }

    fn types(&mut self, entries: &'n [Entry]) -> Option<Vec<&'n str>> {
        let node = find(entries, "type")?;
        let one = |reader: &mut Self, node: &'n Node| {
            let NodeValue::String(word) = &node.value else {
                let fact = format!("a `type` is a string, not {}", node.value.kind());
                reader.problem(Problem::new(&node.place, fact));
                return None;
            };
            if keywords::TYPES.contains(&word.as_str()) {
                return Some(word.as_str());
            }
            let problem = Problem::new(&node.place, format!("unknown type `{word}`"));
            let near = keywords::OTHER_WORDS.iter().find(|(other, _)| other == word).map(|(_, meant)| *meant);
            reader.problem(match near.or_else(|| rye_runtimes::nearest(word, keywords::TYPES)) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint(format!("the types are `{}`", keywords::TYPES.join("`, `"))),
            });
            None
        };
        match &node.value {
            NodeValue::Array(nodes) if nodes.is_empty() => {
                self.problem(Problem::new(&node.place, "`type` lists no type"));
                None
            }
            NodeValue::Array(nodes) => Some(nodes.iter().filter_map(|node| one(self, node)).collect()),
            _ => Some(one(self, node).into_iter().collect()),
        }
    }

    /// The values of `enum` and `const`, with the place of their keyword.
    fn values(&mut self, entries: &'n [Entry]) -> Option<(rye_runtimes::document::Place, Vec<Value>)> {
        let constant = find(entries, "const").map(|node| (node.place.clone(), vec![node.to_json()]));
        let Some(node) = find(entries, "enum") else { return constant };
        let NodeValue::Array(nodes) = &node.value else {
            self.problem(Problem::new(&node.place, format!("`enum` is an array, not {}", node.value.kind())));
            return None;
        };
        if nodes.is_empty() {
            self.problem(Problem::new(&node.place, "`enum` allows no value"));
        }
        let values: Vec<Value> = nodes.iter().map(Node::to_json).collect();
        match constant {
            Some((place, constant)) if !constant.iter().all(|value| values.contains(value)) => {
                self.problem(Problem::new(&place, "`const` is not among the values of `enum`"));
                None
            }
            Some(constant) => Some(constant),
            None => Some((node.place.clone(), values)),
        }
    }

    fn any_of(&mut self, entries: &'n [Entry]) -> Option<Vec<Schema>> {
        let node = find(entries, "anyOf")?;
        match &node.value {
            NodeValue::Array(nodes) if !nodes.is_empty() => {
                Some(nodes.iter().map(|node| self.schema(node)).collect())
            }
            _ => {
                self.problem(Problem::new(&node.place, "`anyOf` is an array of schemas"));
                None
            }
        }
    }

    fn array(&mut self, entries: &'n [Entry]) -> ArrayType {
        let items = find(entries, "items").map_or_else(|| Schema::of(Type::Any), |node| self.schema(node));
        let min_items = self.count(entries, "minItems");
        let max_items = self.count(entries, "maxItems");
        ArrayType { items, min_items, max_items, unique: self.boolean(entries, "uniqueItems") }
    }

    fn object(&mut self, entries: &'n [Entry]) -> ObjectType {
        let mut properties = IndexMap::new();
        if let Some(node) = find(entries, "properties") {
            if let NodeValue::Table(members) = &node.value {
                for member in members {
                    let schema = self.schema(&member.value);
                    properties.insert(member.key.clone(), Property { schema, required: false });
                }
            } else {
                let fact = format!("`properties` is a table, not {}", node.value.kind());
                self.problem(Problem::new(&node.place, fact));
            }
        }
        let additional = match find(entries, "additionalProperties") {
            None => Additional::Any,
            Some(node) => match node.value {
                NodeValue::Boolean(true) => Additional::Any,
                NodeValue::Boolean(false) => Additional::Forbidden,
                _ => Additional::Typed(Box::new(self.schema(node))),
            },
        };
        for (name, node) in self.required_names(entries) {
            if let Some(property) = properties.get_mut(name) {
                property.required = true;
                continue;
            }
            let schema = match &additional {
                Additional::Any => Schema::of(Type::Any),
                Additional::Typed(schema) => (**schema).clone(),
                // Inside a raw schema another keyword may declare it.
                Additional::Forbidden if self.inside_raw => continue,
                Additional::Forbidden => {
                    let fact = format!("`required` names `{name}`, which `properties` does not have");
                    let problem = Problem::new(&node.place, fact);
                    self.problem(match rye_runtimes::nearest(name, properties.keys().map(String::as_str)) {
                        Some(near) => problem.hint(format!("did you mean `{near}`?")),
                        None => problem,
                    });
                    continue;
                }
            };
            properties.insert(name.to_owned(), Property { schema, required: true });
        }
        ObjectType { properties, additional }
    }

    fn required_names(&mut self, entries: &'n [Entry]) -> Vec<(&'n str, &'n Node)> {
        let Some(node) = find(entries, "required") else { return Vec::new() };
        let NodeValue::Array(nodes) = &node.value else {
            let fact = format!("`required` is an array of names, not {}", node.value.kind());
            self.problem(Problem::new(&node.place, fact));
            return Vec::new();
        };
        let mut names = Vec::new();
        for node in nodes {
            match &node.value {
                NodeValue::String(name) => names.push((name.as_str(), node)),
                other => {
                    let fact = format!("`required` holds {}, not a name", other.kind());
                    self.problem(Problem::new(&node.place, fact));
                }
            }
        }
        names
    }

    /// What is said about a type, with no type.
    fn said(&mut self, entries: &'n [Entry]) -> Schema {
        let mut schema = Schema::of(Type::Any);
        schema.title = self.text(entries, "title");
        schema.description = self.text(entries, "description");
        schema.default = find(entries, "default").map(Node::to_json);
        schema.header = self.text(entries, "x-mcp-header");
        for key in ["deprecated", "readOnly", "writeOnly"] {
            self.boolean(entries, key);
        }
        for key in ["$schema", "$comment"] {
            self.text(entries, key);
        }
        if let Some(node) = find(entries, "examples") {
            match &node.value {
                NodeValue::Array(nodes) => schema.examples = nodes.iter().map(Node::to_json).collect(),
                other => {
                    let fact = format!("`examples` is an array, not {}", other.kind());
                    self.problem(Problem::new(&node.place, fact));
                }
            }
        }
        schema
    }

    fn check_default(&mut self, entries: &'n [Entry], schema: &Schema) {
        let Some(node) = find(entries, "default") else { return };
        if let Some(first) = schema.problems(&node.to_json()).first() {
            self.problem(Problem::new(&node.place, format!("the default does not fit: {first}")));
        }
    }
}

fn find<'n>(entries: &'n [Entry], key: &str) -> Option<&'n Node> {
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}

#[cfg(test)]
mod tests;
