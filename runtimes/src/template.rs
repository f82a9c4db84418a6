//! Text with placeholders, parsed once when its file is read. Filling is one pass: what is put in is data and
//! is never looked at again, so no value can bring a placeholder of its own.

use std::ffi::{OsStr, OsString};
use std::fmt;

use serde_json::Value;

use crate::document::{Place, Problem};

/// A text and the placeholders in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Where the text stands.
    pub place: Place,
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Characters that stand for themselves.
    Text(String),
    /// A `~` at the very beginning: the home directory.
    Home,
    /// `${NAME}`, `$<NAME>`, `${NAME:-default}`
    Variable {
        /// The environment variable.
        name: String,
        /// What stands there when the variable is not set.
        default: Option<String>,
    },
    /// `{name}`, `{name?}`, `{name...}`
    Placeholder {
        /// A parameter, or one of the built-in names.
        name: String,
        /// What happens when it is absent or a list.
        mode: PlaceholderMode,
    },
}

/// How a `{name}` fills its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceholderMode {
    /// `{name}`: it must be there.
    Required,
    /// `{name?}`: the whole item goes when it is absent.
    Optional,
    /// `{name...}`: a list becomes several items; an absent one none.
    Spread,
}

/// What a template is filled with.
pub trait Fillings {
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<OsString>;
    /// The value of a placeholder.
    fn placeholder(&self, name: &str) -> Option<Filling>;
    /// The home directory.
    fn home(&self) -> Option<&OsStr>;
}

/// The value of a placeholder.
#[derive(Clone, Debug, PartialEq)]
pub enum Filling {
    /// A path or other text that need not be Unicode.
    Text(OsString),
    /// An argument of the call.
    Json(Value),
}

/// A template after filling.
#[derive(Clone, Debug, PartialEq)]
pub enum Filled {
    /// The item is left out.
    Absent,
    /// One text.
    Text(OsString),
    /// The template was exactly one placeholder: its value, with its type.
    Json(Value),
    /// The template was `{name...}`: one item for each.
    Items(Vec<Value>),
}

/// Why a template could not be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// No such variable, and no default.
    #[error("`${{{0}}}` is not set")]
    UnknownVariable(String),
    /// No such argument in this call.
    #[error("`{{{0}}}` has no value in this call")]
    AbsentPlaceholder(String),
    /// `~` without a home directory.
    #[error("`~` is used and no home directory is known")]
    NoHome,
}

impl Template {
    /// Parses a text.
    ///
    /// # Errors
    /// A placeholder that is not closed, has no proper name, or stands where its mode has no meaning.
    pub fn parse(place: &Place, text: &str) -> Result<Self, Problem> {
        let parts = Parser { rest: text, parts: Vec::new(), literal: String::new() }
            .run()
            .map_err(|(message, hint)| Problem::new(place, message).hint(hint))?;
        let template = Self { place: place.clone(), parts };
        if template.parts.len() > 1
            && template.placeholders().any(|(_, mode)| mode == PlaceholderMode::Spread)
        {
            return Err(Problem::new(place, "a `{name...}` that is not the whole item")
                .hint("let `{name...}` stand alone: it becomes several items"));
        }
        Ok(template)
    }

    /// A template of these pieces.
    #[must_use]
    pub fn of_parts(place: &Place, parts: Vec<Part>) -> Self {
        Self { place: place.clone(), parts }
    }

