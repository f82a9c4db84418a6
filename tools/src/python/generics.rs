//! Types with brackets: `list[T]`, `Literal["a"]`, `Annotated[T, …]`.
//! A container is read with or without its brackets; without, it holds anything.

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::{Ranged, TextRange};
use serde_json::Value;

use super::annotation::{Types, array, object, string, union};
use super::enumeration::MEMBER_LIMIT;
use super::field::FieldFacts;
use super::literal;
use super::scope::Meaning;
use crate::schema::{Additional, ArrayType, NumberBounds, Schema, Type};

impl Types<'_> {
    /// The type `name[items]`, where it is one we know; `name` alone has no items and is not bracketed.
    pub(super) fn generic(&mut self, name: &str, items: &[Expr], is_bracketed: bool) -> Option<Schema> {
        let bare = name.strip_prefix("typing.").unwrap_or(name);
        let kind = match (bare, items) {
            ("list" | "List" | "Sequence" | "MutableSequence" | "Iterable" | "Collection", [] | [_]) => {
                array(self.item(items), false)
            }
            ("set" | "frozenset" | "Set" | "FrozenSet" | "AbstractSet" | "MutableSet", [] | [_]) => {
                self.converts = true;
                array(self.item(items), true)
            }
            ("deque" | "Deque", [] | [_]) => {
                self.converts = true;
                array(self.item(items), false)
            }
            ("tuple" | "Tuple", _) => self.tuple(items, is_bracketed),
            ("dict" | "Dict" | "Mapping" | "MutableMapping" | "OrderedDict", [key, value]) => {
                self.mapping(key, value)
            }
            ("DefaultDict" | "defaultdict", [key, value]) => {
                self.converts = true;
                self.mapping(key, value)
            }
            ("Optional", [one]) => {
                let one = self.read(one);
                return Some(union(vec![one, Schema::of(Type::Null)]));
            }
            ("Union", [_, ..]) => {
                let members = items.iter().map(|item| self.read(item)).collect();
                return Some(union(members));
            }
            ("Literal", [_, ..]) => self.literals(items)?,
            ("Annotated", [inner, extras @ ..]) => return Some(self.annotated(inner, extras)),
            ("Final" | "Required" | "NotRequired" | "ReadOnly" | "dataclasses.InitVar", [inner]) => {
                return Some(self.read(inner));
            }
            ("os.PathLike", [_]) => {
                self.converts = true;
                string(Some("path"))
            }
            _ => return self.pydantic(bare),
        };
        Some(Schema::of(kind))
    }

    fn item(&mut self, items: &[Expr]) -> Schema {
        items.first().map_or_else(|| Schema::of(Type::Any), |item| self.read(item))
    }

    /// `tuple[()]` is an empty list, `tuple[A, B]` one of just so many items, each of one of these
    /// types, `tuple[A, ...]` one of any length.
    fn tuple(&mut self, items: &[Expr], is_empty: bool) -> Type {
        self.converts = true;
        let (items, length) = match items {
            [] => (Schema::of(Type::Any), is_empty.then_some(0)),
            [one, Expr::EllipsisLiteral(_)] => (self.read(one), None),
            items => {
                let members = items.iter().map(|item| self.read(item)).collect();
                (union(members), u64::try_from(items.len()).ok())
            }
        };
        Type::Array(Box::new(ArrayType { items, min_items: length, max_items: length, unique: false }))
    }

    fn mapping(&mut self, key: &Expr, value: &Expr) -> Type {
        let keys = self.read(key).kind;
        if !matches!(keys, Type::String(_) | Type::Any | Type::Enum(_)) {
            self.converts = true;
            let message = format!("keys of parameter `{}` arrive as strings", self.parameter);
            self.remark(key.range(), message);
        }
        let value = self.read(value);
        object(if value.kind == Type::Any { Additional::Any } else { Additional::Typed(Box::new(value)) })
    }

    /// The values of `Literal[…]`; `None` where one of them is no literal.
    fn literals(&mut self, items: &[Expr]) -> Option<Type> {
        if items.len() > MEMBER_LIMIT {
            return None;
        }
        let mut values: Vec<Value> = Vec::new();
        for item in items {
            let value = match self.enum_member(item) {
                Some(value) => {
                    self.converts = true;
                    value
                }
                None => {
                    literal::json(item, self.index).filter(|value| !value.is_array() && !value.is_object())?
                }
            };
            if !values.contains(&value) {
                values.push(value);
            }
        }
        Some(Type::Enum(values))
    }

    /// `Annotated[T, "text", Field(…), Ge(0)]`; what is not for us is passed over, as typing has it.
    fn annotated(&mut self, inner: &Expr, extras: &[Expr]) -> Schema {
        let mut schema = self.read(inner);
        let mut described = false;
        let mut facts = FieldFacts::default();
        for extra in extras {
            match extra {
                Expr::StringLiteral(text) if !described => {
                    schema.description = Some(text.value.to_str().trim().to_owned());
                    described = true;
                }
                Expr::Call(call) => {
                    let more = self.constrain(&mut schema, call);
                    facts.presence = more.presence.or(facts.presence);
                    facts.alias = more.alias.or(facts.alias);
                }
                _ => {}
            }
        }
        self.facts = facts;
        schema
    }

    /// `NewType("N", T)`, a functional `TypedDict`, and pydantic's `conint(ge=0)`.
    pub(super) fn call(&mut self, call: &ExprCall) -> Schema {
        let name = self.scope.known(&call.func).unwrap_or_default();
        let kind = match name.as_str() {
            "typing.NewType" => {
                if let [_, inner] = &*call.arguments.args {
                    return self.read(inner);
                }
                return self.not_understood(call.range());
            }
            "typing.TypedDict" => return self.typed_dict_call(call),
            "pydantic.conint" => Type::Integer(NumberBounds::default()),
            "pydantic.confloat" => Type::Number(NumberBounds::default()),
            "pydantic.constr" => string(None),
            _ => return self.not_understood(call.range()),
        };
        let mut schema = Schema::of(kind);
        self.constrain(&mut schema, call);
        schema
    }

    /// pydantic's numbers with a sign.
    fn pydantic(&mut self, name: &str) -> Option<Schema> {
        let (sign, number) = ["Positive", "NonNegative", "Negative", "NonPositive"]
            .into_iter()
            .find_map(|sign| Some((sign, name.strip_prefix("pydantic.")?.strip_prefix(sign)?)))?;
        let zero = Some(serde_json::Number::from(0));
        let mut bounds = NumberBounds::default();
        match sign {
            "Positive" => bounds.exclusive_minimum = zero,
            "NonNegative" => bounds.minimum = zero,
            "Negative" => bounds.exclusive_maximum = zero,
            _ => bounds.maximum = zero,
        }
        match number {
            "Int" => Some(Schema::of(Type::Integer(bounds))),
            "Float" => Some(Schema::of(Type::Number(bounds))),
            _ => None,
        }
    }

    /// Where an annotation describes itself, so that the docstring need not.
    pub(super) fn is_annotated(&self, annotation: &Expr) -> bool {
        matches!(annotation, Expr::Subscript(subscript)
            if matches!(self.scope.meaning(&subscript.value), Meaning::Known(name) if name == "typing.Annotated"))
    }

    /// A note that a part of an annotation was passed over.
    pub(super) fn passed_over(&mut self, at: TextRange, part: &str) {
        let message = format!("`{part}` of parameter `{}` is not understood", self.parameter);
        self.remark(at, message);
    }
}
