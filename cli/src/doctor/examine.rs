//! The examination: what is there, who needs it, and what follows.

use std::collections::BTreeMap;

use rye_executor::runtimes::document::Problem;
use rye_executor::tools::dialect::mcp;
use rye_executor::tools::{Collision, Item};
use rye_executor::{Listing, Report, Resolver};

use super::surroundings::Surroundings;
use super::versions::{Found, ask};
use super::{Examination, Finding};
use crate::list::NO_TOOLS;
use crate::output::plural;
use crate::run::event_loop;
use crate::runtimes::Row;

/// How many tools of one fault are named.
const MOST_SHOWN: usize = 5;
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
    let shown = shown_otherwise(&listing);
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
    warnings.extend(shown);
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

/// What MCP clients see otherwise than a person may expect.
fn shown_otherwise(listing: &Listing) -> Vec<Finding> {
    let names = listing.portable_names();
    let collisions = names.collisions();
    let named = |collision: &Collision| collision.ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>();
    let mut findings: Vec<_> = collisions
        .iter()
        .take(MOST_SHOWN)
        .map(|collision| {
            let ids = named(collision);
            let most = ids.get(..ids.len().min(MOST_SHOWN)).unwrap_or_default().join(", ");
            Finding::new(format!("for MCP clients several tools would be `{}`: {most}", collision.name))
                .hint("each has a name that ends with a hash; rename all but one")
        })
        .collect();
    let tools = listing.items.iter().filter(|listed| !listed.shadowed);
    let left_out = tools.filter_map(|listed| match &listed.item.as_ref().ok()?.item {
        Item::Tool(tool) => Some((&listed.id, mcp::definition(tool).err()?)),
        _ => None,
    });
    let left_out: Vec<_> = left_out.collect();
    findings.extend(
        left_out.iter().take(MOST_SHOWN).map(|(id, loss)| {
            Finding::new(format!("`{id}` is shown to no MCP client: {loss}")).hint(SEE_CHECK)
        }),
    );
    let more = collisions.len().saturating_sub(MOST_SHOWN) + left_out.len().saturating_sub(MOST_SHOWN);
    if more > 0 {
        findings.push(Finding::new(format!("{more} more tools are like these")).hint(SEE_CHECK));
    }
    findings
}
