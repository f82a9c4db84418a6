//! The module-level literals that describe a tool.
//! They count only in a file that assigns `__tool_type__` or `__executor_id__`; there each is a literal, once.

use rye_runtimes::document::{Entry, LineIndex, Problem};

use super::literal;
use super::outline::Outline;

/// The names that describe a tool.
const KNOWN: [&str; 8] = [
    "__version__",
    "__tool_type__",
    "__executor_id__",
    "__category__",
    "__tool_description__",
    "CONFIG_SCHEMA",
    "ENV_CONFIG",
    "CONFIG",
];

/// The known name that is spelled so.
pub(super) fn known(name: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| *known == name)
}

/// Reads the known literals of a file, or says all that is wrong with them.
pub(super) fn read(outline: &Outline<'_>, index: &LineIndex<'_>) -> Result<Vec<Entry>, Vec<Problem>> {
    if !outline.declares_itself() {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for (at, assignment) in outline.known.iter().enumerate() {
        let name = assignment.name;
        let key_place = literal::place(assignment.at, index);
        let earlier = outline.known.iter().take(at).find(|earlier| earlier.name == name);
        if let Some(earlier) = earlier {
            let first = literal::place(earlier.at, index).line;
            let message =
                format!("`{name}` is assigned in line {first} and again in line {}", key_place.line);
            problems.push(Problem::new(&key_place, message));
            continue;
        }
        let Some(value) = assignment.value else {
            problems.push(literal::computed(&key_place, name));
            continue;
        };
        match literal::read(value, index) {
            Ok(value) => entries.push(Entry { key: name.to_owned(), key_place, value }),
            Err(refusal) => problems.push(refusal.problem(name)),
        }
    }
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
}
