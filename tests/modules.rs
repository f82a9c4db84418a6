//! A Python file as a module: what it may import, what shadows nothing, when it is a script instead, and that only a
//! run executes it.

use serde_json::json;

use crate::world::{World, have};

/// A world with one tool `t`, when there is a Python.
fn tool(text: &str) -> Option<World> {
    have("python3").then(World::new).inspect(|world| {
        world.tool("t.py", text);
    })
}

#[test]
fn a_tool_imports_its_neighbours_and_shadows_nothing() {
    let Some(world) = tool(
        r#"import helper, json, random
from lib import deep

def main():
    return [helper.NAME, deep.NAME, json.dumps(1), random.__file__.endswith('random.py'), __name__]
"#,
    ) else {
        return;
    };
    world.tool("helper.py", "NAME = 'helper'\n");
    world.tool("lib/deep.py", "NAME = 'deep'\n");
    for name in ["json.py", "random.py", "asyncio.py", "traceback.py", "demo/json.py"] {
        world.tool(name, "raise SystemExit('shadowed')\n");
    }
    assert_eq!(world.data(["t"]), json!(["helper", "deep", "1", true, "t"]));
    world.tool("json.py", "import json\n\ndef main():\n    return [json.dumps([1]), __name__]\n");
    assert_eq!(world.data(["json"])[0], "[1]");
    world.tool("demo/near.py", "NAME = 'near'\n");
    let relative = r#"import json
from . import near
from .near import NAME
import helper

def main():
    return [near.NAME, NAME, helper.NAME, json.dumps(1), __name__, __package__]
"#;
    world.tool("demo/relative.py", relative);
    assert_eq!(
        world.data(["demo/relative"]),
        json!(["near", "near", "helper", "1", "demo.relative", "demo"])
    );
    // A folder may have the name of a module of Python's own.
    world.tool("email/near.py", "NAME = 'near'\n");
    let text = "import email.message\nfrom . import near\n\ndef main():\n    return [near.NAME, __name__]\n";
    world.tool("email/send.py", text);
    assert_eq!(world.data(["email/send"]), json!(["near", "tools.email.send"]));
    // What lies where the caller stands is not importable.
    world.file("project/here.py", "raise SystemExit('imported')\n");
    world.tool(
        "t.py",
        r#"import sys

def main():
    try:
        import here
    except ImportError:
        return '' in sys.path
"#,
    );
    assert_eq!(world.data(["t"]), false);
}

#[test]
fn a_file_without_a_callable_function_is_a_script() {
    let Some(world) = tool("print('hi')\n") else { return };
    assert_eq!(world.rye(["run", "t"]).run().ok(), "hi\n");
    world.tool("t.py", "import sys\nprint(sys.argv[1:])\n");
    assert_eq!(world.data(["t", "a b", "--x", "-", "--json"]), "['a b', '--x', '-', '--json']\n");
    let guarded = r#"import argparse

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--name', required=True)
    print('hello', parser.parse_args().name)

if __name__ == '__main__':
    main()
"#;
    world.tool("t.py", guarded);
    assert_eq!(world.rye(["run", "t", "--name", "Ada"]).run().ok(), "hello Ada\n");
    let ran = world.rye(["run", "t"]).run();
    ran.fails(2, &["the following arguments are required: --name"]);
    assert!(world.rye(["run", "t", "--help"]).run().ok().contains("usage: t.py"));
    world.tool(
        "t.py",
        r#"def main(a: int):
    return a

if __name__ == '__main__':
    raise SystemExit('guard')
"#,
    );
    assert_eq!(world.data(["t", "1"]), 1);
    world.tool("t.py", b"# -*- coding: latin-1 -*-\nprint('caf\xe9'.encode('utf-8'))\n");
    assert_eq!(world.data(["t"]), "b'caf\\xc3\\xa9'\n");
}

#[test]
fn a_file_that_calls_its_function_by_itself_runs_once() {
    let Some(world) = tool("def main():\n    print('deployed')\nmain()\n") else { return };
    assert_eq!(world.rye(["run", "t"]).run().ok(), "deployed\n");
    assert_eq!(world.data(["t"]), "deployed\n");
    let parsed = r#"import argparse, sys

def main(options):
    print('hello', options.name)
    return 3

parser = argparse.ArgumentParser()
parser.add_argument('--name', required=True)
sys.exit(main(parser.parse_args()))
"#;
    world.tool("t.py", parsed);
    let ran = world.rye(["run", "t", "--name", "Ada"]).run();
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(3), "hello Ada\n"), "{}", ran.stderr());
    let tried = r#"import asyncio

async def main():
    print('once')

