//! Tool files of every kind: read twice they are the same, what is wrong has its place, and metadata means one thing
//! beside a script and in it.

use std::sync::Arc;

use rye_runtimes::document::Problem;

use super::lie_in;
use crate::{Form, Item, NotATool, Tool, ToolFile};

const EXTENSIONS: [Option<&str>; 8] =
    [Some("toml"), Some("py"), Some("sh"), Some("js"), Some("mjs"), Some("ts"), Some("lua"), None];
const SIDECAR: &str = "x.toml";

/// The first byte chooses the kind of file; after a NUL comes what stands beside it.
pub fn item(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let extension = EXTENSIONS[usize::from(*kind) % EXTENSIONS.len()];
    let (own, beside) = match bytes.iter().position(|byte| *byte == 0) {
        Some(at) if extension != Some("toml") => (&bytes[..at], Some(&bytes[at + 1..])),
        _ => (bytes, None),
    };
    let read = read(extension, own, beside);
    assert_eq!(read, self::read(extension, own, beside));
    match &read {
        Err(problems) => {
            let own = own.strip_prefix(b"\xef\xbb\xbf").filter(|_| extension == Some("py")).unwrap_or(own);
            lie_in(problems, &[("x", own), (SIDECAR, beside.unwrap_or_default())]);
        }
        Ok(Item::Tool(tool)) => is_sound(tool, extension),
        Ok(Item::Runtime(_)) => assert_eq!(extension, Some("toml")),
        Ok(Item::Other(why)) => match why {
            NotATool::PythonModule => assert_eq!(extension, Some("py")),
            NotATool::NodeModule => assert!(matches!(extension, Some("js" | "mjs" | "ts"))),
            NotATool::PlainToml { .. } => assert_eq!(extension, Some("toml")),
        },
    }
    if let Ok(text) = std::str::from_utf8(own) {
        forms_mean_the_same(text);
        if matches!(extension, Some("js" | "mjs" | "ts")) {
            indented_lines_export_nothing(extension, text);
        }
    }
}

fn read(extension: Option<&str>, bytes: &[u8], beside: Option<&[u8]>) -> Result<Item, Vec<Problem>> {
    let sidecar = beside.map(|bytes| (Arc::from(SIDECAR), bytes));
    Item::read(&ToolFile { file: Arc::from("x"), extension, bytes, sidecar })
}

fn is_sound(tool: &Tool, extension: Option<&str>) {
    match &tool.form {
        Form::PythonFunction(_) => assert_eq!(extension, Some("py")),
        Form::NodeFunction => assert!(matches!(extension, Some("js" | "mjs" | "ts"))),
        Form::Declaration => {
            assert_eq!(extension, Some("toml"));
            assert!(tool.metadata.descriptor.executor_id.is_some());
        }
        Form::Script => assert_ne!(extension, Some("toml")),
    }
    let names: Vec<_> = tool.parameters.list.iter().map(|one| &one.name).collect();
    assert!(names.iter().enumerate().all(|(at, name)| !names[..at].contains(name)), "{names:?}");
    if let Some(declared) = &tool.metadata.parameters {
        assert_eq!(declared, &tool.parameters);
    }
    // Every default that is shown fits what it is a default of.
    for parameter in &tool.parameters.list {
        let default = parameter.schema.default.as_ref().filter(|_| tool.metadata.parameters.is_some());
        let problems = default.map(|default| parameter.schema.problems(default)).unwrap_or_default();
        assert!(problems.is_empty(), "`{}`: {problems:?}", parameter.name);
    }
}

/// One text of metadata, in a block and beside the script.
fn forms_mean_the_same(text: &str) {
    if text.contains('\r') || text.lines().any(|line| line.trim_ascii_end() == "///") {
        return;
    }
    let lines: String = text.split('\n').map(|line| format!("# {line}\n")).collect();
    let inside = read(Some("sh"), format!("# /// rye\n{lines}# ///\n").as_bytes(), None);
    let beside = read(Some("sh"), b"", Some(text.as_bytes()));
    match (inside, beside) {
        (Ok(Item::Tool(inside)), Ok(Item::Tool(beside))) => {
            assert_eq!((&inside.form, &inside.description), (&beside.form, &beside.description));
            assert_eq!(inside.parameters, beside.parameters);
            assert_eq!(inside.unread_words, beside.unread_words);
            let (inside, beside) = (inside.metadata.clone(), beside.metadata.clone());
            assert_eq!(
                (inside.title, inside.hidden, inside.tags),
                (beside.title, beside.hidden, beside.tags)
            );
            assert_eq!((inside.annotations, inside.limits), (beside.annotations, beside.limits));
            assert_eq!(inside.output_schema, beside.output_schema);
            let (inside, beside) = (inside.descriptor, beside.descriptor);
            assert_eq!((inside.version, inside.category), (beside.version, beside.category));
            assert_eq!((inside.tool_type, inside.pass_env), (beside.tool_type, beside.pass_env));
            let keys =
                |settings: &rye_runtimes::setting::Settings| settings.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(&inside.config), keys(&beside.config));
        }
        (Err(inside), Err(beside)) => {
            let messages = |problems: Vec<Problem>| {
                let mut told: Vec<_> = problems.into_iter().map(|one| (one.message, one.hint)).collect();
                told.sort();
                told.dedup();
                told.len()
            };
            assert_eq!(messages(inside), messages(beside));
        }
        other => panic!("{other:?}"),
    }
}

/// Only lines that begin with it export anything.
fn indented_lines_export_nothing(extension: Option<&str>, text: &str) {
    let indented: String = text.lines().map(|line| format!(" {line}\n")).collect();
    match read(extension, indented.as_bytes(), None) {
        Ok(Item::Tool(tool)) => assert_eq!(tool.form, Form::Script),
        other => panic!("{other:?}"),
    }
}
