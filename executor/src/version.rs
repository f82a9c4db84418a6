//! What version a program says it is. It is started as a run is: contained, bounded in time, and nothing of it is
//! left; it gets no word of the caller's, no terminal, and neither the caller's folder nor most of its environment.

use std::path::Path;
use std::time::{Duration, Instant};

use rye_primitives::Ending;
use rye_resolver::Host;

use crate::converse::{Answered, Conversation, converse};
use crate::error::Error;

/// The words to ask with, in this order: Lua knows only the second.
const QUESTIONS: [&str; 2] = ["--version", "-v"];

/// Asks a program for its version. `None`: it runs, and tells none. Needs a Tokio runtime with I/O and time. Makes
/// this process a subreaper when `host` asks, so that nothing of the program is left.
///
/// # Errors
/// It could not be started, did not end by itself within the limit, or the system refuses the subreaper.
pub async fn ask_version(program: &Path, host: &Host, limit: Duration) -> Result<Option<String>, Error> {
    let passed = ["PATH", "HOME", "LANG"].into_iter();
    let passed: Vec<_> =
        passed.filter_map(|name| Some((name.into(), host.variable(name)?.to_owned()))).collect();
    let begun = Instant::now();
    for question in QUESTIONS {
        // Both questions have one limit. None at all would be no limit.
        let left = limit.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
        let conversation = Conversation {
            program: program.to_owned(),
            args: vec![question.into()],
            environment: passed.clone(),
            said: Vec::new(),
            limit: left,
            max_answer: 4096,
        };
        let answered = converse(conversation, host).await?;
        match answered.ending {
            Ending::Exited { code: 0 } => {
                if let Some(version) = told(&answered) {
                    return Ok(Some(version));
                }
            }
            Ending::Exited { .. } => {}
            ending => return Err(Error::NoVersion { program: program.to_owned(), ending, limit }),
        }
    }
    Ok(None)
}

/// The first number with a dot in it; where there is none, the first line with a digit.
fn told(answered: &Answered) -> Option<String> {
    let text = format!("{}\n{}", String::from_utf8_lossy(&answered.stdout), answered.stderr);
    let dotted = text.split(|c: char| !(c.is_ascii_alphanumeric() || "._+-".contains(c))).find_map(dotted);
    let line = || text.lines().map(str::trim).find(|line| line.contains(|c: char| c.is_ascii_digit()));
    Some(dotted.or_else(line)?.chars().take(40).collect())
}

/// `5.36.0` of `v5.36.0`.
fn dotted(word: &str) -> Option<&str> {
    let number = word.get(word.find(|c: char| c.is_ascii_digit())?..)?;
    let (first, rest) = number.split_once('.')?;
    let is_number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let begins = rest.starts_with(|c: char| c.is_ascii_digit());
    (is_number(first) && begins).then_some(number.trim_end_matches(['.', '-', '+']))
}

#[cfg(test)]
mod tests {
    use super::dotted;

    #[test]
    fn a_version_is_found_among_words() {
        let of = |line: &'static str| line.split([' ', '(', ')', ',']).find_map(dotted);
        assert_eq!(of("GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)"), Some("5.2.15"));
        assert_eq!(of("This is perl 5, version 36, subversion 0 (v5.36.0) built for x86_64"), Some("5.36.0"));
        assert_eq!(of("Python 3.14.0rc1"), Some("3.14.0rc1"));
        assert_eq!(of("ruby 3.1.2p20 (2022-04-12 revision 4491bb740a)"), Some("3.1.2p20"));
        assert_eq!(of("no number. here"), None);
    }
}
