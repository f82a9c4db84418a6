//! The two ways to declare parameters: `[parameters.NAME]` tables, and one `[input_schema]`. Both come to the
//! same [`Parameters`], closed unless they say otherwise.

use rye_runtimes::document::{Entry, Node, NodeValue, Place, Problem};
use serde_json::Value;

use super::keywords::Keyword;
use super::{Reader, find};
use crate::parameter::{Parameter, Parameters};
use crate::schema::{Additional, Schema, Type};

/// The longest name of a parameter, in characters.
const MAX_NAME_LENGTH: usize = 128;

/// Keywords at the root that may declare or refuse names, so that the list alone cannot tell which are known.
const NAMING: [&str; 13] = [
    "$ref",
    "$dynamicRef",
    "allOf",
    "anyOf",
    "oneOf",
    "if",
    "then",
    "else",
    "not",
    "dependentSchemas",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
];

impl Parameters {
    /// Reads `[parameters]`: each name with a JSON Schema plus `required`, `allow_dash` and `beneath`.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn from_parameters_table(node: &Node) -> Result<Self, Vec<Problem>> {
        let NodeValue::Table(entries) = &node.value else {
            let fact = format!("`parameters` is a table, not {}", node.value.kind());
            return Err(vec![
                Problem::new(&node.place, fact).hint("write a table `[parameters.NAME]` for each"),
            ]);
        };
        let mut problems = Vec::new();
        let mut list = Vec::new();
        for entry in entries {
            problems.extend(name_problem(&entry.key, &entry.key_place));
            match parameter(entry) {
                Ok(parameter) => list.push(parameter),
                Err(found) => problems.extend(found),
            }
        }
        let all = Self { list, additional: Additional::Forbidden, raw: None };
        if problems.is_empty() { Ok(all) } else { Err(problems) }
    }

    /// Reads `[input_schema]`: one JSON Schema of type object. `type` may be left out, as arguments are always
    /// an object.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn from_input_schema(node: &Node) -> Result<Self, Vec<Problem>> {
        let NodeValue::Table(entries) = &node.value else {
            let fact = format!("an input schema is a table, not {}", node.value.kind());
            return Err(vec![Problem::new(&node.place, fact).hint("begin with `type = \"object\"`")]);
        };
        let mut reader = Reader::new(node);
        if let Some(kind) = find(entries, "type")
            && kind.value != NodeValue::String("object".into())
        {
            let problem = Problem::new(&kind.place, "the type of an input schema is `object`");
            reader.problem(problem.hint("declare the parameters below `properties`"));
        }
        let mut beyond = false;
        for entry in entries {
            beyond |= match reader.keyword(entry) {
                Some(Keyword::Beyond) => true,
                Some(Keyword::Bound) => {
                    !["properties", "required", "additionalProperties"].contains(&entry.key.as_str())
                }
                _ => ["anyOf", "enum", "const"].contains(&entry.key.as_str()),
            };
        }
        let names = |key: &&str| find(entries, key).is_some();
        let naming = NAMING.iter().any(names);
        reader.said(entries);
        reader.inside_raw = naming;
        let silent = find(entries, "additionalProperties").is_none();
        let object = if silent && !naming { reader.closed_object(entries) } else { reader.object(entries) };
        // The whole is compiled once, below, when it is closed.
        reader.inside_raw = true;
        if beyond {
            reader.keep_raw(node, 0);
        }
        let whole = beyond || reader.needs_root;
        let raw = whole.then(|| closed_whole(node, naming));
        if let Some(raw) = raw.as_ref().filter(|_| reader.problems.is_empty()) {
            reader.compile(node, raw);
        }
        let mut list = Vec::new();
        for (name, property) in object.properties {
            let place = find(entries, "properties").map_or(&node.place, |node| &node.place);
            reader.problems.extend(name_problem(&name, place));
            // What a part says by a reference into the whole is checked with the whole only.
            let lost = reader.needs_root
                && matches!(&property.schema.kind, Type::Raw(raw) if crate::arguments::compile(raw).is_err());
            let kind = if lost { Type::Any } else { property.schema.kind };
            let schema = Schema { kind, ..property.schema };
            list.push(Parameter {
                name,
                schema,
                required: property.required,
                allow_dash: false,
                beneath: None,
            });
        }
        let additional = if naming { Additional::Any } else { object.additional };
        if reader.problems.is_empty() { Ok(Self { list, additional, raw }) } else { Err(reader.in_order()) }
    }
}

