//! Whole commands, from the start of the process to its end: what a person or a script waits for.

use crate::Failure;
use crate::peers::Peers;
use crate::product::Product;
use crate::sample::{Contender, Rounds, Sample, in_turn};
use crate::table::{Row, Target};
use crate::world::World;

/// `rye run` of a command that does nothing.
pub(crate) fn command(
    world: &World,
    product: &Product,
    peers: &Peers,
    rounds: Rounds,
) -> Result<Vec<Row>, Failure> {
    let rye = world.program(&product.rye, ["run", "nothing"]);
    let json = world.program(&product.rye, ["--json", "run", "nothing"]);
    let floor = world.program(&product.floor, [".ai/rye.toml", ".ai/tools/nothing.toml"]);
    let just = peers.just.as_ref().map(|just| world.program(just, ["nothing"]));
    let mise = peers.mise.as_ref().map(|mise| world.program(mise, ["run", "nothing"]));

    let mut contenders = vec![
        Contender::new("rye run", || rye.run()),
        Contender::new("floor", || floor.run()),
        Contender::new("rye --json run", || json.run()),
    ];
    if let Some(just) = &just {
        contenders.push(Contender::new("just", || just.run()));
    }
    if let Some(mise) = &mise {
        contenders.push(Contender::new("mise run", || mise.run()));
    }
    let samples = in_turn(contenders, rounds)?;
    let [rye, floor, json, peers @ ..] = samples.as_slice() else { return Err("samples are missing".into()) };
    let mut rows = vec![Row::beside("rye run, /bin/true", rye, floor, Some(Target::Ratio(1.27)))];
    for peer in peers {
        let target = (peer.name == "just").then_some(Target::Ratio(0.65));
        rows.push(Row::beside("rye run, /bin/true", rye, peer, target));
    }
    rows.push(Row::beside("rye --json run, /bin/true", json, floor, None));
    Ok(rows)
}

/// `rye run` of a Python function; nothing without a Python.
pub(crate) fn function(
    world: &World,
    product: &Product,
    peers: &Peers,
    rounds: Rounds,
) -> Result<Option<Vec<Row>>, Failure> {
    let Some(python) = world.python() else { return Ok(None) };
    let arguments = r#"{"name": "Ada", "times": 2}"#;
    let rye = world.program(&product.rye, ["run", "hello", "--name", "Ada", "--times", "2"]);
    let by_hand = world.program(&python, ["by_hand.py", arguments]);
    let empty = world.program(&python, ["-c", "pass"]);
    let uv = peers.uv.as_ref().map(|uv| {
        let words = ["run", "--offline", "--no-project", "--python"];
        world.program(uv, words).words([python.as_os_str()]).words(["by_hand.py", arguments])
    });
    let mut contenders = vec![
        Contender::new("rye run", || rye.run()),
        Contender::new("by hand", || by_hand.run()),
        Contender::new("python -c pass", || empty.run()),
    ];
    if let Some(uv) = &uv {
        contenders.push(Contender::new("uv run", || uv.run()));
    }
    let samples = in_turn(contenders, rounds)?;
    let rye: &Sample = samples.first().ok_or("samples are missing")?;
    let beside = |other: &Sample| {
        let target = (other.name == "by hand").then_some(Target::Ratio(1.1));
        Row::beside("rye run, Python function", rye, other, target)
    };
    Ok(Some(samples.iter().skip(1).map(beside).collect()))
}

/// `rye run` of a Node function; nothing without a Node.
pub(crate) fn node_function(
    world: &World,
    product: &Product,
    rounds: Rounds,
) -> Result<Option<Vec<Row>>, Failure> {
    let Some(node) = world.node() else { return Ok(None) };
    let rye = world.program(&product.rye, ["run", "greet", "--name", "Ada"]);
    let by_hand = world.program(&node, ["by_hand.mjs", r#"{"name": "Ada"}"#]);
    let contenders =
        vec![Contender::new("rye run", || rye.run()), Contender::new("by hand", || by_hand.run())];
    let samples = in_turn(contenders, rounds)?;
    let [rye, by_hand] = samples.as_slice() else { return Err("samples are missing".into()) };
    Ok(Some(vec![Row::beside("rye run, Node function", rye, by_hand, Some(Target::Ratio(1.1)))]))
}
