//! What the dialects for models begin with: the parameters as one object, with no reference and no composition at its
//! root, and no name that a client refuses. One tool that is refused costs many clients their whole list.

use serde_json::{Map, Value};

use super::Loss;
use super::inline::inlined;
use super::merge::{as_one_object, conjoin};
use super::walk;
use crate::parameter::Parameters;

/// The longest name of a parameter that every client takes.
pub(crate) const MAX_PROPERTY: usize = 64;

/// What a dialect does with one schema, at its path.
pub(super) type Change = fn(&mut Map<String, Value>, &str, &mut Vec<Loss>);

/// A schema on its way into a dialect.
pub(super) struct Draft {
    pub(super) schema: Map<String, Value>,
    pub(super) lost: Vec<Loss>,
}

impl Draft {
    /// The parameters as one object.
    pub(super) fn of(parameters: &Parameters) -> Self {
        let (root, mut lost) = inlined(&parameters.to_json());
        let schema = as_one_object(root, &mut lost);
        Self { schema, lost }
    }

    /// The same without parameters whose names clients refuse.
    ///
    /// # Errors
    /// One of them is required: no call could be made.
    pub(super) fn with_portable_names(parameters: &Parameters) -> Result<Self, Loss> {
        let mut draft = Self::of(parameters);
        let required = draft.required();
        let Some(Value::Object(properties)) = draft.schema.get_mut("properties") else { return Ok(draft) };
        let refused: Vec<_> = properties.keys().filter(|name| !is_portable(name)).cloned().collect();
        for name in refused {
            if required.contains(&name) {
                return Err(Loss::new(
                    name,
                    "left out: clients refuse the name of this parameter, and it is required",
                ));
            }
            properties.shift_remove(&name);
            draft.lost.push(Loss::new(name, "left out: clients refuse the name of this parameter"));
        }
        Ok(draft)
    }

    fn required(&self) -> Vec<String> {
        let names = self.schema.get("required").and_then(Value::as_array).into_iter().flatten();
        names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
    }

    /// Changes every schema, those inside first; what cannot be said is told.
    pub(super) fn each(&mut self, change: Change) {
        let mut whole = Value::Object(std::mem::take(&mut self.schema));
        let lost = &mut self.lost;
        walk::each(&mut whole, "", &mut |schema, path| change(schema, path, lost));
        if let Value::Object(schema) = whole {
            self.schema = schema;
        }
    }

    /// The same without `allOf`, which is taken out from the outside in: what two parts say of one member is an `allOf`
    /// of that member.
    pub(super) fn without_all_of(&mut self) {
        let mut whole = Value::Object(std::mem::take(&mut self.schema));
        let lost = &mut self.lost;
        walk::each_from_outside(&mut whole, "", &mut |schema, path| conjoin(schema, path, lost));
        if let Value::Object(schema) = whole {
            self.schema = schema;
        }
    }

    /// What was lost, in a fixed order, each once.
    pub(super) fn into_lost(mut self) -> Vec<Loss> {
        self.lost.sort();
        self.lost.dedup();
        self.lost
    }
}

/// Whether every client takes the name of a parameter: `^[a-zA-Z0-9_.-]{1,64}$`.
pub(crate) fn is_portable(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    (1..=MAX_PROPERTY).contains(&name.len()) && name.chars().all(allowed)
}
