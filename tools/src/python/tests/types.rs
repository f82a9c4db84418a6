//! Annotations, classes and fields.

use super::{file, parameters};

const HEAD: &str = "
from __future__ import annotations
import typing, datetime, uuid, enum, pathlib, annotated_types
import typing as t
import datetime as dt
import collections.abc
from collections.abc import Mapping, Sequence as Seq
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum, auto
from pathlib import Path
from typing import *
from typing_extensions import NotRequired
from pydantic import BaseModel, Field, ConfigDict, PositiveInt, conint
";

/// Reads `def main(x: annotation)` below some definitions; gives the type and the notes.
fn read(definitions: &str, parameter: &str) -> (String, Vec<String>, Vec<String>) {
    let file = file(&format!("{HEAD}\n{definitions}\ndef main({parameter}): pass\n"));
    let notes = file.notes.iter().map(|note| note.message.clone()).collect();
    (parameters(&file), notes, file.converts)
}

#[track_caller]
fn plain(parameter: &str, expected: &str) {
    let read = read("", parameter);
    assert_eq!(read, (expected.to_owned(), vec![], vec![]), "{parameter}");
}

#[track_caller]
fn converted(definitions: &str, annotation: &str, expected: &str) {
    let read = read(definitions, &format!("x: {annotation}"));
    assert_eq!(read, (format!("x: {expected}"), vec![], vec!["x".to_owned()]), "{annotation}");
}

#[test]
fn annotations_that_json_already_says() {
    for (annotation, expected) in [
        ("str", "str"),
        ("int", "int"),
        ("float", "number"),
        ("bool", "bool"),
        ("None", "null"),
        ("Any", "any"),
        ("object", "any"),
        ("'int'", "int"),
        ("'''\n int\n | str'''", "int or str"),
        ("'list[\"int\"]'", "list[int]"),
        ("typing.Any", "any"),
        ("t.List[t.Optional[int]]", "list[int or null]"),
        ("list", "list[any]"),
        ("List[str]", "list[str]"),
        ("Seq[str]", "list[str]"),
        ("collections.abc.Iterable[int]", "list[int]"),
        ("dict", "{*: any}"),
        ("dict[str, int]", "{*: int}"),
        ("Dict[str, Any]", "{*: any}"),
        ("Mapping[str, list[int]]", "{*: list[int]}"),
        ("Optional[str]", "str or null"),
        ("Union[int, str, int]", "int or str"),
        ("int | None", "int or null"),
        ("int | (str | None) | int", "int or str or null"),
        ("int | Any", "any"),
        ("Literal['a', 'b', 1, True, None, -1]", "\"a\"|\"b\"|1|true|null|-1"),
        ("Annotated[str, 'text']", "str -- text"),
        ("Annotated[int, 'text', Field(ge=1, lt=9.5, multiple_of=2)]", "int >=1 <9.5 %2 -- text"),
        ("Annotated[int | None, Field(gt=0, le=7)]", "int <=7 >0 or null"),
        (
            "Annotated[str, Field(min_length=1, max_length=3, pattern='^a', title='T', examples=['x'])]",
            "str min1 max3 /^a/ (T) e.g. \"x\"",
        ),
        ("Annotated[list[int], Field(min_length=1)]", "list[int] min1"),
        ("Annotated[int, annotated_types.Ge(1), annotated_types.Interval(lt=5)]", "int >=1 <5"),
        ("Annotated[int, something(), 3]", "int"),
        ("Annotated[int, Field(default=3)]", "int"),
        ("PositiveInt", "int >0"),
        ("conint(ge=2)", "int >=2"),
    ] {
        plain(&format!("x: {annotation}"), &format!("x: {expected}"));
    }
}

