//! What a tool declares that it takes: named parameters, in order. Names are unique.

use indexmap::IndexMap;
use rye_runtimes::document::{Place, Problem};

use crate::schema::{Additional, Schema};

/// One declared parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, as callers write it.
    pub name: String,
    /// Its type, description and default.
    pub schema: Schema,
    /// Whether a call must give it.
    pub required: bool,
    /// Whether a value that begins with `-` may become an argument of a command of its own.
    pub allow_dash: bool,
    /// Its values are paths that may not lead out of this folder, which is relative to where the tool runs.
    pub beneath: Option<String>,
}

/// Everything a tool takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// In the order declared, which is the order bare words fill.
    pub list: Vec<Parameter>,
    /// What a call may give beyond the declared ones.
    pub additional: Additional,
    /// The whole `[input_schema]`, when it says more than the list can hold; it is then checked as well.
    pub raw: Option<serde_json::Value>,
}

impl Parameters {
    /// No parameters at all.
    #[must_use]
    pub fn none() -> Self {
        Self { list: Vec::new(), additional: Additional::Forbidden, raw: None }
    }

    /// Any object: what a tool takes that declares nothing and cannot be read.
    #[must_use]
    pub fn any() -> Self {
        Self { list: Vec::new(), additional: Additional::Any, raw: None }
    }

    /// What is taken, readable at a glance, a word for each parameter: `name:str`, `[times:int]`.
    #[must_use]
    pub fn signature(&self) -> Vec<String> {
        let word = |parameter: &Parameter| {
            let kind = parameter.schema.signature();
            if parameter.required {
                format!("{}:{kind}", parameter.name)
            } else {
                format!("[{}:{kind}]", parameter.name)
            }
        };
        self.list.iter().map(word).collect()
    }

    /// The parameter of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Parameter> {
        self.list.iter().find(|parameter| parameter.name == name)
    }
}

impl Parameters {
    /// What is wrong with these names where a tool has placeholders (`{name}`): a name that a placeholder already
    /// has, or one that begins with `__`.
    #[must_use]
    pub fn problems_for_placeholders(&self, reserved: &[&str], place: &Place) -> Vec<Problem> {
        let names = self.list.iter().map(|parameter| parameter.name.as_str());
        let facts = names.filter_map(|name| {
            if reserved.contains(&name) {
                Some(format!("parameter `{name}` has the name of a placeholder"))
            } else if name.starts_with("__") {
                Some(format!("parameter `{name}` begins with `__`"))
            } else {
                None
            }
        });
        facts.map(|fact| Problem::new(place, fact).hint("choose another name")).collect()
    }

    /// What is wrong with these names where each becomes a `RYE_PARAM_` variable: two that give one.
    #[must_use]
    pub fn problems_for_variables(&self, place: &Place) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut variables: IndexMap<String, &str> = IndexMap::new();
        for name in self.list.iter().map(|parameter| parameter.name.as_str()) {
            let variable = environment_name(name);
            if let Some(first) = variables.get(&variable) {
                let fact = format!("parameters `{first}` and `{name}` both give `{variable}`");
                problems.push(Problem::new(place, fact).hint("choose another name for one of them"));
            } else {
                variables.insert(variable, name);
            }
        }
        problems
    }
}

/// The environment variable in which scripts find a parameter: `RYE_PARAM_` and the name in upper case, with
/// `_` for whatever is no ASCII letter or digit.
#[must_use]
pub fn environment_name(name: &str) -> String {
    let upper = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    "RYE_PARAM_".chars().chain(upper).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rye_runtimes::document::Place;

    use super::{Parameter, Parameters, environment_name};
    use crate::schema::{Additional, Schema, Type};

    #[test]
    fn names_become_variables() {
        for (name, variable) in
            [("path", "RYE_PARAM_PATH"), ("dry-run", "RYE_PARAM_DRY_RUN"), ("größe2", "RYE_PARAM_GR__E2")]
        {
            assert_eq!(environment_name(name), variable);
        }
    }

    #[test]
    fn names_that_placeholders_cannot_have_are_told() {
        let names = ["tool_path", "__proto__", "dry-run", "dry_run", "fine"];
        let list = names.map(|name| Parameter {
            name: name.into(),
            schema: Schema::of(Type::Any),
            required: false,
            allow_dash: false,
            beneath: None,
        });
        let all = Parameters { list: list.into(), additional: Additional::Forbidden, raw: None };
        let place = Place::start_of(&Arc::from("x.toml"));
        let mut told = all.problems_for_placeholders(&["tool_path"], &place);
        told.extend(all.problems_for_variables(&place));
        let messages: Vec<_> = told.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "parameter `tool_path` has the name of a placeholder",
                "parameter `__proto__` begins with `__`",
                "parameters `dry-run` and `dry_run` both give `RYE_PARAM_DRY_RUN`",
            ]
        );
    }
}
