//! `Enum` classes as the values of their members.
//! A class is read whole or not at all: one computed member, and any value is allowed.

use ruff_python_ast::{Expr, Stmt, StmtClassDef};
use serde_json::Value;

use super::annotation::Types;
use super::classes::Shape;
use super::literal;
use super::scope::Meaning;

/// Classes and `Literal`s with more members than this are not read: values are compared with one another.
pub(super) const MEMBER_LIMIT: usize = 1_000;

impl Types<'_> {
    /// The members of an enumeration with their values, in the order written.
    pub(super) fn enum_members<'c>(
        &self,
        class: &'c StmtClassDef,
        is_text: bool,
    ) -> Option<Vec<(&'c str, Value)>> {
        if class.body.len() > MEMBER_LIMIT {
            return None;
        }
        let mut members: Vec<(&str, Value)> = Vec::new();
        for statement in &class.body {
            let Stmt::Assign(assign) = statement else { continue };
            let [Expr::Name(name)] = assign.targets.as_slice() else { return None };
            let name = name.id.as_str();
            if name.starts_with('_') {
                continue;
            }
            let value = if self.is_auto(&assign.value) {
                match members.last() {
                    _ if is_text => Value::from(name.to_lowercase()),
                    None => Value::from(1),
                    Some((_, last)) => Value::from(last.as_i64()?.checked_add(1)?),
                }
            } else {
                literal::json(&assign.value, self.index)?
            };
            members.push((name, value));
        }
        (!members.is_empty()).then_some(members)
    }

    /// The value of `Color.RED` or `Color.RED.value`, where `Color` is an enumeration of this file.
    pub(super) fn enum_member(&mut self, expression: &Expr) -> Option<Value> {
        let Expr::Attribute(attribute) = expression else { return None };
        if attribute.attr.as_str() == "value" && matches!(&*attribute.value, Expr::Attribute(_)) {
            // Two levels are all there are.
            let Expr::Attribute(inner) = &*attribute.value else { return None };
            return self.member_of(&inner.value, inner.attr.as_str());
        }
        self.member_of(&attribute.value, attribute.attr.as_str())
    }

    fn member_of(&mut self, class: &Expr, wanted: &str) -> Option<Value> {
        let Expr::Name(_) = class else { return None };
        let Meaning::Class(_, class) = self.scope.meaning(class) else { return None };
        let is_text = match self.shape(class) {
            Shape::Enum => false,
            Shape::TextEnum => true,
            _ => return None,
        };
        let members = self.enum_members(class, is_text)?;
        members.into_iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
    }

    fn is_auto(&self, value: &Expr) -> bool {
        matches!(value, Expr::Call(call) if call.arguments.args.is_empty()
            && self.scope.known(&call.func).is_some_and(|name| name == "enum.auto"))
    }
}
