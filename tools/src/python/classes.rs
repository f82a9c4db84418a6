//! Classes of the file as types: `TypedDict`, dataclass, pydantic model, `Enum`.
//! A class is read only when all that it inherits fields from is in the file.

use indexmap::IndexMap;
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtAnnAssign, StmtClassDef};
use ruff_text_size::{Ranged, TextRange};

use super::annotation::{Types, object};
use super::docstring::Docstring;
use super::field::{FieldFacts, Presence};
use super::outline;
use super::scope::Meaning;
use crate::schema::{Additional, ObjectType, Property, Schema, Type};

/// How deep classes may inherit.
const DEPTH_LIMIT: usize = 16;

/// What kind of class it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `class Options(TypedDict)`
    TypedDict,
    /// `@dataclass`
    Dataclass,
    /// `class Options(BaseModel)`
    Model,
    /// `class Color(Enum)`
    Enum,
    /// `class Color(StrEnum)`
    TextEnum,
    /// Any other class.
    Other,
}

impl<'a> Types<'a> {
    /// What kind of class it is.
    pub(super) fn shape(&mut self, class: &StmtClassDef) -> Shape {
        self.shape_at(class, 0)
    }

    fn shape_at(&mut self, class: &StmtClassDef, depth: usize) -> Shape {
        if depth > DEPTH_LIMIT || !self.spend(1) {
            return Shape::Other;
        }
        let is_dataclass = class.decorator_list.iter().any(|decorator| {
            let named = match &decorator.expression {
                Expr::Call(call) => &*call.func,
                other => other,
            };
            let name = self.scope.known(named);
            matches!(name.as_deref(), Some("dataclasses.dataclass" | "pydantic.dataclasses.dataclass"))
        });
        if is_dataclass {
            return Shape::Dataclass;
        }
        for base in class.bases() {
            let shape = match self.scope.meaning(base) {
                Meaning::Class(_, base) => match self.shape_at(base, depth + 1) {
                    // The decorator is not inherited.
                    Shape::Dataclass => Shape::Other,
                    shape => shape,
                },
                Meaning::Known(name) => match name.as_str() {
                    "typing.TypedDict" => Shape::TypedDict,
                    "pydantic.BaseModel" | "pydantic.main.BaseModel" | "pydantic.v1.BaseModel" => {
                        Shape::Model
                    }
                    "enum.Enum" | "enum.IntEnum" | "enum.ReprEnum" => Shape::Enum,
                    "enum.StrEnum" => Shape::TextEnum,
                    _ => Shape::Other,
                },
                _ => Shape::Other,
            };
            if shape != Shape::Other {
                return shape;
            }
        }
        Shape::Other
    }

