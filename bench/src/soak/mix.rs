//! What a soak calls: tools that do what they should and tools with every bad habit, each with how often it comes and
//! how its answer must look. Which one the n-th run calls follows from the seed alone.

use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use super::listener;
use crate::Failure;
use crate::product::Product;
use crate::world::World;

/// How an answer must look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A result that is none of an error.
    Success,
    /// A result that says what went wrong.
    Failure,
    /// An error of the protocol.
    Refusal,
}

/// One kind of run.
#[derive(Clone, Copy, Debug)]
struct Kind {
    tool: &'static str,
    /// How often it comes, among a thousand.
    often: u32,
    wanted: Wanted,
    arguments: fn(&mut Rng) -> Value,
}

/// What is called in one run.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub(crate) tool: &'static str,
    pub(crate) arguments: Value,
    pub(crate) wanted: Wanted,
    /// The caller wants no answer any more after so long.
    pub(crate) cancelled_after: Option<Duration>,
    /// The caller wants to hear of the call while it is on.
    pub(crate) listens: bool,
}

/// The runs of one soak.
#[derive(Clone, Debug)]
pub(crate) struct Mix {
    seed: u64,
    kinds: Vec<Kind>,
}

/// Among a thousand runs: how many are cancelled, and how many listen although there is little to hear.
const CANCELLED: u32 = 100;
const LISTENING: u32 = 150;
/// Within how many milliseconds a cancellation comes.
const CANCELLED_WITHIN: u64 = 150;

impl Mix {
    /// The runs that this machine has interpreters for.
    pub(crate) fn new(seed: u64, has_python: bool, has_node: bool) -> Self {
        let is_here = |kind: &Kind| match kind.tool {
            "hello" | "large" | "huge" | "raise" => has_python,
            "greet" => has_node,
            _ => true,
        };
        Self { seed, kinds: KINDS.into_iter().filter(is_here).collect() }
    }

