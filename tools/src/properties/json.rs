//! JSON as it is read at every door, beside `serde_json`: the same values or a refusal, never another number.

use serde_json::Value;

use crate::json::{InvalidJsonReason, indent, parse};

/// What is read is what `serde_json` reads and comes back as it went; what is refused is no JSON, or could not be kept.
pub fn json(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let other = serde_json::from_str::<Value>(text);
    let read = parse(text);
    match (&read, &other) {
        (Ok(value), Ok(other)) => {
            assert_eq!(value, other, "{text:?}");
            assert_eq!(parse(&value.to_string()).as_ref(), Ok(value), "{text:?}");
        }
        (Ok(value), Err(error)) => panic!("{text:?} is {value}, and serde_json says {error}"),
        (Err(refused), Ok(_)) => match &refused.reason {
            InvalidJsonReason::DuplicateKey(_) => {}
            InvalidJsonReason::IntegerOutOfRange(literal) => assert!(literal.parse::<i64>().is_err()),
            InvalidJsonReason::InexactNumber(literal) => assert!(!is_surely_exact(literal), "{literal}"),
            other => panic!("{text:?}: {other}"),
        },
        (Err(_), Err(_)) => {}
    }
    if let Err(refused) = &read {
        let line = text.split('\n').nth(refused.line - 1).unwrap();
        assert!((1..=line.chars().count() + 1).contains(&refused.column), "{text:?}: {refused}");
        assert!(!refused.to_string().contains(['\n', '\u{1b}']), "{refused:?}");
    }
    indents(text, read.ok().as_ref());
}

/// What a double always keeps: 15 digits within its range.
fn is_surely_exact(literal: &str) -> bool {
    let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
    let digits = mantissa.chars().filter(char::is_ascii_digit).count();
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent).parse::<i64>();
    digits <= 15 && exponent.is_ok_and(|exponent| exponent.abs() < 280)
}

/// Indenting moves blanks and nothing else, and twice is once.
fn indents(text: &str, value: Option<&Value>) {
    let indented = indent(text);
    if let Some(value) = value {
        assert_eq!(parse(&indented).as_ref(), Ok(value), "{text:?}");
        assert_eq!(indent(&indented), indented, "{text:?}");
    }
    let dense = |text: &str| text.chars().filter(|c| !" \t\n\r".contains(*c)).collect::<String>();
    assert_eq!(dense(&indented), dense(text), "{text:?}");
}