try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
"#;
    world.tool("t.py", tried);
    assert_eq!(world.data(["t"]), "once\n");
    // Who says that it is a function is told where it is called besides.
    let block = "# /// rye\n# [call]\n# style = \"function\"\n# ///\n";
    world.tool("t.py", format!("{block}def main(n: int):\n    return n\n\nprint(main(1))\n"));
    world.refused(["t", "1"], 125, "invalid_metadata", &["t.py:8:7: ", "if __name__ == \"__main__\":"]);
    world.tool(
        "t.py",
        format!("{block}def main(n: int):\n    return n\n\nif __name__ == '__main__':\n    main(1)\n"),
    );
    assert_eq!(world.data(["t", "1"]), 1);
}

#[test]
fn a_syntax_error_is_named_by_file_and_line() {
    let Some(world) = tool("def main(:\n    return 1\n") else { return };
    world.refused(["t"], 125, "invalid_metadata", &["t.py:1:10"]);
    // What only Python itself sees is told when it runs.
    world.tool("t.py", "def main():\n    nonlocal x\n    return 1\n");
    let outcome = world.outcome(["t"]);
    if outcome["error"]["code"] == "tool_failed" {
        let error = &outcome["error"];
        assert!(error["message"].as_str().unwrap().starts_with("SyntaxError"), "{error:#}");
        assert!(error["causes"].to_string().contains("t.py:2 "), "{error:#}");
    } else {
        assert!(outcome["error"]["causes"].to_string().contains("t.py:2:"), "{outcome:#}");
    }
}

#[test]
fn effects_of_a_module_happen_only_in_a_run() {
    let Some(world) = tool(
        r#"import pathlib
pathlib.Path('ran').touch()

def main(n: int):
    return n
"#,
    ) else {
        return;
    };
    for words in [
        &["list"] as &[&str],
        &["show", "t"],
        &["explain", "t", "--n", "1"],
        &["check"],
        &["run", "t", "--help"],
        &["run", "t", "--n", "x"],
    ] {
        world.rye(words).run();
        assert!(!world.project().join("ran").exists(), "{words:?}");
    }
    assert_eq!(world.data(["t", "--n", "1"]), 1);
    assert!(world.project().join("ran").exists());
}

#[test]
fn a_module_is_what_python_makes_of_a_file() {
    let Some(world) = tool("") else { return };
    let pool = r#"import multiprocessing

def double(x):
    return x * 2

def main(how: str):
    with multiprocessing.get_context(how).Pool(2) as pool:
        return pool.map(double, [1, 2])
"#;
    world.tool("deep/pool.py", pool);
    for how in ["fork", "spawn"] {
        assert_eq!(world.data(["deep/pool", how]), json!([2, 4]), "{how}");
    }
    let wrapped = r#"import functools

def wrap(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return ['wrapped', function(*args, **kwargs)]
    return inner

@wrap
def main(a: int, b: int = 2):
    return [a, b]
"#;
    world.tool("t.py", wrapped);
    assert_eq!(world.data(["t", "1"]), json!(["wrapped", [1, 2]]));
    world.tool(
        "t.py",
        r#"import pickle, dataclasses

@dataclasses.dataclass
class P:
    x: int

def main():
    return pickle.loads(pickle.dumps(P(1)))
"#,
    );
    assert_eq!(world.data(["t"]), json!({"x": 1}));
    world.tool("t.py", "import sys, os\n\ndef main():\n    return [sys.argv, os.getcwd(), __file__, __name__, 'RYE_CALL_FD' in os.environ]\n");
    let path = world.tools().join("t.py");
    assert_eq!(world.data(["t"]), json!([[path], world.project(), path, "t", false]));
    world.tool(
        "t.py",
        r#"import threading, time

def late():
    time.sleep(0.05)
    print('late')

def main():
    threading.Thread(target=late).start()
    return 1
"#,
    );
    let outcome = world.outcome(["t"]);
    assert_eq!((&outcome["data"], &outcome["stdout"]), (&json!(1), &json!("late\n")));
}

#[test]
fn a_module_is_no_tool_and_that_is_said_once() {
    let Some(world) = tool("import os\n\nclass Tool:\n    pass\n\nLIMIT = 3\n") else { return };
    let holds =
        ["no tool `t`", "neither `main` nor `execute`", "give it a function `main`, or a `# /// rye` block"];
    world.refused(["t"], 127, "tool_not_found", &holds);
    let text = world.rye(["run", "t"]).run().stderr();
    assert_eq!(text.matches("neither `main`").count(), 1, "{text}");
    assert!(!text.contains("did you mean"), "{text}");
}
