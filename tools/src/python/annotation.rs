//! Annotations to types.
//! What is not understood is any value, with a note that says where; the work for one file is bounded.

use ruff_python_ast::{Expr, ExprStringLiteral, ExprSubscript, Operator};
use ruff_python_parser::parse_string_annotation;
use ruff_text_size::{Ranged, TextRange};
use rye_runtimes::document::{LineIndex, Problem};

use super::field::FieldFacts;
use super::literal;
use super::scope::{Meaning, Scope};
use crate::schema::{Additional, ArrayType, NumberBounds, ObjectType, Schema, StringBounds, Type};

/// How deep types may nest, aliases and classes included.
const DEPTH_LIMIT: usize = 32;
/// How many types one file may spell out: `A = tuple[B, B]; B = tuple[C, C]; …` doubles at each step.
const TYPE_LIMIT: usize = 5_000;
/// The longest string that is read as an annotation, in bytes: its syntax tree is dropped by recursion.
const STRING_LIMIT: usize = 1024;
/// How many notes one file may have.
const NOTE_LIMIT: usize = 100;

/// Reads the annotations of one file.
pub(super) struct Types<'a> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) index: &'a LineIndex<'a>,
    source: &'a str,
    /// What was not understood so far.
    pub(super) notes: Vec<Problem>,
    /// Whether a value must be converted to become what the annotations read so far say.
    pub(super) converts: bool,
    /// The parameter that is being read.
    pub(super) parameter: String,
    /// What the calls in the last `Annotated` said.
    pub(super) facts: FieldFacts,
    open: Vec<&'a str>,
    depth: usize,
    read: usize,
}

impl<'a> Types<'a> {
    pub(super) fn new(scope: &'a Scope<'a>, source: &'a str, index: &'a LineIndex<'a>) -> Self {
        Self {
            scope,
            index,
            source,
            notes: Vec::new(),
            converts: false,
            parameter: String::new(),
            facts: FieldFacts::default(),
            open: Vec::new(),
            depth: 0,
            read: 0,
        }
    }

    /// The type that an annotation says.
    pub(super) fn read(&mut self, annotation: &Expr) -> Schema {
        if self.depth >= DEPTH_LIMIT || !self.spend(1) {
            return self.note(annotation.range(), "too large");
        }
        self.depth += 1;
        let schema = self.expression(annotation);
        self.depth -= 1;
        schema
    }

    /// Takes from the work that one file may cause; false when it is used up.
    pub(super) fn spend(&mut self, work: usize) -> bool {
        self.read = self.read.saturating_add(work);
        self.read <= TYPE_LIMIT
    }

    fn expression(&mut self, annotation: &Expr) -> Schema {
        match annotation {
            Expr::NoneLiteral(_) => Schema::of(Type::Null),
            Expr::StringLiteral(text) => self.quoted(text),
            Expr::BinOp(binary) if binary.op == Operator::BitOr => self.bars(annotation),
            Expr::Subscript(subscript) => self.subscript(subscript),
            Expr::Name(_) | Expr::Attribute(_) => self.named(annotation),
            Expr::Call(call) => self.call(call),
            _ => self.not_understood(annotation.range()),
        }
    }

    /// `"list[Path]"`
    fn quoted(&mut self, text: &ExprStringLiteral) -> Schema {
        if let [part] = text.value.as_slice()
            && part.value.len() <= STRING_LIMIT
            && let Ok(parsed) = parse_string_annotation(self.source, part)
        {
            return self.read(&parsed.syntax().body);
        }
        self.not_understood(text.range)
    }

    /// `A | B | C`, which leans to the left however long it is.
    fn bars(&mut self, annotation: &Expr) -> Schema {
        let mut members = Vec::new();
        let mut rest = annotation;
        while let Expr::BinOp(binary) = rest
            && binary.op == Operator::BitOr
        {
            members.push(&*binary.right);
            rest = &binary.left;
        }
        members.push(rest);
        let members = members.into_iter().rev().map(|member| self.read(member)).collect();
        union(members)
    }

    fn subscript(&mut self, subscript: &ExprSubscript) -> Schema {
        let items = match &*subscript.slice {
            Expr::Tuple(tuple) => tuple.elts.as_slice(),
            one => std::slice::from_ref(one),
        };
        match self.scope.meaning(&subscript.value) {
            Meaning::Known(name) => match self.generic(&name, items, true) {
                Some(schema) => schema,
                None => self.not_understood(subscript.range),
            },
            _ => self.not_understood(subscript.range),
        }
    }

    fn named(&mut self, annotation: &Expr) -> Schema {
        match self.scope.meaning(annotation) {
            Meaning::Known(name) => match self.plain(&name) {
                Some(schema) => schema,
                None => self.not_understood(annotation.range()),
            },
            Meaning::Class(name, class) => {
                self.opened(name, annotation.range(), |types| types.class(class, annotation.range()))
            }
            Meaning::Alias(name, value) => self.opened(name, annotation.range(), |types| types.read(value)),
            Meaning::Unknown => self.not_understood(annotation.range()),
        }
    }

