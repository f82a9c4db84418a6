//! What keeps a tool from other programs: names, shapes and sizes that MCP clients and function calling refuse, though
//! nothing is wrong with the tool itself. Every note says who refuses it and what to write instead.

use rye_runtimes::ItemId;
use rye_runtimes::document::{Place, Problem};
use serde_json::Value;

use crate::dialect::description;
use crate::dialect::draft::is_portable;
use crate::dialect::inline::inlined;
use crate::dialect::openai::MAX_DESCRIPTION;
use crate::dialect::walk::children;
use crate::portable_name::Collision;
use crate::tool::Tool;

/// Nested deeper than this, or with more properties, and clients begin to differ.
const DEEP: usize = 5;
const MANY: usize = 100;
/// OpenAI's strict mode takes no more.
const DEEPEST: usize = 10;
const MOST: usize = 5_000;

/// What is refused at the root of the parameters.
const COMPOSITION: [&str; 6] = ["anyOf", "oneOf", "allOf", "not", "enum", "const"];

/// What other programs have against a tool under its portable name.
#[must_use]
pub fn notes(name: &str, tool: &Tool) -> Vec<Problem> {
    let mut notes = Vec::new();
    let mut note = |fact: String, advice: &str| {
        notes.push(Problem::new(&tool.metadata.place, fact).hint(advice));
    };
    match description(tool) {
        None => note(
            "the tool has no description, and a model chooses tools by it".to_owned(),
            "add `description = \"…\"`, or a docstring to its function",
        ),
        Some(text) if text.chars().count() > MAX_DESCRIPTION => note(
            format!(
                "a description of {} characters, and OpenAI takes {MAX_DESCRIPTION}",
                text.chars().count()
            ),
            "say what the tool does first, and the rest with the parameters",
        ),
        Some(_) => {}
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        note(
            format!("the name `{name}` begins with a digit, which Gemini refuses"),
            "rename the file, or put it into a folder whose name begins with a letter",
        );
    }
    for parameter in tool.parameters.list.iter().filter(|one| !is_portable(&one.name)) {
        let without = if parameter.required { "the tool" } else { "the parameter" };
        note(
            format!(
                "the parameter name `{}` is refused by Anthropic, and with it every tool of the request; \
                 {without} is left out there and over MCP",
                parameter.name
            ),
            "use the letters a to z, digits, `_`, `.` and `-`, 64 at most",
        );
    }
    let whole = tool.parameters.to_json();
    for key in COMPOSITION.iter().filter(|key| whole.get(**key).is_some()) {
        note(
            format!(
                "`{key}` at the top of the input schema, which OpenAI and Anthropic refuse; \
                 there and over MCP it is merged into one object"
            ),
            "declare every parameter in `properties`, and say in the description which go together",
        );
    }
    let (mut plain, cut) = inlined(&whole);
    if let Some(loss) = cut.first() {
        note(
            format!("{loss}; MCP clients and function calling get any value there"),
            "write as many levels as are needed, or take JSON as a string",
        );
    }
    let size = Size::of(&mut plain);
    if size.depth > DEEP {
        note(
            format!("parameters nested {} levels deep, which models fill in badly", size.depth),
            if size.depth > DEEPEST {
                "OpenAI's strict mode takes 10 levels; flatten them, or take JSON as a string"
            } else {
                "some clients take 5 levels only; flatten them, or take JSON as a string"
            },
        );
    }
    if size.properties > MANY {
        note(
            format!("{} properties in all, which fill a model's context in every request", size.properties),
            if size.properties > MOST {
                "OpenAI's strict mode takes 5000; split the tool"
            } else {
                "some clients take 100 only; split the tool"
            },
        );
    }
    notes
}

/// That tools would have one name, said of one of them.
#[must_use]
pub fn collision_note(collision: &Collision, id: &ItemId, place: &Place) -> Problem {
    let others: Vec<_> =
        collision.ids.iter().filter(|other| *other != id).map(|other| format!("`{other}`")).collect();
    let fact = format!(
        "`{id}` would have the name `{}` over MCP and in function calling, and so would {}; each gets a hash instead",
        collision.name,
        others.join(", ")
    );
    Problem::new(place, fact).hint("rename one of the files")
}

/// How large parameters are.
struct Size {
    depth: usize,
    properties: usize,
}

impl Size {
    fn of(schema: &mut Value) -> Self {
        let mut size = Self { depth: 0, properties: 0 };
        size.measure(schema, "", 0);
        size
    }

    fn measure(&mut self, schema: &mut Value, path: &str, depth: usize) {
        let Value::Object(members) = schema else { return };
        self.depth = self.depth.max(depth);
        self.properties +=
            members.get("properties").and_then(Value::as_object).map_or(0, serde_json::Map::len);
        // Each member and each item is a level; an alternative is none.
        children(members, path, &mut |child, below| {
            self.measure(child, below, depth + usize::from(below != path));
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{collision_note, notes};
    use crate::PortableNames;
    use crate::tool::{Item, ToolFile};

    fn said(name: &str, toml: &str) -> Vec<String> {
        let text = format!("executor_id = \"subprocess\"\n{toml}");
        let file = Arc::from("t.toml");
        let file = ToolFile { file, extension: Some("toml"), bytes: text.as_bytes(), sidecar: None };
        let Ok(Item::Tool(tool)) = Item::read(&file) else { panic!("{:?}", Item::read(&file)) };
        notes(name, &tool).into_iter().map(|note| note.message).collect()
    }

    #[test]
    fn a_plain_tool_has_nothing_against_it() {
        assert_eq!(said("t", "description = \"d\"\n[parameters.dry-run]\ntype = \"boolean\"\n"), [""; 0]);
    }

    #[test]
    fn each_thing_that_clients_refuse_is_told() {
        let long = format!("description = \"{}\"\n", "x".repeat(1025));
        let deep =
            format!("description = \"d\"\n[parameters.a{}]\ntype = \"string\"\n", ".properties.b".repeat(6));
        let many: String = (0..101).map(|n| format!("[parameters.p{n}]\n")).collect();
        for (name, toml, part) in [
            ("t", "", "no description"),
            ("t", long.as_str(), "1025 characters"),
            ("2to3", "description = \"d\"\n", "`2to3` begins with a digit"),
            ("t", "description = \"d\"\n[parameters.'a b']\n", "`a b` is refused"),
            ("t", "description = \"d\"\n[[input_schema.oneOf]]\nrequired = [\"a\"]\n", "`oneOf` at the top"),
            (
                "t",
                "description = \"d\"\n[parameters.a]\n'$ref' = \"#/$defs/n\"\n\
                 [parameters.a.'$defs'.n]\nitems = { '$ref' = \"#/$defs/n\" }\n",
                "comes back to itself",
            ),
            ("t", deep.as_str(), "7 levels deep"),
            ("t", &format!("description = \"d\"\n{many}"), "101 properties"),
        ] {
            let said = said(name, toml);
            assert!(said.len() == 1 && said[0].contains(part), "{part}: {said:?}");
        }
    }

    #[test]
    fn a_collision_names_the_others() {
        let names = PortableNames::of(["a/b", "a_b", "c"].map(|id| id.parse().unwrap()));
        let [collision] = names.collisions() else { panic!() };
        let place = rye_runtimes::document::Place::start_of(&Arc::from("a_b.sh"));
        let note = collision_note(collision, &collision.ids[0], &place);
        assert_eq!(
            note.message,
            "`a/b` would have the name `a_b` over MCP and in function calling, and so would `a_b`; each gets a hash instead"
        );
    }
}
