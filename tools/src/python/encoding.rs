//! Python files that are not UTF-8. Python reads another encoding where one of the first two lines names it, and such a
//! file may run from its path; rye knows none of them, and so calls no function in it and takes no metadata from it.

use std::str::Utf8Error;
use std::sync::Arc;

use rye_runtimes::document::Problem;

use super::{PythonFile, PythonKind, read};
use crate::utf8::not_utf8;

/// Reads a Python file from its bytes: see [`read`].
///
/// # Errors
/// As [`read`]; and text that is not UTF-8, unless it is a script or module whose encoding Python is told.
pub fn read_bytes(file: &Arc<str>, bytes: &[u8], has_block: bool) -> Result<PythonFile, Vec<Problem>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => read(file, text, has_block),
        Err(error) => read_foreign(file, bytes, &error, has_block),
    }
}

fn read_foreign(
    file: &Arc<str>,
    bytes: &[u8],
    error: &Utf8Error,
    has_block: bool,
) -> Result<PythonFile, Vec<Problem>> {
    let refuse = |fact| Err(vec![not_utf8(file, bytes, error, fact).hint("save the file as UTF-8")]);
    if !names_another(bytes) {
        return refuse("not UTF-8, and no line names another encoding");
    }
    // What counts is ASCII, which nearly every encoding leaves alone; the rest stands in strings and comments.
    let text: String = bytes.iter().copied().map(char::from).collect();
    match read(file, &text, has_block) {
        Ok(found) if !matches!(found.kind, PythonKind::Function(_)) && found.literals.is_empty() => {
            Ok(PythonFile { doc: None, ..found })
        }
        _ => refuse("not UTF-8, and only a script may have another encoding"),
    }
}

/// Whether Python takes the file for something else than UTF-8: by a comment `coding: NAME` in its first line, or in
/// the second after a line that says nothing.
fn names_another(bytes: &[u8]) -> bool {
    for line in bytes.split(|&byte| byte == b'\n').take(2) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        match line.strip_prefix('#') {
            Some(comment) => {
                if let Some(name) = encoding(comment) {
                    return !["utf8", "utf8sig"].contains(&name.as_str());
                }
            }
            None if line.is_empty() => {}
            None => return false,
        }
    }
    false
}

/// The encoding that a comment names, without what may be written in several ways.
fn encoding(comment: &str) -> Option<String> {
    comment.match_indices("coding").find_map(|(at, word)| {
        let rest = comment.get(at + word.len()..)?.strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
        let name = rest.split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.')).next()?;
        let plain = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        (!name.is_empty()).then(|| plain.collect())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{PythonKind, read_bytes};

    fn kind(source: &[u8]) -> Result<PythonKind, String> {
        let read = read_bytes(&Arc::from("t.py"), source, false);
        read.map(|file| file.kind).map_err(|problems| problems[0].to_string())
    }

    #[test]
    fn another_encoding_is_what_python_takes_it_for() {
        for head in [
            "# coding: latin-1",
            "# -*- coding: iso-8859-15 -*-",
            "#!/usr/bin/python3\n# vim: set fileencoding=cp1252 :",
            "\n\t#coding=koi8-r",
            "# encoding, coding: latin-1",
        ] {
            let source = |rest: &[u8]| [head.as_bytes(), b"\n", rest].concat();
            assert_eq!(kind(&source(b"print('\xe9')\n")), Ok(PythonKind::Script), "{head}");
            assert_eq!(kind(&source(b"def main():\n    '\xe9'\nmain()\n")), Ok(PythonKind::Script), "{head}");
            let line = head.lines().count() + 2;
            let refused = format!("t.py:{line}:1: not UTF-8, and only a script may have another encoding");
            assert_eq!(kind(&source(b"def main():\n    '\xe9'\n")), Err(refused), "{head}");
            let line = line - 1;
            let refused = format!("t.py:{line}:1: not UTF-8, and only a script may have another encoding");
            assert_eq!(kind(&source(b"__version__ = '\xe9'\n__tool_type__ = 'x'\n")), Err(refused), "{head}");
        }
        assert_eq!(kind(b"# coding: latin-1\nNAME = '\xe9'\n"), Ok(PythonKind::Module));
    }

    #[test]
    fn what_python_itself_refuses_is_refused() {
        let refused = "not UTF-8, and no line names another encoding";
        for head in [
            "",
            "# encoded\n",
            "# coding: utf-8\n",
            "# coding=UTF8\n",
            "import x\n# coding: latin-1\n",
            "\n\n# coding: latin-1\n",
        ] {
            let line = head.lines().count() + 1;
            let source = [head.as_bytes(), b"print('\xe9')\n"].concat();
            assert_eq!(kind(&source), Err(format!("t.py:{line}:1: {refused}")), "{head:?}");
        }
        assert_eq!(kind(b"\xff\xfe#\0"), Err(format!("t.py:1:1: {refused}")));
    }
}
