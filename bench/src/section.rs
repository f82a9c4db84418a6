//! What one part of the bench has to say: for a person, for a program, and whether everything asked for was met.

use serde_json::Value;

/// The result of one part.
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    pub(crate) json: Value,
    /// What went wrong; a target that is missed is no mistake, a process that is left is one.
    pub(crate) mistakes: Vec<String>,
}

/// All of it for a person, one after the other.
pub(crate) fn text(sections: &[Section]) -> String {
    sections.iter().map(|section| section.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// All of it as one JSON object.
pub(crate) fn json(sections: &[Section]) -> String {
    let sections = sections.iter().map(|section| (section.name.to_owned(), section.json.clone()));
    format!("{:#}\n", Value::Object(sections.collect()))
}

/// All that went wrong.
pub(crate) fn mistakes(sections: &[Section]) -> Vec<String> {
    sections.iter().flat_map(|section| section.mistakes.iter().cloned()).collect()
}
