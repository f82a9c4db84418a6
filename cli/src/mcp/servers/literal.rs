//! Text of others in files whose strings are templates: what is put in comes out as it was, whatever braces and dollars
//! it holds. Only a person's own words may refer to variables.

/// A text that stands for itself.
pub(super) fn literal(text: &str) -> String {
    text.replace('$', "$$").replace('{', "{{").replace('}', "}}")
}

/// A text in which `${NAME}` and `${NAME:-default}` refer to variables, `$${` is a literal `${`, and everything else
/// stands for itself.
pub(super) fn with_references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, marked) = rest.split_at(at);
        let escaped = before.strip_suffix('$');
        match (escaped, reference(marked)) {
            (None, Some(length)) => {
                let (reference, after) = marked.split_at(length);
                out.push_str(&literal(before));
                out.push_str(reference);
                rest = after;
            }
            _ => {
                out.push_str(&literal(escaped.unwrap_or(before)));
                out.push_str("$${{");
                rest = marked.get(2..).unwrap_or_default();
            }
        }
    }
    out + &literal(rest)
}

/// Whether a text refers to a variable.
pub(super) fn refers(text: &str) -> bool {
    let escaped = text.replace("$${", "");
    escaped.match_indices("${").any(|(at, _)| escaped.get(at..).and_then(reference).is_some())
}

/// The length of the reference that a text begins with.
fn reference(text: &str) -> Option<usize> {
    let (inside, _) = text.strip_prefix("${")?.split_once('}')?;
    let name = inside.split_once(":-").map_or(inside, |(name, _)| name);
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_name = begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some(inside.len() + 3)
}

#[cfg(test)]
mod tests {
    use std::ffi::{OsStr, OsString};
    use std::sync::Arc;

    use proptest::prelude::*;
    use rye_executor::runtimes::document::Place;
    use rye_executor::runtimes::template::{Filled, Filling, Fillings, Template};

    use super::{literal, refers, with_references};

    struct World;

    impl Fillings for World {
        fn variable(&self, name: &str) -> Option<OsString> {
            (name == "TOKEN").then(|| "secret".into())
        }
        fn placeholder(&self, _: &str) -> Option<Filling> {
            None
        }
        fn home(&self) -> Option<&OsStr> {
            Some(OsStr::new("/home/ada"))
        }
    }

    fn filled(text: &str) -> String {
        let template = Template::parse(&Place::start_of(&Arc::from("x.toml")), text).unwrap();
        match template.fill(&World).unwrap() {
            Filled::Text(text) => text.into_string().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn variables_are_filled_and_nothing_else_is() {
        for (typed, meant) in [
            ("Bearer ${TOKEN}", "Bearer secret"),
            ("${NONE:-x}${TOKEN}", "xsecret"),
            ("$TOKEN $<TOKEN> {name} {{ } $$ $", "$TOKEN $<TOKEN> {name} {{ } $$ $"),
            ("$${TOKEN}", "${TOKEN}"),
            ("${not a name} ${", "${not a name} ${"),
            (r#"{"a": {"b": "$c"}}"#, r#"{"a": {"b": "$c"}}"#),
        ] {
            assert_eq!(filled(&with_references(typed)), meant, "{typed}");
        }
        assert!(refers("a${TOKEN}") && !refers("$TOKEN") && !refers("$${TOKEN}") && !refers("${"));
    }

    proptest! {
        #[test]
        fn any_text_stands_for_itself(text in "([a$<>{}:~/_-]|.){0,30}") {
            prop_assume!(text != "~" && !text.starts_with("~/"));
            prop_assert_eq!(filled(&literal(&text)), text.clone());
            if !refers(&text) && !text.contains("$${") {
                prop_assert_eq!(filled(&with_references(&text)), text);
            }
        }
    }
}
