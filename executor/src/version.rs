//! What version a program says it is. It is started as a run is: contained, bounded in time, and nothing of it is
//! left; it gets no word of the caller's, no terminal, and neither the caller's folder nor most of its environment.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use rye_primitives::{
    Attachment, Ending, Output, ProcessEnd, ProcessLimits, ProcessRequest, Scope, Stdin, become_subreaper,
    start,
};
use rye_resolver::Host;

use crate::error::Error;

/// The words to ask with, in this order: Lua knows only the second.
const QUESTIONS: [&str; 2] = ["--version", "-v"];

/// Asks a program for its version. `None`: it runs, and tells none. Needs a Tokio runtime with I/O and time. Makes
/// this process a subreaper when `host` asks, so that nothing of the program is left.
///
/// # Errors
/// It could not be started, did not end by itself within the limit, or the system refuses the subreaper.
pub async fn ask_version(program: &Path, host: &Host, limit: Duration) -> Result<Option<String>, Error> {
    if host.subreaper {
        become_subreaper().map_err(Error::Subreaper)?;
    }
    let begun = Instant::now();
    for question in QUESTIONS {
        // Both questions have one limit. None at all would be no limit.
        let left = limit.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
        let request = request(program, question, host, left);
        let failed = |source| Error::Start { tool: program.display().to_string(), source };
        let end = start(request).map_err(failed)?.end().await;
        match end.ending {
            Ending::Exited { code: 0 } => {
                if let Some(version) = told(&end) {
                    return Ok(Some(version));
                }
            }
            Ending::Exited { .. } => {}
            ending => return Err(Error::NoVersion { program: program.to_owned(), ending, limit }),
        }
    }
    Ok(None)
}

fn request(program: &Path, question: &str, host: &Host, limit: Duration) -> ProcessRequest {
    // No two of one process ask one program at once.
    let id = format!("{}-{}", std::process::id(), program.display());
    let mark = OsString::from(format!("RYE_RUN_ID={id}"));
    let passed = ["PATH", "HOME", "LANG"];
    let passed = passed.into_iter().filter_map(|name| Some((name.into(), host.variable(name)?.to_owned())));
    ProcessRequest {
        program: program.to_owned(),
        args: vec![question.into()],
        env: passed.chain([("RYE_RUN_ID".into(), id.into())]).collect(),
        cwd: "/".into(),
        attachment: Attachment::Captured,
        stdin: Stdin::Null,
        stdout: Output::Capture,
        stderr: Output::Capture,
        call: None,
        limits: ProcessLimits {
            timeout: Some(limit),
            grace: Duration::from_millis(200),
            max_output: 4096,
            ..ProcessLimits::default()
        },
        leave_running: false,
        scope: Scope::Shared { mark },
    }
}

/// The first number with a dot in it; where there is none, the first line with a digit.
fn told(end: &ProcessEnd) -> Option<String> {
    let text = format!("{}\n{}", end.stdout.text(), end.stderr.text());
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