    /// The pieces, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text of a template that has no placeholders.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The `{name}` placeholders, in order.
    pub fn placeholders(&self) -> impl Iterator<Item = (&str, PlaceholderMode)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder { name, mode } => Some((name.as_str(), *mode)),
            _ => None,
        })
    }

    /// The `${NAME}` variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// The placeholder with which the text begins: what is put there decides how the text begins.
    #[must_use]
    pub fn leading_placeholder(&self) -> Option<&str> {
        match self.parts.first() {
            Some(Part::Placeholder { name, .. }) => Some(name),
            _ => None,
        }
    }

    /// Puts the values in.
    ///
    /// # Errors
    /// See [`FillError`].
    pub fn fill(&self, fillings: &dyn Fillings) -> Result<Filled, FillError> {
        if let [Part::Placeholder { name, mode }] = self.parts.as_slice() {
            return Ok(match (fillings.placeholder(name), mode) {
                (None | Some(Filling::Json(Value::Null)), PlaceholderMode::Required) => {
                    return Err(FillError::AbsentPlaceholder(name.clone()));
                }
                (None | Some(Filling::Json(Value::Null)), PlaceholderMode::Optional) => Filled::Absent,
                (None | Some(Filling::Json(Value::Null)), PlaceholderMode::Spread) => {
                    Filled::Items(Vec::new())
                }
                (Some(Filling::Json(Value::Array(items))), PlaceholderMode::Spread) => Filled::Items(items),
                (Some(Filling::Json(value)), PlaceholderMode::Spread) => Filled::Items(vec![value]),
                (Some(Filling::Json(value)), _) => Filled::Json(value),
                (Some(Filling::Text(text)), _) => Filled::Text(text),
            });
        }
        let mut out = OsString::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push(text),
                Part::Home => out.push(fillings.home().ok_or(FillError::NoHome)?),
                Part::Variable { name, default } => match (fillings.variable(name), default) {
                    (Some(value), _) => out.push(value),
                    (None, Some(default)) => out.push(default),
                    (None, None) => return Err(FillError::UnknownVariable(name.clone())),
                },
                Part::Placeholder { name, mode } => match (fillings.placeholder(name), mode) {
                    (Some(Filling::Text(text)), _) => out.push(text),
                    (Some(Filling::Json(value)), _) if !value.is_null() => out.push(text_of(&value)),
                    (_, PlaceholderMode::Optional) => return Ok(Filled::Absent),
                    _ => return Err(FillError::AbsentPlaceholder(name.clone())),
                },
            }
        }
        Ok(Filled::Text(out))
    }
}

/// The template as it may be written: what stands for values is not filled.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Home => f.write_str("~"),
            Part::Variable { name, .. } => write!(f, "${{{name}}}"),
            Part::Placeholder { name, .. } => write!(f, "{{{name}}}"),
        })
    }
}

/// A JSON value as the text of an argument or variable: a string as it is, everything else as JSON.
#[must_use]
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

struct Parser<'t> {
    rest: &'t str,
    parts: Vec<Part>,
    literal: String,
}

