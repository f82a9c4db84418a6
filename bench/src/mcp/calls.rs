//! Calls over stdio: beside the same script started by hand, and beside servers that run a command or a function by
//! their usual means.

use serde_json::{Value, json};

use super::{Extent, others, wire::Wire};
use crate::Failure;
use crate::peers::Peers;
use crate::product::Product;
use crate::sample::{Contender, Rounds, Sample, in_turn};
use crate::table::{Row, Target};
use crate::world::World;

pub(super) fn calls(
    product: &Product,
    peers: &Peers,
    world: &World,
    extent: &Extent,
) -> Result<Vec<Row>, Failure> {
    let mut rye = Wire::start(&world.program(&product.rye, ["mcp"]))?;
    let mut rows = over_the_tool(&mut rye, world, extent.calls)?;

    let mut others: Vec<(&str, Wire)> = others(peers, world)
        .into_iter()
        .map(|(name, program)| Ok((name, Wire::start(&program)?)))
        .collect::<Result<_, Failure>>()?;
    let (mut servers, faster) = (vec![("rye mcp", rye)], Some(Target::Ratio(1.0)));
    servers.append(&mut others);
    let one = |wire: &mut Wire| wire.call("nothing", &json!({}));
    let samples = among(&mut servers, extent.calls, one)?;
    rows.extend(beside("tools/call, /bin/true", &samples, faster));
    let at_once = |wire: &mut Wire| wire.batch("nothing", extent.batch);
    let samples = among(&mut servers, extent.batches, at_once)?;
    rows.extend(beside(&format!("each of {} at once, /bin/true", extent.batch), &samples, faster));
    if world.python().is_some() {
        let arguments = json!({ "name": "Ada", "times": 2 });
        let function = |wire: &mut Wire| wire.call("hello", &arguments);
        let samples = among(&mut servers, extent.functions, function)?;
        // Each of ours is a new process, theirs is a function in the server.
        rows.extend(beside("tools/call, a function, new process", &samples, None));
    }
    Ok(rows)
}

/// What MCP and rye add to what the tool takes by itself.
fn over_the_tool(rye: &mut Wire, world: &World, rounds: Rounds) -> Result<Vec<Row>, Failure> {
    let script = world.program("/bin/bash".as_ref(), [".ai/tools/say.sh"]);
    let command = world.program("/bin/true".as_ref(), [""; 0]);
    let mut rows = Vec::new();
    for (measure, tool, bare) in
        [("tools/call, a Bash script", "say", script), ("tools/call, /bin/true", "nothing", command)]
    {
        let none: Value = json!({});
        let contenders = vec![
            Contender::new("rye mcp", || rye.call(tool, &none)),
            Contender::new("by hand", || bare.capture()),
        ];
        let samples = in_turn(contenders, rounds)?;
        rows.extend(beside(measure, &samples, Some(Target::Over(0.0005))));
        if tool == "nothing" {
            // Pipes to the client and JSON among it.
            rows.extend(beside("a call in a server, /bin/true", &samples, Some(Target::Ratio(1.5))));
        }
    }
    Ok(rows)
}

/// The same asked of each server in turn.
fn among(
    servers: &mut [(&'static str, Wire)],
    rounds: Rounds,
    once: impl Fn(&mut Wire) -> Result<std::time::Duration, Failure> + Copy,
) -> Result<Vec<Sample>, Failure> {
    let contenders =
        servers.iter_mut().map(|(name, wire)| Contender::new(name, move || once(wire))).collect();
    in_turn(contenders, rounds)
}

/// The first beside each of the others.
fn beside(measure: &str, samples: &[Sample], target: Option<Target>) -> Vec<Row> {
    let Some((rye, others)) = samples.split_first() else { return Vec::new() };
    others.iter().map(|other| Row::beside(measure, rye, other, target)).collect()
}