    /// What the n-th run calls.
    pub(crate) fn run(&self, number: usize) -> Called {
        let mut random = Rng::with_seed(self.seed ^ (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let all: u32 = self.kinds.iter().map(|kind| kind.often).sum();
        let mut left = random.u32(..all.max(1));
        let mut chosen = KINDS[0];
        for kind in &self.kinds {
            if left < kind.often {
                chosen = *kind;
                break;
            }
            left -= kind.often;
        }
        let is_cancelled = random.u32(..1000) < CANCELLED;
        let after = Duration::from_millis(random.u64(..CANCELLED_WITHIN));
        Called {
            tool: chosen.tool,
            arguments: (chosen.arguments)(&mut random),
            wanted: chosen.wanted,
            cancelled_after: is_cancelled.then_some(after),
            listens: chosen.tool == "report" || random.u32(..1000) < LISTENING,
        }
    }
}

fn none(_: &mut Rng) -> Value {
    json!({})
}

fn greeting(random: &mut Rng) -> Value {
    json!({ "name": format!("Ada {}", random.u32(..1000)) })
}

/// Of a few, so that what is kept of them is bounded.
fn number(random: &mut Rng) -> Value {
    json!({ "number": random.u32(..64) })
}

const fn kind(tool: &'static str, often: u32, wanted: Wanted) -> Kind {
    Kind { tool, often, wanted, arguments: none }
}

const fn with(kind: Kind, arguments: fn(&mut Rng) -> Value) -> Kind {
    Kind { arguments, ..kind }
}

use Wanted::{Failure as Fails, Refusal, Success};

const KINDS: [Kind; 36] = [
    // What should go well.
    kind("nothing", 250, Success),
    kind("say", 100, Success),
    with(kind("hello", 40, Success), greeting),
    with(kind("greet", 8, Success), greeting),
    kind("report", 30, Success),
    // What fails.
    kind("exit", 60, Fails),
    kind("abort", 20, Fails),
    kind("raise", 10, Fails),
    with(kind("refuse", 20, Fails), greeting),
    kind("missing", 20, Fails),
    kind("no_such_tool", 20, Refusal),
    // What takes too long, and obeys or not.
    kind("stay", 40, Fails),
    kind("frozen", 10, Fails),
    kind("deaf", 30, Fails),
    kind("stay_family", 10, Fails),
    kind("deaf_family", 15, Fails),
    // What prints without measure.
    kind("flood", 20, Success),
    kind("pour", 10, Success),
    kind("drip", 20, Success),
    with(kind("artifact", 40, Success), number),
    with(kind("cut", 4, Success), none),
    // What forks.
    kind("daemon", 30, Success),
    kind("family", 40, Success),
    kind("every", 10, Success),
    kind("deaf_daemons", 20, Success),
    kind("storm", 4, Success),
    // What returns much.
    kind("large", 8, Success),
    kind("huge", 4, Success),
    // What asks a server.
    kind("http_ok", 40, Success),
    kind("http_missing", 15, Fails),
    kind("http_busy", 10, Fails),
    kind("http_short", 10, Fails),
    kind("http_long", 10, Fails),
    kind("http_silent", 10, Fails),
    kind("http_refused", 6, Fails),
    kind("http_gone", 6, Fails),
];

const FUNCTIONS: [(&str, &str); 3] = [
    ("large.py", "def main() -> str:\n    return \"0123456789\" * 30_000\n"),
    ("huge.py", "def main() -> str:\n    return \"0123456789\" * 600_000\n"),
    ("raise.py", "def main() -> str:\n    raise ValueError(\"as it should\")\n"),
];

const SCRIPTS: [(&str, &str); 3] = [
    ("say.sh", "echo hello\n"),
    (
        "report.sh",
        "for n in 1 2 3; do echo \"progress $n/3\" > \"${RYE_REPORT:-/dev/null}\"; done\necho done\n",
    ),
    (
        "artifact.sh",
        "# /// rye\n# [parameters.number]\n# type = \"integer\"\n# required = true\n# ///\n\
         for line in {1..900}; do echo \"number $RYE_PARAM_NUMBER, line $line of what is kept as a whole\"; done\n",
    ),
];

/// Writes the tools. Every process of those that fork or stay writes itself into the roster.
pub(crate) fn write_tools(world: &World, product: &Product, roster: &Path) -> Result<(), Failure> {
    for (name, text) in FUNCTIONS.into_iter().chain(SCRIPTS) {
        world.write(&format!(".ai/tools/{name}"), text)?;
    }
    let server = listener::listen()?;
    let roster = roster.to_str().ok_or("a path that is no text")?;
    let habit = |id: &str, words: &[&str], config: &str| -> Result<(), Failure> {
        let command = &product.misbehave;
        let text = format!(
            "executor_id = \"subprocess\"\n[config]\ncommand = {command:?}\nargs = {words:?}\n{config}\n"
        );
        world.write(&format!(".ai/tools/{id}.toml"), &text).map(drop)
    };
    let short = "timeout = 0.15\ngrace = 0.05";
    habit("exit", &["exit", "3"], "")?;
    habit("abort", &["abort"], "")?;
    habit("stay", &["stay", roster], short)?;
    habit("frozen", &["stay", roster, "frozen"], short)?;
    habit("deaf", &["stay", roster, "deaf"], short)?;
    habit("stay_family", &["family", roster], short)?;
    habit("deaf_family", &["family", roster, "every", "deaf"], short)?;
    habit("flood", &["flood", "4", "lines"], "")?;
    // More than an artifact holds.
    habit("cut", &["flood", "80", "line"], "")?;
    habit("pour", &["pour-both", "4"], "")?;
    habit("drip", &["drip", "20000"], "")?;
    habit("daemon", &["daemon", roster], "")?;
    habit("family", &["family", roster, "leave"], "")?;
    habit("every", &["family", roster, "every", "leave"], "")?;
    habit("deaf_daemons", &["family", roster, "every", "deaf", "leave"], "")?;
    habit("storm", &["storm", roster, "leave"], "")?;
    let missing = "executor_id = \"subprocess\"\n[config]\ncommand = \"no-such-program\"\n";
    world.write(".ai/tools/missing.toml", missing)?;
    world.write(
        ".ai/tools/refuse.toml",
        "executor_id = \"subprocess\"\nparameters = {}\n[config]\ncommand = \"true\"\n",
    )?;
    for (id, path, config) in [
        ("http_ok", "ok", ""),
        ("http_missing", "missing", ""),
        ("http_busy", "busy", "retries = 1"),
        ("http_short", "short", "retries = 0"),
        ("http_long", "long", "max_body = 65536"),
        ("http_silent", "silent", "timeout = 0.15\nretries = 0"),
    ] {
        let text = format!(
            "executor_id = \"http_client\"\n[config]\nurl = \"{server}{path}\"\nallow_hosts = [\"127.0.0.1\"]\n{config}\n"
        );
        world.write(&format!(".ai/tools/{id}.toml"), &text)?;
    }
    // An address that nobody has allowed, and a port at which nobody listens.
    let refused = format!("executor_id = \"http_client\"\n[config]\nurl = \"{server}ok\"\n");
    world.write(".ai/tools/http_refused.toml", &refused)?;
    let gone = format!(
        "executor_id = \"http_client\"\n[config]\nurl = \"{}\"\nretries = 0\nallow_hosts = [\"127.0.0.1\"]\n",
        listener::nobody()?
    );
    world.write(".ai/tools/http_gone.toml", &gone)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{KINDS, Mix};

    #[test]
    fn a_seed_says_what_every_run_calls() {
        let (one, same, other) = (Mix::new(1, true, true), Mix::new(1, true, true), Mix::new(2, true, true));
        let told = |mix: &Mix| (0..100).map(|run| format!("{:?}", mix.run(run))).collect::<Vec<_>>();
        assert_eq!(told(&one), told(&same));
        assert_ne!(told(&one), told(&other));
    }

    #[test]
    fn every_kind_comes() {
        let mix = Mix::new(7, true, true);
        let tools: HashSet<_> = (0..5000).map(|run| mix.run(run).tool).collect();
        assert_eq!(tools.len(), KINDS.len());
        let without = Mix::new(7, false, false);
        assert!((0..5000).all(|run| !["hello", "greet", "huge"].contains(&without.run(run).tool)));
    }
}
