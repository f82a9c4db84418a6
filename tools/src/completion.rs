//! What may stand next among the words of a call: the reading of [`words`](crate::words), one word before its end.
//! It proposes and never judges, and what it proposes is text for a shell to offer, not to run.

use serde_json::Value;

use crate::arguments::resolve;
use crate::parameter::{Parameter, Parameters};
use crate::schema::{Additional, Schema, Type};
use crate::words::form::Form;

/// What may stand in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Words.
    pub candidates: Vec<Candidate>,
    /// Whether a path may stand there.
    pub files: bool,
}

/// A word that may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The word.
    pub word: String,
    /// What it means.
    pub says: Option<String>,
}

impl Candidate {
    fn new(word: impl Into<String>, says: Option<&str>) -> Self {
        Self { word: word.into(), says: says.map(str::to_owned) }
    }
}

/// Completes `current`, the word after `before`, in a call of a tool with these parameters.
#[must_use]
pub fn complete(parameters: &Parameters, before: &[String], current: &str) -> Completion {
    let mut place = Place { parameters, given: Vec::new(), bare: 0, ended: false, awaits: None };
    before.iter().for_each(|word| place.pass(word));
    place.complete(current)
}

/// A place among the words of a call.
struct Place<'p> {
    parameters: &'p Parameters,
    /// The parameters that flags before it give.
    given: Vec<&'p str>,
    /// How many bare words stand before it.
    bare: usize,
    /// Flags have ended.
    ended: bool,
    /// The flag before it wants a value; `Some(None)`: of a parameter that is not declared.
    awaits: Option<Option<&'p Parameter>>,
}

impl<'p> Place<'p> {
    fn pass(&mut self, word: &str) {
        if self.awaits.take().is_some() {
            return;
        }
        let Some(flag) = word.strip_prefix("--").filter(|_| !self.ended) else {
            self.bare += 1;
            return;
        };
        if flag.is_empty() {
            self.ended = true;
            return;
        }
        let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        let found = self.find(name);
        if let Some((parameter, _)) = found {
            self.given.push(&parameter.name);
        }
        let wants = match found {
            Some((parameter, _)) => Form::of(&parameter.schema) != Form::Switch,
            None => self.parameters.additional != Additional::Forbidden,
        };
        if wants && value.is_none() {
            self.awaits = Some(found.map(|(parameter, _)| parameter));
        }
    }

    /// The parameter that a flag names, and whether the flag denies it.
    fn find(&self, flag: &str) -> Option<(&'p Parameter, bool)> {
        let parameters = self.parameters;
        let named = |name: &str| parameters.list.iter().find(|one| fold(&one.name) == fold(name));
        let denied = flag.strip_prefix("no-").or_else(|| flag.strip_prefix("no_"));
        let denied = || denied.and_then(named).map(|parameter| (parameter, true));
        named(flag).map(|parameter| (parameter, false)).or_else(denied)
    }

    fn complete(&self, current: &str) -> Completion {
        if let Some(awaited) = self.awaits {
            return awaited.map_or(Completion { files: true, ..Completion::default() }, |parameter| {
                values(&parameter.schema, "", current)
            });
        }
        if current.starts_with('-') && !self.ended {
            return match current.split_once('=') {
                Some((flag, value)) => self.after_equals(flag, value),
                None => self.flags(current),
            };
        }
        let Some(parameter) = self.slot() else {
            return if current.is_empty() && !self.ended { self.flags("") } else { Completion::default() };
        };
        let values = values(&parameter.schema, "", current);
        if current.is_empty() && !self.ended && values.candidates.is_empty() && !is_path(parameter) {
            return self.flags("");
        }
        values
    }

    fn after_equals(&self, flag: &str, value: &str) -> Completion {
        let Some((parameter, false)) = self.find(flag.trim_start_matches('-')) else {
            return Completion::default();
        };
        if Form::of(&parameter.schema) == Form::Switch {
            let words = ["true", "false"].into_iter().filter(|word| word.starts_with(value));
            let candidates = words.map(|word| Candidate::new(format!("{flag}={word}"), None)).collect();
            return Completion { candidates, files: false };
        }
        values(&parameter.schema, &format!("{flag}="), value)
    }

    /// The flags that may still come: what is required first.
    fn flags(&self, current: &str) -> Completion {
        let mut open: Vec<_> = self.parameters.list.iter().filter(|one| self.is_open(one)).collect();
        open.sort_by_key(|parameter| !parameter.required);
        let mut candidates = Vec::new();
        for parameter in open {
            let says = parameter.schema.description.as_deref().or(parameter.schema.title.as_deref());
            candidates.push(Candidate::new(format!("--{}", parameter.name), says));
            let is_on = parameter.schema.default == Some(Value::Bool(true));
            if Form::of(&parameter.schema) == Form::Switch && (is_on || current.starts_with("--no")) {
                candidates.push(Candidate::new(format!("--no-{}", parameter.name), says));
            }
        }
        if self.parameters.find("help").is_none() {
            candidates.push(Candidate::new("--help", Some("what the tool takes")));
        }
        candidates.retain(|candidate| fold(&candidate.word).starts_with(&fold(current)));
        Completion { candidates, files: false }
    }

    /// Whether a flag for it may still come: lists may be given again.
    fn is_open(&self, parameter: &Parameter) -> bool {
        matches!(Form::of(&parameter.schema), Form::List(_)) || !self.given.contains(&parameter.name.as_str())
    }

    /// The required parameter that a bare word here fills; a list at the end takes all that are left.
    fn slot(&self) -> Option<&'p Parameter> {
        let required = self.parameters.list.iter().filter(|one| one.required);
        let unfilled: Vec<_> = required.filter(|one| !self.given.contains(&one.name.as_str())).collect();
        let last = unfilled.last().filter(|last| matches!(Form::of(&last.schema), Form::List(_)));
        unfilled.get(self.bare).or(last).copied()
    }
}

