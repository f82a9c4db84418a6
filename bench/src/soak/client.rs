//! An MCP client over stdio with many calls on at once: each answer goes to whoever waits for it, and it is counted
//! what came twice, or to nobody.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Failure;
use crate::program::Program;

/// Nothing takes longer.
const LIMIT: Duration = Duration::from_secs(60);

/// A server and the calls that are on.
pub(crate) struct Client {
    child: Child,
    stdin: Mutex<Option<ChildStdin>>,
    shared: Arc<Shared>,
    last: AtomicU64,
    reader: std::thread::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<HashMap<u64, Waiter>>,
    /// Answers that nobody waited for.
    unasked: AtomicUsize,
    /// Lines that are no message.
    odd: AtomicUsize,
    notifications: AtomicUsize,
}

/// Who waits for an answer.
enum Waiter {
    Caller(Sender<Value>),
    /// The call was cancelled; its answer may have been on its way.
    Nobody,
}

/// A call that is on.
pub(crate) struct Asked {
    id: u64,
    answer: Receiver<Value>,
}

/// What a server left on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) unasked: usize,
    pub(crate) odd: usize,
    pub(crate) notifications: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// Starts a server and begins a session.
    pub(crate) fn start(program: &Program) -> Result<Self, Failure> {
        let mut child = program.serve()?;
        let stdin = Mutex::new(child.stdin.take());
        let stdout = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        let shared = Arc::<Shared>::default();
        let seen = Arc::clone(&shared);
        let reader = std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).for_each(|line| seen.take(&line));
        });
        let client = Self { child, stdin, shared, last: AtomicU64::new(0), reader };
        let about = json!({ "name": "bench", "version": "1" });
        let begin = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": about });
        client.ask("initialize", &begin)?.answer()?;
        client.tell("notifications/initialized", &json!({}))?;
        Ok(client)
    }

    /// The server's process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request.
    pub(crate) fn ask(&self, method: &str, params: &Value) -> Result<Asked, Failure> {
        let id = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let (sender, answer) = channel();
        lock(&self.shared.waiting).insert(id, Waiter::Caller(sender));
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        Ok(Asked { id, answer })
    }

    /// Calls a tool; with a token it hears of what goes on.
    pub(crate) fn call(&self, tool: &str, arguments: &Value, listens: bool) -> Result<Asked, Failure> {
        let mut params = json!({ "name": tool, "arguments": arguments });
        if listens && let Some(params) = params.as_object_mut() {
            params.insert("_meta".to_owned(), json!({ "progressToken": "soak" }));
        }
        self.ask("tools/call", &params)
    }

    /// Wants no answer any more. False: it was there already.
    pub(crate) fn cancel(&self, asked: &Asked) -> Result<bool, Failure> {
        // Whoever answers from here on answers nobody.
        let was_on = match lock(&self.shared.waiting).get_mut(&asked.id) {
            Some(waiter) => {
                *waiter = Waiter::Nobody;
                true
            }
            None => false,
        };
        self.tell("notifications/cancelled", &json!({ "requestId": asked.id, "reason": "enough" }))?;
        Ok(was_on)
    }

    fn tell(&self, method: &str, params: &Value) -> Result<(), Failure> {
        self.write(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn write(&self, message: &Value) -> Result<(), Failure> {
        let line = format!("{message}\n");
        Ok(lock(&self.stdin).as_mut().ok_or("no pipe")?.write_all(line.as_bytes())?)
    }

    /// Ends the server's input and waits for its end, which must be a good one.
    pub(crate) fn end(mut self) -> Result<Counts, Failure> {
        drop(lock(&self.stdin).take());
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if begin.elapsed() > LIMIT {
                return Err("the server does not end with its input".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        if !status.success() {
            return Err(format!("the server ended with {status}").into());
        }
        self.reader.join().map_err(|_| "the reader of the wire has failed")?;
        let shared = &self.shared;
        Ok(Counts {
            unasked: shared.unasked.load(Ordering::SeqCst),
            odd: shared.odd.load(Ordering::SeqCst),
            notifications: shared.notifications.load(Ordering::SeqCst),
        })
    }

    /// Ends it at once.
    pub(crate) fn kill(mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Shared {
    fn take(&self, line: &str) {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            self.odd.fetch_add(1, Ordering::SeqCst);
            return;
        };
        if message.get("method").is_some() {
            self.notifications.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let id = message.get("id").and_then(Value::as_u64);
        match id.and_then(|id| lock(&self.waiting).remove(&id)) {
            Some(Waiter::Caller(caller)) => drop(caller.send(message)),
            Some(Waiter::Nobody) => {}
            None => drop(self.unasked.fetch_add(1, Ordering::SeqCst)),
        }
    }
}

impl Asked {
    /// The whole answer.
    pub(crate) fn answer(self) -> Result<Value, Failure> {
        self.within(LIMIT)?.ok_or_else(|| format!("no answer within {LIMIT:?}").into())
    }

    /// The whole answer, however long it takes.
    pub(crate) fn finish(self) -> Result<Value, Failure> {
        self.answer.recv().map_err(|_| "the server is gone".into())
    }

    /// The answer, if it comes so soon.
    pub(crate) fn within(&self, limit: Duration) -> Result<Option<Value>, Failure> {
        match self.answer.recv_timeout(limit) {
            Ok(answer) => Ok(Some(answer)),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => Ok(None),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => Err("the server is gone".into()),
        }
    }
}
