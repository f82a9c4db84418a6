//! `#!` lines beside the kernel's own reading of them.

use std::os::unix::ffi::OsStrExt;

use crate::shebang::{Opening, WINDOW};

/// What is said of the first bytes of a file is what `load_script` of Linux (fs/binfmt_script.c) makes of them.
pub fn shebang(bytes: &[u8]) {
    let first = &bytes[..bytes.len().min(WINDOW)];
    match Opening::parse(first) {
        Opening::Native => assert!(first.starts_with(b"\x7fELF")),
        Opening::Unknown => assert!(!first.starts_with(b"#!") && !first.starts_with(b"\x7fELF")),
        Opening::Script(line) => {
            let interpreter = line.interpreter().as_os_str().as_bytes();
            match load_script(first) {
                Some((name, argument)) => {
                    assert!(!line.is_cut, "{first:?}");
                    assert_eq!((interpreter, line.argument), (&*name, argument.as_deref()), "{first:?}");
                }
                None => assert!(line.is_cut || interpreter.is_empty(), "{first:?}"),
            }
        }
    }
}

/// The interpreter and its argument, or none for what the kernel refuses. The names are the kernel's.
fn load_script(first: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let mut buf = [0_u8; WINDOW];
    buf[..first.len()].copy_from_slice(first);
    let spacetab = |byte: u8| byte == b' ' || byte == b'\t';
    let next_non_spacetab = |from: usize, last: usize| (from..=last).find(|at| !spacetab(buf[*at]));
    let next_terminator =
        |from: usize, last: usize| (from..=last).find(|at| spacetab(buf[*at]) || buf[*at] == 0);
    if !buf.starts_with(b"#!") {
        return None;
    }
    let buf_end = WINDOW - 1;
    // `strnchr` ends at a NUL.
    let newline = buf.iter().position(|byte| matches!(byte, b'\n' | 0)).filter(|at| buf[*at] == b'\n');
    let mut i_end = match newline {
        Some(at) => at,
        None => {
            let begin = next_non_spacetab(2, buf_end)?;
            next_terminator(begin, buf_end)?;
            buf_end
        }
    };
    while spacetab(buf[i_end - 1]) {
        i_end -= 1;
    }
    let i_name = next_non_spacetab(2, i_end).filter(|at| *at != i_end)?;
    let i_sep = next_terminator(i_name, i_end);
    let i_arg = i_sep.filter(|at| buf[*at] != 0).and_then(|at| next_non_spacetab(at, i_end));
    // Both end at a NUL, and one is put at `i_end`.
    let string = |from: usize, to: usize| {
        let text = &buf[from..to];
        text[..text.iter().position(|byte| *byte == 0).unwrap_or(text.len())].to_vec()
    };
    let name = string(i_name, i_sep.unwrap_or(i_end).min(i_end));
    let argument = i_arg.filter(|at| *at != i_end).map(|at| string(at, i_end));
    // An empty name is refused when it is opened.
    Some((name, argument.filter(|argument| !argument.is_empty())))
}
