//! Thousands of mixed runs with random cancellations through one server process: every call has one answer or was
//! cancelled, nothing is left of any of them, and what the server has stays flat. It is read at the end of each round,
//! when nothing is on.

mod client;
mod gauges;
mod listener;
mod mix;
mod over_http;
mod series;
mod tally;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) use client::Client;
use gauges::{GAUGES, Watched};
use mix::{Called, Mix, write_tools};
pub(crate) use series::aligned;
use series::{Reading, Series};
use tally::Tally;

use crate::processes::{adopt, everyone, strays};
use crate::product::Product;
use crate::program::Program;
use crate::section::Section;
use crate::world::World;
use crate::{Failure, doing};

/// What is left a moment after the server has ended is left for good.
const PATIENCE: Duration = Duration::from_secs(5);
/// A resource of more bytes is not read.
const READ: u64 = 1 << 20;

/// How much is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// Through a server on pipes, and over HTTP.
    pub(crate) runs: usize,
    pub(crate) http_runs: usize,
    /// Readings of each.
    pub(crate) rounds: usize,
    /// Calls at once.
    pub(crate) at_once: usize,
    /// Whether that is enough to call a series flat or not.
    pub(crate) is_judged: bool,
}

/// Where a soak takes place.
struct Place {
    world: World,
    mix: Mix,
    roster: PathBuf,
    temporary: PathBuf,
    state: PathBuf,
}

impl Place {
    fn new(product: &Product, seed: u64) -> Result<Self, Failure> {
        let world = World::new()?;
        let [roster, temporary, state] = ["roster", "temporary", "state"].map(|name| world.home().join(name));
        std::fs::create_dir(&temporary)?;
        write_tools(&world, product, &roster)?;
        let mix = Mix::new(seed, world.python().is_some(), world.node().is_some());
        Ok(Self { world, mix, roster, temporary, state })
    }

    fn server(&self, product: &Product, words: &[&str]) -> Program {
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        let server = self.world.program(&product.rye, words);
        server.env("TMPDIR", &text(&self.temporary)).env("RYE_STATE_DIR", &text(&self.state))
    }

    /// What is left of all that was started, by number and start time, and what of that has come to the bench.
    fn left(&self, watched: &Watched) -> Vec<String> {
        let strays = strays(&[], PATIENCE).into_iter().map(|stray| ("came to the bench", stray));
        let listed = everyone(&self.roster).into_iter().filter(|process| process.is_alive());
        let listed = listed.map(|process| ("is in the roster", process));
        let seen = watched.left().into_iter().map(|process| ("was seen", process));
        strays.chain(listed).chain(seen).map(|(how, process)| format!("left: {process:?} {how}")).collect()
    }
}

/// Both soaks.
pub(crate) fn soak(product: &Product, seed: u64, extent: Extent) -> Result<Section, Failure> {
    adopt()?;
    let (mut text, mut mistakes) = (String::new(), Vec::new());
    let mut parts = Vec::new();
    for (name, part) in [("stdio", over_stdio as Part), ("HTTP", over_http::over_http)] {
        let soaked = part(product, seed, extent)?;
        text.push_str(&soaked.text(name, seed, extent));
        parts.push((name.to_owned(), soaked.json(seed)));
        mistakes
            .extend(soaked.mistakes(extent).into_iter().map(|mistake| format!("soak, {name}: {mistake}")));
    }
    let json = Value::Object(parts.into_iter().collect());
    Ok(Section { name: "soak", text, json, mistakes })
}

type Part = fn(&Product, u64, Extent) -> Result<Soaked, Failure>;

/// What came of a soak.
struct Soaked {
    tally: Tally,
    series: Series,
    taken: Duration,
    /// How many processes were seen or have said so.
    processes: usize,
    left: Vec<String>,
}

impl Soaked {
    fn mistakes(&self, extent: Extent) -> Vec<String> {
        let mut mistakes = self.left.clone();
        mistakes.extend(self.tally.mistakes());
        if extent.is_judged && !self.series.is_flat() {
            mistakes.push("not flat".to_owned());
        }
        mistakes
    }

