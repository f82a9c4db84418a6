//! Python function tools, called as their file says: what they print is log, how they fail is data, and nothing beside
//! a tool shadows Python's own.

use serde_json::{Value, json};

use crate::world::{World, have};

/// A world with one tool `t`, when there is a Python.
fn tool(text: &str) -> Option<World> {
    have("python3").then(World::new).inspect(|world| {
        world.tool("t.py", text);
    })
}

/// The outcome of a call, and its exit code.
fn failure(world: &World, words: &[&str]) -> (Value, Option<i32>) {
    let ran = world.rye([&["--json", "run"], words].concat()).run();
    (ran.json(), ran.code)
}

#[test]
fn functions_are_called_as_they_are_written() {
    let Some(world) = tool("") else { return };
    for (text, words, want) in [
        ("def main(a, b=2):\n    return [a, b]\n", &["--a", "1"] as &[&str], json!([1, 2])),
        ("def main(a: str, *, b: int = 2):\n    return [a, b]\n", &["1", "--b", "3"], json!(["1", 3])),
        (
            "async def main(a: int):\n    import asyncio\n    await asyncio.sleep(0)\n    return a + 1\n",
            &["1"],
            json!(2),
        ),
        ("def main(**kwargs):\n    return kwargs\n", &["--x", "1", "--y", "z"], json!({"x": 1, "y": "z"})),
        ("def main(a: int = 1, **rest):\n    return [a, rest]\n", &["--z", "[1]"], json!([1, {"z": [1]}])),
        ("def main(a, b=2, /, c=3):\n    return [a, b, c]\n", &["1", "--c", "4"], json!([1, 2, 4])),
        (
            "def main(a, b=2, /, **c):\n    return [a, b, c]\n",
            &["1", "--b", "3", "--z", "4"],
            json!([1, 3, {"z": 4}]),
        ),
        ("def main():\n    return 'none'\n", &[], json!("none")),
        (
            "def execute(params, project_path):\n    return [params, project_path]\n",
            &["--x", "1"],
            json!([{"x": 1}, "PROJECT"]),
        ),
        ("async def execute(params, project_path):\n    return params\n", &["--x", "y"], json!({"x": "y"})),
        ("def execute(params, project_path):\n    return 1\ndef main():\n    return 2\n", &[], json!(2)),
        (
            "from typing import Optional\ndef main(a: Optional[list[int]] = None):\n    return a\n",
            &["--a", "1", "--a", "2"],
            json!([1, 2]),
        ),
        ("def main(loud: bool = True):\n    return loud\n", &["--no-loud"], json!(false)),
        ("def main(a: float):\n    return a\n", &["2"], json!(2)),
        ("def main(a: dict):\n    return a\n", &["--a", "{\"k\": [null]}"], json!({"k": [null]})),
    ] {
        world.tool("t.py", text);
        let want = want.to_string().replace("PROJECT", world.project().to_str().unwrap());
        assert_eq!(world.data([&["t"], words].concat()).to_string(), want, "{text}");
    }
}

