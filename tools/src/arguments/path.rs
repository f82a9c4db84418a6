//! The way from the arguments to one value in them. It is spelled out only when there is a problem to tell.

use std::fmt;

/// A way that grows by one step at a time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path<'p> {
    /// All arguments, or the one value that is checked.
    Root,
    /// A member of an object.
    Member(&'p Path<'p>, &'p str),
    /// An item of a list, from 0.
    Item(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Self::Root, name) => f.write_str(name),
            Self::Member(parent, name)
                if name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') =>
            {
                write!(f, "{parent}.{name}")
            }
            Self::Member(parent, name) => write!(f, "{parent}[{name:?}]"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
