//! The examination: what is there, who needs it, and what follows.

use std::collections::BTreeMap;

use rye_executor::runtimes::document::Problem;
use rye_executor::tools::Item;
use rye_executor::{Report, Resolver};

use super::surroundings::Surroundings;
use super::versions::{Found, ask};
use super::{Examination, Finding};
use crate::list::NO_TOOLS;
use crate::output::plural;
use crate::run::event_loop;
use crate::runtimes::Row;

const SEE_CHECK: &str = "`rye check` shows every problem with its place";

/// Looks at everything that the caller's tools depend on.
pub(super) fn examine(resolver: &Resolver, configuration: &[Problem]) -> Result<Examination, Report> {
    let surroundings = Surroundings::of(resolver);
    let (mut problems, mut warnings) = surroundings.findings(resolver);
    problems.extend(configuration.iter().map(|problem| Finding {
        message: format!("no tool runs: {}: {}", problem.place, problem.message),
        hint: problem.hint.clone(),
    }));
    let listing = resolver.list();
    let rows: Vec<_> = listing
        .items
        .iter()
        .filter(|listed| !listed.shadowed)
        .filter_map(|listed| Row::of(resolver, listed))
        .collect();
    let mut needs: BTreeMap<String, usize> = BTreeMap::new();
    let (mut tools, mut broken) = (0, 0);
    for listed in listing.items.into_iter().filter(|listed| !listed.shadowed) {
        let resolution = match listed.item {
            Ok(found) if matches!(found.item, Item::Tool(_)) => resolver.resolve_item(found),
            Ok(_) => continue,
            Err(error) => Err(error),
        };
        tools += 1;
        match resolution.and_then(|resolution| resolver.check(&resolution).map(|()| resolution)) {
            Ok(resolution) => {
                for link in resolution.links.into_iter().skip(1) {
                    *needs.entry(link.id).or_default() += 1;
                }
            }
            Err(_) => broken += 1,
        }
    }
    let misplaced = listing.problems.len();
    if misplaced > 0 {
        let fact = format!("{} in the spaces beside the tools", plural(misplaced, "problem"));
        problems.push(Finding::new(fact).hint(SEE_CHECK));
    }
    if broken > 0 {
        let fact = format!("{} of {} cannot be used", broken, plural(tools, "tool"));
        problems.push(Finding::new(fact).hint(SEE_CHECK));
    }
    let project = resolver.spaces().project.as_deref();
    let answers = event_loop()?.block_on(ask(&rows, resolver.host(), project));
    let count = |row: &Row| needs.get(&row.id).copied().unwrap_or(0);
    let interpreters: Vec<_> = rows.iter().map(|row| Found::of(row, &answers, count(row))).collect();
    for found in &interpreters {
        match found.finding() {
            Some((true, finding)) => problems.push(finding),
            Some((false, finding)) => warnings.push(finding),
            None => {}
        }
        warnings.extend(found.surprise());
    }
    if tools == 0 && misplaced == 0 {
        warnings.push(Finding::new(NO_TOOLS.0).hint(NO_TOOLS.1));
    }
    Ok(Examination { healthy: problems.is_empty(), tools, surroundings, interpreters, problems, warnings })
}
