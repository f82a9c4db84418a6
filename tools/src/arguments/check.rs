//! The check of a value against a type. It yields the value as the tool gets it, or every problem in it; it
//! never rounds a number and never fills anything in.

use std::collections::HashMap;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value};

use super::ArgumentProblem;
use super::compiled::{Compiled, resolve};
use super::number::{compare, is_multiple, same, whole};
use super::path::Path;
use super::wording::{found, one_of, wanted};
use crate::json::{self, InvalidJsonReason};
use crate::schema::{Additional, ArrayType, NumberBounds, Schema, StringBounds, Type};

type Checked<T> = Result<T, Vec<ArgumentProblem>>;

/// How strings are taken where a type allows none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// They are wrong.
    Exact,
    /// They are read as the JSON that they hold.
    Lenient,
}

/// A declared member of an object, or a parameter.
pub(super) struct Member<'s> {
    pub(super) name: &'s str,
    pub(super) schema: &'s Schema,
    pub(super) required: bool,
}

/// One check, with what it had to compile.
#[derive(Default)]
pub(super) struct Checker<'s> {
    compiled: Compiled<'s>,
}

impl<'s> Checker<'s> {
    /// The value as the tool gets it.
    pub(super) fn value(
        &self,
        schema: &'s Schema,
        value: &Value,
        path: &Path<'_>,
        reading: Reading,
    ) -> Checked<Value> {
        if let (Value::String(text), Reading::Lenient) = (value, reading)
            && !schema.allows_text(text)
        {
            let parsed = match json::parse(text) {
                Ok(Value::String(_)) => return Err(vec![misfit(schema, value, path)]),
                Ok(parsed) => parsed,
                Err(invalid) => {
                    let is_word = !text.trim_start().starts_with(['[', '{']);
                    let is_other = matches!(
                        invalid.reason,
                        InvalidJsonReason::Unexpected { .. } | InvalidJsonReason::Ends(_)
                    );
                    let problem = misfit(schema, value, path);
                    let message = match (is_word, is_other) {
                        (true, true) => problem.message,
                        // A word has no lines and columns.
                        (true, false) => format!("{}: {}", problem.message, invalid.reason),
                        (false, _) => format!("{}: {invalid}", problem.message),
                    };
                    return Err(vec![ArgumentProblem { message, ..problem }]);
                }
            };
            return self.kind(schema, &parsed, path, reading);
        }
        self.kind(schema, value, path, reading)
    }

    /// Whether a type knows null.
    pub(super) fn allows_null(&self, schema: &'s Schema) -> bool {
        self.kind(schema, &Value::Null, &Path::Root, Reading::Exact).is_ok()
    }

    fn kind(&self, schema: &'s Schema, value: &Value, path: &Path<'_>, reading: Reading) -> Checked<Value> {
        match (&schema.kind, value) {
            (Type::Any, _) | (Type::Null, Value::Null) | (Type::Boolean, Value::Bool(_)) => Ok(value.clone()),
            (Type::Integer(bounds), Value::Number(number)) => match whole(number) {
                Some(number) => in_bounds(bounds, number, path),
                None => refuse(path, format!("expected an integer of 64 bits, found `{number}`")),
            },
            (Type::Number(bounds), Value::Number(number)) => in_bounds(bounds, number.clone(), path),
            (Type::String(bounds), Value::String(text)) => self.text(bounds, text, path),
            (Type::Array(array), Value::Array(items)) => self.items(array, items, path, reading),
            (Type::Object(object), Value::Object(given)) => {
                let declared = object.properties.iter().map(|(name, property)| Member {
                    name,
                    schema: &property.schema,
                    required: property.required,
                });
                self.members(declared.collect(), &object.additional, given, path, reading).map(Value::Object)
            }
            (Type::Enum(values), _) => match values.iter().find(|allowed| same(allowed, value)) {
                Some(allowed) => Ok(allowed.clone()),
                None => Err(vec![misfit(schema, value, path)]),
            },
            (Type::Union(members), _) => self.union(schema, members, value, path, reading),
            (Type::Raw(raw), _) => self.raw(raw, value, path),
            _ => refuse(path, mismatch(schema, value)),
        }
    }