    /// Reads what stands behind a name, once on each way down.
    fn opened(&mut self, name: &'a str, at: TextRange, read: impl FnOnce(&mut Self) -> Schema) -> Schema {
        if self.open.contains(&name) {
            return self.note(at, "recursive");
        }
        self.open.push(name);
        let schema = read(self);
        self.open.pop();
        schema
    }

    /// Types that stand without brackets.
    fn plain(&mut self, name: &str) -> Option<Schema> {
        let kind = match name {
            "str" | "typing.Text" | "typing.LiteralString" | "typing.AnyStr" => string(None),
            "int" => Type::Integer(NumberBounds::default()),
            "float" => Type::Number(NumberBounds::default()),
            "bool" => Type::Boolean,
            "object" | "typing.Any" | "pydantic.JsonValue" => Type::Any,
            "typing.NoneType" => Type::Null,
            "dict" | "typing.Dict" | "typing.Mapping" | "typing.MutableMapping" | "typing.OrderedDict" => {
                object(Additional::Any)
            }
            _ => match format_of(name) {
                Some(format) => {
                    self.converts = true;
                    string(format)
                }
                None if name == "decimal.Decimal" => {
                    self.converts = true;
                    let number = Schema::of(Type::Number(NumberBounds::default()));
                    Type::Union(vec![Schema::of(string(Some("decimal"))), number])
                }
                // A list without brackets holds anything.
                None => return self.generic(name, &[], false),
            },
        };
        Some(Schema::of(kind))
    }

    /// Any value, with a note that quotes what was written.
    pub(super) fn not_understood(&mut self, at: TextRange) -> Schema {
        self.note(at, "not understood")
    }

    /// Any value, with a note. The value may well need conversion: the child knows the real type.
    pub(super) fn note(&mut self, at: TextRange, what: &str) -> Schema {
        self.converts = true;
        let written = written(self.source, at);
        self.remark(at, format!("the type `{written}` of parameter `{}` is {what}", self.parameter));
        Schema::of(Type::Any)
    }

    /// Keeps a note of its own words.
    pub(super) fn remark(&mut self, at: TextRange, message: String) {
        let note = Problem::new(&literal::place(at, self.index), message);
        if self.notes.len() < NOTE_LIMIT && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// The string format of types that JSON writes as strings; `Some(None)` is a string of no named format.
#[allow(clippy::option_option)]
fn format_of(name: &str) -> Option<Option<&'static str>> {
    Some(Some(match name {
        "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "pathlib.PurePosixPath" => "path",
        "pydantic.FilePath" | "pydantic.DirectoryPath" | "pydantic.NewPath" | "os.PathLike" => "path",
        "datetime.datetime" => "date-time",
        "datetime.date" => "date",
        "datetime.time" => "time",
        "datetime.timedelta" => "duration",
        "uuid.UUID" | "pydantic.UUID4" => "uuid",
        "pydantic.HttpUrl" | "pydantic.AnyUrl" | "pydantic.AnyHttpUrl" => "uri",
        "pydantic.EmailStr" => "email",
        "bytes" | "bytearray" | "pydantic.SecretStr" => return Some(None),
        _ => return None,
    }))
}

/// What was written, in one line of bounded length.
fn written(source: &str, at: TextRange) -> String {
    let text = source.get(at.start().to_usize()..at.end().to_usize()).unwrap_or_default();
    let mut line = text.split_whitespace().flat_map(|word| [word, " "]).collect::<String>();
    line.truncate(line.trim_end().len());
    if line.chars().count() > 60 {
        line = line.chars().take(59).chain(['…']).collect();
    }
    line
}

/// One of several types: flat, no type twice, and anything when one of them is anything.
pub(super) fn union(members: Vec<Schema>) -> Schema {
    let mut flat: Vec<Schema> = Vec::new();
    for member in members {
        let members = match member {
            Schema { kind: Type::Union(inner), description: None, .. } => inner,
            other => vec![other],
        };
        for member in members {
            if member.kind == Type::Any {
                return Schema::of(Type::Any);
            }
            if !flat.contains(&member) {
                flat.push(member);
            }
        }
    }
    match flat.len() {
        1 => flat.remove(0),
        _ => Schema::of(Type::Union(flat)),
    }
}

/// A string, perhaps of a format.
pub(super) fn string(format: Option<&str>) -> Type {
    Type::String(StringBounds { format: format.map(str::to_owned), ..StringBounds::default() })
}

/// A list of items of one type.
pub(super) fn array(items: Schema, unique: bool) -> Type {
    Type::Array(Box::new(ArrayType { items, min_items: None, max_items: None, unique }))
}

/// An object without declared members.
pub(super) fn object(additional: Additional) -> Type {
    Type::Object(Box::new(ObjectType { properties: indexmap::IndexMap::new(), additional }))
}
