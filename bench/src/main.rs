//! The measured claims, in one run: `cargo run --release -p rye-bench`.
//!
//! Everything that is compared is measured in turn, in the same minutes, on the same machine: the ratios are the
//! claim, the milliseconds are only where it was read. A target that is missed is said and is no failure of the bench;
//! a run that fails is, and so is whatever a run leaves behind.

mod exchange;
mod flood;
mod in_process;
mod kills;
mod many;
mod mcp;
mod output;
mod peers;
mod processes;
mod product;
mod program;
mod sample;
mod search;
mod section;
mod soak;
mod table;
mod whole;
mod words;
mod world;

use std::error::Error;
use std::io::Write;

use crate::peers::Peers;
use crate::product::Product;
use crate::sample::Rounds;
use crate::section::Section;
use crate::words::{Part, Words};
use crate::world::World;

/// What stopped the bench.
type Failure = Box<dyn Error + Send + Sync>;

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
    soak: soak::Extent,
    kills: usize,
    output: output::Extent,
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
    soak: soak::Extent { runs: 20_000, http_runs: 4_000, rounds: 20, at_once: 8, is_judged: true },
    kills: 2_000,
    output: output::Extent { mebibytes: 9_537, drops: 10_000_000 },
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
    soak: soak::Extent { runs: 300, http_runs: 100, rounds: 4, at_once: 8, is_judged: false },
    // Each shape in each way once.
    kills: 1,
    output: output::Extent { mebibytes: 190, drops: 200_000 },
};

fn main() -> Result<(), Failure> {
    let words = Words::parse(std::env::args().skip(1))?;
    let extent = if words.short { SHORT } else { WHOLE };
    let product = match &words.rye {
        Some(rye) => Product::given(rye)?,
        None => {
            doing("building")?;
            Product::build(words.short)?
        }
    };
    let mut sections = Vec::new();
    for part in &words.parts {
        sections.push(match part {
            Part::Table => table(&product, &extent)?,
            Part::Soak => {
                doing("soak")?;
                let runs = words.runs.unwrap_or(extent.soak.runs);
                soak::soak(&product, words.seed(), soak::Extent { runs, ..extent.soak })?
            }
            Part::Kills => {
                doing("kills")?;
                kills::kills(&product, words.runs.unwrap_or(extent.kills))?
            }
            Part::Output => {
                doing("output")?;
                output::output(&product, extent.output)?
            }
        });
    }
    let text = if words.json { section::json(&sections) } else { section::text(&sections) };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    match section::mistakes(&sections) {
        mistakes if mistakes.is_empty() => Ok(()),
        mistakes => Err(mistakes.join("\n").into()),
    }
}

/// The figures beside the floors and the peers.
fn table(product: &Product, extent: &Extent) -> Result<Section, Failure> {
    let world = World::new()?;
    let peers = Peers::find();
    let mut not_found = peers.missing();

    let mut rows = Vec::new();
    doing("whole commands")?;
    rows.extend(whole::command(&world, product, &peers, extent.command)?);
    match whole::function(&world, product, &peers, extent.function)? {
        Some(more) => rows.extend(more),
        None => not_found.push("python3"),
    }
    match whole::node_function(&world, product, extent.function)? {
        Some(more) => rows.extend(more),
        None => not_found.push("node"),
    }
    doing("finding an interpreter")?;
    rows.extend(search::search(&world, product, &peers, extent.function)?);
    doing("many tools")?;
    rows.extend(many::many(product, extent.tools, extent.command, extent.lists)?);
    doing("calls of the library")?;
    rows.extend(in_process::call(&world, extent.call)?);
    rows.extend(exchange::exchange(&world, extent.call)?);
    doing("MCP")?;
    rows.extend(mcp::mcp(product, &peers, &extent.mcp)?);
    doing("floods")?;
    rows.extend(flood::flood(&world, product, extent.flood_bytes, extent.flood)?);
    rows.extend(flood::sizes(&world, product)?);
    Ok(Section {
        name: "table",
        text: table::text(&rows, &not_found),
        json: table::json(&rows, &not_found),
        mistakes: Vec::new(),
    })
}

/// Says on standard error what comes next: it takes minutes.
fn doing(what: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stderr(), "bench: {what}")?)
}
