//! Many tools: a run must not notice them, and those who list or search must not wait for them.

use std::fs;
use std::time::Duration;

use crate::Failure;
use crate::product::Product;
use crate::program::Program;
use crate::sample::{Contender, Rounds, in_turn};
use crate::table::{Row, Target};
use crate::world::World;

/// What a file must have been left alone for before it is remembered, and a little more.
pub(crate) const SETTLED: Duration = Duration::from_millis(3500);

/// `rye run`, `rye list --json` and `rye search` in projects of `count` typed Python tools, a tenth of them, and ten.
pub(crate) fn many(
    product: &Product,
    count: usize,
    runs: Rounds,
    lists: Rounds,
) -> Result<Vec<Row>, Failure> {
    let [few, tenth, all] = [10, count / 10, count].map(project);
    let (few, tenth, all) = (few?, tenth?, all?);
    let run = |world: &World| world.program(&product.rye, ["run", "nothing"]);
    let (in_few, in_all) = (run(&few), run(&all));
    let samples = in_turn(
        vec![Contender::new("rye run", || in_all.run()), Contender::new("10 tools", || in_few.run())],
        runs,
    )?;
    let [in_all, in_few] = samples.as_slice() else { return Err("samples are missing".into()) };
    let name = |what: &str| format!("{what}, {count} tools");
    let mut rows = vec![Row::beside(&name("rye run"), in_all, in_few, Some(Target::Ratio(1.05)))];

    std::thread::sleep(SETTLED);
    let list = |world: &World| world.program(&product.rye, ["--json", "list"]);
    let cold = |world: &World| -> Program { list(world).env("RYE_STATE_DIR", "/dev/null/nowhere") };
    let search = all.program(&product.rye, ["search", "create", "invoices"]);
    let (warm, cold, cold_tenth) = (list(&all), cold(&all), cold(&tenth));
    // The first listing is the one that remembers.
    warm.run()?;
    let contenders = vec![
        Contender::new("cold", || cold.run()),
        Contender::new("a tenth of them", || cold_tenth.run()),
        Contender::new("with an index", || warm.run()),
        Contender::new("search", || search.run()),
    ];
    let samples = in_turn(contenders, lists)?;
    let [cold, tenth, warm, search] = samples.as_slice() else { return Err("samples are missing".into()) };
    rows.push(Row::beside(&name("rye list --json"), cold, tenth, Some(Target::Seconds(1.0))));
    rows.push(Row::beside(&name("the same with an index"), warm, cold, Some(Target::Seconds(0.2))));
    rows.push(Row::beside(&name("rye search"), search, warm, Some(Target::Seconds(0.3))));
    Ok(rows)
}

const AREAS: [&str; 10] =
    ["billing", "cluster", "customers", "deploy", "documents", "mail", "finance", "git", "images", "stock"];
const VERBS: [&str; 10] =
    ["create", "delete", "list", "update", "export", "import", "verify", "rename", "archive", "count"];
const NOUNS: [&str; 10] =
    ["invoice", "node", "account", "release", "report", "message", "budget", "branch", "picture", "item"];

/// A project with so many tools, ten in a folder.
pub(crate) fn project(count: usize) -> Result<World, Failure> {
    let world = World::new()?;
    for number in 0..count {
        let pick = |words: [&'static str; 10], of: usize| words.get(of % 10).copied().unwrap_or_default();
        let (verb, area, noun) = (pick(VERBS, number), pick(AREAS, number / 10), pick(NOUNS, number / 100));
        let folder = format!(".ai/tools/{area}/{noun}{}", number / 1000);
        if number % 10 == 0 {
            fs::create_dir_all(world.project().join(&folder))?;
        }
        world.write(&format!("{folder}/{verb}_{noun}.py"), &tool(verb, noun, area))?;
    }
    Ok(world)
}

fn tool(verb: &str, noun: &str, area: &str) -> String {
    format!(
        r#""""{verb} {noun}s of {area}."""

from dataclasses import dataclass
from typing import Annotated, Literal


@dataclass
class Filter:
    """What is left out."""

    prefix: str = ""
    limit: int = 10


def main(
    name: str,
    count: int = 1,
    tone: Literal["warm", "cold", "neutral"] = "warm",
    labels: list[str] | None = None,
    options: dict[str, int] | None = None,
    ratio: Annotated[float, "between 0 and 1"] = 0.5,
    only: Filter | None = None,
    dry_run: bool = False,
) -> dict:
    """{verb} one {noun} in {area}.

    Args:
        name: the {noun} that is meant
        count: how many of them
        tone: the manner of the message
        labels: words to attach
        options: further settings by name
        only: what is left out
        dry_run: change nothing
    """
    result = [{{"number": number, "tone": tone}} for number in range(count) if not dry_run]
    return {{"name": name, "result": result, "labels": labels or [], "ratio": ratio}}
"#
    )
}
