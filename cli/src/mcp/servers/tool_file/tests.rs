use proptest::prelude::*;
use rye_executor::tools::Item;
use serde_json::{Value, json};

use super::{Via, Written, write};

const VIA: Via<'_> = Via::Runtime { id: "mcp/server", is_http: true };

fn written(tool: Value) -> Written {
    write(VIA, tool.as_object().unwrap()).unwrap()
}

#[test]
fn a_tool_is_written_as_a_person_would() {
    let written = written(json!({
        "name": "create_issue",
        "title": "Create an issue",
        "description": "Creates an issue.\n\nAsk before you do.",
        "inputSchema": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {
                "repo": {"type": "string", "description": "owner/name"},
                "labels": {"type": "array", "items": {"type": "string"}, "default": null},
                "milestone": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": null},
                "options": {"type": "object", "properties": {"draft": {"type": "boolean"}, "notes": {}}},
            },
            "required": ["repo"],
            "additionalProperties": false,
        },
        "outputSchema": {"type": "object", "properties": {"number": {"type": "integer"}}},
        "annotations": {"title": "ignored", "readOnlyHint": false, "destructiveHint": "no"},
        "icons": [],
    }));
    assert_eq!(written.losses, [""; 0]);
    let (_, body) = written.text.split_once('\n').unwrap();
    assert_eq!(
        body,
        r#"title = "Create an issue"
description = """
Creates an issue.

Ask before you do."""
executor_id = "mcp/server"

[config]
tool = "create_issue"

[annotations]
read_only = false

[input_schema]
type = "object"
required = ["repo"]
additionalProperties = false

[input_schema.properties.repo]
type = "string"
description = "owner/name"

[input_schema.properties.labels]
type = "array"

[input_schema.properties.labels.items]
type = "string"

[input_schema.properties.milestone]
anyOf = [{ type = "integer" }, { type = "null" }]

[input_schema.properties.options]
type = "object"

[input_schema.properties.options.properties.draft]
type = "boolean"

[input_schema.properties.options.properties.notes]

[output_schema]
type = "object"

[output_schema.properties.number]
type = "integer"
"#
    );
    let Item::Tool(tool) = &written.item else { panic!() };
    assert_eq!(
        tool.parameters.signature().join(" "),
        "repo:str [labels:list[str]] [milestone:int|null] [options:object]"
    );
}

#[test]
fn what_names_no_tool_is_refused() {
    for (name, why) in [
        (json!(null), "without a name"),
        (json!(""), "without a name"),
        (json!(7), "without a name"),
        (json!("x".repeat(1 << 20)), "1048576 characters"),
        (json!("a\nb"), "control characters"),
        (json!("~/x"), "home"),
    ] {
        let tool = json!({"name": name, "inputSchema": {"type": "object"}});
        let told = write(VIA, tool.as_object().unwrap()).unwrap_err();
        assert!(told.contains(why) && told.len() < 200, "{told}");
    }
}

#[test]
fn hostile_words_are_data() {
    let text = "\u{0}\u{1b}[31m\"\"\"\n'''\r\n[config]\ncommand = \"x\" {tool} ${HOME} \u{202e}\u{7f}";
    let written = written(json!({
        "name": "{tool} ${HOME} \"'[x]#",
        "title": text,
        "description": text,
        "inputSchema": {"properties": {text: {}, "\" = 1 ]": {"description": text, "enum": [text]}, "fine": true}},
    }));
    let Item::Tool(tool) = &written.item else { panic!() };
    assert_eq!(tool.description.as_deref(), Some(text.trim()));
    let names: Vec<_> = tool.parameters.list.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["\" = 1 ]", "fine"]);
    assert_eq!(tool.parameters.list[0].schema.description.as_deref(), Some(text));
    assert_eq!(tool.metadata.descriptor.config.len(), 1);
    assert_eq!(written.losses.len(), 1, "{:?}", written.losses);
}

#[test]
fn a_megabyte_of_words_is_cut() {
    let long = "ä".repeat(1 << 20);
    let written = written(json!({
        "name": "x",
        "title": long,
        "description": long,
        "inputSchema": {"type": "object", "description": long},
    }));
    assert!(written.text.len() < 64 << 10);
    assert_eq!(written.losses.len(), 2, "{:?}", written.losses);
}

#[test]
fn arguments_of_a_head_are_told_and_wrong_ones_refused() {
    let schema = |header: &str| json!({"properties": {"{a}": {"type": "string", "x-mcp-header": header}}});
    let fine = written(json!({"name": "x", "inputSchema": schema("Region")}));
    assert!(fine.text.contains("[config.mirrored]\nRegion = [\"{{a}}\"]\n"), "{}", fine.text);
    let wrong = json!({"name": "x", "inputSchema": schema("My Region")});
    let wrong = wrong.as_object().unwrap();
    assert!(write(VIA, wrong).is_err());
    assert!(write(Via::Runtime { id: "mcp/server", is_http: false }, wrong).is_ok());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[\u{0}-\u{1f}\"'{}$~#\n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let key = prop_oneof![
            "type|properties|items|enum|const|default|required|anyOf|not|\\$ref|additionalProperties|x-mcp-header",
            ".{0,4}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4).prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever stands where a tool's words should, it is a file that reads as a tool with its name and description,
    /// or none with a reason.
    #[test]
    fn any_json_becomes_a_tool_or_a_reason(
        name in prop_oneof!["[a-z{}$~/ \"'#.]{1,12}", ".{0,300}"],
        description in ".{0,40}",
        title in any_json(),
        annotations in any_json(),
        input in any_json(),
        output in any_json(),
        is_http in any::<bool>(),
    ) {
        let tool = json!({
            "name": name,
            "title": title,
            "description": description,
            "annotations": annotations,
            "inputSchema": input,
            "outputSchema": output,
        });
        match write(Via::Runtime { id: "mcp/server", is_http }, tool.as_object().unwrap()) {
            Err(why) => prop_assert!(!why.is_empty()),
            Ok(written) => {
                let Item::Tool(tool) = &written.item else { panic!() };
                prop_assert_eq!(tool.description.as_deref().unwrap_or_default(), description.trim());
                let mut kept = None;
                tool.metadata.descriptor.config["tool"].templates(&mut |template| kept = template.literal());
                prop_assert_eq!(kept, Some(name.as_str()));
            }
        }
    }
}
