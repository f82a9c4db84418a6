//! The three docstring styles.

use super::super::docstring::Docstring;
use super::{file, parameters};

fn taken(text: &str) -> (Option<String>, Vec<(String, String)>) {
    let docstring = Docstring::parse(text);
    let mut parameters: Vec<_> = docstring.parameters.into_iter().collect();
    parameters.sort();
    (docstring.description, parameters)
}

fn expect(text: &str, description: &str, parameters: &[(&str, &str)]) {
    let parameters = parameters.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let description = Some(description.to_owned()).filter(|text| !text.is_empty());
    assert_eq!(taken(text), (description, parameters), "{text}");
}

#[test]
fn google() {
    expect(
        "Count things.

    Longer text.

    Args:
        path (str, optional): The file
            to count: all of it.
        *rest: More.

        **options (dict[str, (int)]): Others.
    Returns:
        How many.

    Keyword Args:
        deep: Yes.
    ",
        "Count things.\n\nLonger text.\n\nReturns:\n    How many.",
        &[
            ("deep", "Yes."),
            ("options", "Others."),
            ("path", "The file to count: all of it."),
            ("rest", "More."),
        ],
    );
}

#[test]
fn numpy() {
    expect(
        "Count things.

    Parameters
    ----------
    path : str
        The file

        to count.
    x, y : int, optional
        Both.
    bare
        Text.
    silent : int

    Returns
    -------
    int
        How many.

    Other Parameters
    ----------------
    **kwargs
        Others.",
        "Count things.\n\nReturns\n-------\nint\n    How many.",
        &[
            ("bare", "Text."),
            ("kwargs", "Others."),
            ("path", "The file to count."),
            ("x", "Both."),
            ("y", "Both."),
        ],
    );
}

#[test]
fn sphinx() {
    expect(
        "Count things.

    :param path: The file
        to count.
    :type path: str
    :param int depth: How deep.
    :keyword fast: Yes.
    :returns: How many.
    ",
        "Count things.\n\n:returns: How many.",
        &[("depth", "How deep."), ("fast", "Yes."), ("path", "The file to count.")],
    );
}

#[test]
fn what_is_no_section_stays() {
    for text in
        ["Args:", "Args:\nnothing indented", "See: this\n\nParameters are free.", "a:b", ":", "::", ":param"]
    {
        expect(text, text, &[]);
    }
    expect("", "", &[]);
    expect("\n\t\n", "", &[]);
    expect("A.\n\tArgs:\n\t\tx: tabs\n", "A.", &[("x", "tabs")]);
}

#[test]
fn a_description_comes_from_the_nearest_place() {
    let source = r#"
from typing import Annotated, Optional
from pydantic import Field
def main(a: int, b: Annotated[int, "own"], c: int = Field(3, description="field"), d: Optional[Annotated[int, "in"]] = None, *, e="x", **kw: str):
    """Do.

    Args:
        a: doc a
        b: doc b
        c: doc c
        e: doc e
    """
"#;
    let file = file(source);
    assert_eq!(
        parameters(&file),
        "a: int -- doc a; b: int -- own; c?: int = 3 -- field; \
         d?: int -- in or null = null -- in; e?: str = \"x\" -- doc e; **: str"
    );
    assert_eq!(file.doc.as_deref(), Some("Do."));
    assert_eq!(file.notes, []);
}
