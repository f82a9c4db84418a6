//! The known literals: which count, and what is wrong with the others.

use rye_runtimes::document::Node;

use super::{PythonKind, file, problems};

fn literals(source: &str) -> String {
    file(source)
        .literals
        .iter()
        .map(|entry| format!("{}={}", entry.key, Node::to_json(&entry.value)))
        .collect::<Vec<_>>()
        .join(";")
}

#[test]
fn literals_count_only_beside_a_declaration() {
    assert_eq!(literals("__version__ = '1'\nCONFIG = {}"), "");
    assert_eq!(literals("import x\n__version__ = x.version()\nCONFIG = x"), "");
    assert_eq!(
        literals("__version__ = '1'\n__executor_id__ = 'p'"),
        r#"__version__="1";__executor_id__="p""#
    );
    assert_eq!(literals("__tool_type__: str = 'p'\nCONFIG: dict\nOTHER = x()"), r#"__tool_type__="p""#);
    assert_eq!(literals("a = __tool_type__ = 'p'"), r#"__tool_type__="p""#);
}

#[test]
fn every_literal_is_exact() {
    for (written, read) in [
        ("None", "null"),
        ("True", "true"),
        ("'a' \"b\" r'\\c'", r#""ab\\c""#),
        ("9_223_372_036_854_775_807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0xff", "255"),
        ("-1.5e3", "-1500.0"),
        ("(1, [2, ()], {'a': {'b': None}},)", r#"[1,[2,[]],{"a":{"b":null}}]"#),
        ("'''x\n  y'''", r#""x\n  y""#),
        ("'\\u00e9\\x41'", r#""éA""#),
    ] {
        let read = format!(r#"__tool_type__="p";CONFIG={read}"#);
        assert_eq!(literals(&format!("__tool_type__ = 'p'\nCONFIG = {written}")), read, "{written}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let deep = format!("{}1{}", "[".repeat(66), "]".repeat(66));
    for (written, problem) in [
        ("f'x'", "t.py:2:10: the value of `CONFIG` is computed"),
        ("b'x'", "t.py:2:10: the value of `CONFIG` is computed"),
        ("{1, 2}", "t.py:2:10: the value of `CONFIG` is computed"),
        ("{'a': [1, x]}", "t.py:2:20: the value of `CONFIG` is computed"),
        ("{**x}", "t.py:2:13: the value of `CONFIG` is computed"),
        ("{x: 1}", "t.py:2:11: the value of `CONFIG` is computed"),
        ("1 + 1", "t.py:2:10: the value of `CONFIG` is computed"),
        ("{1: 1}", "t.py:2:11: a key in `CONFIG` is not a string"),
        ("{'é': 1,\n 'é': 2}", "t.py:3:2: key `é` stands twice in `CONFIG`, first in line 2"),
        ("9223372036854775808", "t.py:2:10: an integer in `CONFIG` does not fit in 64 bits"),
        ("-9223372036854775809", "t.py:2:10: an integer in `CONFIG` does not fit in 64 bits"),
        ("1e999", "t.py:2:10: a number in `CONFIG` is too large"),
        (&deep, "t.py:2:75: `CONFIG` is nested more than 64 deep"),
    ] {
        assert_eq!(problems(&format!("__tool_type__ = 'p'\nCONFIG = {written}\n")), [problem], "{written}");
    }
    assert_eq!(
        problems("__tool_type__ = 'p'\nCONFIG = {}\nCONFIG['a'] = 1\nCONFIG: dict = {}\n"),
        ["t.py:4:1: `CONFIG` is assigned in line 2 and again in line 4"]
    );
    for source in [
        "__tool_type__ = 'p'\n__version__, x = '1', 2",
        "__tool_type__ = 'p'\nfrom x import __version__",
        "__tool_type__ = 'p'\nif x:\n  __version__ = '1'",
        "if x:\n  __tool_type__ = 'p'",
        "__tool_type__ = 'p'\nwith x:\n  CONFIG = 1",
        "__tool_type__ = 'p'\nCONFIG += 1",
    ] {
        let problems = problems(source);
        assert!(problems.len() == 1 && problems[0].ends_with("is computed"), "{source}: {problems:?}");
    }
    assert_eq!(problems("__tool_type__ = x\nCONFIG = y\nENV_CONFIG = z").len(), 3);
}

#[test]
fn a_runtime_descriptor_of_the_seed_is_read() {
    let source = r#"
"""Python runtime."""
__version__ = "2.0.0"
__tool_type__ = "runtime"
__executor_id__ = "subprocess"
__category__ = "runtimes"
ENV_CONFIG = {
    "interpreter": {"type": "venv_python", "search": ["project", "user", "system"]},
    "env": {"PYTHONUNBUFFERED": "1", "PROJECT_VENV_PYTHON": "${RYE_PYTHON}"},
}
CONFIG = {"command": "${RYE_PYTHON}", "args": [], "timeout": 300}
"#;
    let file = file(source);
    assert_eq!(file.kind, PythonKind::Script);
    let keys: Vec<_> = file.literals.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(
        keys,
        ["__version__", "__tool_type__", "__executor_id__", "__category__", "ENV_CONFIG", "CONFIG"]
    );
    assert_eq!(file.literals[4].key_place.to_string(), "t.py:7:1");
}