    fn text(&self, bounds: &'s StringBounds, text: &str, path: &Path<'_>) -> Checked<Value> {
        let mut problems = Vec::new();
        let length = text.chars().count() as u64;
        let characters = |count: u64| if count == 1 { "character" } else { "characters" };
        if let Some(least) = bounds.min_length.filter(|&least| length < least) {
            let wanted = format!("expected at least {least} {}, found {length}", characters(least));
            problems.push(ArgumentProblem::new(path, wanted));
        }
        if let Some(most) = bounds.max_length.filter(|&most| length > most) {
            let wanted = format!("expected at most {most} {}, found {length}", characters(most));
            problems.push(ArgumentProblem::new(path, wanted));
        }
        if let Some(pattern) = bounds.pattern.as_deref()
            && !self.compiled.is_match(pattern, text)
        {
            let there = found(&Value::String(text.to_owned()));
            let wanted = format!("expected a string that matches `{pattern}`, found {there}");
            problems.push(ArgumentProblem::new(path, wanted));
        }
        if problems.is_empty() { Ok(Value::String(text.to_owned())) } else { Err(problems) }
    }

    fn items(
        &self,
        array: &'s ArrayType,
        items: &[Value],
        path: &Path<'_>,
        reading: Reading,
    ) -> Checked<Value> {
        let mut problems = Vec::new();
        let mut checked = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match self.value(&array.items, item, &Path::Item(path, index), reading) {
                Ok(item) => checked.push(item),
                Err(found) => problems.extend(found),
            }
        }
        let count = items.len() as u64;
        let of_items = |count: u64| if count == 1 { "item" } else { "items" };
        if let Some(least) = array.min_items.filter(|&least| count < least) {
            let wanted = format!("expected at least {least} {}, found {count}", of_items(least));
            problems.push(ArgumentProblem::new(path, wanted));
        }
        if let Some(most) = array.max_items.filter(|&most| count > most) {
            let wanted = format!("expected at most {most} {}, found {count}", of_items(most));
            problems.push(ArgumentProblem::new(path, wanted));
        }
        if array.unique && problems.is_empty() {
            let mut seen = HashMap::new();
            let twice = checked
                .iter()
                .enumerate()
                .find_map(|(index, item)| seen.insert(canonical(item), index).map(|first| (first, index)));
            if let Some((first, second)) = twice {
                let fact = format!("expected items that differ, found items {first} and {second} alike");
                problems.push(ArgumentProblem::new(path, fact));
            }
        }
        if problems.is_empty() { Ok(Value::Array(checked)) } else { Err(problems) }
    }

    /// The members of an object, declared ones first.
    pub(super) fn members(
        &self,
        declared: Vec<Member<'s>>,
        additional: &'s Additional,
        given: &Map<String, Value>,
        path: &Path<'_>,
        reading: Reading,
    ) -> Checked<Map<String, Value>> {
        let mut problems = Vec::new();
        let mut checked = Map::new();
        for member in &declared {
            let here = Path::Member(path, member.name);
            match given.get(member.name).map(|value| self.value(member.schema, value, &here, reading)) {
                Some(Ok(value)) => {
                    checked.insert(member.name.to_owned(), value);
                }
                Some(Err(found)) => problems.extend(found),
                None if member.required => {
                    let fact = format!("required and not given, expected {}", wanted(member.schema));
                    problems.push(ArgumentProblem::new(here, fact));
                }
                None => {}
            }
        }
        let names: std::collections::HashSet<&str> = declared.iter().map(|member| member.name).collect();
        for (name, value) in given.iter().filter(|(name, _)| !names.contains(name.as_str())) {
            let here = Path::Member(path, name);
            let value = match additional {
                Additional::Forbidden => Err(vec![unknown(&here, name, &declared)]),
                Additional::Any => Ok(value.clone()),
                Additional::Typed(schema) => self.value(schema, value, &here, reading),
            };
            match value {
                Ok(value) => {
                    checked.insert(name.clone(), value);
                }
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(checked) } else { Err(problems) }
    }

    /// The first member that takes the value as it is, else the first that takes it with strings in it read.
    fn union(
        &self,
        schema: &'s Schema,
        members: &'s [Schema],
        value: &Value,
        path: &Path<'_>,
        reading: Reading,
    ) -> Checked<Value> {
        let readings: &[Reading] = match reading {
            // A string that came this far is allowed by some member, and is then never read.
            Reading::Lenient if !value.is_string() => &[Reading::Exact, Reading::Lenient],
            _ => &[Reading::Exact],
        };
        for &reading in readings {
            if let Some(checked) = members.iter().find_map(|one| self.kind(one, value, path, reading).ok()) {
                return Ok(checked);
            }
        }
        // When only one member is of the value's kind, that one was meant; of several each says why it is not.
        let meant: Vec<&Schema> = members.iter().filter(|member| is_of_kind(&member.kind, value)).collect();
        match meant.as_slice() {
            [] => refuse(path, mismatch(schema, value)),
            [only] => self.kind(only, value, path, reading),
            several => {
                let why = several.iter().map(|one| {
                    let problems = self.kind(one, value, path, reading).err().unwrap_or_default();
                    problems.first().map(ToString::to_string).unwrap_or_default()
                });
                refuse(
                    path,
                    format!("{}, which fits none of them{}", mismatch(schema, value), each_branch(why)),
                )
            }
        }
    }

    /// The same value, once the `jsonschema` crate has found nothing wrong.
    pub(super) fn raw(&self, raw: &'s Value, value: &Value, path: &Path<'_>) -> Checked<Value> {
        let validator = match self.compiled.validator(raw) {
            Ok(validator) => validator,
            Err(reason) => return refuse(path, format!("the schema cannot be used: {reason}")),
        };
        let problems: Vec<_> = validator
            .iter_errors(value)
            .map(|error| {
                let told = match error.kind() {
                    ValidationErrorKind::AnyOf { context }
                    | ValidationErrorKind::OneOfNotValid { context } => {
                        let fact = format!("{} fits none of the alternatives", found(error.instance()));
                        format!(
                            "{fact}{}",
                            each_branch(context.iter().map(|branch| first_of(branch, path, value)))
                        )
                    }
                    _ => error.to_string(),
                };
                ArgumentProblem::new(spell(path, &error.instance_path().to_string(), value), told)
            })
            .collect();
        if problems.is_empty() { Ok(value.clone()) } else { Err(problems) }
    }
}

