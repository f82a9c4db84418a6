//! `rye search`: tools by words, the best first. Nothing is executed. Exit code 1 when there is none, as `grep` has it.

use rye_executor::tools::search::{Found, Hit, search as ranked};
use rye_executor::{Config, Executor, Host, Report};

use crate::arguments::SearchWords;
use crate::entry::ExitCode;
use crate::list::NO_TOOLS;
use crate::output::{Output, Style};
use crate::row::Row;

/// An id in more columns does not push the others' words aside.
const WIDEST_ID: usize = 40;

/// Searches the tools.
pub(crate) fn search(output: &Output, host: Host, words: &SearchWords) -> Result<ExitCode, Report> {
    let executor = Executor::new(host, Config::default()).map_err(|error| error.report())?;
    let catalogue = executor.catalogue();
    let (offered, documents) = catalogue.offered();
    let found = ranked(&documents, &words.words.join(" "), words.limit);
    let code = ExitCode::from(u8::from(found.total == 0));
    let row = |hit: &Hit| offered.get(hit.index).map(|item| Row::of(item).found(hit));
    let rows: Vec<_> = found.hits.iter().filter_map(row).collect();
    if output.json {
        return Ok(output.print_raw_json(&rows, code));
    }
    let widest = rows.iter().map(|row| row.id.len()).filter(|id| *id <= WIDEST_ID).max().unwrap_or(0);
    let text: String = rows.iter().map(|row| row.line(output, 2, row.id, widest)).collect();
    let code = output.print(&text, code);
    tell(output, &found, rows.len(), offered.len());
    Ok(code)
}

/// What the rows do not say.
fn tell(output: &Output, found: &Found, shown: usize, all: usize) {
    if found.total == 0 {
        let unknown: Vec<_> = found.unknown.iter().map(|word| format!("`{word}`")).collect();
        let all_words = format!("use fewer words; `rye list` shows all {all} tools");
        let (fact, hint) = match (all, unknown.as_slice()) {
            (0, _) => NO_TOOLS,
            (_, []) => ("no tool matches all of these words", &*all_words),
            (_, unknown) => (&*format!("nothing is like {}", unknown.join(" or ")), &*all_words),
        };
        output.note(Style::Yellow, "note", fact);
        output.note(Style::Green, "hint", hint);
        return;
    }
    if found.near {
        output.note(Style::Yellow, "note", "nothing matches as written; these are near");
    }
    if shown < found.total {
        let fact = format!("{shown} of {} shown; `--limit {}` shows them all", found.total, found.total);
        output.note(Style::Yellow, "note", &fact);
    }
}
