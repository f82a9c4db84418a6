//! `.env` files. They are read only when a name is asked for that nothing else gave, and nothing in them is
//! expanded: not even `${NAME}`, which would let a project's file read the caller's environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rye_runtimes::document::{Place, Problem};

use crate::error::Error;
use crate::files::read_plain;
use crate::host::Host;

/// The `.env` files of a call, the most important last.
#[derive(Debug)]
pub(crate) struct DotEnv {
    files: Vec<(PathBuf, Vec<(String, String)>)>,
}

impl DotEnv {
    /// Reads the files that are there.
    pub(crate) fn read(host: &Host, paths: &[PathBuf], trusted: Option<u32>) -> Result<Self, Error> {
        let mut files = Vec::new();
        for path in paths {
            // A folder of that name is somebody's virtual environment.
            if path.is_dir() {
                continue;
            }
            let bytes = match read_plain(path, trusted) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => continue,
                Err(refused) => {
                    return Err(invalid(host, path, &format!("it is refused: {}", refused.reason)));
                }
            };
            let text =
                String::from_utf8(bytes).map_err(|_| invalid(host, path, "it cannot be read: not UTF-8"))?;
            files.push((path.clone(), parse(host, path, &text)?));
        }
        Ok(Self { files })
    }

    /// The value of a name and the file that gives it.
    pub(crate) fn find(&self, name: &str) -> Option<(OsString, &Path)> {
        self.files.iter().rev().find_map(|(path, values)| {
            let (_, value) = values.iter().rev().find(|(known, _)| known == name)?;
            Some((value.into(), path.as_path()))
        })
    }

    /// Every name, each once.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().flat_map(|(_, values)| values.iter().map(|(name, _)| name.as_str()))
    }
}

/// A character that stands for `$` while the text is parsed: the parser would put variables of this process in.
const STAND_INS: [char; 3] = ['\u{e000}', '\u{e001}', '\u{e002}'];

pub(crate) fn parse(host: &Host, path: &Path, text: &str) -> Result<Vec<(String, String)>, Error> {
    let Some(stand_in) = STAND_INS.into_iter().find(|stand_in| !text.contains(*stand_in)) else {
        return Err(invalid(host, path, "it holds private-use characters"));
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let masked = text.replace('$', stand_in.encode_utf8(&mut [0; 4]));
    let mut values = Vec::new();
    for read in dotenvy::from_read_iter(masked.as_bytes()) {
        match read {
            Ok((name, value)) => values.push((name, value.replace(stand_in, "$"))),
            Err(dotenvy::Error::LineParse(line, _)) => {
                let at = masked.lines().position(|known| line.lines().next() == Some(known)).unwrap_or(0);
                let problem = Problem::new(&place(host, path, at + 1), "not a line `NAME=value`")
                    .hint("a value that holds blanks, quotes or backslashes stands in single quotes");
                return Err(Error::InvalidConfig { problems: vec![problem] });
            }
            Err(_) => return Err(invalid(host, path, "it cannot be read as a `.env` file")),
        }
    }
    Ok(values)
}

fn place(host: &Host, path: &Path, line: usize) -> Place {
    let file: Arc<str> = Arc::from(host.shown(path));
    Place { file, line: u32::try_from(line).unwrap_or(u32::MAX), column: 1, whole_file: false }
}

fn invalid(host: &Host, path: &Path, message: &str) -> Error {
    let file: Arc<str> = Arc::from(host.shown(path));
    Error::InvalidConfig { problems: vec![Problem::new(&Place::start_of(&file), message)] }
}

/// Whether a file is one of these by its name: what its lines hold is never shown.
#[must_use]
pub fn holds_secrets(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".env"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<Vec<(String, String)>, Error> {
        parse(&Host::default(), Path::new(".env"), text)
    }

    #[test]
    fn the_usual_forms_are_read_and_nothing_is_expanded() {
        let text = "# comment\nA=1\nexport B = 'two words'\nC=\"x # y\\nz\"\nD='$HOME ${A}'\nE=${HOME}$(id) # end\nF=\n";
        let want = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "x # y\nz"),
            ("D", "$HOME ${A}"),
            ("E", "${HOME}$(id)"),
            ("F", ""),
        ];
        let read = values(text);
        let want: Vec<_> = want.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(read.unwrap_or_default(), want);
    }

    #[test]
    fn a_broken_line_is_named_and_never_shown() {
        let error = values("A=1\nSECRET 'abc\n").unwrap_err();
        let Error::InvalidConfig { problems } = error else { panic!("{error}") };
        assert_eq!(problems[0].place.line, 2);
        assert!(!problems[0].message.contains("abc"));
    }
}
