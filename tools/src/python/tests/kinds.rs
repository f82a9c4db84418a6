//! Function tool, script or module, and the description.

use std::sync::Arc;

use super::super::read;
use super::{ASYNC_MAIN, EXECUTE, MAIN, PythonKind, file, parameters, problems};

const GUARD: &str = "\nif __name__ == '__main__':\n    main()\n";

#[test]
fn the_entry_decides_the_kind() {
    let script = PythonKind::Script;
    let module = PythonKind::Module;
    for (source, kind) in [
        ("def main(): pass", MAIN),
        ("async def main(): pass", ASYNC_MAIN),
        ("def main(x): pass\ndef execute(params, project_path): pass", MAIN),
        ("def execute(params, project_path): pass", EXECUTE),
        ("if a:\n  def main(): pass\nelse:\n  async def main(): pass", MAIN),
        ("try:\n  import x\nexcept ImportError:\n  def main(): pass", MAIN),
        ("if a:\n  pass\nelif b:\n  def main(): pass", MAIN),
        ("if __name__ == '__main__':\n  def main(): pass", script),
        ("from x import main", module),
        ("main = 3", module),
        ("class A:\n  def main(self): pass", module),
        ("print(1)", script),
        ("", module),
        ("#!/usr/bin/env python3\n", script),
        ("__tool_type__ = 'runtime'", script),
        ("'''Doc.'''\nimport os\nX = os.sep\n__all__ = ['X']\n__all__.append('Y')\n__all__ += ['Z']", module),
        ("if TYPE_CHECKING:\n  import x\ntry:\n  import y\nexcept ImportError:\n  y = None\n  raise", module),
        ("import typing\nif typing.TYPE_CHECKING:\n  def main(): pass", module),
        ("raise SystemExit", script),
        ("for x in y: pass", script),
        ("def f(): ...\nf()", script),
        ("type X = int\nx: int\nclass A: pass\npass\n...", module),
    ] {
        assert_eq!(file(source).kind, kind, "{source}");
        let bom = format!("\u{feff}{source}");
        assert_eq!(file(&bom).kind, kind, "{source}");
    }
    let block = read(&Arc::from("t.py"), "import os", true).unwrap();
    assert_eq!(block.kind, script);
}

#[test]
fn a_guard_beside_a_command_makes_a_script() {
    for (head, kind) in [
        ("def main():", PythonKind::Script),
        ("def main(*args):", PythonKind::Script),
        ("def main(argv):", PythonKind::Script),
        ("def main(argv=None):", PythonKind::Script),
        ("def main(args: list[str] | None = None) -> int:", PythonKind::Script),
        ("async def main():", PythonKind::Script),
        ("@click.command()\n@click.option('--x')\ndef main(x):", PythonKind::Script),
        ("def main(x):", MAIN),
        ("def main(argv, x):", MAIN),
        ("def main(argv, *rest):", MAIN),
        ("def main(**kwargs):", MAIN),
        ("def main(*, path='.'):", MAIN),
    ] {
        assert_eq!(file(&format!("{head}\n    pass{GUARD}")).kind, kind, "{head}");
    }
    assert_eq!(file(&format!("def execute(a, b): pass{GUARD}")).kind, EXECUTE);
    assert_eq!(file("def main(): pass\nif '__main__' == __name__ and True: main()").kind, PythonKind::Script);
}

#[test]
fn a_file_that_calls_its_entry_by_itself_is_a_script() {
    let script = PythonKind::Script;
    for (call, kind) in [
        ("main()", script),
        ("sys.exit(main())", script),
        ("raise SystemExit(main())", script),
        ("asyncio.run(main())", script),
        ("await main()", script),
        ("main(parser.parse_args())", script),
        ("result = main(1)\nprint(result)", script),
        ("result: int = main(1)", script),
        ("print(f'{main(1)}')", script),
        ("assert main(1) == 2", script),
        ("if True:\n    main()", script),
        ("if a:\n    pass\nelif main():\n    pass", script),
        ("try:\n    main()\nexcept KeyboardInterrupt:\n    pass", script),
        ("try:\n    import x\nexcept ImportError:\n    main()", script),
        ("with x as y:\n    main(y)", script),
        ("with main() as y:\n    pass", script),
        ("for path in sys.argv[1:]:\n    main(path)", script),
        ("while main(): pass", script),
        ("match main():\n    case _: pass", script),
        ("if __name__ == '__main__':\n    pass\nelse:\n    main()", script),
        ("typer.run(main)", script),
        ("anyio.run(main, backend='trio')", script),
        ("fire.Fire(main)", script),
        ("if __name__ == '__main__':\n    main()", MAIN),
        ("if __name__ in ('__main__', 'x'):\n    main()", MAIN),
        ("if not __name__ != '__main__':\n    main()", MAIN),
        ("if TYPE_CHECKING:\n    main()", MAIN),
        ("def other():\n    main()", MAIN),
        ("class Other:\n    x = main()", MAIN),
        ("other = lambda: main()", MAIN),
        ("other = main", MAIN),
        ("main = wrap(main)", MAIN),
        ("atexit.register(main)", MAIN),
        ("other.main()", MAIN),
        ("execute()", MAIN),
        ("x: main()", MAIN),
    ] {
        let source = format!("import sys\ndef main(x): pass\n{call}\n");
        assert_eq!(file(&source).kind, kind, "{source}");
    }
    assert_eq!(file("def execute(params, project_path): pass\nexecute({}, '.')").kind, script);
    let both = "def main(x): pass\ndef execute(params, project_path): pass\nexecute({}, '.')";
    assert_eq!(file(both).kind, MAIN);
    assert_eq!(file("def main(): pass\nif a == '__main__': main()").kind, script);
}

#[test]
fn what_a_script_makes_of_parameters_is_noted() {
    let notes = |source: &str| file(source).notes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let said = "t.py:3:6: `main` is called here, so the file is a script, and rye passes `main` nothing";
    assert_eq!(notes("def main(word: str): ...\n\nexit(main('x'))\n"), [said]);
    for source in
        ["def main(): ...\nmain()", "def main(argv=None): ...\nmain()", "def main(*words): ...\nmain()"]
    {
        assert_eq!(notes(source), [""; 0], "{source}");
    }
}

#[test]
fn only_functions_have_parameters() {
    assert_eq!(file("print(1)").parameters, None);
    assert_eq!(parameters(&file("def main(): pass")), "");
    assert_eq!(parameters(&file("def execute(params, project_path): pass")), "**: any");
}

#[test]
fn the_nearest_docstring_describes() {
    for (source, doc) in [
        ("'''Module.'''\ndef main():\n  '''Entry.'''", Some("Entry.")),
        ("'''Module.'''\ndef main(): pass", Some("Module.")),
        ("'''Module.'''\ndef main(x):\n  '''\n  Args:\n    x: what\n  '''", Some("Module.")),
        ("'''  Module.\n\n    More.\n    '''\nprint()", Some("Module.\n\nMore.")),
        ("print()", None),
        ("f'''Module.'''", None),
    ] {
        assert_eq!(file(source).doc.as_deref(), doc, "{source}");
    }
}

#[test]
fn syntax_errors_are_all_told() {
    assert_eq!(
        problems("x = (\ny = ]\n"),
        [
            "t.py:2:3: not valid Python: expected `)`, found `=`",
            "t.py:2:5: not valid Python: expected an expression"
        ]
    );
}
