//! Output without measure: ten gigabytes through `rye run --json` and through a server, in memory that does not grow,
//! with exact totals and hashes; and ten million writes of one byte, which cost no more than it takes to write them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use procfs::process::Process;
use rye_executor::{CallOptions, Config, Executor, Host, RunEvent, ToolId};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::Failure;
use crate::product::Product;
use crate::section::Section;
use crate::soak::Client;
use crate::table::{self, Figure, Row, Target};
use crate::world::World;

const MIB: u64 = 1 << 20;
/// The most memory that rye may take, whatever a tool prints.
const MOST_MEMORY: u64 = 24 * MIB;
/// What `misbehave flood` writes again and again.
const LINE: &[u8] = b"0123456789abcde\n";

/// How much is printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) mebibytes: u64,
    /// Writes of one byte.
    pub(crate) drops: u64,
}

/// All of it.
pub(crate) fn output(product: &Product, extent: Extent) -> Result<Section, Failure> {
    let world = World::new()?;
    let place = Place::new(&world, product, extent)?;
    let rows = [place.flood()?, place.flood_of_a_server()?, place.drip()?].concat();
    let (text, json) = (table::text(&rows, &[]), table::json(&rows, &[]));
    Ok(Section { name: "output", text, json, mistakes: Vec::new() })
}

struct Place<'w> {
    world: &'w World,
    product: &'w Product,
    extent: Extent,
    state: PathBuf,
    bytes: u64,
    /// The SHA-256 of all of the flood, in hexadecimal.
    hash: String,
    /// A pipe without rye, in bytes a second.
    bare: f64,
}

impl<'w> Place<'w> {
    fn new(world: &'w World, product: &'w Product, extent: Extent) -> Result<Self, Failure> {
        let mebibytes = extent.mebibytes.to_string();
        let drops = extent.drops.to_string();
        let (flood, drip) = (["flood", &mebibytes, "lines"], ["drip", &drops]);
        for (id, words) in [("flood", flood.as_slice()), ("drip", &drip)] {
            let command = &product.misbehave;
            let tool = format!(
                "executor_id = \"subprocess\"\n[config]\ncommand = {command:?}\nargs = {words:?}\ntimeout = 0\n"
            );
            world.write(&format!(".ai/tools/{id}.toml"), &tool)?;
        }
        let bytes = extent.mebibytes * MIB;
        let bare = world.program(&product.misbehave, ["flood", &mebibytes, "lines"]).flood()?;
        if bare.bytes != bytes {
            return Err(format!("{} bytes in place of {bytes}", bare.bytes).into());
        }
        let bare = rate(bytes, bare.taken);
        let state = world.home().join("state");
        Ok(Self { world, product, extent, state, bytes, hash: hash(extent.mebibytes), bare })
    }

    fn name(&self, what: &str) -> String {
        format!("{what}, {:.1} GB", rate(self.bytes, Duration::from_secs(1)) / 1e9)
    }

    fn rows(&self, what: &str, taken: Duration, peak: u64) -> [Row; 2] {
        let flow = Row {
            measure: self.name(what),
            figure: Figure::Rate(rate(self.bytes, taken)),
            beside: Some(("a pipe alone".to_owned(), Figure::Rate(self.bare))),
            target: None,
        };
        [flow, Row::size(&self.name(&format!("peak of {what}")), peak, MOST_MEMORY)]
    }

    /// Through one `rye run`.
    fn flood(&self) -> Result<[Row; 2], Failure> {
        let rye = self.world.program(&self.product.rye, ["--json", "run", "flood"]).by(&self.product.peak);
        let begin = Instant::now();
        let (printed, peak) = rye.print()?;
        let taken = begin.elapsed();
        let outcome: Value = serde_json::from_slice(&printed)?;
        if outcome["stdout_bytes"] != self.bytes || outcome["stdout_sha256"] != self.hash.as_str() {
            return Err(format!("{} bytes, {}", outcome["stdout_bytes"], outcome["stdout_sha256"]).into());
        }
        Ok(self.rows("rye --json run", taken, peak))
    }

