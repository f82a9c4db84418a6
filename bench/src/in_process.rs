//! Calls through the library, on the kind of runtime that `rye run` has: what a server pays for each call.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use rye_executor::{CallOptions, Config, Executor, Host, Supervision, ToolId};
use serde_json::Map;

use crate::Failure;
use crate::sample::{Contender, Rounds, in_turn};
use crate::table::{Row, Target};
use crate::world::World;

/// An `Executor` call of a command that does nothing, with the strongest supervision to be had here and without.
pub(crate) fn call(world: &World, rounds: Rounds) -> Result<Vec<Row>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let host = Host {
        environment: world.environment().to_vec(),
        working_directory: world.project().canonicalize()?,
        subreaper: true,
        single_run: false,
        ..Host::default()
    };
    let keeper_alone = Config { supervision: Supervision::Subreaper, ..Config::default() };
    let keeper_alone = Executor::new(host.clone(), keeper_alone)?;
    let executor = Executor::new(host, Config::default())?;
    let id: ToolId = "nothing".parse()?;
    let resolution = executor.resolve(&id)?;

    let bare = Contender::new("tokio::process", || {
        runtime.block_on(async {
            let mut command = tokio::process::Command::new("/bin/true");
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let begin = Instant::now();
            let output = command.spawn()?.wait_with_output().await?;
            let taken = begin.elapsed();
            if output.status.success() { Ok(taken) } else { Err(output.status.to_string().into()) }
        })
    });
    let start = Contender::new("start", || {
        let invocation = executor.invoke(Arc::clone(&resolution), Map::new(), CallOptions::default())?;
        let plan = executor.plan(&invocation)?;
        runtime.block_on(async {
            let begin = Instant::now();
            let outcome = executor.start(plan)?.outcome().await?;
            let taken = begin.elapsed();
            if outcome.success { Ok(taken) } else { Err("the tool failed".into()) }
        })
    });
    let call = |executor: &Executor| {
        runtime.block_on(async {
            let begin = Instant::now();
            let outcome = executor.call(&id, Map::new(), CallOptions::default()).await?;
            let taken = begin.elapsed();
            if outcome.success { Ok(taken) } else { Err("the tool failed".into()) }
        })
    };
    let whole = Contender::new("call", || call(&executor));
    let alone = Contender::new("call, keeper alone", || call(&keeper_alone));
    let samples = in_turn(vec![start, bare, whole, alone], rounds)?;
    let [start, bare, whole, alone] = samples.as_slice() else { return Err("samples are missing".into()) };
    let target = Some(Target::Ratio(1.25));
    Ok(vec![
        // What a keeper costs, and everything else that supervises: all that `rye run` has beyond its own start.
        Row::beside("supervision of a run, /bin/true", start, bare, Some(Target::Over(0.0003))),
        Row::beside("Executor::start to the outcome, /bin/true", start, bare, target),
        Row::beside("Executor::call, /bin/true", whole, bare, target),
        Row::beside("the same without a cgroup", alone, bare, target),
    ])
}