type ParseError = (String, &'static str);

const BRACE_HINT: &str = "write `{name}`, `{name?}` or `{name...}`; a literal brace is `{{` or `}}`";
const VARIABLE_HINT: &str = "write `${NAME}`, `$<NAME>` or `${NAME:-default}`; a literal `$` is `$$`";

impl Parser<'_> {
    fn run(mut self) -> Result<Vec<Part>, ParseError> {
        if self.rest == "~" || self.rest.starts_with("~/") {
            self.parts.push(Part::Home);
            self.rest = self.rest.get(1..).unwrap_or("");
        }
        while let Some(at) = self.rest.find(['$', '{', '}']) {
            let (before, marked) = self.rest.split_at(at);
            self.literal.push_str(before);
            self.rest = marked;
            self.marked()?;
        }
        self.literal.push_str(self.rest);
        self.close_literal();
        Ok(self.parts)
    }

    fn close_literal(&mut self) {
        if !self.literal.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.literal)));
        }
    }

    /// Reads what begins with `$`, `{` or `}`.
    fn marked(&mut self) -> Result<(), ParseError> {
        for (escaped, meant) in [("$$", '$'), ("{{", '{'), ("}}", '}')] {
            if let Some(rest) = self.rest.strip_prefix(escaped) {
                self.literal.push(meant);
                self.rest = rest;
                return Ok(());
            }
        }
        for (open, close) in [("${", '}'), ("$<", '>')] {
            if let Some(rest) = self.rest.strip_prefix(open) {
                return self.variable(rest, close);
            }
        }
        if let Some(rest) = self.rest.strip_prefix('{') {
            return self.placeholder(rest);
        }
        if self.rest.starts_with('}') {
            return Err(("a `}` that closes nothing".to_owned(), BRACE_HINT));
        }
        self.literal.push('$');
        self.rest = self.rest.get(1..).unwrap_or("");
        Ok(())
    }

    fn variable(&mut self, rest: &str, close: char) -> Result<(), ParseError> {
        let Some((inside, after)) = rest.split_once(close) else {
            return Err((format!("a `$` placeholder without its `{close}`"), VARIABLE_HINT));
        };
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (inside, None),
        };
        let mut characters = name.chars();
        let begins = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !begins || !characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err((format!("`{name}` is not the name of a variable"), VARIABLE_HINT));
        }
        let name = name.to_owned();
        let after = after.len();
        self.close_literal();
        self.parts.push(Part::Variable { name, default });
        self.rest = self.rest.get(self.rest.len() - after..).unwrap_or("");
        Ok(())
    }

    fn placeholder(&mut self, rest: &str) -> Result<(), ParseError> {
        let Some((inside, after)) = rest.split_once('}') else {
            return Err(("a `{` that is not closed".to_owned(), BRACE_HINT));
        };
        let (name, mode) = if let Some(name) = inside.strip_suffix("...") {
            (name, PlaceholderMode::Spread)
        } else if let Some(name) = inside.strip_suffix('?') {
            (name, PlaceholderMode::Optional)
        } else {
            (inside, PlaceholderMode::Required)
        };
        let mut characters = name.chars();
        let begins = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !begins || !characters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return Err((format!("`{{{inside}}}` is not a placeholder"), BRACE_HINT));
        }
        let name = name.to_owned();
        let after = after.len();
        self.close_literal();
        self.parts.push(Part::Placeholder { name, mode });
        self.rest = self.rest.get(self.rest.len() - after..).unwrap_or("");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    struct World;

    impl Fillings for World {
        fn variable(&self, name: &str) -> Option<OsString> {
            match name {
                "HOST" => Some("db.local".into()),
                "TRAP" => Some("${SECRET}{tool_path}".into()),
                "EMPTY" => Some(OsString::new()),
                _ => None,
            }
        }

        fn placeholder(&self, name: &str) -> Option<Filling> {
            match name {
                "count" => Some(Filling::Json(json!(3))),
                "list" => Some(Filling::Json(json!(["a", "b c"]))),
                "evil" => Some(Filling::Json(json!("${SECRET} {count} {{x}} $(id)"))),
                "tool_path" => Some(Filling::Text("/t/x.sh".into())),
                _ => None,
            }
        }

        fn home(&self) -> Option<&OsStr> {
            Some(OsStr::new("/home/ada"))
        }
    }

    fn place() -> Place {
        Place::start_of(&Arc::from("t.toml"))
    }

    fn fill(text: &str) -> Result<Filled, FillError> {
        Template::parse(&place(), text).unwrap().fill(&World)
    }

    fn text(text: &str) -> Filled {
        Filled::Text(text.into())
    }

    #[test]
    fn every_placeholder_fills_as_documented() {
        for (template, want) in [
            ("plain", text("plain")),
            ("", text("")),
            ("${HOST}:$<HOST>", text("db.local:db.local")),
            ("${NONE:-x}/${EMPTY:-y}", text("x/")),
            ("$$${HOST} $5 a$", text("$db.local $5 a$")),
            ("{{{count}}}", text("{3}")),
            ("n={count}", text("n=3")),
            ("{count}", Filled::Json(json!(3))),
            ("{list}", Filled::Json(json!(["a", "b c"]))),
            ("{list...}", Filled::Items(vec![json!("a"), json!("b c")])),
            ("{count...}", Filled::Items(vec![json!(3)])),
            ("{none...}", Filled::Items(vec![])),
            ("{none?}", Filled::Absent),
            ("--x={none?}", Filled::Absent),
            ("{tool_path}", text("/t/x.sh")),
            ("~/bin", text("/home/ada/bin")),
            ("~", text("/home/ada")),
            ("~bob/x", text("~bob/x")),
            ("a~", text("a~")),
        ] {
            assert_eq!(fill(template), Ok(want), "{template}");
        }
    }

    #[test]
    fn what_is_put_in_is_never_expanded_again() {
        assert_eq!(fill("${TRAP}!"), Ok(text("${SECRET}{tool_path}!")));
        assert_eq!(fill("<{evil}>"), Ok(text("<${SECRET} {count} {{x}} $(id)>")));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(fill("${NONE}"), Err(FillError::UnknownVariable("NONE".into())));
        assert_eq!(fill("{none}"), Err(FillError::AbsentPlaceholder("none".into())));
        assert_eq!(fill("a {none}"), Err(FillError::AbsentPlaceholder("none".into())));
    }

    #[test]
    fn what_is_no_template_is_a_problem() {
        for text in [
            "{",
            "}",
            "a}b",
            "{}",
            "{1a}",
            "{a b}",
            "${",
            "${}",
            "${1}",
            "$<A",
            "${A b}",
            "x{list...}",
            "{a.b}",
        ] {
            assert!(Template::parse(&place(), text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in ".{0,60}") {
            let _ = Template::parse(&place(), &text);
        }

        #[test]
        fn an_escaped_text_fills_to_itself(text in "[^~].{0,60}") {
            let escaped = text.replace('$', "$$").replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(fill(&escaped), Ok(Filled::Text(text.into())));
        }
    }
}
