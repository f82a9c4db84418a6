//! What `Field(…)`, `field(…)` and the classes of `annotated_types` add to a type.
//! A constraint that cannot be kept exactly is left out with a note.

use ruff_python_ast::{Expr, ExprCall, Keyword};
use ruff_text_size::Ranged;
use serde_json::{Number, Value};

use super::annotation::Types;
use super::literal;
use crate::schema::{Schema, Type};

/// What such a call says besides constraints.
#[derive(Debug, Default)]
pub(super) struct FieldFacts {
    /// What happens when the value is absent, where the call says so.
    pub(super) presence: Option<Presence>,
    /// The name under which a model takes the field.
    pub(super) alias: Option<String>,
    /// `init=False`: the field is no argument.
    pub(super) is_internal: bool,
}

/// Whether a value must be given.
#[derive(Debug, PartialEq)]
pub(super) enum Presence {
    /// It must.
    Required,
    /// It need not; the default where it is a literal.
    Optional(Option<Value>),
}

/// A bound on a number, by its Python name.
#[derive(Clone, Copy)]
enum NumberBound {
    Ge,
    Gt,
    Le,
    Lt,
    MultipleOf,
}

impl Types<'_> {
    /// Whether an expression is a call of `Field` or `field`.
    pub(super) fn as_field<'e>(&self, expression: &'e Expr) -> Option<&'e ExprCall> {
        let Expr::Call(call) = expression else { return None };
        let name = self.scope.known(&call.func)?;
        is_field(&name).then_some(call)
    }

    /// Adds what a call in `Annotated` or a default says to a type. Calls that are not for us say nothing.
    pub(super) fn constrain(&mut self, schema: &mut Schema, call: &ExprCall) -> FieldFacts {
        let mut facts = FieldFacts::default();
        let Some(name) = self.scope.known(&call.func) else { return facts };
        let (module, last) = name.rsplit_once('.').unwrap_or(("", &name));
        let first = call.arguments.args.first();
        match (module, last) {
            ("typing", "Doc") => schema.description = first.and_then(text).or(schema.description.take()),
            ("annotated_types", "Ge") => self.constraint(schema, "ge", first),
            ("annotated_types", "Gt") => self.constraint(schema, "gt", first),
            ("annotated_types", "Le") => self.constraint(schema, "le", first),
            ("annotated_types", "Lt") => self.constraint(schema, "lt", first),
            ("annotated_types", "MultipleOf") => self.constraint(schema, "multiple_of", first),
            ("annotated_types", "MinLen") => self.constraint(schema, "min_length", first),
            ("annotated_types", "MaxLen") => self.constraint(schema, "max_length", first),
            ("annotated_types", "Len") => {
                self.constraint(schema, "min_length", first);
                self.constraint(schema, "max_length", call.arguments.args.get(1));
            }
            _ => {}
        }
        if is_field(&name)
            && let Some(default) = first
        {
            facts.presence = Some(self.presence(default));
        }
        if is_field(&name) || matches!(module, "pydantic" | "annotated_types") {
            for keyword in &call.arguments.keywords {
                self.keyword(schema, keyword, &mut facts);
            }
        }
        facts
    }

    fn keyword(&mut self, schema: &mut Schema, keyword: &Keyword, facts: &mut FieldFacts) {
        let Some(name) = keyword.arg.as_ref().map(|name| name.as_str()) else { return };
        let value = &keyword.value;
        match name {
            "default" => facts.presence = Some(self.presence(value)),
            "default_factory" => facts.presence = Some(Presence::Optional(None)),
            "alias" | "validation_alias" => facts.alias = text(value).or(facts.alias.take()),
            "init" => facts.is_internal = matches!(value, Expr::BooleanLiteral(literal) if !literal.value),
            "description" => schema.description = text(value).or(schema.description.take()),
            "title" => schema.title = text(value).or(schema.title.take()),
            "examples" => {
                if let Some(Value::Array(examples)) = literal::json(value, self.index) {
                    schema.examples = examples;
                }
            }
            _ => self.constraint(schema, name, Some(value)),
        }
    }

    /// What a default says: `...` is none.
    pub(super) fn presence(&mut self, default: &Expr) -> Presence {
        match default {
            Expr::EllipsisLiteral(_) => Presence::Required,
            _ => {
                let member = self.enum_member(default);
                Presence::Optional(member.or_else(|| literal::json(default, self.index)))
            }
        }
    }

    fn constraint(&mut self, schema: &mut Schema, name: &str, value: Option<&Expr>) {
        let Some(value) = value else { return };
        let literal = literal::json(value, self.index);
        let kept = match (name, &literal) {
            (_, Some(Value::Null)) => true,
            ("ge", Some(Value::Number(bound))) => bound_number(schema, NumberBound::Ge, bound),
            ("gt", Some(Value::Number(bound))) => bound_number(schema, NumberBound::Gt, bound),
            ("le", Some(Value::Number(bound))) => bound_number(schema, NumberBound::Le, bound),
            ("lt", Some(Value::Number(bound))) => bound_number(schema, NumberBound::Lt, bound),
            ("multiple_of", Some(Value::Number(bound))) => {
                bound_number(schema, NumberBound::MultipleOf, bound)
            }
            ("min_length" | "min_items", Some(length)) => {
                length.as_u64().is_some_and(|length| bound_length(schema, Some(length), None))
            }
            ("max_length" | "max_items", Some(length)) => {
                length.as_u64().is_some_and(|length| bound_length(schema, None, Some(length)))
            }
            ("pattern" | "regex", Some(Value::String(pattern))) => {
                regex::Regex::new(pattern).is_ok() && match_pattern(schema, pattern)
            }
            ("ge" | "gt" | "le" | "lt" | "multiple_of", _) => false,
            ("min_length" | "max_length" | "min_items" | "max_items" | "pattern" | "regex", _) => false,
            _ => true,
        };
        // Where anything is allowed, the note on the type says enough.
        if !kept && schema.kind != Type::Any {
            self.passed_over(value.range(), name);
        }
    }
}

