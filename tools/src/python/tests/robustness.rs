//! No text makes the reading panic, overflow the stack or take long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{SOURCE_LIMIT, read};
use super::{file, problems};

/// Reads on a small stack and says how long it took.
fn survive(source: String) -> Duration {
    let begin = Instant::now();
    std::thread::Builder::new()
        .stack_size(128 * 1024)
        .spawn(move || drop(read(&Arc::from("t.py"), &source, false)))
        .unwrap()
        .join()
        .unwrap();
    begin.elapsed()
}

#[test]
fn deep_sources_are_survived() {
    // What a byte may cost in stack does not depend on the size; a few are tried at 1 MB below.
    const SIZE: usize = 1 << 15;
    for piece in [
        "(",
        "[",
        "{",
        "~",
        "-",
        "f(",
        "x[",
        "a.",
        "1+",
        "1 + 1, ",
        "not ",
        "a if b else ",
        "lambda:",
        "await ",
        "*",
        "x:=",
        "(a for a in ",
        "f'{",
        "f\"{f'{",
        "a<",
        "a|",
        "a and ",
        "{0:",
        "**",
        "[*",
        "(yield ",
        "1if 1else ",
        "\"",
        "'''",
        "\\\n",
        "@",
        "@a\n",
        "if x:",
        "match x:\n case ",
        "with (",
        "with (a, ",
        "del (",
        "x=",
        "a,",
        "()",
        "f()",
        "x[0]",
        "class A:",
        "try:",
        ";",
        "\t",
        " \n",
        "case [",
        "import a.",
        "from . ",
        "lambda x=",
        "print ",
        "0x",
        "1_",
        "\u{e9}",
        "global ",
        "type X[",
        "def f(",
        "def f(x=",
        "def f(x:",
        "elif x:\n",
    ] {
        let source = piece.repeat(SIZE / piece.len());
        survive(format!("x = {source}"));
        let took = survive(source);
        assert!(took < Duration::from_secs(20), "{piece}: {took:?}");
    }
    for piece in ["(", "~", "1+", "a.", "not "] {
        survive(piece.repeat((1 << 20) / piece.len()));
    }
    // Trees that are deep and correct.
    for (open, middle, close) in [
        ("x = ", "1+", "1"),
        ("x = a", ".a", ""),
        ("x = ", "not ", "1"),
        ("x = ", "~", "1"),
        ("x = f", "()", ""),
        ("def main(x: ", "a|", "b): pass"),
        ("def main(x: a", ".a", "): pass"),
        ("def main(x=", "-", "1): pass"),
        ("CONFIG=", "-", "1\n__tool_type__=1"),
    ] {
        survive(format!("{open}{}{close}", middle.repeat(SIZE / middle.len())));
    }
    for (open, close) in [("[", "]"), ("(", ")"), ("{'a':", "}"), ("f(", ")"), ("x[", "]"), ("list[", "]")] {
        let half = SIZE / (open.len() + close.len());
        survive(format!(
            "def main(x: {0}1{1} = {0}1{1}): pass",
            open.repeat(half / 2),
            close.repeat(half / 2)
        ));
    }
    let blocks: String = (0..1400).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    survive(blocks + &" ".repeat(1400) + "def main(): pass");
}

#[test]
fn types_that_double_are_bounded() {
    let mut source =
        String::from("from typing import TypedDict\nfrom dataclasses import dataclass\nA0 = int\n");
    for step in 1..60 {
        let last = step - 1;
        source += &format!("A{step} = tuple[A{last}, A{last}] | list[A{last}]\n");
        source += &format!(
            "class B{step}(B{last}, B{last}): pass\n@dataclass\nclass C{step}:\n a: C{last}\n b: C{last}\n"
        );
    }
    source += "def main(a: A59, b: B59, c: C59): pass\n";
    let begin = Instant::now();
    let read = file(&source);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert!(!read.notes.is_empty() && read.notes.len() <= 100);
}

#[test]
fn many_names_stay_linear() {
    let parameters: String = (0..20_000).map(|n| format!("p{n}: C = C.M1, ")).collect();
    let members: String = (0..20_000).map(|n| format!(" M{n} = {n}\n")).collect();
    let values: String = (0..50_000).map(|n| format!("{n},")).collect();
    let source = format!(
        "from enum import Enum\nfrom typing import Literal\nclass C(Enum):\n{members}\ndef main({parameters} v: Literal[{values}] = 1): pass\n"
    );
    let begin = Instant::now();
    assert_eq!(file(&source).parameters.unwrap().list.len(), 20_001);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

#[test]
fn what_is_no_source_is_refused() {
    assert_eq!(problems("x = 1\n\0y"), ["t.py:2:1: a NUL character in Python source"]);
    assert!(problems(&" ".repeat(SOURCE_LIMIT + 1))[0].contains("more than the 4194304 allowed"));
    assert_eq!(problems(&"]\n".repeat(500)).len(), 101);
    let nested = problems(&format!("x = {}1{}", "f'{".repeat(151), "}'".repeat(151)));
    assert_eq!(nested, ["t.py:1:1: not valid Python: f-strings nested more than 150 deep"]);
    file(&"x = f'{1}' rf'{f\"{2}\"}'\n".repeat(1000));
}

/// Pieces that are likely to meet in odd ways.
const PIECES: &[&str] = &[
    "def main(",
    "x",
    ": ",
    "int",
    "list[",
    "]",
    "|",
    "'",
    "\"",
    "\"\"\"",
    "= ",
    "None",
    "):",
    "\n",
    "    ",
    "pass",
    "Literal[",
    "Annotated[",
    "Field(",
    "ge=1",
    ",",
    ")",
    "(",
    "*",
    "**",
    "kw",
    "class C(",
    "Enum",
    "TypedDict",
    "import ",
    "from typing import *\n",
    "from enum import *\n",
    "from pydantic import *\n",
    "__tool_type__",
    "CONFIG",
    "{",
    "}",
    "Args:\n",
    "Parameters\n---\n",
    ":param x: y\n",
    "if __name__ == '__main__':",
    "-",
    "1",
    "...",
    "é",
    "\t",
    "@dataclass\n",
    "type ",
    "async ",
    "\\",
    "#",
    "f'",
    "Optional[",
    "tuple[",
    ".",
    "C",
    "\r",
    "\u{feff}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_is_survived(source in any::<String>()) {
        drop(read(&Arc::from("t.py"), &source, false));
    }

    #[test]
    fn python_like_text_is_survived(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        drop(read(&Arc::from("t.py"), &pieces.concat(), false));
    }

    #[test]
    fn any_docstring_is_survived(text in "[ \\t\\n:a-c(),*-]{0,200}|Args:\n(  [a-c:(]{0,4}\n){0,9}") {
        super::super::docstring::Docstring::parse(&text);
    }

    #[test]
    fn any_annotation_is_survived(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..8)) {
        let source = format!("from typing import *\ndef main(x: {}): pass", pieces.concat());
        drop(read(&Arc::from("t.py"), &source, false));
    }
}
