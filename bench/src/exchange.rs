//! A warm HTTP call through the library, beside reqwest alone, to one server on the loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Instant;

use rye_executor::{CallOptions, Config, Executor, Host, Plan, ToolId};
use serde_json::Map;

use crate::Failure;
use crate::sample::{Contender, Rounds, in_turn};
use crate::table::{Row, Target};
use crate::world::World;

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"ok\":true}";

/// An `Executor` call of an HTTP tool.
pub(crate) fn exchange(world: &World, rounds: Rounds) -> Result<Vec<Row>, Failure> {
    let url = serve()?;
    world.write(
        ".ai/tools/get.toml",
        &format!("executor_id = \"http_client\"\n[config]\nurl = \"{url}\"\nallow_hosts = [\"127.0.0.1\"]\n"),
    )?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let host = Host {
        environment: world.environment().to_vec(),
        working_directory: world.project().canonicalize()?,
        ..Host::default()
    };
    let executor = Executor::new(host, Config::default())?;
    let resolution = executor.resolve(&"get".parse::<ToolId>()?)?;
    // reqwest wants to know who would do the cryptography, even of a plain exchange.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;

    let plan = || -> Result<Plan, Failure> {
        let invocation = executor.invoke(Arc::clone(&resolution), Map::new(), CallOptions::default())?;
        Ok(executor.plan(&invocation)?)
    };
    let ours = Contender::new("start", || {
        let plan = plan()?;
        runtime.block_on(async {
            let begin = Instant::now();
            let outcome = executor.start(plan)?.outcome().await?;
            let taken = begin.elapsed();
            if outcome.success { Ok(taken) } else { Err(format!("{:?}", outcome.error).into()) }
        })
    });
    let bare = Contender::new("reqwest", || {
        // The server has slept as long as before the other's request: its waking is in what is measured.
        plan()?;
        runtime.block_on(async {
            let begin = Instant::now();
            let body = client.get(&url).send().await?.bytes().await?;
            let taken = begin.elapsed();
            if body.len() == 11 { Ok(taken) } else { Err("a wrong answer".into()) }
        })
    });
    let samples = in_turn(vec![ours, bare], rounds)?;
    let [ours, bare] = samples.as_slice() else { return Err("samples are missing".into()) };
    Ok(vec![Row::beside("Executor::start of a warm HTTP call", ours, bare, Some(Target::Ratio(1.3)))])
}

/// A server that answers every request alike, each connection on a thread, until the bench ends.
fn serve() -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || -> std::io::Result<()> {
                stream.set_nodelay(true)?;
                let mut lines = BufReader::new(stream.try_clone()?).lines();
                while let Some(line) = lines.next().transpose()? {
                    if line.is_empty() {
                        (&stream).write_all(ANSWER)?;
                    }
                }
                Ok(())
            });
        }
    });
    Ok(url)
}
