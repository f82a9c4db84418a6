//! A server on the loopback that answers as the path says: well, with a refusal, with half an answer, with far too
//! much, or not at all. It ends with the bench.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::Failure;

/// How much is too much, in pieces of 16 KiB.
const PIECES: usize = 256;

/// Its address, with a `/` at the end.
pub(super) fn listen() -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away ends its thread.
            std::thread::spawn(move || answer(stream));
        }
    });
    Ok(url)
}

/// An address at which nobody listens.
pub(super) fn nobody() -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Ok(format!("http://{}/", listener.local_addr()?))
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut path = String::new();
    while let Some(line) = lines.next().transpose()? {
        if path.is_empty() {
            line.split(' ').nth(1).unwrap_or("/").clone_into(&mut path);
        }
        if !line.is_empty() {
            continue;
        }
        match std::mem::take(&mut path).as_str() {
            "/ok" => whole(&mut stream, "200 OK", "", "{\"ok\": true}")?,
            "/missing" => whole(&mut stream, "404 Not Found", "", "{\"ok\": false}")?,
            "/busy" => whole(&mut stream, "503 Busy", "retry-after: 0\r\n", "later")?,
            "/short" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nshort")?;
                return Ok(());
            }
            "/long" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
                return (0..PIECES).try_for_each(|_| stream.write_all(&[b'x'; 16 << 10]));
            }
            // Until the client goes.
            _ => return stream.read(&mut [0]).map(drop),
        }
    }
    Ok(())
}

fn whole(stream: &mut TcpStream, status: &str, headers: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = "content-type: application/json\r\n";
    write!(stream, "HTTP/1.1 {status}\r\n{head}{headers}content-length: {length}\r\n\r\n{body}")
}
