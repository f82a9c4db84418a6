//! One pass over the top level of a file: names, entry functions, known literals, guard.
//! What stands under `if __name__ == "__main__"` binds nothing, because an importer never sees it.

use ruff_python_ast::{CmpOp, ElifElseClause, ExceptHandler, Expr, Stmt, StmtFunctionDef, StmtIf, StmtTry};
use ruff_text_size::{Ranged, TextRange};

use super::metadata;
use super::scope::Scope;

/// Blocks nested deeper than this are not looked at; Python itself stops at 100 indentations.
const DEPTH_LIMIT: usize = 100;

/// The top level of a file.
#[derive(Default)]
pub(super) struct Outline<'a> {
    /// The names that annotations may use.
    pub(super) scope: Scope<'a>,
    /// `def main`
    pub(super) main: Option<&'a StmtFunctionDef>,
    /// `def execute`
    pub(super) execute: Option<&'a StmtFunctionDef>,
    /// Whether there is an `if __name__ == "__main__"`.
    pub(super) has_guard: bool,
    /// Whether a statement does more than import, define or assign.
    pub(super) acts: bool,
    /// The module's docstring.
    pub(super) docstring: Option<&'a str>,
    /// Every assignment to a known literal name, in the order written.
    pub(super) known: Vec<Assignment<'a>>,
}

/// An assignment to a known literal name.
pub(super) struct Assignment<'a> {
    /// The known name.
    pub(super) name: &'static str,
    /// Where the name stands.
    pub(super) at: TextRange,
    /// The assigned literal-to-be; `None` where the value depends on more than one expression.
    pub(super) value: Option<&'a Expr>,
}

#[derive(Clone, Copy, PartialEq)]
enum Block {
    /// The file itself.
    Top,
    /// A branch of `if` or `try`: the first branch that binds a name wins.
    Branch,
    /// `if TYPE_CHECKING`: names for annotations, nothing that runs.
    Typing,
    /// A loop or `with`: only known literals are noticed.
    Other,
}

impl<'a> Outline<'a> {
    /// Reads the statements of a module.
    pub(super) fn of(body: &'a [Stmt]) -> Self {
        let mut outline = Self { docstring: docstring(body), ..Self::default() };
        outline.block(body, Block::Top, 0);
        outline
    }

    /// Whether the file assigns one of the two literals that make its literals count.
    pub(super) fn declares_itself(&self) -> bool {
        self.known.iter().any(|known| matches!(known.name, "__tool_type__" | "__executor_id__"))
    }

    fn block(&mut self, statements: &'a [Stmt], block: Block, depth: usize) {
        if depth < DEPTH_LIMIT {
            for statement in statements {
                self.statement(statement, block, depth);
            }
        }
    }

