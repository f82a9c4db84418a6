//! Regular expressions and raw schemas, compiled when first needed and kept for one check. Nothing is compiled
//! for parameters that have neither, and no `$ref` is ever fetched.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use jsonschema::{Draft, ValidationError, Validator};
use regex::Regex;
use serde_json::Value;

/// What one check has compiled.
#[derive(Default)]
pub(super) struct Compiled<'s> {
    patterns: RefCell<HashMap<&'s str, Option<Regex>>>,
    /// By address: one check meets the same schema again for each item of a list.
    schemas: RefCell<HashMap<*const Value, Rc<Validator>>>,
}

impl<'s> Compiled<'s> {
    /// Whether a pattern, known to compile, matches somewhere in a text.
    pub(super) fn is_match(&self, pattern: &'s str, text: &str) -> bool {
        let mut patterns = self.patterns.borrow_mut();
        let regex = patterns.entry(pattern).or_insert_with(|| Regex::new(pattern).ok());
        regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// The validator of a raw schema, or why it has none.
    pub(super) fn validator(&self, raw: &'s Value) -> Result<Rc<Validator>, String> {
        let address = std::ptr::from_ref(raw);
        if let Some(validator) = self.schemas.borrow().get(&address) {
            return Ok(Rc::clone(validator));
        }
        let validator = Rc::new(compile(raw).map_err(|error| error.to_string())?);
        self.schemas.borrow_mut().insert(address, Rc::clone(&validator));
        Ok(validator)
    }
}

/// Compiles a JSON Schema 2020-12.
pub(crate) fn compile(raw: &Value) -> Result<Validator, ValidationError<'static>> {
    jsonschema::options().with_draft(Draft::Draft202012).build(raw)
}

/// What a schema says once its local `$ref` is followed; the schema itself where there is none to follow.
pub(crate) fn resolve<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    let mut schema = schema;
    // References may lead to references, and in a circle.
    for _ in 0..16 {
        let reference = schema.get("$ref").and_then(Value::as_str);
        match reference.and_then(|text| text.strip_prefix('#')).and_then(|pointer| root.pointer(pointer)) {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}
