//! Arguments: what a caller gives for the parameters of a tool, checked. An [`Arguments`] holds only values
//! that its parameters allow; whatever does not fit is told all at once.

mod check;
mod compiled;
mod number;
mod path;
mod wording;

use std::fmt;

use serde_json::{Map, Value};

use crate::parameter::Parameters;
use crate::schema::Schema;
use check::{Checker, Member, Reading};
pub(crate) use compiled::{compile, resolve};
use path::Path;

/// Checked arguments: the declared ones in the order of the parameters, then the others as they were given.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[serde(transparent)]
pub struct Arguments {
    values: Map<String, Value>,
}

impl Arguments {
    /// The value of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All of them as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(self.values.clone())
    }
}

/// One thing that is wrong with the arguments of a call.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ArgumentProblem {
    /// Which value: `filters[2].name`. Empty when all of them together are meant.
    pub path: String,
    /// The fact: what was wanted, and what was there.
    pub message: String,
    /// The advice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl ArgumentProblem {
    /// A problem without advice.
    #[must_use]
    pub fn new(path: impl fmt::Display, message: impl Into<String>) -> Self {
        Self { path: path.to_string(), message: message.into(), hint: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for ArgumentProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "`{}`: {}", self.path, self.message)
        }
    }
}

impl Parameters {
    /// Checks what a caller gave. Where a schema allows no such string, a string is read as the JSON that it
    /// holds. Defaults are not filled in: that is left to the tool, which may have better ones. Null for a parameter that
    /// may be left out and allows no null leaves it out: many callers write every name.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the parameters.
    pub fn check(&self, mut given: Map<String, Value>) -> Result<Arguments, Vec<ArgumentProblem>> {
        let checker = Checker::default();
        given.retain(|name, value| {
            let declared = self.find(name).filter(|_| value.is_null());
            !declared.is_some_and(|one| !one.required && !checker.allows_null(&one.schema))
        });
        let declared = self.list.iter().map(|one| Member {
            name: &one.name,
            schema: &one.schema,
            required: one.required,
        });
        let values =
            checker.members(declared.collect(), &self.additional, &given, &Path::Root, Reading::Lenient)?;
        let values = match &self.raw {
            None => values,
            Some(raw) => match checker.raw(raw, &Value::Object(values), &Path::Root)? {
                Value::Object(values) => values,
                _ => Map::new(),
            },
        };
        Ok(Arguments { values })
    }
}

impl Schema {
    /// What is wrong with a value that must fit exactly, no string read as JSON: a default, or a result.
    #[must_use]
    pub fn problems(&self, value: &Value) -> Vec<ArgumentProblem> {
        Checker::default().value(self, value, &Path::Root, Reading::Exact).err().unwrap_or_default()
    }
}

#[cfg(test)]
pub(crate) mod tests;
