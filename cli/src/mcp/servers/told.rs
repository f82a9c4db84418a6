//! What is told of servers by more than one verb: who they are, and what of their words is not in the files.

use rye_executor::peer::Listed;

use super::folder::ServerName;
use super::sync::{PassedOver, Wanted};
use crate::output::{Output, Style, plain_line};

/// How many notes of a kind are shown.
const SHOWN: usize = 10;

/// A server's own name, its version, and what it speaks.
pub(super) fn introduced(listed: &Listed) -> String {
    let name = match (listed.server.trim(), listed.version.trim()) {
        ("", _) => "a server without a name".to_owned(),
        (name, "") => name.to_owned(),
        (name, version) => format!("{name} {version}"),
    };
    plain_line(&format!("{name} ({})", listed.protocol))
}

/// Tools that did not become files.
pub(super) fn passed_over(output: &Output, passed: &[PassedOver]) {
    let lines = passed.iter().map(|one| match one.name.as_str() {
        "" => format!("not taken: {}", one.why),
        name if one.why.contains(name) => format!("not taken: {}", one.why),
        name => format!("not taken: `{name}`: {}", one.why),
    });
    some(output, lines.collect());
}

/// What was lost.
pub(super) fn losses(output: &Output, name: &ServerName, wanted: &Wanted) {
    let lines = wanted.losses().map(|(segment, loss)| format!("{}/{segment}: {loss}", name.runtime()));
    some(output, lines.collect());
}

fn some(output: &Output, lines: Vec<String>) {
    for line in lines.iter().take(SHOWN) {
        output.note(Style::Yellow, "note", line);
    }
    if let Some(more @ 1..) = lines.len().checked_sub(SHOWN) {
        output.note(Style::Yellow, "note", &format!("and {more} more; `--json` has them all"));
    }
}