    fn statement(&mut self, statement: &'a Stmt, block: Block, depth: usize) {
        let binds = block != Block::Other;
        let override_ = block == Block::Top;
        match statement {
            Stmt::FunctionDef(function) if matches!(block, Block::Top | Block::Branch) => {
                let entry = match function.name.as_str() {
                    "main" => &mut self.main,
                    "execute" => &mut self.execute,
                    _ => return,
                };
                if override_ || entry.is_none() {
                    *entry = Some(function);
                }
            }
            Stmt::ClassDef(class) if binds => self.scope.class(class, override_),
            Stmt::TypeAlias(alias) if binds => self.scope.alias(&alias.name, &alias.value, override_),
            Stmt::Import(import) => {
                for name in &import.names {
                    let bound = name.asname.as_ref().unwrap_or(&name.name);
                    self.computed(bound.as_str(), bound.range);
                    self.scope.import(&name.name, name.asname.as_deref(), override_);
                }
            }
            Stmt::ImportFrom(import) => {
                for name in &import.names {
                    let bound = name.asname.as_ref().unwrap_or(&name.name);
                    self.computed(bound.as_str(), bound.range);
                }
                self.scope.import_from(import, override_);
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.assigned(target, Some(&assign.value), block);
                    if binds {
                        self.scope.alias(target, &assign.value, override_);
                    }
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.assigned(&assign.target, Some(value), block);
                    if binds {
                        self.scope.alias(&assign.target, value, override_);
                    }
                }
            }
            Stmt::AugAssign(assign) => self.assigned(&assign.target, None, block),
            Stmt::If(branch) => self.branch(branch, block, depth),
            Stmt::Try(attempt) => self.attempt(attempt, block, depth),
            Stmt::Expr(expression) => self.acts |= !is_inert(&expression.value),
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) | Stmt::TypeAlias(_) | Stmt::Pass(_) => {}
            // A `raise` in a branch says on which hosts the module can be imported.
            Stmt::Raise(_) => self.acts |= block == Block::Top,
            Stmt::With(with) => {
                self.acts = true;
                self.block(&with.body, Block::Other, depth + 1);
            }
            Stmt::For(each) => {
                self.acts = true;
                self.block(&each.body, Block::Other, depth + 1);
                self.block(&each.orelse, Block::Other, depth + 1);
            }
            Stmt::While(while_) => {
                self.acts = true;
                self.block(&while_.body, Block::Other, depth + 1);
                self.block(&while_.orelse, Block::Other, depth + 1);
            }
            _ => self.acts = true,
        }
    }

    fn branch(&mut self, branch: &'a StmtIf, block: Block, depth: usize) {
        let inner = inner(block);
        if is_guard(&branch.test) {
            self.has_guard = true;
            self.acts = true;
        } else if is_type_checking(&branch.test) {
            self.block(&branch.body, Block::Typing, depth + 1);
        } else {
            self.block(&branch.body, inner, depth + 1);
        }
        for ElifElseClause { test, body, .. } in &branch.elif_else_clauses {
            if test.as_ref().is_some_and(is_guard) {
                self.has_guard = true;
                self.acts = true;
            } else {
                self.block(body, inner, depth + 1);
            }
        }
    }

    fn attempt(&mut self, attempt: &'a StmtTry, block: Block, depth: usize) {
        let inner = inner(block);
        self.block(&attempt.body, inner, depth + 1);
        self.block(&attempt.orelse, inner, depth + 1);
        for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
            self.block(&handler.body, inner, depth + 1);
        }
        self.block(&attempt.finalbody, inner, depth + 1);
    }

    /// Notices known names among the targets of an assignment. Only a plain name at the top level has a value
    /// that can be read; in a branch it depends on the host.
    fn assigned(&mut self, target: &'a Expr, value: Option<&'a Expr>, block: Block) {
        match target {
            Expr::Name(name) => {
                if let Some(known) = metadata::known(name.id.as_str()) {
                    let value = value.filter(|_| block == Block::Top);
                    self.known.push(Assignment { name: known, at: target.range(), value });
                }
            }
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|target| self.unpacked(target)),
            Expr::List(list) => list.elts.iter().for_each(|target| self.unpacked(target)),
            _ => {}
        }
    }

    fn unpacked(&mut self, target: &'a Expr) {
        if let Expr::Name(name) = target {
            self.computed(name.id.as_str(), target.range());
        }
    }

    fn computed(&mut self, name: &str, at: TextRange) {
        if let Some(name) = metadata::known(name) {
            self.known.push(Assignment { name, at, value: None });
        }
    }
}

fn inner(block: Block) -> Block {
    if block == Block::Top { Block::Branch } else { block }
}

/// The docstring of a body.
pub(super) fn docstring(body: &[Stmt]) -> Option<&str> {
    match body.first() {
        Some(Stmt::Expr(statement)) => match &*statement.value {
            Expr::StringLiteral(text) => Some(text.value.to_str()),
            _ => None,
        },
        _ => None,
    }
}

/// An expression that does nothing when a module is imported: a string, `...`, or `__all__.append(…)`.
fn is_inert(expression: &Expr) -> bool {
    match expression {
        Expr::StringLiteral(_) | Expr::EllipsisLiteral(_) => true,
        Expr::Call(call) => {
            matches!(&*call.func, Expr::Attribute(method) if is_name(&method.value, "__all__"))
        }
        _ => false,
    }
}

fn is_guard(test: &Expr) -> bool {
    match test {
        Expr::Compare(compare) => match (&*compare.left, &*compare.ops, &*compare.comparators) {
            (left, [CmpOp::Eq], [right]) => {
                is_name(left, "__name__") && is_main(right) || is_name(right, "__name__") && is_main(left)
            }
            _ => false,
        },
        // `and` is one flat list in the tree; a guard is looked for one level down only.
        Expr::BoolOp(both) => {
            both.values.iter().any(|test| matches!(test, Expr::Compare(_)) && is_guard(test))
        }
        _ => false,
    }
}

fn is_main(expression: &Expr) -> bool {
    matches!(expression, Expr::StringLiteral(text) if text.value.to_str() == "__main__")
}

pub(super) fn is_type_checking(test: &Expr) -> bool {
    match test {
        Expr::Attribute(attribute) => attribute.attr.as_str() == "TYPE_CHECKING",
        _ => is_name(test, "TYPE_CHECKING"),
    }
}

pub(super) fn is_name(expression: &Expr, wanted: &str) -> bool {
    matches!(expression, Expr::Name(name) if name.id.as_str() == wanted)
}