fn is_field(name: &str) -> bool {
    matches!(name, "pydantic.Field" | "pydantic.fields.Field" | "sqlmodel.Field" | "dataclasses.field")
}

fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::StringLiteral(text) => Some(text.value.to_str().trim().to_owned()),
        _ => None,
    }
}

/// Bounds every member of a union that can be bounded; false when nothing could.
fn bound_number(schema: &mut Schema, bound: NumberBound, value: &Number) -> bool {
    match &mut schema.kind {
        Type::Integer(bounds) | Type::Number(bounds) => {
            // JSON Schema allows only steps above zero.
            if matches!(bound, NumberBound::MultipleOf) && value.as_f64().is_none_or(|step| step <= 0.0) {
                return false;
            }
            let place = match bound {
                NumberBound::Ge => &mut bounds.minimum,
                NumberBound::Gt => &mut bounds.exclusive_minimum,
                NumberBound::Le => &mut bounds.maximum,
                NumberBound::Lt => &mut bounds.exclusive_maximum,
                NumberBound::MultipleOf => &mut bounds.multiple_of,
            };
            *place = Some(value.clone());
            true
        }
        Type::Union(members) => {
            members.iter_mut().map(|member| bound_number(member, bound, value)).filter(|kept| *kept).count()
                > 0
        }
        _ => false,
    }
}

fn bound_length(schema: &mut Schema, least: Option<u64>, most: Option<u64>) -> bool {
    match &mut schema.kind {
        Type::String(bounds) => {
            bounds.min_length = least.or(bounds.min_length);
            bounds.max_length = most.or(bounds.max_length);
            true
        }
        Type::Array(array) => {
            array.min_items = least.or(array.min_items);
            array.max_items = most.or(array.max_items);
            true
        }
        Type::Union(members) => {
            members.iter_mut().map(|member| bound_length(member, least, most)).filter(|kept| *kept).count()
                > 0
        }
        _ => false,
    }
}

fn match_pattern(schema: &mut Schema, pattern: &str) -> bool {
    match &mut schema.kind {
        Type::String(bounds) => {
            bounds.pattern = Some(pattern.to_owned());
            true
        }
        Type::Union(members) => {
            members.iter_mut().map(|member| match_pattern(member, pattern)).filter(|kept| *kept).count() > 0
        }
        _ => false,
    }
}
