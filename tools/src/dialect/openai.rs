//! A function tool of OpenAI's Responses API (<https://platform.openai.com/docs/guides/function-calling>). It is `strict`
//! exactly where the parameters can be said under those rules with the same meaning.

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::strict::strict;
use super::{Exported, Loss, description, put};
use crate::tool::Tool;

/// The longest description that the API takes, in characters.
pub(crate) const MAX_DESCRIPTION: usize = 1024;

/// One tool under a portable name.
#[must_use]
pub fn tool(name: &str, tool: &Tool) -> Exported {
    let mut draft = Draft::of(&tool.parameters);
    let is_strict = match strict(&draft.schema) {
        Ok((schema, lost)) => {
            draft.schema = schema;
            draft.lost.extend(lost);
            true
        }
        Err(why) => {
            draft.lost.push(Loss::new(why.path, format!("not strict: {}", why.what)));
            draft.each(|schema, _, _| with_items(schema));
            false
        }
    };
    let description = description(tool).map(|text| cut(text, &mut draft.lost));
    let mut out = Map::new();
    put(&mut out, "type", Some("function"));
    put(&mut out, "name", Some(name));
    put(&mut out, "description", description);
    put(&mut out, "parameters", Some(std::mem::take(&mut draft.schema)));
    put(&mut out, "strict", Some(is_strict));
    Exported { value: Value::Object(out), lost: draft.into_lost() }
}

/// An array without `items` is refused, strict or not.
fn with_items(schema: &mut Map<String, Value>) {
    let is_array = match schema.get("type") {
        Some(Value::String(word)) => word == "array",
        Some(Value::Array(words)) => words.iter().any(|word| word == "array"),
        _ => false,
    };
    if is_array {
        schema.entry("items").or_insert_with(|| json!({}));
    }
}

fn cut(text: &str, lost: &mut Vec<Loss>) -> String {
    match text.char_indices().nth(MAX_DESCRIPTION) {
        None => text.to_owned(),
        Some(_) => {
            lost.push(Loss::new("", format!("the description is cut to {MAX_DESCRIPTION} characters")));
            text.chars().take(MAX_DESCRIPTION - 1).chain(['…']).collect()
        }
    }
}