impl<'n> Reader<'n> {
    /// The members of an object that says nothing of further ones, and is closed.
    fn closed_object(&mut self, entries: &'n [Entry]) -> crate::schema::ObjectType {
        let mut object = self.object(entries);
        object.additional = Additional::Forbidden;
        for (name, node) in self.required_names(entries) {
            let declared = find(entries, "properties").map(|node| &node.value);
            let known = matches!(declared, Some(NodeValue::Table(members)) if find(members, name).is_some());
            if !known {
                let fact = format!("`required` names `{name}`, which `properties` does not have");
                let names = object.properties.keys().map(String::as_str).filter(|other| *other != name);
                let problem = Problem::new(&node.place, fact);
                let near = rye_runtimes::nearest(name, names).map(|near| format!("did you mean `{near}`?"));
                self.problem(match near {
                    Some(hint) => problem.hint(hint),
                    None => problem,
                });
            }
        }
        object
    }
}

/// The whole schema, closed unless it says what else may come. Where other keywords than `properties` declare
/// names, only `unevaluatedProperties` knows what is left over.
fn closed_whole(node: &Node, naming: bool) -> Value {
    let mut raw = node.to_json();
    if let Value::Object(members) = &mut raw {
        members.entry("type").or_insert_with(|| "object".into());
        if !members.contains_key("additionalProperties") && !members.contains_key("unevaluatedProperties") {
            let key = if naming { "unevaluatedProperties" } else { "additionalProperties" };
            members.insert(key.into(), Value::Bool(false));
        }
    }
    raw
}

fn parameter(entry: &Entry) -> Result<Parameter, Vec<Problem>> {
    let name = &entry.key;
    let NodeValue::Table(entries) = &entry.value.value else {
        let fact = format!("parameter `{name}` is a table, not {}", entry.value.value.kind());
        let hint = format!("write `[parameters.{name}]` and below it `type = \"string\"`");
        return Err(vec![Problem::new(&entry.value.place, fact).hint(hint)]);
    };
    let mut problems = Vec::new();
    let mut switch = |key: &str| match find(entries, key).map(|node| (&node.place, &node.value)) {
        None => false,
        Some((_, NodeValue::Boolean(value))) => *value,
        // The `required` of JSON Schema lists the members of an object; it is read with the schema.
        Some((_, NodeValue::Array(_))) if key == "required" => false,
        Some((place, other)) => {
            problems.push(Problem::new(place, format!("`{key}` is a boolean, not {}", other.kind())));
            false
        }
    };
    let (required, allow_dash) = (switch("required"), switch("allow_dash"));
    let beneath = find(entries, "beneath").and_then(|node| match &node.value {
        NodeValue::String(folder) if !folder.is_empty() => Some((&node.place, folder)),
        other => {
            let fact = match other {
                NodeValue::String(_) => "`beneath` is empty".to_owned(),
                other => format!("`beneath` is a string, not {}", other.kind()),
            };
            problems.push(Problem::new(&node.place, fact).hint("`\".\"` is the folder where the tool runs"));
            None
        }
    });
    let of_schema = |entry: &&Entry| {
        !["allow_dash", "beneath"].contains(&entry.key.as_str())
            && (entry.key != "required" || matches!(entry.value.value, NodeValue::Array(_)))
    };
    let body = entries.iter().filter(of_schema).cloned().collect();
    let body = Node { place: entry.value.place.clone(), value: NodeValue::Table(body) };
    match Schema::from_node(&body) {
        Ok(schema) => {
            if let Some((place, _)) = beneath
                && !holds_paths(&schema.kind)
            {
                problems.push(Problem::new(place, "`beneath` is for a string or a list of strings"));
            }
            let beneath = beneath.map(|(_, folder)| folder.clone());
            let parameter = Parameter { name: name.clone(), schema, required, allow_dash, beneath };
            if problems.is_empty() { Ok(parameter) } else { Err(problems) }
        }
        Err(found) => {
            problems.extend(found);
            problems.sort();
            Err(problems)
        }
    }
}

/// Whether all values are strings, lists of strings, or null.
fn holds_paths(kind: &Type) -> bool {
    match kind {
        Type::String(_) | Type::Null => true,
        Type::Array(array) => matches!(array.items.kind, Type::String(_)),
        Type::Union(members) => members.iter().all(|member| holds_paths(&member.kind)),
        _ => false,
    }
}

fn name_problem(name: &str, place: &Place) -> Option<Problem> {
    let length = name.chars().count();
    if name.is_empty() {
        Some(Problem::new(place, "a parameter has no name"))
    } else if name.chars().any(char::is_control) {
        Some(Problem::new(place, format!("a control character in parameter name `{}`", name.escape_debug())))
    } else if length > MAX_NAME_LENGTH {
        let fact = format!("a parameter name of {length} characters, {MAX_NAME_LENGTH} are allowed");
        Some(Problem::new(place, fact))
    } else {
        None
    }
}