#[test]
fn annotations_that_json_does_not_have_get_their_values() {
    let head = r#"import enum, dataclasses, datetime, decimal, pathlib, uuid, typing
class C(enum.Enum):
    A = 'a'
    B = 'b'
@dataclasses.dataclass
class P:
    x: int
    y: str = 'd'
class N(typing.NamedTuple):
    p: pathlib.Path
    n: int = 1
"#;
    let Some(world) = tool("") else { return };
    for (annotation, word, want) in [
        ("pathlib.Path", "/a/b", "PosixPath('/a/b')"),
        ("datetime.datetime", "2024-01-02T03:04:05", "datetime.datetime(2024, 1, 2, 3, 4, 5)"),
        ("datetime.date", "2024-01-02", "datetime.date(2024, 1, 2)"),
        ("uuid.UUID", "00000000-0000-0000-0000-000000000001", "UUID('00000000-0000-0000-0000-000000000001')"),
        ("decimal.Decimal", "1.10", "Decimal('1.10')"),
        ("set[int]", "[2, 1]", "{1, 2}"),
        ("C", "b", "<C.B: 'b'>"),
        ("P", "{\"x\": 1}", "P(x=1, y='d')"),
        ("list[pathlib.Path]", "[\"a\", \"b\"]", "[PosixPath('a'), PosixPath('b')]"),
        ("N", "[\"a\", 2]", "N(p=PosixPath('a'), n=2)"),
        ("datetime.timedelta", "P1DT1H0.5S", "datetime.timedelta(days=1, seconds=3600, microseconds=500000)"),
        ("datetime.timedelta", "90", "datetime.timedelta(seconds=90)"),
        ("typing.Optional[pathlib.Path]", "a", "PosixPath('a')"),
    ] {
        world.tool("t.py", format!("{head}def main(v: {annotation}):\n    return repr(v)\n"));
        assert_eq!(world.data(["t", "--v", word]), want, "{annotation}");
    }
}

