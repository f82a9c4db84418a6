//! What a Python file says about itself: its known literals, its entry function and that function's parameters.
//! The file is parsed and never executed; no text, however odd or deep, makes the reading panic or overflow.

use std::sync::Arc;

use ruff_python_ast::PySourceType;
use ruff_python_parser::parse_unchecked_source;
use ruff_text_size::Ranged;
use rye_runtimes::document::{Entry, LineIndex, Place, Problem};

use crate::parameter::Parameters;

mod annotation;
mod calls;
mod classes;
mod docstring;
mod encoding;
mod enumeration;
mod field;
mod fstrings;
mod generics;
mod kind;
mod literal;
mod metadata;
mod outline;
mod scope;
mod signature;
#[cfg(test)]
mod tests;

pub use encoding::read_bytes;

/// A source above this many bytes is refused; what parsing may cost in stack is bounded with it.
pub const SOURCE_LIMIT: usize = 4 * 1024 * 1024;

/// The syntax errors reported for one file; the rest are counted.
const ERROR_LIMIT: usize = 100;

/// What our own walk needs at most, in bytes of stack.
const WALK_STACK: usize = 1024 * 1024;

/// What dropping a syntax tree costs at most, in bytes of stack for each byte of source: `~~~~1` nests at each
/// byte. Held by `deep_sources_are_survived`.
const STACK_PER_BYTE: usize = 512;

/// What a Python file says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct PythonFile {
    /// How the file is used.
    pub kind: PythonKind,
    /// The known module-level literals, under their Python spelling, in the order written. Empty unless the
    /// file assigns `__tool_type__` or `__executor_id__`.
    pub literals: Vec<Entry>,
    /// What the tool does: the entry's docstring without its parameter sections, else the module's docstring.
    pub doc: Option<String>,
    /// What the entry function takes; `None` for a script or module.
    pub parameters: Option<Parameters>,
    /// The parameters whose JSON value is not yet what the annotation says (`Path`, `Enum`, a dataclass),
    /// in the order declared. `**kwargs` stands under its own name.
    pub converts: Vec<String>,
    /// Where the file calls its entry function whoever imports it, which makes it a script.
    pub calls_itself: Option<Place>,
    /// What was not understood. None of it keeps the tool from running.
    pub notes: Vec<Problem>,
}

/// How a Python file is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PythonKind {
    /// A tool that is called through a function.
    Function(EntryFunction),
    /// A tool that is run from the top.
    Script,
    /// A file that tools import. It is no tool.
    Module,
}

/// The function through which a file is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryFunction {
    /// `main(**arguments)`
    Main {
        /// Whether it is an `async def`.
        is_async: bool,
    },
    /// `execute(params, project_path)`
    Execute {
        /// Whether it is an `async def`.
        is_async: bool,
    },
}

/// Reads a Python file. `has_block` tells that it holds a `# /// rye` block, which makes it a tool whatever
/// else it holds.
///
/// # Errors
/// Syntax errors, and, in a file that assigns `__tool_type__` or `__executor_id__`, known literals that are
/// computed or assigned twice: all of them, in the order of the file (of syntax errors the first hundred).
pub fn read(file: &Arc<str>, source: &str, has_block: bool) -> Result<PythonFile, Vec<Problem>> {
    if source.len() > SOURCE_LIMIT {
        let message = format!("the file has {} bytes, more than the {SOURCE_LIMIT} allowed", source.len());
        return Err(vec![Problem::new(&Place::start_of(file), message)]);
    }
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let stack = WALK_STACK + source.len() * STACK_PER_BYTE;
    stacker::maybe_grow(stack, stack, || parse(file, source, has_block))
}

fn parse(file: &Arc<str>, source: &str, has_block: bool) -> Result<PythonFile, Vec<Problem>> {
    let index = LineIndex::new(file, source);
    if let Some(at) = source.find('\0') {
        return Err(vec![Problem::new(&index.place(at), "a NUL character in Python source")]);
    }
    if fstrings::nest_too_deep(source) {
        let message = format!("not valid Python: f-strings nested more than {} deep", fstrings::DEPTH_LIMIT);
        return Err(vec![Problem::new(&Place::start_of(file), message)]);
    }
    let parsed = parse_unchecked_source(source, PySourceType::Python);
    let errors = parsed.errors();
    if !errors.is_empty() {
        let mut problems: Vec<_> = errors
            .iter()
            .take(ERROR_LIMIT)
            .map(|error| {
                let place = index.place(error.start().to_usize());
                Problem::new(&place, format!("not valid Python: {}", fragment(&error.error.to_string())))
            })
            .collect();
        if let Some(error) = errors.get(ERROR_LIMIT) {
            let place = index.place(error.start().to_usize());
            let message = format!("not valid Python: {} more errors", errors.len() - ERROR_LIMIT);
            problems.push(Problem::new(&place, message));
        }
        return Err(problems);
    }
    let outline = outline::Outline::of(&parsed.syntax().body);
    let literals = metadata::read(&outline, &index)?;
    let counts = has_block || outline.declares_itself() || source.starts_with("#!");
    let entry = outline.main.or(outline.execute);
    let call = entry.and_then(|entry| calls::find(&parsed.syntax().body, entry.name.as_str()));
    let calls_itself = call.map(|call| index.place(call.start().to_usize()));
    let kind = kind::of(&outline, counts, calls_itself.is_some());
    let mut described = signature::read(&outline, kind, source, &index);
    if let (Some(entry), Some(place)) = (entry.filter(|entry| !kind::is_command(entry)), &calls_itself) {
        described.notes.push(calls_itself_note(entry.name.as_str(), place));
    }
    Ok(PythonFile {
        kind,
        literals,
        doc: described.doc,
        parameters: described.parameters,
        converts: described.converts,
        calls_itself,
        notes: described.notes,
    })
}

/// That a function with parameters is none that rye calls.
fn calls_itself_note(entry: &str, place: &Place) -> Problem {
    let fact = format!("`{entry}` is called here, so the file is a script, and rye passes `{entry}` nothing");
    Problem::new(place, fact)
        .hint(format!("to have rye call `{entry}`, put this under `if __name__ == \"__main__\":`"))
}

/// The parser's words in the wording of the house: a fragment that begins in lower case.
fn fragment(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next();
    if letters.clone().next().is_some_and(char::is_uppercase) {
        return message.to_owned();
    }
    first.into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}
