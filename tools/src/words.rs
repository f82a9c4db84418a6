//! The words after a tool's name on a command line, read into arguments that are still to be checked. Nothing
//! here judges a value; a word that cannot be placed is a problem, never dropped.

pub(crate) mod form;

use std::ffi::{OsStr, OsString};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::arguments::ArgumentProblem;
use crate::parameter::{Parameter, Parameters};
use crate::schema::{Additional, ArrayType, Schema, StringBounds, Type};
use form::{Form, free};

/// The one parameter of a script that declares none.
pub const SCRIPT_ARGUMENTS: &str = "args";

/// rye's own flags, which stand before the name of the tool.
const OWN_FLAGS: [&str; 6] = ["json", "project", "timeout", "idle-timeout", "params", "env"];

/// What the words of a call ask for.
#[derive(Clone, Debug, PartialEq)]
pub enum WordsOutcome {
    /// The tool's own help.
    Help,
    /// A call.
    Arguments(ReadWords),
}

/// What could be read of the words of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadWords {
    /// The arguments, for [`Parameters::check`].
    pub arguments: Map<String, Value>,
    /// The words that could not be placed. With any of them the call must be refused.
    pub problems: Vec<ArgumentProblem>,
}

/// The parameters of a script that declares none: `args`, all words as they were typed.
#[must_use]
pub fn script_arguments() -> Parameters {
    let items = Schema::of(Type::String(StringBounds::default()));
    let array = ArrayType { items, min_items: None, max_items: None, unique: false };
    let schema = Schema {
        description: Some("arguments of the script, as they are".into()),
        ..Schema::of(Type::Array(Box::new(array)))
    };
    let args =
        Parameter { name: SCRIPT_ARGUMENTS.into(), schema, required: false, allow_dash: true, beneath: None };
    Parameters { list: vec![args], additional: Additional::Forbidden, raw: None }
}

/// All words, unread, as the one argument of [`script_arguments`].
///
/// # Errors
/// A word is not UTF-8.
pub fn unread_words(words: &[OsString]) -> Result<Map<String, Value>, ArgumentProblem> {
    let read = words.iter().enumerate().map(|(index, word)| {
        let text = word.to_str().ok_or_else(|| not_text(&format!("{SCRIPT_ARGUMENTS}[{index}]"), word))?;
        Ok(Value::from(text))
    });
    Ok(Map::from_iter([(SCRIPT_ARGUMENTS.to_owned(), Value::Array(read.collect::<Result<_, _>>()?))]))
}

/// Reads the words after a tool's name. `given` are the arguments that the call has already, by other means. The word after a flag is its value whatever it begins with; a single
/// text that is a JSON array is the whole of a list; bare words fill required parameters, the last of which,
/// if it is a list, takes all that are left.
#[must_use]
pub fn read_words(parameters: &Parameters, given: &Map<String, Value>, words: &[OsString]) -> WordsOutcome {
    let mut reader = Reader {
        parameters,
        already: given,
        given: IndexMap::new(),
        extra: Map::new(),
        bare: Vec::new(),
        problems: Vec::new(),
    };
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        if word == "--" {
            reader.bare.extend(words.by_ref());
            break;
        }
        if reader.asks_for_help(word) {
            return WordsOutcome::Help;
        }
        match word.as_encoded_bytes().strip_prefix(b"--") {
            Some(_) => reader.flag(word, &mut words),
            None => reader.bare.push(word),
        }
    }
    reader.place_bare_words();
    WordsOutcome::Arguments(reader.finish())
}

type Words<'w> = std::iter::Peekable<std::slice::Iter<'w, OsString>>;

struct Reader<'p> {
    parameters: &'p Parameters,
    already: &'p Map<String, Value>,
    /// The texts given for each declared parameter.
    given: IndexMap<&'p str, Vec<String>>,
    /// Undeclared ones, where the tool takes them.
    extra: Map<String, Value>,
    bare: Vec<&'p OsString>,
    problems: Vec<ArgumentProblem>,
}

impl<'p> Reader<'p> {
    fn asks_for_help(&self, word: &OsStr) -> bool {
        let taken = |name: &str| self.parameters.find(name).is_some();
        word == "--help" || (word == "-h" && !taken("h"))
    }

