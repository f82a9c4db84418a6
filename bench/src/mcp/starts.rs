//! From the start of a server to the answer with its list: what a client waits for when it opens, and again whenever it
//! starts its servers anew.

use std::time::Instant;

use super::{Extent, others, wire::Wire};
use crate::Failure;
use crate::many::{SETTLED, project};
use crate::peers::Peers;
use crate::product::Product;
use crate::program::Program;
use crate::sample::{Contender, in_turn};
use crate::table::{Figure, Row};
use crate::world::World;

const MIB: u64 = 1 << 20;

pub(super) fn starts(
    product: &Product,
    peers: &Peers,
    world: &World,
    extent: &Extent,
) -> Result<Vec<Row>, Failure> {
    let [few, many] = extent.tools;
    let (few_world, many_world) = (project(few)?, project(many)?);
    // As a list, whatever the number: the project says so. Else the many are three tools that stand for them.
    let listed_world = project(many)?;
    listed_world.write(".ai/rye.toml", "[mcp]\nmode = \"tools\"\n")?;
    if extent.settles {
        std::thread::sleep(SETTLED);
    }
    let serve = |world: &World| world.program(&product.rye, ["mcp"]);
    let [few_rye, many_rye, listed_rye] = [&few_world, &many_world, &listed_world].map(serve);
    // The first listing is the one that remembers.
    for rye in [&few_rye, &many_rye, &listed_rye] {
        until_listed(rye)?;
    }
    let contender = |name, rye| Contender::new(name, move || until_listed(rye));
    let samples = in_turn(
        vec![contender("few", &few_rye), contender("many", &many_rye), contender("listed", &listed_rye)],
        extent.starts,
    )?;
    let [of_few, of_many, of_listed] = samples.as_slice() else { return Err("samples are missing".into()) };
    let name = |count, more: &str| format!("rye mcp, start to first list, {count} tools{more}");
    let mut rows = vec![
        Row::alone(&name(few, ""), of_few, 0.010),
        Row::alone(&name(many, ""), of_many, 0.060),
        Row::beside(&name(many, ", all shown"), of_listed, of_many, None),
    ];

    let others = others(peers, world);
    if !others.is_empty() {
        let mut contenders = vec![contender("rye mcp", &few_rye)];
        contenders.extend(others.iter().map(|(name, other)| contender(name, other)));
        let samples = in_turn(contenders, extent.slow_starts)?;
        let [rye, others @ ..] = samples.as_slice() else { return Err("samples are missing".into()) };
        rows.extend(others.iter().map(|other| Row::beside(&name(few, " (theirs: 6)"), rye, other, None)));
    }
    rows.extend(memory(&format!("peak of rye mcp, {few} tools"), &few_rye, &others)?);
    Ok(rows)
}

fn until_listed(program: &Program) -> Result<std::time::Duration, Failure> {
    let begin = Instant::now();
    let mut wire = Wire::start(program)?;
    let listed = wire.list()?;
    let taken = begin.elapsed();
    if listed == 0 { Err("an empty list".into()) } else { Ok(taken) }
}

/// What servers need when they have shown their list and run a tool a few times.
fn memory(measure: &str, rye: &Program, others: &[(&'static str, Program)]) -> Result<Vec<Row>, Failure> {
    let peak = |program: &Program| {
        let mut wire = Wire::start(program)?;
        wire.list()?;
        for _ in 0..20 {
            wire.call("nothing", &serde_json::json!({}))?;
        }
        wire.peak()
    };
    let own = Row::size(measure, peak(rye)?, 20 * MIB);
    let mut rows = vec![own.clone()];
    for (name, other) in others {
        let beside = Some(((*name).to_owned(), Figure::Bytes(peak(other)?)));
        rows.push(Row { beside, target: None, ..own.clone() });
    }
    Ok(rows)
}
