//! The names a file binds, and what an expression such as `t.List` stands for.
//! A name is looked up as Python would, without importing anything: what another file defines stays unknown.

use std::borrow::Cow;
use std::collections::HashMap;

use ruff_python_ast::{Expr, StmtClassDef, StmtImportFrom};

/// The names of a module, with what they are bound to.
#[derive(Default)]
pub(super) struct Scope<'a> {
    names: HashMap<&'a str, Binding<'a>>,
    star_typing: bool,
}

#[derive(Clone)]
enum Binding<'a> {
    Import(Cow<'a, str>),
    Class(&'a StmtClassDef),
    Alias(&'a Expr),
}

/// What an expression stands for.
#[derive(Debug)]
pub(super) enum Meaning<'a> {
    /// A class of this file.
    Class(&'a str, &'a StmtClassDef),
    /// A name of this file that is assigned an expression.
    Alias(&'a str, &'a Expr),
    /// Something from elsewhere, by its full name; builtins by their bare name. The modules that repeat
    /// `typing` (`typing_extensions`, `collections.abc`) are written `typing`.
    Known(String),
    /// Something else.
    Unknown,
}

impl<'a> Scope<'a> {
    pub(super) fn class(&mut self, class: &'a StmtClassDef, override_: bool) {
        self.bind(class.name.as_str(), Binding::Class(class), override_);
    }

    pub(super) fn alias(&mut self, target: &'a Expr, value: &'a Expr, override_: bool) {
        if let Expr::Name(name) = target {
            self.bind(name.id.as_str(), Binding::Alias(value), override_);
        }
    }

    pub(super) fn import(&mut self, module: &'a str, rename: Option<&'a str>, override_: bool) {
        match rename {
            Some(rename) => self.bind(rename, Binding::Import(Cow::Borrowed(module)), override_),
            // `import a.b` binds `a`.
            None => {
                let first = module.split('.').next().unwrap_or(module);
                self.bind(first, Binding::Import(Cow::Borrowed(first)), override_);
            }
        }
    }

    pub(super) fn import_from(&mut self, import: &'a StmtImportFrom, override_: bool) {
        let module = import.module.as_deref().unwrap_or_default();
        for name in &import.names {
            if name.name.as_str() == "*" {
                self.star_typing |= import.level == 0 && matches!(module, "typing" | "typing_extensions");
                continue;
            }
            let bound = name.asname.as_ref().unwrap_or(&name.name).as_str();
            let dots = ".".repeat(usize::try_from(import.level).unwrap_or_default().min(8));
            let path = format!("{dots}{module}.{}", name.name.as_str());
            self.bind(bound, Binding::Import(Cow::Owned(path)), override_);
        }
    }

    fn bind(&mut self, name: &'a str, binding: Binding<'a>, override_: bool) {
        if override_ {
            self.names.insert(name, binding);
        } else {
            self.names.entry(name).or_insert(binding);
        }
    }

    /// What a name or dotted name stands for.
    pub(super) fn meaning(&self, expression: &Expr) -> Meaning<'a> {
        let mut attributes = Vec::new();
        let mut base = expression;
        while let Expr::Attribute(attribute) = base {
            attributes.push(attribute.attr.as_str());
            base = &attribute.value;
        }
        let Expr::Name(name) = base else { return Meaning::Unknown };
        let name = name.id.as_str();
        let path = match self.names.get_key_value(name) {
            Some((&name, Binding::Class(class))) if attributes.is_empty() => {
                return Meaning::Class(name, class);
            }
            Some((&name, Binding::Alias(value))) if attributes.is_empty() => {
                return Meaning::Alias(name, value);
            }
            Some((_, Binding::Import(path))) => path.as_ref(),
            Some(_) => return Meaning::Unknown,
            None if attributes.is_empty() && BUILTINS.contains(&name) => {
                return Meaning::Known(name.to_owned());
            }
            None if attributes.is_empty() && self.star_typing => {
                return Meaning::Known(format!("typing.{name}"));
            }
            None => return Meaning::Unknown,
        };
        let mut full = path.to_owned();
        for attribute in attributes.iter().rev() {
            full.push('.');
            full.push_str(attribute);
        }
        Meaning::Known(canonical(full))
    }

    /// The full name, where the expression stands for something from elsewhere.
    pub(super) fn known(&self, expression: &Expr) -> Option<String> {
        match self.meaning(expression) {
            Meaning::Known(name) => Some(name),
            _ => None,
        }
    }
}

const BUILTINS: &[&str] = &[
    "str",
    "int",
    "float",
    "bool",
    "object",
    "bytes",
    "bytearray",
    "list",
    "set",
    "frozenset",
    "tuple",
    "dict",
    "complex",
    "type",
];

fn canonical(path: String) -> String {
    for module in ["typing_extensions.", "collections.abc.", "collections.", "types."] {
        if let Some(name) = path.strip_prefix(module) {
            return format!("typing.{name}");
        }
    }
    match path.strip_prefix("builtins.") {
        Some(name) => name.to_owned(),
        None => path,
    }
}
