//! Servers that break the protocol, and servers that say nothing.

use std::time::{Duration, Instant};

use super::{Answer, Event, Server, end, error, head, ok};
use crate::http::HttpError;

fn chunked(headers: &str, body: &str) -> Vec<u8> {
    [head(&format!("Transfer-Encoding: chunked\r\n{headers}")), body.into()].concat()
}

async fn broken(answer: Vec<u8>) -> HttpError {
    let server = Server::new(vec![Answer::Close(answer)]).await;
    error(&server.get("/p?token=secret")).await
}

#[tokio::test]
async fn what_breaks_the_protocol_is_a_transport_error() {
    let many = |count: usize| (0..count).map(|index| format!("X-{index}: y\r\n")).collect::<String>();
    for (what, answer) in [
        ("nothing", Vec::new()),
        ("half a status line", b"HTTP/1.1 20".to_vec()),
        ("another protocol", b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()),
        ("HTTP/0.9", b"<html></html>".to_vec()),
        ("no status", b"HTTP/1.1\r\n\r\n".to_vec()),
        ("a status of four digits", b"HTTP/1.1 2000 OK\r\n\r\n".to_vec()),
        ("binary", (0..=255).collect()),
        ("101 headers", head(&many(101))),
        (
            "a header without an end",
            [head("")[..15].to_vec(), b"\r\nX: ".to_vec(), vec![b'y'; 2 << 20]].concat(),
        ),
        ("a header of 300 kB", head(&format!("Content-Length: 0\r\nX: {}\r\n", "y".repeat(300 << 10)))),
        ("a NUL in a header", head("X: a\0b\r\n")),
        ("a space in a header's name", head("X Y: b\r\nContent-Length: 0\r\n")),
        ("a folded header", head("X: a\r\n b\r\nContent-Length: 0\r\n")),
        ("a short body", [head("Content-Length: 10\r\n"), b"short".to_vec()].concat()),
        ("two lengths", [head("Content-Length: 2\r\nContent-Length: 3\r\n"), b"abc".to_vec()].concat()),
        ("a list of lengths", [head("Content-Length: 2, 3\r\n"), b"abc".to_vec()].concat()),
        ("a negative length", head("Content-Length: -1\r\n")),
        ("a length with a sign", head("Content-Length: +1\r\n")),
        ("a length that overflows", head("Content-Length: 99999999999999999999999\r\n")),
        ("length and chunks", chunked("Content-Length: 5\r\n", "0\r\n\r\n")),
        ("no last chunk", chunked("", "2\r\nab\r\n")),
        ("a short chunk", chunked("", "ff\r\nab\r\n")),
        ("a chunk that overflows", chunked("", "fffffffffffffffff\r\nab\r\n0\r\n\r\n")),
        ("a chunk of no number", chunked("", "xyz\r\nab\r\n0\r\n\r\n")),
        ("a chunk with no end", chunked("", "2\r\nabcd\r\n0\r\n\r\n")),
        ("a chunk's extension without end", chunked("", &format!("2;{}", "x".repeat(1 << 20)))),
        ("trailers without end", chunked("", &format!("0\r\nX: {}", "x".repeat(1 << 20)))),
    ] {
        let error = broken(answer).await;
        assert!(matches!(error, HttpError::Transport { .. }), "{what}: {error:?}");
        let text = error.to_string();
        assert!(text.starts_with("exchange with `127.0.0.1:") && !text.contains("secret"), "{what}: {text}");
    }
}

#[tokio::test]
async fn a_hundred_headers_and_a_long_one_are_no_fault() {
    let many: String = (0..99).map(|index| format!("X-{index}: {}\r\n", "y".repeat(500))).collect();
    let server = Server::sending(&format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{many}\r\n")).await;
    assert_eq!(end(&server.get("/")).await.headers.len(), 100);
}

#[tokio::test]
async fn odd_but_whole_answers_are_ends() {
    for (answer, code, body) in [
        (Answer::Close(b"HTTP/1.0 200 OK\r\n\r\nuntil the end".to_vec()), 200, "until the end"),
        (Answer::Send(b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n".to_vec()), 999, ""),
        (Answer::Send(b"HTTP/1.1 204 None\r\n\r\n".to_vec()), 204, ""),
        (Answer::Send(b"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone".to_vec()), 404, "gone"),
        (
            Answer::Send(b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".to_vec()),
            200,
            "x",
        ),
        (
            Answer::Send(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;e=f\r\nx\r\n0\r\nT: t\r\n\r\n"
                    .to_vec(),
            ),
            200,
            "x",
        ),
        (Answer::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: \xff\xfe\r\n\r\nx".to_vec()), 200, "x"),
    ] {
        let server = Server::new(vec![answer]).await;
        let end = end(&server.get("/")).await;
        assert_eq!((end.status, String::from_utf8(end.body).unwrap().as_str()), (code, body));
    }
}

#[tokio::test]
async fn what_follows_an_answer_belongs_to_no_other() {
    let smuggled = format!("{}{}", ok("first"), ok("smuggled"));
    let server = Server::new(vec![Answer::Send(smuggled.into()), Answer::Send(ok("second").into())]).await;
    let client = super::client();
    let first = super::within(client.exchange(&server.get("/1"))).await.unwrap();
    assert_eq!(first.body, b"first");
    match super::within(client.exchange(&server.get("/2"))).await {
        Ok(second) => assert_eq!(second.body, b"second"),
        Err(error) => assert!(matches!(error, HttpError::Transport { .. }), "{error:?}"),
    }
}

#[tokio::test]
async fn silence_meets_the_deadline() {
    // Nothing; a header that grows for ever by a byte at a time.
    for answer in [Answer::Silence, Answer::Drip(b"HTTP/1.1 200 OK\r\nX: y".to_vec())] {
        let server = Server::new(vec![answer]).await;
        let mut request = server.get("/");
        request.limits.timeout = Some(Duration::from_millis(300));
        let started = Instant::now();
        assert_eq!(error(&request).await, HttpError::TimedOut { limit: Duration::from_millis(300) });
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn interim_answers_for_ever_meet_a_bound() {
    let interim = b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n".to_vec();
    let server = Server::new(vec![Answer::Flood(interim.clone(), interim)]).await;
    let mut request = server.get("/");
    request.limits.timeout = Some(Duration::from_millis(300));
    let error = error(&request).await;
    assert!(matches!(error, HttpError::TimedOut { .. } | HttpError::Transport { .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_answers_within_no_time() {
    let server = Server::new(vec![Answer::Silence]).await;
    let mut request = server.get("/");
    request.limits.timeout = Some(Duration::ZERO);
    assert_eq!(error(&request).await, HttpError::TimedOut { limit: Duration::ZERO });
}

#[tokio::test]
async fn dropping_the_future_closes_the_connection() {
    for answer in [Answer::Silence, Answer::Drip(head(""))] {
        let mut server = Server::new(vec![answer]).await;
        let client = super::client();
        let request = server.get("/");
        {
            let exchange = client.exchange(&request);
            tokio::select! {
                outcome = exchange => panic!("{outcome:?}"),
                () = server.expect(Event::Requested) => {}
            }
        }
        // The client still lives; only the exchange is gone.
        server.expect(Event::Closed).await;
        drop(client);
    }
}
