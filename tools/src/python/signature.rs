//! What a tool says of itself in its code: description and parameters.
//! A parameter is required exactly when Python requires it.

use std::collections::HashSet;

use ruff_python_ast::{Expr, ParameterWithDefault, StmtFunctionDef};
use rye_runtimes::document::{LineIndex, Problem};
use serde_json::Value;

use super::annotation::{Types, string, union};
use super::docstring::{self, Docstring};
use super::field::Presence;
use super::outline::{self, Outline};
use super::{EntryFunction, PythonKind};
use crate::parameter::{Parameter, Parameters};
use crate::schema::{Additional, NumberBounds, Schema, Type};

/// Description and parameters.
pub(super) struct Described {
    pub(super) doc: Option<String>,
    pub(super) parameters: Option<Parameters>,
    pub(super) converts: Vec<String>,
    pub(super) notes: Vec<Problem>,
}

/// Reads the description and the parameters of a file.
pub(super) fn read(
    outline: &Outline<'_>,
    kind: PythonKind,
    source: &str,
    index: &LineIndex<'_>,
) -> Described {
    let module = || outline.docstring.and_then(docstring::text);
    let entry_doc = |function: Option<&StmtFunctionDef>| {
        let text = function.and_then(|function| outline::docstring(&function.body));
        text.map(Docstring::parse).unwrap_or_default()
    };
    let mut described = Described { doc: None, parameters: None, converts: Vec::new(), notes: Vec::new() };
    match kind {
        PythonKind::Function(EntryFunction::Main { .. }) => {
            let docstring = entry_doc(outline.main);
            if let Some(main) = outline.main {
                let types = Types::new(&outline.scope, source, index);
                let mut signature = Signature {
                    types,
                    parameters: Parameters::none(),
                    converts: Vec::new(),
                    names: HashSet::new(),
                };
                signature.function(main, &docstring);
                described.parameters = Some(signature.parameters);
                described.converts = signature.converts;
                described.notes = signature.types.notes;
            }
            described.doc = docstring.description.or_else(module);
        }
        PythonKind::Function(EntryFunction::Execute { .. }) => {
            described.doc = entry_doc(outline.execute).description.or_else(module);
            described.parameters = Some(Parameters::any());
        }
        PythonKind::Script => described.doc = module().or_else(|| entry_doc(outline.main).description),
        PythonKind::Module => described.doc = module(),
    }
    described
}

struct Signature<'a> {
    types: Types<'a>,
    parameters: Parameters,
    converts: Vec<String>,
    names: HashSet<String>,
}