    /// The type that a class of the file says.
    pub(super) fn class(&mut self, class: &'a StmtClassDef, at: TextRange) -> Schema {
        let text = outline::docstring(&class.body).unwrap_or_default();
        let size = class.body.len() + text.len() / 128;
        let shape = self.shape(class);
        if !self.spend(size) {
            return self.note(at, "too large");
        }
        let docstring = Docstring::parse(text);
        let kind = match shape {
            Shape::Enum | Shape::TextEnum => {
                let Some(members) = self.enum_members(class, shape == Shape::TextEnum) else {
                    return self.not_understood(at);
                };
                let mut values = Vec::new();
                for (_, value) in members {
                    // Members of one value are one member.
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
                self.converts = true;
                Type::Enum(values)
            }
            Shape::TypedDict | Shape::Dataclass | Shape::Model => {
                let mut fields =
                    Fields { shape, properties: IndexMap::new(), additional: Additional::Forbidden };
                if !self.collect(class, &mut fields, 0) {
                    return self.note(at, "a class that inherits from another file");
                }
                for (name, text) in docstring.parameters {
                    if let Some(property) = fields.properties.get_mut(&name) {
                        property.schema.description.get_or_insert(text);
                    }
                }
                self.converts |= shape != Shape::TypedDict;
                Type::Object(Box::new(ObjectType {
                    properties: fields.properties,
                    additional: fields.additional,
                }))
            }
            Shape::Other => return self.not_understood(at),
        };
        Schema { description: docstring.description, ..Schema::of(kind) }
    }

    /// Adds the fields of a class after those it inherits; false when a base is unknown.
    fn collect(&mut self, class: &'a StmtClassDef, fields: &mut Fields, depth: usize) -> bool {
        if depth > DEPTH_LIMIT || !self.spend(class.body.len()) {
            return false;
        }
        // In Python the first base has the last word.
        for base in class.bases().iter().rev() {
            let base = match base {
                Expr::Subscript(generic) => &*generic.value,
                other => other,
            };
            match self.scope.meaning(base) {
                Meaning::Class(_, base) => {
                    if self.shape(base) == fields.shape && !self.collect(base, fields, depth + 1) {
                        return false;
                    }
                }
                Meaning::Known(name) if is_fieldless(&name) => {}
                _ => return false,
            }
        }
        let keywords = class.arguments.as_deref().map_or(&[][..], |arguments| &arguments.keywords);
        let is_total = !keywords.iter().any(|keyword| {
            keyword.arg.as_deref() == Some("total")
                && matches!(&keyword.value, Expr::BooleanLiteral(total) if !total.value)
        });
        for statement in &class.body {
            match statement {
                Stmt::AnnAssign(field) => self.field(field, fields, is_total),
                Stmt::Assign(assign) if fields.shape == Shape::Model => {
                    if let ([Expr::Name(name)], Expr::Call(call)) =
                        (assign.targets.as_slice(), &*assign.value)
                        && name.id.as_str() == "model_config"
                        && is_open(call)
                    {
                        fields.additional = Additional::Any;
                    }
                }
                _ => {}
            }
        }
        true
    }

    fn field(&mut self, field: &StmtAnnAssign, fields: &mut Fields, is_total: bool) {
        let Expr::Name(name) = &*field.target else { return };
        let name = name.id.as_str();
        let wrapper = match &*field.annotation {
            Expr::Subscript(subscript) => self.scope.known(&subscript.value),
            plain => self.scope.known(plain),
        };
        let is_private = fields.shape == Shape::Model && (name.starts_with('_') || name == "model_config");
        if is_private || matches!(wrapper.as_deref(), Some("typing.ClassVar" | "dataclasses.KW_ONLY")) {
            return;
        }
        self.facts = FieldFacts::default();
        let mut schema = self.read(&field.annotation);
        let annotated = std::mem::take(&mut self.facts);
        let mut facts = FieldFacts::default();
        if let Some(default) = field.value.as_deref() {
            match self.as_field(default) {
                Some(call) => facts = self.constrain(&mut schema, call),
                None => facts.presence = Some(self.presence(default)),
            }
        }
        let is_annotated = self.is_annotated(&field.annotation);
        let presence = facts.presence.or(annotated.presence.filter(|_| is_annotated));
        let required = match fields.shape {
            Shape::TypedDict => match wrapper.as_deref() {
                Some("typing.Required") => true,
                Some("typing.NotRequired") => false,
                _ => is_total,
            },
            _ => match presence {
                Some(Presence::Optional(default)) => {
                    schema.default = default;
                    false
                }
                _ => true,
            },
        };
        let alias =
            facts.alias.or(annotated.alias.filter(|_| is_annotated)).filter(|_| fields.shape == Shape::Model);
        if !facts.is_internal {
            fields.properties.insert(alias.unwrap_or_else(|| name.to_owned()), Property { schema, required });
        }
    }

    /// `TypedDict("Name", {"key": T}, total=False)`
    pub(super) fn typed_dict_call(&mut self, call: &ExprCall) -> Schema {
        let Some(Expr::Dict(dict)) = call.arguments.args.get(1) else {
            return self.not_understood(call.range());
        };
        let is_total = !call.arguments.keywords.iter().any(|keyword| {
            keyword.arg.as_deref() == Some("total")
                && matches!(&keyword.value, Expr::BooleanLiteral(total) if !total.value)
        });
        let mut properties = IndexMap::new();
        for item in &dict.items {
            let Some(Expr::StringLiteral(key)) = &item.key else { return self.not_understood(call.range()) };
            let schema = self.read(&item.value);
            properties.insert(key.value.to_str().to_owned(), Property { schema, required: is_total });
        }
        let mut kind = object(Additional::Forbidden);
        if let Type::Object(object) = &mut kind {
            object.properties = properties;
        }
        Schema::of(kind)
    }
}

/// The fields of one class, as they are collected.
struct Fields {
    shape: Shape,
    properties: IndexMap<String, Property>,
    additional: Additional,
}

/// Bases from elsewhere that bring no fields.
fn is_fieldless(name: &str) -> bool {
    matches!(
        name,
        "object"
            | "abc.ABC"
            | "typing.Generic"
            | "typing.Protocol"
            | "typing.TypedDict"
            | "pydantic.BaseModel"
            | "pydantic.main.BaseModel"
            | "pydantic.v1.BaseModel"
    )
}

/// `ConfigDict(extra="allow")`
fn is_open(config: &ExprCall) -> bool {
    config.arguments.keywords.iter().any(|keyword| {
        keyword.arg.as_deref() == Some("extra")
            && matches!(&keyword.value, Expr::StringLiteral(extra)
                if matches!(extra.value.to_str(), "allow" | "ignore"))
    })
}