#[test]
fn annotations_that_need_conversion() {
    for (annotation, expected) in [
        ("bytes", "str"),
        ("Path", "str<path>"),
        ("pathlib.Path | None", "str<path> or null"),
        ("dt.datetime", "str<date-time>"),
        ("datetime.date", "str<date>"),
        ("datetime.time", "str<time>"),
        ("datetime.timedelta", "str<duration>"),
        ("uuid.UUID", "str<uuid>"),
        ("Decimal", "str<decimal> or number"),
        ("set[int]", "set[int]"),
        ("frozenset", "set[any]"),
        ("AbstractSet[str]", "set[str]"),
        ("tuple", "list[any]"),
        ("tuple[int, ...]", "list[int]"),
        ("tuple[int, str]", "list[int or str] min2 max2"),
        ("Tuple[int]", "list[int] min1 max1"),
        ("tuple[()]", "list[any] min0 max0"),
        ("list[Path]", "list[str<path>]"),
        ("dict[str, Path]", "{*: str<path>}"),
    ] {
        converted("", annotation, expected);
    }
}

#[test]
fn classes_of_the_file() {
    converted(
        "class C(Enum):\n  '''A colour.'''\n  RED = 'r'\n  ROSE = 'r'\n  BLUE = 'b'\n  def f(self): pass",
        "C",
        "\"r\"|\"b\" -- A colour.",
    );
    converted("class C(str, enum.Enum):\n  A = 'a'", "list[C]", "list[\"a\"]");
    converted("class C(IntEnum):\n  A = auto()\n  B = 5\n  D = auto()", "C", "1|5|6");
    converted("class C(StrEnum):\n  RED = auto()\n  Blue = auto()", "C", "\"red\"|\"blue\"");
    converted("class C(Enum):\n  A = 'a'\n  B = 'b'", "Literal[C.A]", "\"a\"");
    let (typed, notes, converts) = read(
        "class Base(TypedDict):\n  a: int\nclass D(Base, total=False):\n  b: Required[str]\n  c: 'float'\n  d: NotRequired[int]",
        "x: D",
    );
    assert_eq!(
        (typed.as_str(), notes.len(), converts.len()),
        ("x: {a: int, b: str, c?: number, d?: int}", 0, 0)
    );
    let (typed, ..) = read("D = TypedDict('D', {'a-b': int}, total=False)", "x: D");
    assert_eq!(typed, "x: {a-b?: int}");
    converted(
        "@dataclass(frozen=True)\nclass Base:\n  a: int\n  k: ClassVar[int] = 1\n@dataclass\nclass D(Base):\n  '''Doc.\n\n  Attributes:\n    b: the b\n  '''\n  b: str = 'x'\n  c: list[int] = field(default_factory=list)\n  d: int = field(default=2)\n  e: int = field(init=False)",
        "D",
        "{a: int, b?: str = \"x\" -- the b, c?: list[int], d?: int = 2} -- Doc.",
    );
    converted(
        "class A(BaseModel):\n  model_config = ConfigDict(extra='allow')\n  n: int = Field(..., ge=0)\n  _p: int = 1\nclass B(A):\n  s: str = Field('d', description='S')\n  q: Annotated[int, Field(default=4)]\n  m: int = Field(alias='em')\n  o: Optional[A] = None",
        "B",
        "{n: int >=0, s?: str = \"d\" -- S, q?: int = 4, em: int, o?: {n: int >=0, *: any} or null = null, *: any}",
    );
    for (definitions, expected) in [
        ("X = list[int]", "list[int]"),
        ("X: TypeAlias = 'list[int]'", "list[int]"),
        ("type X = list[int] | None", "list[int] or null"),
        ("X = NewType('X', int)", "int"),
        ("Y = int\nX = Y | str", "int or str"),
        ("try:\n  X = int\nexcept E:\n  X = str", "int"),
    ] {
        let (typed, notes, _) = read(definitions, "x: X");
        assert_eq!((typed, notes), (format!("x: {expected}"), vec![]), "{definitions}");
    }
}

