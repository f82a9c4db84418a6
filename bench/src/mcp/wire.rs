//! The least of an MCP client over stdio, the same for every server: a request is written as one line that was made
//! before the clock starts, and the clock stops when the line of the answer is there. An answer that is an error is a
//! failure of the bench.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Failure;
use crate::program::Program;

/// What a server has to end in when its input has ended.
const GRACE: Duration = Duration::from_secs(10);

/// A server that was started, and its pipes.
pub(crate) struct Wire {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    last_id: usize,
}

impl Wire {
    /// Starts a server and begins a session.
    pub(crate) fn start(program: &Program) -> Result<Self, Failure> {
        let mut child = program.serve()?;
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        let mut wire = Self { child, stdin, stdout, last_id: 0 };
        let client = json!({ "name": "bench", "version": "1" });
        let begin = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
        wire.ask("initialize", &begin)?;
        wire.write("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")?;
        Ok(wire)
    }

    /// How many tools the first page of the list has.
    pub(crate) fn list(&mut self) -> Result<usize, Failure> {
        let listed = self.ask("tools/list", &json!({}))?.0;
        Ok(listed.pointer("/result/tools").and_then(Value::as_array).ok_or("no list")?.len())
    }

    /// How long one call takes.
    pub(crate) fn call(&mut self, name: &str, arguments: &Value) -> Result<Duration, Failure> {
        let (answer, taken) = self.ask("tools/call", &json!({ "name": name, "arguments": arguments }))?;
        succeeded(&answer)?;
        Ok(taken)
    }

    /// How long each of so many calls takes that are asked for at once.
    pub(crate) fn batch(&mut self, name: &str, count: usize) -> Result<Duration, Failure> {
        let params = json!({ "name": name, "arguments": {} });
        let lines: String = (0..count).map(|_| self.line("tools/call", &params)).collect();
        let begin = Instant::now();
        self.write(&lines)?;
        for _ in 0..count {
            succeeded(&self.answer()?.0)?;
        }
        Ok(begin.elapsed() / u32::try_from(count)?)
    }

    /// The most memory it has had so far, in bytes.
    pub(crate) fn peak(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix(" kB"));
        Ok(peak.ok_or("the kernel does not say")?.trim().parse::<u64>()? << 10)
    }

    fn ask(&mut self, method: &str, params: &Value) -> Result<(Value, Duration), Failure> {
        let line = self.line(method, params);
        let id = self.last_id;
        let begin = Instant::now();
        self.write(&line)?;
        let (answer, end) = self.answer()?;
        if answer["id"] != id {
            return Err(format!("an answer to something else: {answer}").into());
        }
        Ok((answer, end - begin))
    }

    /// The next answer, and when it was there; notifications are passed over.
    fn answer(&mut self) -> Result<(Value, Instant), Failure> {
        loop {
            let mut line = String::new();
            if self.stdout.read_line(&mut line)? == 0 {
                return Err("the server is gone".into());
            }
            let end = Instant::now();
            let message: Value = serde_json::from_str(&line)?;
            if message.get("method").is_none() {
                return Ok((message, end));
            }
        }
    }

    fn line(&mut self, method: &str, params: &Value) -> String {
        self.last_id += 1;
        let id = self.last_id;
        format!("{}\n", json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
    }

    fn write(&mut self, lines: &str) -> Result<(), Failure> {
        Ok(self.stdin.as_mut().ok_or("no pipe")?.write_all(lines.as_bytes())?)
    }
}

fn succeeded(answer: &Value) -> Result<(), Failure> {
    // Some leave `isError` out when there is none.
    let fails = answer.pointer("/result/isError").is_some_and(|told| *told != false);
    if fails || answer.get("result").is_none() { Err(answer.to_string().into()) } else { Ok(()) }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stdin = None;
        let begin = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if begin.elapsed() > GRACE {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
