//! A tool that prints without end: how fast it flows, and that memory stays what it was.

use crate::Failure;
use crate::product::Product;
use crate::program::Program;
use crate::sample::{Contender, Rounds, in_turn};
use crate::table::{Row, Target};
use crate::world::World;

const MIB: u64 = 1 << 20;

/// `rye run` of `cat` of a large file, beside `cat` itself.
pub(crate) fn flood(
    world: &World,
    product: &Product,
    bytes: u64,
    rounds: Rounds,
) -> Result<Vec<Row>, Failure> {
    let zeros = world.zeros(bytes)?;
    let tool = format!("executor_id = \"subprocess\"\n[config]\ncommand = \"cat\"\nargs = [{zeros:?}]\n");
    world.write(".ai/tools/flood.toml", &tool)?;
    let cat = world.program("/bin/cat".as_ref(), [zeros]);
    let attached = world.program(&product.rye, ["run", "flood"]);
    let captured = world.program(&product.rye, ["--json", "run", "flood"]);

    let whole = |program: &Program| {
        let flood = program.flood()?;
        if flood.bytes == bytes { Ok(flood.taken) } else { Err(format!("{} bytes came", flood.bytes).into()) }
    };
    let contenders = vec![
        Contender::new("rye run", || whole(&attached)),
        Contender::new("cat", || whole(&cat)),
        Contender::new("rye --json run", || Ok(captured.flood()?.taken)),
    ];
    let samples = in_turn(contenders, rounds)?;
    let [through, cat, json] = samples.as_slice() else { return Err("samples are missing".into()) };
    let size = if bytes >= 1 << 30 { format!("{} GiB", bytes >> 30) } else { format!("{} MiB", bytes >> 20) };
    // As JSON each of these bytes takes six: the hardest case for memory.
    let name = |what: &str| format!("{what}, {size} of NULs");
    Ok(vec![
        Row::beside(&name("rye run"), through, cat, Some(Target::Ratio(1.1))),
        Row::beside(&name("rye --json run"), json, cat, None),
        peak(&name("peak of rye run"), product, attached, 24 * MIB)?,
        peak(&name("peak of rye --json run"), product, captured, 24 * MIB)?,
    ])
}

/// What rye needs for a command that does nothing, in memory and on disk.
pub(crate) fn sizes(world: &World, product: &Product) -> Result<Vec<Row>, Failure> {
    let rye = world.program(&product.rye, ["run", "nothing"]);
    let floor = world.program(&product.floor, [".ai/rye.toml", ".ai/tools/nothing.toml"]);
    let floor = floor.by(&product.peak).flood()?.peak()?;
    let mut row = peak("peak of rye run, /bin/true", product, rye, 8 * MIB)?;
    row.beside = Some(("floor".to_owned(), crate::table::Figure::Bytes(floor)));
    Ok(vec![row, Row::size("binary", std::fs::metadata(&product.rye)?.len(), 8_000_000)])
}

fn peak(measure: &str, product: &Product, program: Program, limit: u64) -> Result<Row, Failure> {
    Ok(Row::size(measure, program.by(&product.peak).flood()?.peak()?, limit))
}