impl Signature<'_> {
    fn function(&mut self, function: &StmtFunctionDef, docstring: &Docstring) {
        for parameter in function.parameters.iter_non_variadic_params() {
            self.parameter(parameter, docstring);
        }
        if let Some(rest) = &function.parameters.vararg {
            let message = format!("`*{}` of `main` gets nothing: arguments are passed by name", rest.name);
            self.types.remark(rest.range, message);
        }
        if let Some(rest) = &function.parameters.kwarg {
            self.rest(rest.name.as_str(), rest.annotation.as_deref());
        }
    }

    fn parameter(&mut self, parameter: &ParameterWithDefault, docstring: &Docstring) {
        let name = parameter.parameter.name.as_str();
        let annotation = parameter.parameter.annotation.as_deref();
        let default = parameter.default.as_deref();
        self.begin(name);
        let mut schema = match (annotation, default) {
            (Some(annotation), _) => self.types.read(annotation),
            (None, Some(default)) => Schema::of(type_of(default)),
            (None, None) => Schema::of(Type::Any),
        };
        let mut describes_itself = annotation.is_some_and(|annotation| self.types.is_annotated(annotation));
        let presence = default.map_or(Presence::Required, |default| match self.types.as_field(default) {
            Some(call) => {
                let class_says = schema.description.take();
                let facts = self.types.constrain(&mut schema, call);
                describes_itself |= schema.description.is_some();
                schema.description = schema.description.take().or(class_says);
                facts.presence.unwrap_or(Presence::Required)
            }
            None => Presence::Optional(match self.types.presence(default) {
                Presence::Optional(value) => value,
                Presence::Required => None,
            }),
        });
        let required = presence == Presence::Required;
        if let Presence::Optional(value) = presence {
            // `x: int = None` is how many write that x may be absent; None is then a value as well.
            if value == Some(Value::Null) && !allows_null(&schema) {
                schema = or_null(schema);
            }
            schema.default = value;
        }
        let said = docstring.parameters.get(name).cloned();
        let own = schema.description.take().or_else(|| inner_description(&schema));
        schema.description = if describes_itself { own.or(said) } else { said.or(own) };
        self.keep(Parameter { name: name.to_owned(), schema, required, allow_dash: false, beneath: None });
        self.end(name);
    }

    /// `**kwargs`
    fn rest(&mut self, name: &str, annotation: Option<&Expr>) {
        self.begin(name);
        let (annotation, is_unpacked) = match annotation {
            Some(Expr::Subscript(unpack))
                if self.types.scope.known(&unpack.value).as_deref() == Some("typing.Unpack") =>
            {
                (Some(&*unpack.slice), true)
            }
            other => (other, false),
        };
        let schema =
            annotation.map_or_else(|| Schema::of(Type::Any), |annotation| self.types.read(annotation));
        self.parameters.additional = match schema.kind {
            Type::Object(object) if is_unpacked => {
                for (name, property) in object.properties {
                    let (schema, required) = (property.schema, property.required);
                    self.keep(Parameter { name, schema, required, allow_dash: false, beneath: None });
                }
                object.additional
            }
            Type::Any => Additional::Any,
            _ => Additional::Typed(Box::new(schema)),
        };
        self.end(name);
    }

    /// Names are unique: Python refuses a second parameter of one name when the tool is run.
    fn keep(&mut self, parameter: Parameter) {
        if self.names.insert(parameter.name.clone()) {
            self.parameters.list.push(parameter);
        }
    }

    fn begin(&mut self, name: &str) {
        name.clone_into(&mut self.types.parameter);
        self.types.converts = false;
    }

    fn end(&mut self, name: &str) {
        if self.types.converts {
            self.converts.push(name.to_owned());
        }
    }
}

/// The type of a parameter without annotation, by its default.
fn type_of(default: &Expr) -> Type {
    use ruff_python_ast::Number;
    match default {
        Expr::UnaryOp(signed) if matches!(&*signed.operand, Expr::NumberLiteral(_)) => {
            type_of(&signed.operand)
        }
        Expr::BooleanLiteral(_) => Type::Boolean,
        Expr::StringLiteral(_) => string(None),
        Expr::NumberLiteral(literal) => match literal.value {
            Number::Int(_) => Type::Integer(NumberBounds::default()),
            Number::Float(_) => Type::Number(NumberBounds::default()),
            Number::Complex { .. } => Type::Any,
        },
        _ => Type::Any,
    }
}

fn allows_null(schema: &Schema) -> bool {
    match &schema.kind {
        Type::Any | Type::Null => true,
        Type::Enum(values) => values.contains(&Value::Null),
        Type::Union(members) => members.iter().any(allows_null),
        _ => false,
    }
}

/// The same type or null, with what is said about it kept outside.
fn or_null(mut schema: Schema) -> Schema {
    let (title, description) = (schema.title.take(), schema.description.take());
    let examples = std::mem::take(&mut schema.examples);
    Schema { title, description, examples, ..union(vec![schema, Schema::of(Type::Null)]) }
}

/// The description of `Optional[Annotated[T, "text"]]`, which stands inside.
fn inner_description(schema: &Schema) -> Option<String> {
    match &schema.kind {
        Type::Union(members) => members.iter().find_map(|member| member.description.clone()),
        _ => None,
    }
}
