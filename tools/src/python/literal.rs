//! Python literals as [`Node`]s: what `ast.literal_eval` would take, without bytes, sets and complex numbers.
//! A value is read exactly or refused; nothing is evaluated.

use std::collections::HashMap;

use ruff_python_ast::{Expr, ExprDict, Number, UnaryOp};
use ruff_text_size::{Ranged, TextRange};
use rye_runtimes::document::{Entry, LineIndex, Node, NodeValue, Place, Problem};

/// How deep lists and dicts may nest.
const DEPTH_LIMIT: usize = 64;

/// Why an expression is not a literal that can be kept.
pub(super) struct Refusal {
    place: Place,
    reason: Reason,
}

enum Reason {
    Computed,
    IntegerRange,
    FloatRange,
    KeyKind,
    DuplicateKey { key: String, first: Place },
    TooDeep,
}

impl Refusal {
    /// The refusal as a problem of the value of `name`.
    pub(super) fn problem(self, name: &str) -> Problem {
        let message = match &self.reason {
            Reason::Computed => return computed(&self.place, name),
            Reason::IntegerRange => format!("an integer in `{name}` does not fit in 64 bits"),
            Reason::FloatRange => format!("a number in `{name}` is too large"),
            Reason::KeyKind => format!("a key in `{name}` is not a string"),
            Reason::DuplicateKey { key, first } => {
                format!("key `{key}` stands twice in `{name}`, first in line {}", first.line)
            }
            Reason::TooDeep => format!("`{name}` is nested more than {DEPTH_LIMIT} deep"),
        };
        Problem::new(&self.place, message)
    }
}

/// The problem of a known name whose value is computed.
pub(super) fn computed(place: &Place, name: &str) -> Problem {
    Problem::new(place, format!("the value of `{name}` is computed"))
        .hint("write a literal: the file is read without being run")
}

/// Reads an expression as a literal.
pub(super) fn read(expression: &Expr, index: &LineIndex<'_>) -> Result<Node, Refusal> {
    node(expression, index, 0)
}

/// The literal as JSON, where it is one.
pub(super) fn json(expression: &Expr, index: &LineIndex<'_>) -> Option<serde_json::Value> {
    read(expression, index).ok().map(|node| node.to_json())
}

fn node(expression: &Expr, index: &LineIndex<'_>, depth: usize) -> Result<Node, Refusal> {
    let refuse = |reason| Refusal { place: place(expression.range(), index), reason };
    if depth > DEPTH_LIMIT {
        return Err(refuse(Reason::TooDeep));
    }
    let value = match expression {
        Expr::NoneLiteral(_) => NodeValue::Null,
        Expr::BooleanLiteral(literal) => NodeValue::Boolean(literal.value),
        Expr::StringLiteral(literal) => NodeValue::String(literal.value.to_str().to_owned()),
        Expr::NumberLiteral(literal) => number(&literal.value, false).map_err(refuse)?,
        Expr::UnaryOp(signed) => match (signed.op, &*signed.operand) {
            (UnaryOp::USub, Expr::NumberLiteral(literal)) => number(&literal.value, true).map_err(refuse)?,
            (UnaryOp::UAdd, Expr::NumberLiteral(literal)) => number(&literal.value, false).map_err(refuse)?,
            _ => return Err(refuse(Reason::Computed)),
        },
        Expr::List(list) => NodeValue::Array(nodes(&list.elts, index, depth)?),
        Expr::Tuple(tuple) => NodeValue::Array(nodes(&tuple.elts, index, depth)?),
        Expr::Dict(dict) => NodeValue::Table(entries(dict, index, depth)?),
        _ => return Err(refuse(Reason::Computed)),
    };
    Ok(Node { place: place(expression.range(), index), value })
}

fn nodes(items: &[Expr], index: &LineIndex<'_>, depth: usize) -> Result<Vec<Node>, Refusal> {
    items.iter().map(|item| node(item, index, depth + 1)).collect()
}

fn entries(dict: &ExprDict, index: &LineIndex<'_>, depth: usize) -> Result<Vec<Entry>, Refusal> {
    let mut entries = Vec::with_capacity(dict.items.len());
    let mut seen: HashMap<&str, Place> = HashMap::with_capacity(dict.items.len());
    for item in &dict.items {
        // `**other` has no key.
        let Some(key) = &item.key else {
            return Err(Refusal { place: place(item.value.range(), index), reason: Reason::Computed });
        };
        let key_place = place(key.range(), index);
        let Expr::StringLiteral(text) = key else {
            let reason = if node(key, index, depth + 1).is_ok() { Reason::KeyKind } else { Reason::Computed };
            return Err(Refusal { place: key_place, reason });
        };
        let text = text.value.to_str();
        if let Some(first) = seen.insert(text, key_place.clone()) {
            let reason = Reason::DuplicateKey { key: text.to_owned(), first };
            return Err(Refusal { place: key_place, reason });
        }
        let value = node(&item.value, index, depth + 1)?;
        entries.push(Entry { key: text.to_owned(), key_place, value });
    }
    Ok(entries)
}

fn number(value: &Number, negative: bool) -> Result<NodeValue, Reason> {
    match value {
        Number::Int(integer) => {
            let magnitude = integer.as_u64().map(i128::from).ok_or(Reason::IntegerRange)?;
            let value = if negative { -magnitude } else { magnitude };
            i64::try_from(value).map(NodeValue::Integer).map_err(|_| Reason::IntegerRange)
        }
        Number::Float(float) if float.is_finite() => {
            Ok(NodeValue::Float(if negative { -float } else { *float }))
        }
        Number::Float(_) => Err(Reason::FloatRange),
        Number::Complex { .. } => Err(Reason::Computed),
    }
}

/// Where a range begins.
pub(super) fn place(range: TextRange, index: &LineIndex<'_>) -> Place {
    index.place(range.start().to_usize())
}