#[test]
fn what_is_not_understood_is_anything_with_a_note() {
    let not_understood = |written: &str| format!("the type `{written}` of parameter `x` is not understood");
    for (definitions, annotation, note) in [
        ("", "Unknown", not_understood("Unknown")),
        ("", "Callable[[int],\n str]", not_understood("Callable[[int], str]")),
        ("", "1 + 2", not_understood("1 + 2")),
        ("", "'not python ('", not_understood("'not python ('")),
        ("", "int[str]", not_understood("int[str]")),
        ("", "Literal[x]", not_understood("Literal[x]")),
        ("from models import User", "User", not_understood("User")),
        ("class P: pass", "P", not_understood("P")),
        ("class E(Enum):\n  A = f()", "E", not_understood("E")),
        ("X = 5", "X", not_understood("5")),
        ("X = list['X']", "X", String::new()),
        (
            "from m import Base\n@dataclass\nclass D(Base):\n  a: int",
            "D",
            "the type `D` of parameter `x` is a class that inherits from another file".to_owned(),
        ),
    ] {
        let (typed, notes, converts) = read(definitions, &format!("x: {annotation}"));
        if note.is_empty() {
            assert_eq!(typed, "x: list[any]");
            assert!(notes[0].contains("is recursive"), "{notes:?}");
        } else {
            assert_eq!((typed.as_str(), notes), ("x: any", vec![note]), "{annotation}");
        }
        assert_eq!(converts, ["x"]);
    }
    let (typed, notes, _) = read("class N(BaseModel):\n  next: Optional['N'] = None\n  v: int", "x: N");
    assert_eq!(typed, "x: {next?: any = null, v: int}");
    assert_eq!(notes, ["the type `N` of parameter `x` is recursive"]);
    let (_, notes, _) = read("", "x: Annotated[str, Field(pattern='(?=a)', ge=1)]");
    assert_eq!(
        notes,
        ["`pattern` of parameter `x` is not understood", "`ge` of parameter `x` is not understood"]
    );
    let (_, notes, _) = read("", "x: dict[int, str]");
    assert_eq!(notes, ["keys of parameter `x` arrive as strings"]);
    let place = file("def main(\n  x: Y): pass").notes[0].place.to_string();
    assert_eq!(place, "t.py:2:6");
}

#[test]
fn defaults_make_optional_and_give_types() {
    plain(
        "a, b=True, c=1, d=1.5, e='x', f=None, g=[1], h=-2, i=f()",
        "a: any; b?: bool = true; c?: int = 1; d?: number = 1.5; e?: str = \"x\"; f?: any = null; \
         g?: any = [1]; h?: int = -2; i?: any",
    );
    plain("a, /, b: int = 2, *, c: str", "a: any; b?: int = 2; c: str");
    plain("x: list = None", "x?: list[any] or null = null");
    plain("x: int = 99999999999999999999", "x?: int");
    plain(
        "x: int = Field(...), y: int = Field(), z: int = Field(default=1, ge=0), w: list = Field(default_factory=list)",
        "x: int; y: int; z?: int >=0 = 1; w?: list[any]",
    );
    plain("x: int = ...", "x?: int");
    plain("**kwargs", "**: any");
    plain("x, **kwargs: int", "x: any; **: int");
    let (typed, notes, converts) =
        read("class C(Enum):\n  A = 'a'", "x: C = C.A, p: Path = Path('.'), y: str = C.A.value");
    assert_eq!(typed, "x?: \"a\" = \"a\"; p?: str<path>; y?: str = \"a\"");
    assert_eq!((notes.len(), converts), (0, vec!["x".to_owned(), "p".to_owned()]));
    let (typed, ..) =
        read("class O(TypedDict, total=False):\n  a: Required[int]\n  b: str", "x, **o: Unpack[O]");
    assert_eq!(typed, "x: any; a: int; b?: str");
    let (typed, notes, _) = read("", "x, *rest");
    assert_eq!(
        (typed.as_str(), notes[0].as_str()),
        ("x: any", "`*rest` of `main` gets nothing: arguments are passed by name")
    );
}