/// `-` and `_` are alike in a flag.
fn fold(flag: &str) -> String {
    flag.replace('_', "-")
}

/// What the value of a parameter may be.
fn values(schema: &Schema, before: &str, current: &str) -> Completion {
    let mut known = Vec::new();
    collect(schema, &mut known);
    let files =
        known.is_empty() && !matches!(schema.kind, Type::Boolean | Type::Integer(_) | Type::Number(_));
    known.retain(|value| value.starts_with(current));
    let candidates =
        known.into_iter().map(|value| Candidate::new(format!("{before}{value}"), None)).collect();
    Completion { candidates, files }
}

fn collect(schema: &Schema, known: &mut Vec<String>) {
    let mut add = |values: &[Value]| {
        for value in values.iter().filter(|value| !value.is_null()) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if !known.contains(&text) {
                known.push(text);
            }
        }
    };
    match &schema.kind {
        Type::Enum(values) => add(values),
        Type::Union(members) => members.iter().for_each(|member| collect(member, known)),
        Type::Array(array) => collect(&array.items, known),
        Type::Boolean => add(&[Value::Bool(true), Value::Bool(false)]),
        Type::Raw(raw) => {
            let own = resolve(raw, raw);
            let listed = own.get("enum").or_else(|| own.pointer("/items/enum"));
            add(listed.and_then(Value::as_array).map_or(&[], Vec::as_slice));
        }
        _ => add(&schema.examples),
    }
}

/// Whether a parameter's name or format says that it is a path.
fn is_path(parameter: &Parameter) -> bool {
    let name = parameter.name.to_ascii_lowercase();
    let words = ["path", "file", "folder", "dir", "directory"];
    let named =
        name.split(['_', '-']).any(|part| words.iter().any(|word| part.trim_end_matches('s') == *word));
    let item = match &parameter.schema.kind {
        Type::Array(array) => &array.items,
        _ => &parameter.schema,
    };
    let format = match &item.kind {
        Type::String(bounds) => bounds.format.as_deref(),
        _ => None,
    };
    named || format.is_some_and(|format| words.iter().any(|word| format.contains(word)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::complete;
    use crate::parameter::{Parameter, Parameters};
    use crate::schema::{Additional, ArrayType, NumberBounds, Schema, StringBounds, Type};

    fn parameters() -> Parameters {
        let one = |name: &str, kind: Type, required: bool| Parameter {
            name: name.into(),
            schema: Schema { description: Some(format!("the {name}")), ..Schema::of(kind) },
            required,
            allow_dash: false,
            beneath: None,
        };
        let text = || Type::String(StringBounds::default());
        let tones = || Type::Enum(vec![json!("warm"), json!("cold"), json!(3)]);
        let optional = Type::Union(vec![Schema::of(tones()), Schema::of(Type::Null)]);
        let items = Schema::of(tones());
        let many = ArrayType { items, min_items: None, max_items: None, unique: false };
        let mut loud = one("loud", Type::Boolean, false);
        loud.schema.default = Some(json!(true));
        let list = vec![
            one("name", text(), true),
            one("tone", tones(), true),
            one("other_tone", optional, false),
            one("times", Type::Integer(NumberBounds::default()), false),
            loud,
            one("quiet", Type::Boolean, false),
            one("also", Type::Array(Box::new(many)), false),
        ];
        Parameters { list, additional: Additional::Forbidden, raw: None }
    }

    fn words(line: &str) -> (Vec<String>, bool) {
        let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        let current = words.pop().unwrap();
        let completion = complete(&parameters(), &words, &current);
        (completion.candidates.into_iter().map(|candidate| candidate.word).collect(), completion.files)
    }

    #[track_caller]
    fn is(line: &str, candidates: &[&str], files: bool) {
        let (found, may_be_file) = words(line);
        assert_eq!(
            (found.iter().map(String::as_str).collect::<Vec<_>>(), may_be_file),
            (candidates.to_vec(), files)
        );
    }

    #[test]
    fn flags_that_may_still_come() {
        let all = [
            "--name",
            "--tone",
            "--other_tone",
            "--times",
            "--loud",
            "--no-loud",
            "--quiet",
            "--also",
            "--help",
        ];
        is("", &all, false);
        is("--t", &["--tone", "--times"], false);
        is("--tone warm --t", &["--times"], false);
        is("--other-", &["--other_tone"], false);
        is("--also warm --al", &["--also"], false);
        is("--no-q", &["--no-quiet"], false);
        is("-- --t", &[], true);
        is("--x", &[], false);
    }

    #[test]
    fn values_that_are_known() {
        is("--tone ", &["warm", "cold", "3"], false);
        is("--tone w", &["warm"], false);
        is("--tone=", &["--tone=warm", "--tone=cold", "--tone=3"], false);
        is("--other-tone=c", &["--other-tone=cold"], false);
        is("--also c", &["cold"], false);
        is("--loud=f", &["--loud=false"], false);
        is("--no-loud=f", &[], false);
        is("--times ", &[], false);
        is("--name ", &[], true);
        // The word after a flag is its value whatever it begins with.
        is("--name --tone ", &["warm", "cold", "3"], false);
    }

    #[test]
    fn bare_words_fill_what_is_required() {
        is("Ada ", &["warm", "cold", "3"], false);
        is("--name Ada c", &["cold"], false);
        is("--name=Ada --quiet c", &["cold"], false);
        is("A", &[], true);
        is("-- Ada w", &["warm"], false);
        is("Ada warm x", &[], false);
    }
}
