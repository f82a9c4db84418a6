//! The measured claims, in one run: `cargo run --release -p rye-bench`.
//!
//! Everything that is compared is measured in turn, in the same minutes, on the same machine: the ratios are the
//! claim, the milliseconds are only where it was read. A target that is missed is said and is no failure of the bench;
//! a run that fails is.

mod exchange;
mod flood;
mod in_process;
mod many;
mod mcp;
mod peers;
mod product;
mod program;
mod sample;
mod search;
mod table;
mod whole;
mod world;

use std::error::Error;
use std::io::Write;

use crate::peers::Peers;
use crate::product::Product;
use crate::sample::Rounds;
use crate::world::World;

/// What stopped the bench.
type Failure = Box<dyn Error>;

const USAGE: &str = "usage: bench [--json] [--short]";

/// How much is measured.
struct Extent {
    command: Rounds,
    function: Rounds,
    call: Rounds,
    flood: Rounds,
    flood_bytes: u64,
    tools: usize,
    lists: Rounds,
    mcp: mcp::Extent,
}

const WHOLE: Extent = Extent {
    command: Rounds { discarded: 5, kept: 300 },
    function: Rounds { discarded: 5, kept: 60 },
    call: Rounds { discarded: 5, kept: 500 },
    flood: Rounds { discarded: 1, kept: 7 },
    flood_bytes: 1 << 30,
    tools: 10_000,
    lists: Rounds { discarded: 1, kept: 15 },
    mcp: mcp::Extent {
        starts: Rounds { discarded: 2, kept: 40 },
        slow_starts: Rounds { discarded: 1, kept: 7 },
        tools: [100, 5_000],
        calls: Rounds { discarded: 20, kept: 500 },
        batches: Rounds { discarded: 2, kept: 15 },
        batch: 100,
        functions: Rounds { discarded: 3, kept: 60 },
        settles: true,
    },
};

/// Shows only that it works, in a debug build too.
const SHORT: Extent = Extent {
    command: Rounds { discarded: 1, kept: 5 },
    function: Rounds { discarded: 1, kept: 3 },
    call: Rounds { discarded: 1, kept: 5 },
    flood: Rounds { discarded: 0, kept: 1 },
    flood_bytes: 16 << 20,
    tools: 200,
    lists: Rounds { discarded: 0, kept: 2 },
    mcp: mcp::Extent {
        starts: Rounds { discarded: 0, kept: 2 },
        slow_starts: Rounds { discarded: 0, kept: 1 },
        tools: [20, 210],
        calls: Rounds { discarded: 1, kept: 3 },
        batches: Rounds { discarded: 0, kept: 1 },
        batch: 20,
        functions: Rounds { discarded: 0, kept: 2 },
        settles: false,
    },
};

fn main() -> Result<(), Failure> {
    let (mut json, mut short) = (false, false);
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--json" => json = true,
            "--short" => short = true,
            _ => return Err(USAGE.into()),
        }
    }
    let extent = if short { SHORT } else { WHOLE };
    doing("building")?;
    let product = Product::build(short)?;
    let world = World::new()?;
    let peers = Peers::find();
    let mut not_found = peers.missing();

    let mut rows = Vec::new();
    doing("whole commands")?;
    rows.extend(whole::command(&world, &product, &peers, extent.command)?);
    match whole::function(&world, &product, &peers, extent.function)? {
        Some(more) => rows.extend(more),
        None => not_found.push("python3"),
    }
    match whole::node_function(&world, &product, extent.function)? {
        Some(more) => rows.extend(more),
        None => not_found.push("node"),
    }
    doing("finding an interpreter")?;
    rows.extend(search::search(&world, &product, &peers, extent.function)?);
    doing("many tools")?;
    rows.extend(many::many(&product, extent.tools, extent.command, extent.lists)?);
    doing("calls of the library")?;
    rows.extend(in_process::call(&world, extent.call)?);
    rows.extend(exchange::exchange(&world, extent.call)?);
    doing("MCP")?;
    rows.extend(mcp::mcp(&product, &peers, &extent.mcp)?);
    doing("floods")?;
    rows.extend(flood::flood(&world, &product, extent.flood_bytes, extent.flood)?);
    rows.extend(flood::sizes(&world, &product)?);

    let text = if json { table::json(&rows, &not_found) } else { table::text(&rows, &not_found) };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// Says on standard error what comes next: it takes minutes.
fn doing(what: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stderr(), "bench: {what}")?)
}