impl Schema {
    /// Whether a string may stay the string that it is. An `enum` allows only its own strings, so that `"3"`
    /// is the number for `"auto"|3`; any other type either takes strings or does not.
    pub(crate) fn allows_text(&self, text: &str) -> bool {
        match &self.kind {
            Type::Any | Type::String(_) => true,
            Type::Enum(values) => values.iter().any(|value| value == text),
            Type::Union(members) => members.iter().any(|member| member.allows_text(text)),
            Type::Raw(raw) => raw_allows_text(raw, raw, text, 16),
            Type::Null | Type::Boolean | Type::Integer(_) | Type::Number(_) => false,
            Type::Array(_) | Type::Object(_) => false,
        }
    }
}

/// As far as the keywords tell that name types; true when none does.
fn raw_allows_text(schema: &Value, root: &Value, text: &str, depth: u8) -> bool {
    let schema = resolve(schema, root);
    let Some(depth) = depth.checked_sub(1) else { return true };
    let each = |key: &str| schema.get(key).and_then(Value::as_array).map(|list| list.iter());
    let by_type = match schema.get("type") {
        Some(Value::String(word)) => word == "string",
        Some(Value::Array(words)) => words.iter().any(|word| word == "string"),
        _ => true,
    };
    by_type
        && schema.get("const").is_none_or(|value| value == text)
        && each("enum").is_none_or(|mut values| values.any(|value| value == text))
        && each("allOf").is_none_or(|mut all| all.all(|one| raw_allows_text(one, root, text, depth)))
        && ["anyOf", "oneOf"]
            .iter()
            .all(|key| each(key).is_none_or(|mut any| any.any(|one| raw_allows_text(one, root, text, depth))))
}

fn is_of_kind(kind: &Type, value: &Value) -> bool {
    matches!(
        (kind, value),
        (Type::Boolean, Value::Bool(_))
            | (Type::Integer(_) | Type::Number(_), Value::Number(_))
            | (Type::String(_), Value::String(_))
            | (Type::Array(_), Value::Array(_))
            | (Type::Object(_), Value::Object(_))
            | (Type::Raw(_), _)
    )
}