    /// The declared parameter that a flag names: exactly, else with `-` and `_` taken as one.
    fn find(&self, flag: &str) -> Option<&'p Parameter> {
        let fold = |name: &str| name.replace('-', "_");
        let parameters = self.parameters;
        parameters.find(flag).or_else(|| parameters.list.iter().find(|one| fold(&one.name) == fold(flag)))
    }

    fn problem(&mut self, problem: ArgumentProblem) {
        self.problems.push(problem);
    }

    fn flag(&mut self, word: &'p OsString, words: &mut Words<'p>) {
        let (name, value) = split_flag(word);
        let Some(name) = name.to_str() else {
            return self.problem(not_text("", word));
        };
        if let Some(parameter) = self.find(name) {
            let form = Form::of(&parameter.schema);
            let value = match value {
                Some(value) => value,
                None if form == Form::Switch => OsStr::new("true"),
                None => match words.next() {
                    Some(value) => value,
                    None => {
                        let wanted = parameter.schema.signature();
                        let problem = ArgumentProblem::new(&parameter.name, "the value is missing");
                        return self.problem(problem.hint(format!("write `--{name} <{wanted}>`")));
                    }
                },
            };
            return self.give(parameter, value);
        }
        if let Some(parameter) = name
            .strip_prefix("no-")
            .or_else(|| name.strip_prefix("no_"))
            .and_then(|positive| self.find(positive))
            .filter(|parameter| Form::of(&parameter.schema) == Form::Switch)
        {
            if value.is_some() {
                return self
                    .problem(ArgumentProblem::new(&parameter.name, format!("`--{name}` takes no value")));
            }
            return self.give(parameter, OsStr::new("false"));
        }
        let closed = self.parameters.additional == Additional::Forbidden;
        let is_next = |next: &&OsString| is_flag(next) || (closed && self.asks_for_help(next));
        let value = value.or_else(|| words.next_if(|next| !is_next(next)).map(OsString::as_os_str));
        if closed || name.is_empty() {
            // What was probably its value is not told as left over as well.
            let problem = self.unknown(name);
            return self.problem(problem);
        }
        self.give_extra(name, value);
    }

    fn give(&mut self, parameter: &'p Parameter, value: &OsStr) {
        let Some(text) = value.to_str() else {
            return self.problem(not_text(&parameter.name, value));
        };
        let texts = self.given.entry(&parameter.name).or_default();
        texts.push(text.to_owned());
        if texts.len() == 2 && !takes_many(&parameter.schema) {
            self.problem(ArgumentProblem::new(&parameter.name, "given more than once"));
        }
    }

    fn give_extra(&mut self, name: &str, value: Option<&OsStr>) {
        let value = match value.map(|value| value.to_str().ok_or_else(|| not_text(name, value))) {
            None => Value::Bool(true),
            Some(Err(problem)) => return self.problem(problem),
            Some(Ok(text)) => match &self.parameters.additional {
                Additional::Typed(schema) => Form::of(schema).value(vec![text.to_owned()]),
                // A JSON string in quotes stays the text that was typed.
                _ => match free(text.to_owned()) {
                    Value::String(_) => Value::String(text.to_owned()),
                    other => other,
                },
            },
        };
        if self.extra.insert(name.to_owned(), value).is_some() {
            self.problem(ArgumentProblem::new(name, "given more than once"));
        }
    }

    fn unknown(&self, name: &str) -> ArgumentProblem {
        let problem = ArgumentProblem::new("", format!("unknown flag `--{name}`"));
        if OWN_FLAGS.contains(&name) {
            return problem.hint(format!("`--{name}` is rye's own: put it before the tool's name"));
        }
        let names = self.parameters.list.iter().map(|one| one.name.as_str());
        match rye_runtimes::nearest(name, names) {
            Some(near) => problem.hint(format!("did you mean `--{near}`?")),
            None => problem.hint(self.flags()),
        }
    }

    /// The flags that there are, in a sentence.
    fn flags(&self) -> String {
        let flags: Vec<_> = self.parameters.list.iter().map(|one| format!("`--{}`", one.name)).collect();
        if flags.is_empty() {
            "the tool takes no arguments".into()
        } else {
            format!("the tool takes {}", flags.join(", "))
        }
    }

    fn place_bare_words(&mut self) {
        let mut bare = std::mem::take(&mut self.bare).into_iter();
        let unfilled: Vec<&Parameter> = self
            .parameters
            .list
            .iter()
            .filter(|one| one.required && !self.given.contains_key(one.name.as_str()))
            .filter(|one| !self.already.contains_key(&one.name))
            .collect();
        for (index, &parameter) in unfilled.iter().enumerate() {
            let is_last = index + 1 == unfilled.len();
            let takes_rest = is_last && matches!(Form::of(&parameter.schema), Form::List(_));
            for word in bare.by_ref().take(if takes_rest { usize::MAX } else { 1 }) {
                self.give(parameter, word);
            }
        }
        let left: Vec<_> = bare.map(|word| format!("`{}`", word.to_string_lossy().escape_debug())).collect();
        if !left.is_empty() {
            let verb = if left.len() == 1 { "word is" } else { "words are" };
            let problem = ArgumentProblem::new("", format!("{verb} left over: {}", left.join(", ")));
            let hint = self.flags();
            self.problem(problem.hint(hint));
        }
    }

    fn finish(self) -> ReadWords {
        let mut arguments = Map::new();
        for (name, texts) in self.given {
            if let Some(parameter) = self.parameters.find(name) {
                arguments.insert(name.to_owned(), Form::of(&parameter.schema).value(texts));
            }
        }
        arguments.extend(self.extra);
        ReadWords { arguments, problems: self.problems }
    }
}

/// Whether a flag may be repeated: a list, or a choice that has one.
fn takes_many(schema: &Schema) -> bool {
    match &schema.kind {
        Type::Union(members) => members.iter().any(takes_many),
        _ => matches!(Form::of(schema), Form::List(_)),
    }
}

fn is_flag(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"--")
}

/// The name of a flag and, after `=`, its value.
fn split_flag(word: &OsString) -> (&OsStr, Option<&OsStr>) {
    use std::os::unix::ffi::OsStrExt;
    let bytes = word.as_bytes();
    let bytes = bytes.strip_prefix(b"--").unwrap_or(bytes);
    match bytes.iter().position(|&byte| byte == b'=') {
        Some(at) => {
            let (name, value) = bytes.split_at(at);
            (OsStr::from_bytes(name), Some(OsStr::from_bytes(value.get(1..).unwrap_or_default())))
        }
        None => (OsStr::from_bytes(bytes), None),
    }
}

fn not_text(path: &str, word: &OsStr) -> ArgumentProblem {
    let shown = word.to_string_lossy().escape_debug().to_string();
    ArgumentProblem::new(path, format!("`{shown}` is not UTF-8"))
}

#[cfg(test)]
mod tests;
