//! Whether a file calls its entry function by itself when it is run from the top, without asking `__name__`.
//! Such a file is whole as it stands: who imported it to call that function would run it twice.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtIf};
use ruff_text_size::{Ranged, TextRange};

use super::outline::{is_name, is_type_checking};

/// Expressions and statements nested deeper than this are not looked at.
const DEPTH_LIMIT: usize = 100;

/// Functions that call what they are given: `typer.run(main)`, `anyio.run(main)`, `fire.Fire(main)`.
const CALLERS: [&str; 2] = ["run", "Fire"];

/// Where the top level of a file first calls the function of that name.
pub(super) fn find(body: &[Stmt], entry: &str) -> Option<TextRange> {
    let mut search = Search { entry, found: None, depth: 0 };
    body.iter().for_each(|statement| search.visit_stmt(statement));
    search.found
}

struct Search<'e> {
    entry: &'e str,
    found: Option<TextRange>,
    depth: usize,
}

impl Search<'_> {
    fn deeper(&mut self, look: impl FnOnce(&mut Self)) {
        if self.found.is_none() && self.depth < DEPTH_LIMIT {
            self.depth += 1;
            look(self);
            self.depth -= 1;
        }
    }

    /// What a branch does that depends on `__name__`, an importer may never see; what stands beneath `TYPE_CHECKING`,
    /// nobody.
    fn branch(&mut self, branch: &StmtIf) {
        let first = (Some(&*branch.test), &branch.body);
        let others = branch.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body));
        for (test, body) in std::iter::once(first).chain(others) {
            if test.is_some_and(|test| is_type_checking(test) || asks_name(test)) {
                continue;
            }
            test.into_iter().for_each(|test| self.visit_expr(test));
            self.visit_body(body);
        }
    }

    fn is_call(&self, call: &ExprCall) -> bool {
        let word = match &*call.func {
            Expr::Name(name) if name.id.as_str() == self.entry => return true,
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => return false,
        };
        CALLERS.contains(&word) && call.arguments.args.first().is_some_and(|first| is_name(first, self.entry))
    }
}

impl<'a> Visitor<'a> for Search<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        self.deeper(|search| match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            Stmt::If(branch) => search.branch(branch),
            other => walk_stmt(search, other),
        });
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.deeper(|search| match expression {
            Expr::Call(call) if search.is_call(call) => search.found = Some(call.range()),
            Expr::Lambda(_) => {}
            other => walk_expr(search, other),
        });
    }

    fn visit_annotation(&mut self, _: &'a Expr) {}
}

/// Whether a condition looks at `__name__`, however it is written.
fn asks_name(test: &Expr) -> bool {
    struct Names(bool, usize);
    impl<'a> Visitor<'a> for Names {
        fn visit_expr(&mut self, expression: &'a Expr) {
            self.0 |= is_name(expression, "__name__");
            if !self.0 && self.1 < DEPTH_LIMIT {
                self.1 += 1;
                walk_expr(self, expression);
                self.1 -= 1;
            }
        }
    }
    let mut names = Names(false, 0);
    names.visit_expr(test);
    names.0
}
