//! What the kernel makes of the first bytes of a file: a `#!` line, a native program, or neither.
//! It reads 256 bytes and no more, splits at the first blank, and knows nothing of carriage returns.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// How much of a file the kernel looks at.
pub(crate) const WINDOW: usize = 256;

/// What the first bytes of a file say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opening<'a> {
    /// An ELF program.
    Native,
    /// A `#!` line.
    Script(InterpreterLine<'a>),
    /// Nothing that the kernel knows by itself.
    Unknown,
}

/// A `#!` line, split as the kernel splits it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InterpreterLine<'a> {
    interpreter: &'a [u8],
    /// All after the first blank, as one argument.
    pub(crate) argument: Option<&'a [u8]>,
    /// The name does not end within the window, so that the kernel refuses it.
    pub(crate) is_cut: bool,
}

impl<'a> Opening<'a> {
    /// Reads the first [`WINDOW`] bytes of a file, or all of a shorter one.
    pub(crate) fn parse(first: &'a [u8]) -> Self {
        if first.starts_with(b"\x7fELF") {
            return Self::Native;
        }
        let Some(rest) = first.strip_prefix(b"#!") else { return Self::Unknown };
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | 0));
        // A file that ends one byte before the window does is seen with a NUL in that byte.
        let end = end.or_else(|| (first.len() + 1 == WINDOW).then_some(rest.len()));
        let (line, is_cut) = match end {
            // In the last byte of a full window any end is one of the line.
            Some(at) if rest.get(at) == Some(&b'\n') || at + 3 == WINDOW => (trim_end(&rest[..at]), false),
            Some(at) => (&rest[..at], false),
            None if first.len() < WINDOW => (rest, false),
            // The last byte makes room for an end mark.
            None => (trim_end(&rest[..rest.len() - 1]), !trim_start(rest).iter().any(is_blank)),
        };
        let line = trim_start(line);
        let (interpreter, after) = line.split_at(line.iter().position(is_blank).unwrap_or(line.len()));
        let argument = Some(trim_start(after)).filter(|argument| !argument.is_empty());
        Self::Script(InterpreterLine { interpreter, argument, is_cut })
    }
}

/// Spaces and tabs only: a carriage return stays, as the kernel keeps it.
fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().position(|byte| !is_blank(byte)).unwrap_or(bytes.len())..]
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().rposition(|byte| !is_blank(byte)).map_or(0, |last| last + 1)]
}

impl<'a> InterpreterLine<'a> {
    /// The interpreter as written.
    pub(crate) fn interpreter(&self) -> &'a Path {
        Path::new(OsStr::from_bytes(self.interpreter))
    }

    /// Whether the line ends in a carriage return, which the kernel takes as part of the last word.
    pub(crate) fn ends_in_carriage_return(&self) -> bool {
        self.argument.unwrap_or(self.interpreter).ends_with(b"\r")
    }

    /// What the line adds to the size of the arguments: two more strings, their ends and pointers.
    pub(crate) fn added_bytes(&self) -> u64 {
        let argument = self.argument.map_or(0, |argument| argument.len() + 1 + size_of::<usize>());
        (self.interpreter.len() + 1 + size_of::<usize>() + argument) as u64
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{InterpreterLine, Opening, WINDOW};

    fn line(first: &[u8]) -> InterpreterLine<'_> {
        match Opening::parse(first) {
            Opening::Script(line) => line,
            other => panic!("not a script: {other:?}"),
        }
    }

    #[test]
    fn splits_as_the_kernel_does() {
        let plain = line(b"#!/bin/sh\necho");
        assert_eq!((plain.interpreter(), plain.argument), (Path::new("/bin/sh"), None));
        let spaced = line(b"#! \t/usr/bin/env  -S python3 -u \nx");
        assert_eq!(spaced.interpreter(), Path::new("/usr/bin/env"));
        assert_eq!(spaced.argument, Some(&b"-S python3 -u"[..]));
        assert_eq!(line(b"#!/bin/sh").interpreter(), Path::new("/bin/sh"));
        assert_eq!(line(b"#!\n").interpreter(), Path::new(""));
    }

    #[test]
    fn sees_carriage_returns_on_either_word() {
        assert!(line(b"#!/bin/sh\r\n").ends_in_carriage_return());
        assert!(line(b"#!/usr/bin/env python3\r\n").ends_in_carriage_return());
        assert!(!line(b"#!/usr/bin/env python3\n\r").ends_in_carriage_return());
    }

    #[test]
    fn only_blanks_are_blank_and_only_an_end_of_line_trims_them() {
        // All seen of Linux 6.18.
        assert_eq!(line(b"#!\r/bin/sh\n").interpreter(), Path::new("\r/bin/sh"));
        assert_eq!(line(b"#!/bin/echo -x ").argument, Some(&b"-x "[..]));
        assert_eq!(line(b"#!/bin/echo -x \0z\n").argument, Some(&b"-x "[..]));
        let long = [b"#!/bin/echo ".as_slice(), &[b'x'; 300]].concat();
        assert_eq!(line(&long[..WINDOW]).argument.map(<[u8]>::len), Some(243));
    }

    #[test]
    fn a_name_longer_than_the_window_is_cut() {
        let mut long = b"#!/".to_vec();
        long.resize(WINDOW, b'x');
        assert!(line(&long).is_cut);
        long[200] = b'\n';
        assert!(!line(&long).is_cut);
    }

    #[test]
    fn tells_programs_from_text() {
        assert_eq!(Opening::parse(b"\x7fELF\x02"), Opening::Native);
        assert_eq!(Opening::parse(b"echo hi\n"), Opening::Unknown);
        assert_eq!(Opening::parse(b""), Opening::Unknown);
    }
}
