//! Function tool, script or module.
//! A file that does anything when it is imported, or says that it is a tool, is a tool.

use ruff_python_ast::{Expr, StmtFunctionDef};

use super::outline::Outline;
use super::{EntryFunction, PythonKind};

/// How a file is used. `counts` tells that it has metadata or a `#!` line, `calls_itself` that it calls its entry
/// function whoever imports it.
pub(super) fn of(outline: &Outline<'_>, counts: bool, calls_itself: bool) -> PythonKind {
    match (outline.main, outline.execute) {
        (Some(_), _) | (_, Some(_)) if calls_itself => PythonKind::Script,
        (Some(main), _) if outline.has_guard && is_command(main) => PythonKind::Script,
        (Some(main), _) => PythonKind::Function(EntryFunction::Main { is_async: main.is_async }),
        (None, Some(execute)) => PythonKind::Function(EntryFunction::Execute { is_async: execute.is_async }),
        (None, None) if outline.acts || counts => PythonKind::Script,
        (None, None) => PythonKind::Module,
    }
}

/// Whether a `main` is the usual head of a command: it takes nothing, `*args`, or only `argv` or `args`; or a
/// command-line library calls it (`@click.command()`), which no caller with arguments can.
pub(super) fn is_command(main: &StmtFunctionDef) -> bool {
    let parameters = &main.parameters;
    let mut named = parameters.iter_non_variadic_params();
    let takes_words = match (named.next(), named.next()) {
        (None, _) => true,
        (Some(only), None) => {
            parameters.vararg.is_none() && matches!(only.parameter.name.as_str(), "argv" | "args")
        }
        _ => false,
    };
    takes_words && parameters.kwarg.is_none() || main.decorator_list.iter().any(|d| is_cli(&d.expression))
}

fn is_cli(decorator: &Expr) -> bool {
    let named = match decorator {
        Expr::Call(call) => &*call.func,
        other => other,
    };
    matches!(named, Expr::Attribute(attribute) if matches!(attribute.attr.as_str(), "command" | "group"))
}
