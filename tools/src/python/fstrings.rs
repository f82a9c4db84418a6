//! A guard before the parser: f-strings nested beyond what Python allows are refused.
//! The parser's time grows with the square of their depth; nothing else in the source does that to it.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// How deep f-strings may nest; CPython's own limit.
pub(super) const DEPTH_LIMIT: usize = 150;

/// Whether f-strings nest too deep. A file with few of them is not looked at twice.
pub(super) fn nest_too_deep(source: &str) -> bool {
    let bytes = source.as_bytes();
    let is_opening = |pair: &&[u8]| matches!(pair, [b'f' | b'F' | b't' | b'T' | b'r' | b'R', b'"' | b'\'']);
    if bytes.windows(2).filter(is_opening).count() <= DEPTH_LIMIT {
        return false;
    }
    let mut lexer = lexer::lex(source, Mode::Module);
    let mut depth = 0_usize;
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return false,
            TokenKind::FStringStart | TokenKind::TStringStart => depth += 1,
            TokenKind::FStringEnd | TokenKind::TStringEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_LIMIT {
            return true;
        }
    }
}