    fn text(&self, name: &str, seed: u64, extent: Extent) -> String {
        let Self { tally, series, taken, processes, left } = self;
        let judged = if extent.is_judged { "" } else { "too few runs to judge what is flat\n" };
        format!(
            "soak over {name}: seed {seed}, {:.0} s\n{}\n{processes} processes known, {} left\n{}{judged}\n",
            taken.as_secs_f64(),
            tally.text(),
            left.len(),
            series.text(),
        )
    }

    fn json(&self, seed: u64) -> Value {
        json!({
            "seed": seed,
            "seconds": self.taken.as_secs_f64(),
            "calls": self.tally.json(),
            "processes": self.processes,
            "left": self.left,
            "series": self.series.json(),
        })
    }
}

fn over_stdio(product: &Product, seed: u64, extent: Extent) -> Result<Soaked, Failure> {
    let place = Place::new(product, seed)?;
    let begin = Instant::now();
    let client = Client::start(&place.server(product, &["mcp"]))?;
    let watched = Watched::new(client.id(), &place.temporary, &place.state);
    let tally = Tally::default();
    let readings = std::thread::scope(|scope| {
        scope.spawn(|| watched.look());
        let readings = rounds(extent.runs, extent.rounds, &watched, |runs| {
            let next = AtomicUsize::new(runs.start);
            std::thread::scope(|scope| {
                for _ in 0..extent.at_once {
                    scope.spawn(|| {
                        let mut number = next.fetch_add(1, Ordering::SeqCst);
                        while number < runs.end {
                            let called = place.mix.run(number);
                            tally.count(&called, one(&client, &called, number));
                            number = next.fetch_add(1, Ordering::SeqCst);
                        }
                    });
                }
            });
            Ok(())
        });
        watched.over();
        readings
    })?;
    let counts = client.end()?;
    tally.wire(counts);
    let left = place.left(&watched);
    let processes = watched.count().max(everyone(&place.roster).len());
    let series = Series { gauges: GAUGES.to_vec(), readings };
    Ok(Soaked { tally, series, taken: begin.elapsed(), processes, left })
}

/// So many rounds, and a reading at the end of each.
fn rounds(
    runs: usize,
    rounds: usize,
    watched: &Watched,
    mut round: impl FnMut(std::ops::Range<usize>) -> Result<(), Failure>,
) -> Result<Vec<Reading>, Failure> {
    let mut readings = Vec::new();
    for number in 0..rounds {
        let (from, to) = (runs * number / rounds, runs * (number + 1) / rounds);
        round(from..to)?;
        readings.push(Reading { runs: to, values: watched.read()? });
        doing(&format!("soak, {to} of {runs}"))?;
    }
    Ok(readings)
}

/// One call on pipes: its answer, or nothing when it was cancelled in time.
fn one(client: &Client, called: &Called, number: usize) -> Result<Option<Value>, Failure> {
    let asked = client.call(called.tool, &called.arguments, called.listens)?;
    let early = called.cancelled_after.map(|after| asked.within(after)).transpose()?;
    if early == Some(None) && client.cancel(&asked)? {
        return Ok(None);
    }
    let answer = match early.flatten() {
        Some(answer) => answer,
        None => asked.answer()?,
    };
    let link = answer.pointer("/result/content").and_then(Value::as_array).into_iter().flatten();
    let link = link.filter(|block| block["size"].as_u64().is_some_and(|size| size <= READ));
    for uri in link.filter_map(|block| block["uri"].as_str()).filter(|_| number.is_multiple_of(2)) {
        // It may have made room for a newer one by now.
        client.ask("resources/read", &json!({ "uri": uri }))?.answer()?;
    }
    if number.is_multiple_of(100) {
        client.ask("tools/list", &json!({}))?.answer()?;
    }
    Ok(Some(answer))
}
