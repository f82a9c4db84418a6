//! `.env` files: what is read stood in the file, in that order, and nothing was put in.

use std::path::Path;

use crate::Host;
use crate::dotenv::parse;
use crate::error::Error;

/// Any text as a file, and any text as a quoted value.
pub fn dotenv(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match read(text) {
        Ok(values) => {
            for (name, value) in &values {
                assert!(text.contains(name.as_str()) && !name.is_empty(), "{name:?} of {text:?}");
                assert!(!name.contains(['=', '$', '\n', '\0']), "{name:?}");
                stands_in(value, text);
            }
        }
        Err(Error::InvalidConfig { problems }) => {
            for problem in problems {
                let lines = text.lines().count().max(1);
                assert!((1..=lines).contains(&(problem.place.line as usize)), "{problem} of {text:?}");
                // A line may hold a secret.
                let told = format!("{} {:?}", problem.message, problem.hint);
                let ours = "backslashes characters private-use";
                let words = text.split(|c: char| !c.is_alphanumeric());
                let words = words.filter(|word| word.len() > 8 && !ours.contains(word));
                words.for_each(|word| assert!(!told.contains(word), "{word} is told in {told}"));
            }
        }
        Err(other) => panic!("{other}"),
    }
    is_kept_in_quotes(text);
}

fn read(text: &str) -> Result<Vec<(String, String)>, Error> {
    parse(&Host::default(), Path::new(".env"), text)
}

/// Every character of a value stands in the file, after the one before it; of what is escaped a line end alone does not.
fn stands_in(value: &str, text: &str) {
    let mut rest = text.chars();
    for wanted in value.chars() {
        let found = rest.by_ref().any(|c| c == wanted || (wanted == '\n' && c == 'n'));
        assert!(found, "{value:?} does not stand in {text:?}");
    }
}

/// Between single quotes everything is itself. A backslash before the last of them is more than the parser can take: then
/// the file is refused, never read as something else.
fn is_kept_in_quotes(text: &str) {
    if text.contains(['\'', '\u{e000}', '\r']) {
        return;
    }
    let values = read(&format!("BEFORE=1\nVALUE='{text}'\nAFTER=2\n"));
    let wanted = [("BEFORE", "1"), ("VALUE", text), ("AFTER", "2")];
    let wanted: Vec<_> =
        wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    match values {
        Ok(values) => assert_eq!(values, wanted),
        Err(refused) => {
            let backslashes = text.len() - text.trim_end_matches('\\').len();
            assert!(backslashes % 2 == 1, "{refused} of {text:?}");
        }
    }
}
