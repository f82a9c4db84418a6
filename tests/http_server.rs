//! A scripted HTTP server on loopback: it tells what it was asked, and answers as the test says. It ends with its
//! value, and no wait of it is without a bound.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use crate::world::BOUND;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query, as they were sent.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header's value, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// These bytes, then the connection is closed.
    Raw(Vec<u8>),
    /// Nothing, until the client goes away.
    Silence,
}

/// An answer with a body of this type.
pub(crate) fn answer(status: u16, kind: &str, body: impl AsRef<[u8]>) -> Answer {
    answer_with(status, &[("Content-Type", kind)], body)
}

/// An answer with these headers.
pub(crate) fn answer_with(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let mut text =
        format!("HTTP/1.1 {status} Word\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
    text.push_str("\r\n");
    Answer::Raw([text.as_bytes(), body].concat())
}

/// A server that is on.
pub(crate) struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
    arrived: Receiver<()>,
    gone: Receiver<()>,
    over: Arc<AtomicBool>,
}

impl Server {
    /// Answers each request, which is the n-th, as `script` says.
    pub(crate) fn start(script: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (arrival, arrived) = channel();
        let (leaving, gone) = channel();
        let (requests, ended, script) = (seen.clone(), over.clone(), Arc::new(script));
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept()
                && !ended.load(Ordering::SeqCst)
            {
                let (requests, script) = (requests.clone(), script.clone());
                let (arrival, leaving) = (arrival.clone(), leaving.clone());
                std::thread::spawn(move || serve(stream, &requests, &*script, &arrival, &leaving));
            }
        });
        Self { port, seen, arrived, gone, over }
    }

    /// Answers everything alike.
    pub(crate) fn always(answer: Answer) -> Self {
        Self::start(move |_, _| answer.clone())
    }

    /// Says in JSON what it was asked.
    pub(crate) fn echo() -> Self {
        Self::always(answer(200, "application/json", "{}"))
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.host())
    }

    /// What it was asked so far, in order.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request since the last look.
    #[track_caller]
    pub(crate) fn one(&self) -> Request {
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        assert_eq!(seen.len(), 1, "{seen:#?}");
        seen.remove(0)
    }

    /// Asserts that nobody asked since the last look.
    #[track_caller]
    pub(crate) fn untouched(&self) {
        let seen = self.seen();
        assert!(seen.is_empty(), "{seen:#?}");
    }

    /// Waits for a request.
    #[track_caller]
    pub(crate) fn wait_for_request(&self) {
        self.arrived.recv_timeout(BOUND).expect("no request comes");
    }

    /// Waits until a client that is answered with silence has closed its connection.
    #[track_caller]
    pub(crate) fn wait_for_leaving(&self) {
        self.gone.recv_timeout(BOUND).expect("the connection stays open");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(
    stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    script: &dyn Fn(usize, &Request) -> Answer,
    arrival: &Sender<()>,
    leaving: &Sender<()>,
) {
    let _ = stream.set_read_timeout(Some(BOUND));
    let _ = stream.set_write_timeout(Some(BOUND));
    let mut reader = BufReader::new(&stream);
    let Some(request) = read_request(&mut reader) else { return };
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.len()
    };
    let _ = arrival.send(());
    match script(number, &request) {
        Answer::Raw(bytes) => {
            let _ = (&stream).write_all(&bytes);
        }
        Answer::Silence => {
            let _ = reader.read(&mut [0]);
            let _ = leaving.send(());
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request { method, target, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}
