//! The help of one tool, as its caller needs it. It says nothing that the parameters do not.

use std::fmt::Write as _;

use crate::parameter::{Parameter, Parameters};
use crate::schema::{Additional, Schema};
use crate::words::form::Form;

/// Columns that a line keeps to where its words allow it.
const WIDTH: usize = 80;
/// Flags longer than this stand on a line of their own.
const WIDEST_FLAG: usize = 30;

/// The text of `rye run TOOL --help`.
#[must_use]
pub fn usage(tool: &str, description: Option<&str>, parameters: &Parameters) -> String {
    let mut words: Vec<String> = parameters.list.iter().map(synopsis).collect();
    if parameters.additional != Additional::Forbidden {
        words.push("[--NAME <value>]...".into());
    }
    let mut out = filled(&format!("Usage: rye run {tool}"), words.into_iter(), 7 + 4);
    if let Some(description) = description.map(str::trim).filter(|text| !text.is_empty()) {
        out.push('\n');
        for line in description.lines() {
            out.push_str(&filled("", line.split_whitespace().map(str::to_owned), 0));
        }
    }
    if parameters.list.is_empty() {
        return out;
    }
    out.push_str("\nArguments:\n");
    let flags: Vec<String> = parameters.list.iter().map(flag).collect();
    let longest = flags.iter().map(|flag| flag.chars().count()).filter(|&width| width <= WIDEST_FLAG).max();
    let column = 2 + longest.unwrap_or(WIDEST_FLAG) + 2;
    for (parameter, flag) in parameters.list.iter().zip(flags) {
        let text = explanation(parameter);
        if 2 + flag.chars().count() + 2 > column {
            let _ = writeln!(out, "  {flag}");
            out.push_str(&filled(&" ".repeat(column - 1), text.into_iter(), column));
        } else {
            // The text begins one blank after this.
            let head = format!("  {flag:width$}", width = column - 3);
            out.push_str(&filled(&head, text.into_iter(), column));
        }
    }
    out
}

/// `--name <str>`, in brackets when it may be left out.
fn synopsis(parameter: &Parameter) -> String {
    let flag = match Form::of(&parameter.schema) {
        Form::Switch => format!("--{}", parameter.name),
        _ => flag(parameter),
    };
    let flag = if parameter.required { flag } else { format!("[{flag}]") };
    let repeats = matches!(Form::of(&parameter.schema), Form::List(_));
    if repeats { format!("{flag}...") } else { flag }
}

fn flag(parameter: &Parameter) -> String {
    let name = &parameter.name;
    match Form::of(&parameter.schema) {
        Form::Switch => format!("--[no-]{name}"),
        Form::List(_) => {
            let whole = parameter.schema.signature();
            let item = whole.strip_prefix("list[").and_then(|rest| rest.strip_suffix(']')).unwrap_or("item");
            format!("--{name} <{item}>")
        }
        Form::Text | Form::Free => format!("--{name} <{}>", short(&parameter.schema)),
    }
}

/// A signature that fits a column; long ones are told in the text.
fn short(schema: &Schema) -> String {
    let signature = schema.signature();
    if signature.chars().count() <= 20 { signature } else { "value".into() }
}

/// The words beside a flag: what it means, then what else is known.
fn explanation(parameter: &Parameter) -> Vec<String> {
    let schema = &parameter.schema;
    let mut text = schema.description.clone().or_else(|| schema.title.clone()).unwrap_or_default();
    let mut notes = Vec::new();
    if parameter.required {
        notes.push("required".to_owned());
    }
    if matches!(Form::of(schema), Form::List(_)) {
        notes.push("repeatable".into());
    }
    if short(schema) != schema.signature() {
        notes.push(format!("one of {}", schema.signature().replace('|', " | ")));
    }
    if let Some(folder) = &parameter.beneath {
        notes.push(format!("beneath {folder}"));
    }
    if let Some(default) = &schema.default {
        notes.push(format!("default {default}"));
    }
    if !notes.is_empty() {
        let _ = write!(text, " ({})", notes.join("; "));
    }
    text.split_whitespace().map(str::to_owned).collect()
}

/// A head and words after it, broken at [`WIDTH`]; further lines are indented.
fn filled(head: &str, words: impl Iterator<Item = String>, indent: usize) -> String {
    let mut out = head.to_owned();
    let mut column = head.chars().count();
    let mut fresh = head.is_empty();
    for word in words {
        let width = word.chars().count();
        if !fresh && column + 1 + width > WIDTH && column > indent {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
            fresh = true;
        }
        if !fresh {
            out.push(' ');
            column += 1;
        }
        out.push_str(&word);
        column += width;
        fresh = false;
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::usage;
    use crate::parameter::{Parameter, Parameters};
    use crate::schema::{Additional, NumberBounds, Schema, StringBounds, Type};

    fn parameter(name: &str, kind: Type, description: &str, required: bool) -> Parameter {
        let mut schema = Schema::of(kind);
        schema.description = (!description.is_empty()).then(|| description.to_owned());
        Parameter { name: name.into(), schema, required, allow_dash: false, beneath: None }
    }

    #[test]
    fn every_parameter_has_its_line() {
        let mut times = parameter("times", Type::Integer(NumberBounds::default()), "how often", false);
        times.schema.default = Some(json!(1));
        let list = vec![
            parameter("name", Type::String(StringBounds::default()), "whom to greet", true),
            times,
            parameter("loud", Type::Boolean, "", false),
            parameter(
                "tone",
                Type::Enum(vec![json!("warm"), json!("cold")]),
                "the manner, told at a length that no single line of a terminal could hold",
                false,
            ),
        ];
        let all = Parameters { list, additional: Additional::Forbidden, raw: None };
        let text = usage("demo/hello", Some("Says hello"), &all);
        let wanted = r#"Usage: rye run demo/hello --name <str> [--times <int>] [--loud]
           [--tone <"warm"|"cold">]

Says hello

Arguments:
  --name <str>            whom to greet (required)
  --times <int>           how often (default 1)
  --[no-]loud
  --tone <"warm"|"cold">  the manner, told at a length that no single line of a
                          terminal could hold
"#;
        assert_eq!(text, wanted);
        assert!(text.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn a_tool_without_parameters_says_so_by_its_usage() {
        assert_eq!(usage("x", None, &Parameters::none()), "Usage: rye run x\n");
        assert_eq!(usage("x", None, &Parameters::any()), "Usage: rye run x [--NAME <value>]...\n");
    }
}
