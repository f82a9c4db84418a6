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