    /// Through a server, which keeps what an artifact holds of it under the hash of the whole.
    fn flood_of_a_server(&self) -> Result<[Row; 2], Failure> {
        let server = self.world.program(&self.product.rye, ["mcp"]);
        let client = Client::start(&server.env("RYE_STATE_DIR", &self.state.to_string_lossy()))?;
        let begin = Instant::now();
        let answer = client.call("flood", &json!({}), false)?.finish()?;
        let taken = begin.elapsed();
        if answer.pointer("/result/isError") != Some(&json!(false)) {
            return Err(format!("the call failed: {answer}").into());
        }
        let kept = std::fs::read_dir(self.state.join("artifacts"))?.flatten();
        let is_kept = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(&self.hash);
        if !kept.map(|entry| entry.file_name()).any(|name| is_kept(&name)) {
            return Err("no artifact has the hash of the whole".into());
        }
        let peak =
            Process::new(client.id().cast_signed())?.status()?.vmhwm.ok_or("the kernel does not say")?;
        client.end()?;
        Ok(self.rows("tools/call of rye mcp", taken, peak << 10))
    }

    /// One byte a write: what that costs a server beside what it costs the tool, and how many events it makes.
    fn drip(&self) -> Result<[Row; 2], Failure> {
        let client = Client::start(&self.world.program(&self.product.rye, ["mcp"]))?;
        let before = ticks(&client)?;
        client.call("drip", &json!({}), false)?.finish()?;
        let after = ticks(&client)?;
        client.end()?;
        let name = |what: &str| format!("{what}, {} writes of one byte", self.extent.drops);
        let events = self.events()?;
        Ok([
            Row {
                measure: name("CPU time of rye mcp"),
                figure: Figure::once(after.0 - before.0),
                beside: Some(("of the tool".to_owned(), Figure::once(after.1 - before.1))),
                target: Some(Target::Ratio(1.5)),
            },
            Row {
                measure: name("events of a run"),
                figure: Figure::Count(events),
                beside: None,
                target: Some(Target::Count(self.extent.drops / 10)),
            },
        ])
    }

    /// How many events a reader gets who is always there.
    fn events(&self) -> Result<u64, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let host = Host {
            environment: self.world.environment().to_vec(),
            working_directory: self.world.project().canonicalize()?,
            ..Host::default()
        };
        let executor = Executor::new(host, Config::default())?;
        let resolution = executor.resolve(&"drip".parse::<ToolId>()?)?;
        let invocation = executor.invoke(Arc::clone(&resolution), Map::new(), CallOptions::default())?;
        let plan = executor.plan(&invocation)?;
        runtime.block_on(async {
            let mut run = executor.start(plan)?;
            let (mut events, mut bytes) = (0, 0);
            while let Some(event) = run.next_event().await {
                events += 1;
                bytes += match event {
                    RunEvent::Stdout(piece) => piece.len() as u64,
                    RunEvent::Dropped { bytes } => bytes,
                    _ => 0,
                };
            }
            let outcome = run.outcome().await?;
            if bytes != self.extent.drops || outcome.stdout_bytes != bytes {
                return Err(format!("{bytes} bytes of {}", outcome.stdout_bytes).into());
            }
            Ok(events)
        })
    }
}

/// The seconds of CPU time of a server and of all that it has waited for.
fn ticks(client: &Client) -> Result<(f64, f64), Failure> {
    let stat = Process::new(client.id().cast_signed())?.stat()?;
    let seconds = |ticks: u64| rate(ticks, Duration::from_secs(procfs::ticks_per_second()));
    let waited_for = (stat.cutime + stat.cstime).cast_unsigned();
    Ok((seconds(stat.utime + stat.stime), seconds(waited_for)))
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn rate(count: u64, taken: Duration) -> f64 {
    count as f64 / taken.as_secs_f64()
}

fn hash(mebibytes: u64) -> String {
    let piece = LINE.repeat((MIB as usize) / LINE.len());
    let mut digest = Sha256::new();
    (0..mebibytes).for_each(|_| digest.update(&piece));
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_of_the_whole() {
        assert_ne!(super::hash(1), super::hash(2));
        assert_eq!(super::hash(1).len(), 64);
        assert!(super::hash(0).starts_with("e3b0c44298fc1c14"));
    }
}
