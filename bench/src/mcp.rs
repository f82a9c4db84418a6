//! `rye mcp` beside other servers, all asked by one small client of our own: how soon the first list is there, what a
//! call costs over the tool itself and beside the usual frameworks, what it needs in memory.

mod calls;
mod over_http;
mod starts;
mod wire;

use std::path::PathBuf;

pub(crate) use over_http::{STATELESS, Server, initialize};

use crate::Failure;
use crate::peers::Peers;
use crate::product::Product;
use crate::program::Program;
use crate::sample::Rounds;
use crate::table::Row;
use crate::world::World;

/// How much of it is measured.
pub(crate) struct Extent {
    /// Starts of `rye mcp`.
    pub(crate) starts: Rounds,
    /// Starts beside servers that take a second for it.
    pub(crate) slow_starts: Rounds,
    /// How many tools are few and how many are many.
    pub(crate) tools: [usize; 2],
    pub(crate) calls: Rounds,
    pub(crate) batches: Rounds,
    /// Calls in a batch.
    pub(crate) batch: usize,
    pub(crate) functions: Rounds,
    /// Whether files are left alone until they are remembered.
    pub(crate) settles: bool,
}

/// All of it.
pub(crate) fn mcp(product: &Product, peers: &Peers, extent: &Extent) -> Result<Vec<Row>, Failure> {
    let world = World::new()?;
    world.write(".ai/tools/say.sh", "echo hello\n")?;
    let mut rows = starts::starts(product, peers, &world, extent)?;
    rows.extend(calls::calls(product, peers, &world, extent)?);
    rows.extend(over_http::over_http(product, &world, extent.calls)?);
    Ok(rows)
}

/// Servers of others that do the same, by name; those that are here.
fn others(peers: &Peers, world: &World) -> Vec<(&'static str, Program)> {
    let program = |(interpreter, script): &(PathBuf, PathBuf)| world.program(interpreter, [script]);
    let fastmcp = peers.fastmcp.as_ref().map(|peer| ("FastMCP", program(peer)));
    let typescript = peers.typescript.as_ref().map(|peer| ("TypeScript SDK", program(peer)));
    fastmcp.into_iter().chain(typescript).collect()
}
