//! Comment blocks: found where a second, slower reading finds them, and their lines mean what they mean in a file.

use std::sync::Arc;

use rye_runtimes::TomlSource;
use rye_runtimes::document::{Node, NodeValue, Problem};

use super::lie_in;
use crate::read_block;

const FILE: &str = "x.sh";

/// Any file as it is, and any TOML put into a block.
pub fn block(bytes: &[u8]) {
    as_it_is(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        in_a_block(text);
    }
}

fn read(bytes: &[u8]) -> Result<Option<Node>, Vec<Problem>> {
    read_block(&Arc::from(FILE), bytes, "rye")
}

fn as_it_is(bytes: &[u8]) {
    let read = read(bytes);
    if let Err(problems) = &read {
        lie_in(problems, &[(FILE, bytes)]);
    }
    match (found(bytes), &read) {
        (Found::None, Ok(None)) | (Found::Broken, Err(_)) => {}
        (Found::One(text), read) => {
            let alone = TomlSource::file(&Arc::from(FILE), text).parse();
            assert_eq!(alone.is_ok(), read.is_ok(), "{alone:?} {read:?}");
            if let (Ok(alone), Ok(Some(read))) = (&alone, read) {
                assert_eq!(alone.to_json(), read.to_json());
            }
        }
        (found, _) => panic!("{found:?}, {read:?}"),
    }
}

#[derive(Debug)]
enum Found {
    None,
    One(String),
    Broken,
}

/// The text of the block of a file, by the rule and with no regard to cost.
fn found(bytes: &[u8]) -> Found {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let mut at = 0;
    let mut texts = Vec::new();
    while at < lines.len() {
        let opens = |mark: &&str| lines[at].trim_ascii_end() == format!("{mark} /// rye").as_bytes();
        let opened = ["#", "//", "--"].iter().find(|mark| opens(mark));
        at += 1;
        let Some(mark) = opened else { continue };
        let mut text = String::new();
        loop {
            let Some(line) = lines.get(at) else { return Found::Broken };
            at += 1;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.starts_with(format!("{mark} ").as_bytes())
                && line[mark.len() + 1..].trim_ascii_end() == b"///"
            {
                break;
            }
            let content = match line.strip_prefix(mark.as_bytes()) {
                Some([]) => &[][..],
                Some([b' ', rest @ ..]) => rest,
                _ => return Found::Broken,
            };
            let Ok(content) = std::str::from_utf8(content) else { return Found::Broken };
            text += content;
            text += "\n";
        }
        texts.push(text);
    }
    match (texts.pop(), texts.is_empty()) {
        (None, _) => Found::None,
        (Some(text), true) => Found::One(text),
        _ => Found::Broken,
    }
}

/// What is TOML is the same TOML in a block, whatever stands around it; two blocks or an open one are refused.
fn in_a_block(text: &str) {
    if text.contains('\r') || text.lines().any(|line| line.trim_ascii_end() == "///") {
        return;
    }
    let alone = TomlSource::file(&Arc::from(FILE), text.to_owned()).parse();
    for mark in ["#", "//", "--"] {
        let lines: String = text.split('\n').map(|line| format!("{mark} {line}\n")).collect();
        let block = format!("{mark} /// rye\n{lines}{mark} ///\n");
        let around = format!("#!/bin/sh\n\u{e4}\n{block}echo\n{mark} ///");
        let read = read(around.as_bytes());
        match (&alone, &read) {
            (Ok(alone), Ok(Some(read))) => {
                assert_eq!(alone.to_json(), read.to_json());
                assert_eq!((read.place.line, read.place.column), (3, 1));
                lies_deeper(alone, read, mark.len() + 1, 3);
            }
            (Err(_), Err(_)) => {}
            other => panic!("{other:?}"),
        }
        assert!(self::read(format!("{block}{block}").as_bytes()).is_err());
        assert!(self::read(format!("{mark} /// rye\n{lines}").as_bytes()).is_err());
    }
}

/// Every value of a block lies where it lies in the file, so many columns and lines further.
fn lies_deeper(alone: &Node, read: &Node, columns: usize, lines: usize) {
    let (NodeValue::Table(alone), NodeValue::Table(read)) = (&alone.value, &read.value) else { return };
    for (alone, read) in alone.iter().zip(read) {
        let (key, value) = (&alone.key_place, &alone.value.place);
        let deeper = |line: u32, column: u32| (line as usize + lines, column as usize + columns);
        assert_eq!(
            (read.key_place.line as usize, read.key_place.column as usize),
            deeper(key.line, key.column)
        );
        let place = (read.value.place.line as usize, read.value.place.column as usize);
        assert_eq!(place, deeper(value.line, value.column), "{}", alone.key);
        lies_deeper(&alone.value, &read.value, columns, lines);
    }
}