fn in_bounds(bounds: &NumberBounds, number: serde_json::Number, path: &Path<'_>) -> Checked<Value> {
    let NumberBounds { minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of } = bounds;
    let against = |bound: &Option<serde_json::Number>, words: &str, ok: fn(std::cmp::Ordering) -> bool| {
        let bound = bound.as_ref().filter(|bound| !ok(compare(&number, bound)))?;
        Some(ArgumentProblem::new(path, format!("expected {words} {bound}, found `{number}`")))
    };
    let step = multiple_of.as_ref().filter(|step| !is_multiple(&number, step));
    let problems: Vec<_> = [
        against(minimum, "at least", std::cmp::Ordering::is_ge),
        against(maximum, "at most", std::cmp::Ordering::is_le),
        against(exclusive_minimum, "more than", std::cmp::Ordering::is_gt),
        against(exclusive_maximum, "less than", std::cmp::Ordering::is_lt),
        step.map(|step| {
            ArgumentProblem::new(path, format!("expected a multiple of {step}, found `{number}`"))
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    if problems.is_empty() { Ok(Value::Number(number)) } else { Err(problems) }
}

fn unknown(path: &Path<'_>, name: &str, declared: &[Member<'_>]) -> ArgumentProblem {
    let problem = ArgumentProblem::new(path, "unknown name");
    match rye_runtimes::nearest(name, declared.iter().map(|member| member.name)) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None if declared.is_empty() => problem.hint("nothing is taken here"),
        None => {
            let names = one_of(declared.iter().map(|member| format!("`{}`", member.name)));
            problem.hint(format!("what is taken: {names}"))
        }
    }
}

fn mismatch(schema: &Schema, value: &Value) -> String {
    format!("expected {}, found {}", wanted(schema), found(value))
}

/// A value of another kind, or a word that is none of those allowed: with the nearest of them.
fn misfit(schema: &Schema, value: &Value, path: &Path<'_>) -> ArgumentProblem {
    let problem = ArgumentProblem::new(path, mismatch(schema, value));
    let choices = match &schema.kind {
        Type::Union(members) => members.as_slice(),
        _ => std::slice::from_ref(schema),
    };
    let words = choices.iter().filter_map(|choice| match &choice.kind {
        Type::Enum(values) => Some(values.iter().filter_map(Value::as_str)),
        _ => None,
    });
    match value.as_str().and_then(|typed| rye_runtimes::nearest(typed, words.flatten())) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem,
    }
}

/// How many alternatives say why they do not fit, and at what length.
const MOST_BRANCHES: usize = 5;
const MAX_REASON: usize = 200;

/// Why each alternative does not fit: `: (1) …; (2) …`
fn each_branch(reasons: impl ExactSizeIterator<Item = String>) -> String {
    let more = reasons.len().saturating_sub(MOST_BRANCHES);
    let short = |reason: String| match reason.char_indices().nth(MAX_REASON) {
        Some((end, _)) => format!("{}…", reason.get(..end).unwrap_or_default()),
        None => reason,
    };
    let told = reasons.take(MOST_BRANCHES).enumerate();
    let told: Vec<_> = told.map(|(at, reason)| format!("({}) {}", at + 1, short(reason))).collect();
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!(": {}{more}", told.join("; "))
}

/// What an alternative has against a value first.
fn first_of(branch: &[ValidationError<'_>], path: &Path<'_>, value: &Value) -> String {
    branch.first().map_or_else(String::new, |error| {
        let pointer = error.instance_path().to_string();
        ArgumentProblem::new(spell(path, &pointer, value), error.to_string()).to_string()
    })
}

fn refuse<T>(path: &Path<'_>, message: String) -> Checked<T> {
    Err(vec![ArgumentProblem::new(path, message)])
}

/// A JSON pointer below a path, spelled as paths are. Whether a step is a member or an item is seen in the value.
fn spell(base: &Path<'_>, pointer: &str, value: &Value) -> String {
    let Some((step, rest)) = pointer.strip_prefix('/').map(|way| way.split_once('/').unwrap_or((way, "")))
    else {
        return base.to_string();
    };
    let step = step.replace("~1", "/").replace("~0", "~");
    let rest = if rest.is_empty() { String::new() } else { format!("/{rest}") };
    match (value, step.parse::<usize>()) {
        (Value::Array(items), Ok(index)) => {
            spell(&Path::Item(base, index), &rest, items.get(index).unwrap_or(&Value::Null))
        }
        _ => spell(&Path::Member(base, &step), &rest, value.get(&step).unwrap_or(&Value::Null)),
    }
}

/// A text that is the same for values that JSON Schema takes for the same: `1` and `1.0`, members in any order. It
/// makes looking for items alike linear.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 => format!("{:.0}", float + 0.0),
            _ => number.to_string(),
        },
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(name, value)| format!("{name:?}:{}", canonical(value))).collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}
