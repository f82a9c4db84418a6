//! Templates filled with anything: what is put in stands there as it is, and nothing in it is looked at again.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;

use serde_json::Value;

use crate::document::Place;
use crate::template::{FillError, Filled, Filling, Fillings, Part, PlaceholderMode, Template, text_of};

/// A text, and after each NUL a value that may be put into it. Whatever the values hold, the text around them stays
/// and each stands whole in its place; and a template that is written anew from its pieces is the same.
pub fn template(bytes: &[u8]) {
    let mut fields = bytes.split(|byte| *byte == 0);
    let Ok(text) = std::str::from_utf8(fields.next().unwrap_or_default()) else { return };
    let place = Place::start_of(&Arc::from("t.toml"));
    let Ok(template) = Template::parse(&place, text) else {
        assert!(text.contains(['$', '{', '}']), "nothing stands for anything in {text:?}");
        return;
    };
    let again = Template::parse(&place, &written(template.parts()));
    assert_eq!(again.as_ref(), Ok(&template));
    let values = Values(fields.collect());
    assert_eq!(template.fill(&values), expected(template.parts(), &values), "{text:?}");
    holds_its_text(&template, &values);
}

/// The pieces as somebody would write them.
fn written(parts: &[Part]) -> String {
    let piece = |part: &Part| match part {
        Part::Text(text) => text.replace('$', "$$").replace('{', "{{").replace('}', "}}"),
        Part::Home => "~".to_owned(),
        Part::Variable { name, default: None } => format!("$<{name}>"),
        Part::Variable { name, default: Some(default) } if default.contains('}') => {
            format!("$<{name}:-{default}>")
        }
        Part::Variable { name, default: Some(default) } => format!("${{{name}:-{default}}}"),
        Part::Placeholder { name, mode } => match mode {
            PlaceholderMode::Required => format!("{{{name}}}"),
            PlaceholderMode::Optional => format!("{{{name}?}}"),
            PlaceholderMode::Spread => format!("{{{name}...}}"),
        },
    };
    parts.iter().map(piece).collect()
}

/// Values by name, some of them missing: a name's bytes choose.
struct Values<'b>(Vec<&'b [u8]>);

impl Values<'_> {
    fn find(&self, name: &str) -> Option<&[u8]> {
        let sum = name.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(byte));
        self.0.get(sum % (self.0.len() + 1)).copied()
    }
}

impl Fillings for Values<'_> {
    fn variable(&self, name: &str) -> Option<OsString> {
        self.find(name).map(|value| OsString::from_vec(value.to_vec()))
    }

    fn placeholder(&self, name: &str) -> Option<Filling> {
        let value = self.find(name)?;
        Some(match serde_json::from_slice::<Value>(value) {
            Ok(json) => Filling::Json(json),
            Err(_) => Filling::Text(OsStr::from_bytes(value).to_owned()),
        })
    }

    fn home(&self) -> Option<&OsStr> {
        self.find("~").map(OsStr::from_bytes)
    }
}

/// Filling as the documentation has it, piece by piece and with nothing but concatenation.
fn expected(parts: &[Part], values: &Values<'_>) -> Result<Filled, FillError> {
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for part in parts {
        let alone = parts.len() == 1;
        let piece = match part {
            Part::Text(text) => text.clone().into_bytes(),
            Part::Home => values.find("~").ok_or(FillError::NoHome)?.to_vec(),
            Part::Variable { name, default } => match values.find(name).map(<[u8]>::to_vec) {
                Some(value) => value,
                None => default.clone().ok_or(FillError::UnknownVariable(name.clone()))?.into_bytes(),
            },
            Part::Placeholder { name, mode } => {
                let value = values.placeholder(name).filter(|value| *value != Filling::Json(Value::Null));
                match (value, mode) {
                    (None, PlaceholderMode::Required) => {
                        return Err(FillError::AbsentPlaceholder(name.clone()));
                    }
                    (None, PlaceholderMode::Optional) => return Ok(Filled::Absent),
                    (None, PlaceholderMode::Spread) => return Ok(Filled::Items(Vec::new())),
                    (Some(Filling::Json(Value::Array(items))), PlaceholderMode::Spread) => {
                        return Ok(Filled::Items(items));
                    }
                    (Some(Filling::Json(one)), PlaceholderMode::Spread) => {
                        return Ok(Filled::Items(vec![one]));
                    }
                    (Some(Filling::Json(value)), _) if alone => return Ok(Filled::Json(value)),
                    (Some(Filling::Json(value)), _) => text_of(&value).into_bytes(),
                    (Some(Filling::Text(text)), _) => text.into_vec(),
                }
            }
        };
        pieces.push(piece);
    }
    Ok(Filled::Text(OsString::from_vec(pieces.concat())))
}

/// Filled with marks that no text has, a template becomes its own text between the marks: so a value can neither bring
/// a piece of its own nor take one away, whatever it is.
fn holds_its_text(template: &Template, values: &Values<'_>) {
    const OPEN: &str = "\u{f0000}";
    const CLOSE: &str = "\u{f0001}";
    struct Marks;
    impl Fillings for Marks {
        fn variable(&self, name: &str) -> Option<OsString> {
            Some(format!("{OPEN}${name}{CLOSE}").into())
        }
        fn placeholder(&self, name: &str) -> Option<Filling> {
            Some(Filling::Text(format!("{OPEN}{name}{CLOSE}").into()))
        }
        fn home(&self) -> Option<&OsStr> {
            Some(OsStr::new("\u{f0000}~\u{f0001}"))
        }
    }
    // A text that holds a mark is not told from one that is put in.
    let text = written(template.parts());
    if text.contains(OPEN) || text.contains(CLOSE) {
        return;
    }
    let (Ok(Filled::Text(marked)), Ok(Filled::Text(filled))) = (template.fill(&Marks), template.fill(values))
    else {
        return;
    };
    let marked = marked.into_string().unwrap();
    let mut out = Vec::new();
    for piece in marked.split(OPEN) {
        let Some((name, text)) = piece.split_once(CLOSE) else {
            out.extend(piece.bytes());
            continue;
        };
        let default = template.parts().iter().find_map(|part| match part {
            Part::Variable { name: known, default } if Some(known.as_str()) == name.strip_prefix('$') => {
                Some(default.clone())
            }
            _ => None,
        });
        let value = match default {
            // One name may stand there twice with two defaults.
            Some(_) if values.find(&name[1..]).is_none() => return,
            Some(_) => values.find(&name[1..]).unwrap().to_vec(),
            None if name == "~" => values.find("~").unwrap().to_vec(),
            None => match values.placeholder(name).unwrap() {
                Filling::Text(text) => text.into_vec(),
                Filling::Json(value) => text_of(&value).into_bytes(),
            },
        };
        out.extend(value);
        out.extend(text.bytes());
    }
    assert_eq!(filled.into_vec(), out);
}