#[test]
fn an_annotation_that_is_not_there_at_run_time_costs_no_other() {
    let head = r#"from __future__ import annotations
import dataclasses, datetime, functools, pathlib, typing
if typing.TYPE_CHECKING:
    from collections.abc import Sequence
    from somewhere import Missing

@dataclasses.dataclass
class P:
    at: pathlib.Path
    what: Missing = None

class N(typing.NamedTuple):
    what: Missing
    at: pathlib.Path

def wrap(function):
    return functools.wraps(function)(lambda **arguments: function(**arguments))
"#;
    let Some(world) = tool("") else { return };
    for (signature, params, want) in [
        ("p: pathlib.Path, words: Sequence[str] = ()", r#"{"p": "a"}"#, "{'p': PosixPath('a'), 'words': ()}"),
        (
            "p: pathlib.Path, words: Sequence[str]",
            r#"{"p": "a", "words": ["b"]}"#,
            "{'p': PosixPath('a'), 'words': ['b']}",
        ),
        (
            "when: datetime.date, what: Missing | None = None, those: list[Missing] = ()",
            r#"{"when": "2024-01-02", "what": {"x": 1}, "those": [1]}"#,
            "{'when': datetime.date(2024, 1, 2), 'what': {'x': 1}, 'those': [1]}",
        ),
        ("p: P", r#"{"p": {"at": "a", "what": 1}}"#, "{'p': P(at=PosixPath('a'), what=1)}"),
        ("n: N", r#"{"n": [1, "a"]}"#, "{'n': N(what=1, at=PosixPath('a'))}"),
        ("p: pathlib.Path = None", r#"{"p": null}"#, "{'p': None}"),
    ] {
        for wrapped in ["", "@wrap\n"] {
            let text = format!("{head}{wrapped}def main({signature}):\n    return repr(locals())\n");
            world.tool("t.py", &text);
            assert_eq!(world.data(["--params", params, "t"]), want, "{text}");
        }
    }
}

#[test]
fn a_value_that_cannot_be_converted_is_an_argument_that_does_not_fit() {
    let Some(world) = tool("") else { return };
    for (annotation, word, holds) in [
        ("datetime.date", "soon", "`v`: 'soon' is not date: Invalid isoformat string: 'soon'"),
        ("decimal.Decimal", "x", "`v`: 'x' is not Decimal"),
        (
            "datetime.timedelta",
            "soon",
            "`v`: 'soon' is not timedelta: neither seconds nor a duration such as PT1H30M",
        ),
        ("list[uuid.UUID]", "[\"x\"]", "`v[0]`: 'x' is not UUID"),
        ("P", "{\"x\": -1}", "`v`: 'x' is negative"),
    ] {
        world.tool(
            "t.py",
            format!(
                r#"import dataclasses, datetime, decimal, uuid

@dataclasses.dataclass
class P:
    x: int

    def __post_init__(self):
        if self.x < 0:
            raise ValueError("'x' is negative")

def main(v: {annotation}):
    open('ran', 'w').close()
"#
            ),
        );
        let (outcome, code) = failure(&world, &["t", "--v", word]);
        let error = &outcome["error"];
        assert_eq!((code, &error["code"]), (Some(2), &Value::from("invalid_arguments")), "{outcome:#}");
        assert_eq!(error["message"], "the arguments do not fit `t`");
        assert!(error["causes"][0].as_str().unwrap().starts_with(holds), "{annotation}: {error:#}");
        assert_eq!(error["hints"], json!(["`rye run t --help` shows what it takes"]));
        assert!(!world.project().join("ran").exists(), "{annotation}");
    }
    world
        .rye(["run", "t", "--v", "{\"x\": -1}"])
        .run()
        .fails(2, &["`v`: 'x' is negative", "t.py:9 in __post_init__"]);
    // What the function itself says is its failure.
    world.tool("t.py", "import datetime\ndef main(v: datetime.date):\n    raise ValueError('v: no')\n");
    let (outcome, code) = failure(&world, &["t", "--v", "2024-01-02"]);
    assert_eq!((code, &outcome["error"]["code"]), (Some(1), &Value::from("tool_failed")), "{outcome:#}");
}

#[test]
fn an_exception_is_told_with_its_type_message_and_the_tools_own_frames() {
    let Some(world) = tool(
        r#"import sibling
import json

def main(how: str):
    sibling.fail(how)
"#,
    ) else {
        return;
    };
    world.tool(
        "sibling.py",
        r#"import json

class Odd(Exception):
    def __str__(self):
        raise RuntimeError('no text')

def fail(how):
    if how == 'value':
        raise ValueError('bad\n"value" ä')
    if how == 'library':
        json.loads('{')
    if how == 'empty':
        raise KeyError
    if how == 'odd':
        raise Odd()
    if how == 'surrogate':
        raise ValueError('\udcff')
    if how == 'base':
        class Stop(BaseException):
            pass
        raise Stop('now')
    if how == 'deep':
        fail(how)
    assert False, how
"#,
    );
    for (how, message, own) in [
        ("value", "ValueError: bad\n\"value\" ä", "sibling.py:9 in fail: raise ValueError("),
        ("library", "JSONDecodeError: Expecting property name", "sibling.py:11 in fail: json.loads('{')"),
        ("empty", "KeyError", "sibling.py:13 in fail"),
        ("odd", "Odd", "sibling.py:15 in fail"),
        ("surrogate", "ValueError: ", "sibling.py:17 in fail"),
        ("base", "fail.<locals>.Stop: now", "sibling.py:21 in fail"),
        ("deep", "RecursionError: maximum recursion depth", "sibling.py:23 in fail"),
        ("other", "AssertionError: other", "sibling.py:24 in fail"),
    ] {
        let (outcome, code) = failure(&world, &["t", how]);
        let error = &outcome["error"];
        assert_eq!((code, &error["code"]), (Some(1), &Value::from("tool_failed")), "{how}: {outcome:#}");
        assert!(error["message"].as_str().unwrap().starts_with(message), "{how}: {error:#}");
        let causes: Vec<_> = error["causes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let first = format!("{}:5 in main: sibling.fail(how)", world.tools().join("t.py").display());
        assert_eq!(causes.first(), Some(&first.as_str()), "{how}");
        assert!(causes.iter().any(|cause| cause.contains(own)), "{how}: {causes:#?}");
        assert!(
            causes.iter().all(|cause| cause.starts_with(world.tools().to_str().unwrap())),
            "{how}: {causes:#?}"
        );
        assert!(causes.len() <= 50, "{how}: {} frames", causes.len());
        assert_eq!(outcome["ending"]["kind"], "exited");
    }
    let ran = world.rye(["run", "t", "value"]).run();
    ran.fails(1, &["error: ValueError: bad", "t.py:5 in main: sibling.fail(how)", "sibling.py:9 in fail"]);
    assert_eq!(ran.stdout(), "");
}

#[test]
fn what_led_to_an_exception_is_told_with_it() {
    let Some(world) = tool(
        r#"class Group(Exception):
    """As in Python 3.11, and in every version."""
    def __init__(self, text, exceptions):
        super().__init__(text)
        self.exceptions = tuple(exceptions)

def load():
    return {}['key']

def main(how: str):
    try:
        load()
    except KeyError as error:
        error.__notes__ = ['written by hand', 'and more']
        if how == 'from':
            raise RuntimeError('x') from error
        if how == 'none':
            raise RuntimeError('x') from None
        if how == 'group':
            raise Group('x', [ValueError('a'), Group('b', [error])]) from None
        if how == 'many':
            raise Group('x', [ValueError(n) for n in range(1000)]) from error
        if how == 'loop':
            other = RuntimeError('x')
            other.__cause__, error.__cause__ = error, other
            raise other
        raise RuntimeError('x' * 1000 if how == 'long' else 'x')
"#,
    ) else {
        return;
    };
    let path = world.tools().join("t.py");
    let key = format!("KeyError: 'key' ({}:8 in load)", path.display());
    let notes = ["note: written by hand".to_owned(), "note: and more".to_owned()];
    let told = |how: &str| -> Vec<String> {
        let (outcome, code) = failure(&world, &["t", how]);
        let error = &outcome["error"];
        assert_eq!((code, &error["code"]), (Some(1), &Value::from("tool_failed")), "{how}: {outcome:#}");
        let causes: Vec<_> = error["causes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let (last, causes) = causes.split_last().unwrap();
        assert!(last.starts_with(&format!("{}:", path.display())) && last.contains(" in main: "), "{last}");
        causes.iter().map(|&cause| cause.to_owned()).collect()
    };
    let with_notes = |first: String| [vec![first], notes.to_vec()].concat();
    assert_eq!(told("from"), with_notes(format!("caused by {key}")));
    assert_eq!(told("loop"), with_notes(format!("caused by {key}")));
    assert_eq!(told("other"), with_notes(format!("while handling {key}")));
    assert_eq!(told("long"), with_notes(format!("while handling {key}")));
    assert_eq!(told("none"), [""; 0]);
    let group = ["in the group: ValueError: a".to_owned(), "in the group: Group: b".to_owned()];
    assert_eq!(told("group"), [&group[..], &with_notes(format!("in the group: {key}"))].concat());
    let many = told("many");
    assert_eq!(
        (many.len(), &many[0], many[4].as_str()),
        (20, &format!("caused by {key}"), "in the group: ValueError: 1")
    );
    world.rye(["run", "t", "from"]).run().fails(1, &["error: RuntimeError: x", "caused by KeyError: 'key'"]);
    // A reason is as long as a reader takes it, whatever it holds.
    let long = r#"class Odd(Exception):
    def __str__(self):
        raise ValueError

def main(odd: bool):
    raise RuntimeError('x') from (Odd() if odd else ValueError('\udcff' + 'y' * 100000))
"#;
    world.tool("t.py", long);
    assert_eq!(failure(&world, &["t", "--odd"]).0["error"]["causes"][0], "caused by Odd");
    let cause = failure(&world, &["t", "--no-odd"]).0["error"]["causes"][0].as_str().unwrap().to_owned();
    assert!(cause.starts_with("caused by ValueError: ") && cause.len() < 600, "{cause}");
}

#[test]
fn an_end_of_the_process_is_told_as_it_was() {
    let Some(world) = tool(
        r#"import os, sys, signal

def main(how: str):
    print('before', flush=True)
    exec(how)
"#,
    ) else {
        return;
    };
    for (how, code, kind, number) in [
        ("sys.exit(3)", 3, "exited", 3),
        ("sys.exit(255)", 255, "exited", 255),
        ("sys.exit('message')", 1, "exited", 1),
        ("os._exit(4)", 4, "exited", 4),
        ("raise SystemExit(5)", 5, "exited", 5),
        ("os.abort()", 134, "signaled", 6),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137, "signaled", 9),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143, "signaled", 15),
        ("import ctypes; ctypes.string_at(0)", 139, "signaled", 11),
        ("raise KeyboardInterrupt", 130, "signaled", 2),
    ] {
        let (outcome, exit) = failure(&world, &["t", how]);
        assert_eq!(exit, Some(code), "{how}: {outcome:#}");
        assert_eq!(outcome["error"]["code"], "tool_failed", "{how}");
        let key = if kind == "exited" { "code" } else { "signal" };
        assert_eq!(
            (&outcome["ending"]["kind"], &outcome["ending"][key]),
            (&kind.into(), &number.into()),
            "{how}"
        );
        assert_eq!(outcome["stdout"], "before\n", "{how}");
        assert_eq!(world.rye(["run", "t", how]).run().code, Some(code), "{how}");
    }
    assert!(failure(&world, &["t", "sys.exit('message')"]).0["stderr"].as_str().unwrap().contains("message"));
    let outcome = world.outcome(["t", "sys.exit(0)"]);
    assert_eq!((&outcome["success"], &outcome["data"]), (&true.into(), &Value::Null), "{outcome:#}");
}

#[test]
fn what_a_function_prints_is_log_whatever_it_looks_like() {
    let junk = "import os, sys\nprint('{\"result\": \"import\"}')\n\ndef main():\n    print('{\"result\": 1}')\n    sys.stderr.write('{\"error\": 2}\\n')\n    os.write(1, b'raw \\xff\\n')\n    os.system('echo child')\n    return 'real'\n";
    let Some(world) = tool(junk) else { return };
    let outcome = world.outcome(["t"]);
    assert_eq!(outcome["data"], "real");
    assert_eq!(outcome["stdout"], "{\"result\": \"import\"}\n{\"result\": 1}\nraw \u{fffd}\nchild\n");
    assert_eq!(outcome["stderr"], "{\"error\": 2}\n");
    let ran = world.rye(["run", "t"]).run();
    assert_eq!(ran.ok(), "real\n");
    assert!(
        ran.stderr().contains("{\"result\": 1}\n") && ran.stderr().contains("child\n"),
        "{}",
        ran.stderr()
    );
}

#[test]
fn a_function_that_closes_its_streams_still_returns() {
    let Some(world) = tool("") else { return };
    for body in [
        "sys.stdout.close()",
        "os.close(1)",
        "os.close(1); os.close(2); os.close(0)",
        "sys.stdout = None",
        "sys.stdin.close(); sys.stderr.close()",
    ] {
        world.tool(
            "t.py",
            format!(
                r#"import os, sys

def main():
    {body}
    return 'returned'
"#
            ),
        );
        assert_eq!(world.data(["t"]), "returned", "{body}");
        assert_eq!(world.rye(["run", "t"]).run().ok(), "returned\n", "{body}");
    }
}

#[test]
fn input_reads_what_is_piped_when_a_person_calls_and_nothing_otherwise() {
    let Some(world) = tool("def main():\n    return input() + '|' + input('prompt? ')\n") else { return };
    let ran = world.rye(["run", "t"]).stdin("first\nsecond\n").run();
    assert_eq!(ran.ok(), "first|second\n");
    assert!(ran.stderr().contains("prompt? "), "{}", ran.stderr());
    let ran = world.rye(["--json", "run", "t"]).stdin("first\nsecond\n").run();
    assert!(ran.json()["error"]["message"].as_str().unwrap().starts_with("EOFError"), "{}", ran.stdout());
    let ran = world.rye(["run", "--params", "-", "t"]).stdin("{}").run();
    ran.fails(1, &["EOFError"]);
}
