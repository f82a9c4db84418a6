//! Real exchanges with a server on loopback that says exactly the bytes it is told to.
//! No test could reach beyond loopback if the guard were broken: hosts of other networks are only judged, never
//! asked, and every lookup is a fixed one.

mod bodies;
mod connections;
mod guard;
mod hostile;
mod proxies;
mod redirects;
mod requests;
mod retries;
mod secure;
mod spellings;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::{HostLookup, HttpClient, HttpEnd, HttpError, HttpRequest};

/// Longer than any test should take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("the test takes too long")
}

/// What the server does with one request.
#[derive(Clone)]
enum Answer {
    /// Sends this and waits for the next request on the same connection.
    Send(Vec<u8>),
    /// Sends this and closes.
    Close(Vec<u8>),
    /// Sends this, then one byte every 100 ms for as long as somebody reads.
    Drip(Vec<u8>),
    /// Sends this over and over for as long as somebody reads.
    Flood(Vec<u8>, Vec<u8>),
    /// Sends nothing until the other side closes.
    Silence,
}

/// One request as it came.
#[derive(Debug, Clone)]
struct Received {
    /// Request line and headers.
    head: String,
    body: Vec<u8>,
    /// Which connection it came on, from 1.
    socket: usize,
}

impl Received {
    fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Event {
    Requested,
    Closed,
}

/// A server on loopback that gives its answers in order, the last one again and again.
struct Server {
    address: SocketAddr,
    answers: Arc<Mutex<Vec<Answer>>>,
    received: Arc<Mutex<Vec<Received>>>,
    events: mpsc::UnboundedReceiver<Event>,
}

impl Server {
    async fn new(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (sender, events) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(answers));
        let (script, all) = (Arc::clone(&answers), Arc::clone(&received));
        tokio::spawn(async move {
            for socket in 1.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (answers, received, sender) = (Arc::clone(&script), Arc::clone(&all), sender.clone());
                tokio::spawn(async move {
                    serve(stream, socket, &answers, &received, &sender).await;
                    let _ = sender.send(Event::Closed);
                });
            }
        });
        Self { address, answers, received, events }
    }

    async fn sending(text: &str) -> Self {
        Self::new(vec![Answer::Send(text.into())]).await
    }

    /// For answers that lead to a server which was not there yet.
    fn answer(&self, answers: Vec<Answer>) {
        *self.answers.lock().unwrap() = answers;
    }

    fn port(&self) -> u16 {
        self.address.port()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A GET that may go to this server.
    fn get(&self, path: &str) -> HttpRequest {
        self.request("GET", path)
    }

    fn request(&self, method: &str, path: &str) -> HttpRequest {
        let mut request = HttpRequest::new(method, self.url(path));
        request.allow_hosts.push(self.address.to_string());
        request.limits.timeout = Some(PATIENCE);
        request
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.received().iter().map(|request| request.line().to_owned()).collect()
    }

    async fn expect(&mut self, event: Event) {
        assert_eq!(within(self.events.recv()).await, Some(event));
    }
}

async fn serve(
    stream: TcpStream,
    socket: usize,
    answers: &Mutex<Vec<Answer>>,
    received: &Mutex<Vec<Received>>,
    events: &mpsc::UnboundedSender<Event>,
) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = receive(&mut stream, socket).await {
        let answer = {
            let mut received = received.lock().unwrap();
            received.push(request);
            let answers = answers.lock().unwrap();
            answers[(received.len() - 1).min(answers.len() - 1)].clone()
        };
        let _ = events.send(Event::Requested);
        match answer {
            Answer::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Answer::Close(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Answer::Drip(bytes) => {
                let _ = stream.write_all(&bytes).await;
                while stream.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                return;
            }
            Answer::Flood(head, piece) => {
                let _ = stream.write_all(&head).await;
                while stream.write_all(&piece).await.is_ok() {}
                return;
            }
            Answer::Silence => {
                let _ = stream.read_u8().await;
                return;
            }
        }
    }
}

async fn receive(stream: &mut BufReader<TcpStream>, socket: usize) -> Option<Received> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let mut request = Received { head, body: Vec::new(), socket };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await.ok()?;
    Some(request)
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn status(status: u16, headers: &str) -> Answer {
    Answer::Send(format!("HTTP/1.1 {status} Some\r\nContent-Length: 0\r\n{headers}\r\n").into())
}

fn redirect(code: u16, location: &str) -> Answer {
    status(code, &format!("Location: {location}\r\n"))
}

fn head(headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into()
}

/// Knows these hosts and no others.
fn lookup(hosts: &[(&str, &[&str])]) -> HostLookup {
    let address = |text: &&str| text.parse::<IpAddr>().unwrap();
    let fixed = hosts.iter().map(|(name, all)| ((*name).to_owned(), all.iter().map(address).collect()));
    HostLookup::Fixed(fixed.collect())
}

fn client() -> HttpClient {
    HttpClient::new(lookup(&[]))
}

async fn exchange(request: &HttpRequest) -> Result<HttpEnd, HttpError> {
    within(client().exchange(request)).await
}

async fn end(request: &HttpRequest) -> HttpEnd {
    exchange(request).await.unwrap()
}

async fn error(request: &HttpRequest) -> HttpError {
    exchange(request).await.unwrap_err()
}
