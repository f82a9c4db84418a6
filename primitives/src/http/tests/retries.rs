//! Further attempts: which failures, which methods, how long between them.

use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{HeaderMap, HeaderValue};

use super::{Answer, Server, end, error, lookup, ok, status, within};
use crate::http::backoff::Backoff;
use crate::http::retry::retry_after;
use crate::http::{HttpBody, HttpClient, HttpError, HttpRequest};

fn then_ok(answer: Answer) -> Vec<Answer> {
    vec![answer, Answer::Send(ok("better").into())]
}

#[tokio::test]
async fn passing_failures_are_tried_again() {
    for code in [408, 425, 429, 500, 502, 503, 504] {
        let server = Server::new(then_ok(status(code, ""))).await;
        let mut request = server.get("/");
        request.limits.retries = 2;
        let end = end(&request).await;
        assert_eq!((end.status, end.attempts, end.body.as_slice()), (200, 2, &b"better"[..]), "{code}");
    }
}

#[tokio::test]
async fn without_retries_and_for_other_failures_the_first_answer_is_the_end() {
    for (code, retries) in [(500, 0), (429, 0), (400, 3), (401, 3), (404, 3), (409, 3), (200, 3)] {
        let server = Server::new(vec![status(code, "")]).await;
        let mut request = server.get("/");
        request.limits.retries = retries;
        let end = end(&request).await;
        assert_eq!((end.status, end.attempts), (code, 1));
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test]
async fn the_last_answer_is_the_end_when_none_is_better() {
    let server = Server::new(vec![Answer::Send(
        b"HTTP/1.1 503 No\r\nContent-Length: 4\r\nX-Why: load\r\n\r\nbusy".to_vec(),
    )])
    .await;
    let mut request = server.get("/");
    request.limits.retries = 2;
    let end = end(&request).await;
    assert_eq!((end.status, end.attempts, end.body.as_slice()), (503, 3, &b"busy"[..]));
    assert_eq!(end.header("x-why"), Some("load"));
}

#[tokio::test]
async fn only_what_may_be_repeated_is_repeated() {
    for (method, key, attempts) in [
        ("GET", false, 2),
        ("HEAD", false, 2),
        ("OPTIONS", false, 2),
        ("PUT", false, 2),
        ("DELETE", false, 2),
        ("TRACE", false, 2),
        ("POST", false, 1),
        ("PATCH", false, 1),
        ("BREW", false, 1),
        ("POST", true, 2),
        ("PATCH", true, 2),
    ] {
        let server = Server::new(vec![status(503, ""), status(204, "")]).await;
        let mut request = server.request(method, "/");
        request.limits.retries = 1;
        request.body = if method == "POST" { HttpBody::Text("once".into()) } else { HttpBody::Empty };
        if key {
            request.headers.push(("idempotency-key".into(), "7".into()));
        }
        assert_eq!(end(&request).await.attempts, attempts, "{method} {key}");
        assert_eq!(server.received().len(), attempts as usize);
    }
}

#[tokio::test]
async fn a_post_that_may_have_arrived_is_sent_once() {
    for answer in [Answer::Close(Vec::new()), Answer::Close(b"HTTP/1.1 200 OK\r\nConte".to_vec())] {
        let server = Server::new(vec![answer]).await;
        let mut request = server.request("POST", "/");
        request.limits.retries = 5;
        let error = error(&request).await;
        assert!(matches!(error, HttpError::Transport { .. }), "{error:?}");
        assert_eq!(server.received().len(), 1);
    }
}

/// A port of loopback that nobody listens on.
fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_refused_connection_is_told() {
    let port = closed_port();
    let mut request = HttpRequest::new("GET", format!("http://127.0.0.1:{port}/p?token=secret"));
    request.allow_hosts = vec!["127.0.0.1".into()];
    request.limits.retries = 3;
    let started = Instant::now();
    let error = error(&request).await;
    assert!(started.elapsed() < Duration::from_secs(10));
    let text = error.to_string();
    assert!(matches!(error, HttpError::Connect { .. }), "{error:?}");
    assert!(text.starts_with(&format!("no connection to `127.0.0.1:{port}`: Connection refused")), "{text}");
}

#[test]
fn retry_after_is_seconds_or_a_date_and_garbage_is_nothing() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let asked = |text: &[u8]| {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_bytes(text).unwrap());
        retry_after(&headers, now)
    };
    assert_eq!(retry_after(&HeaderMap::new(), now), None);
    assert_eq!(asked(b"0"), Some(Duration::ZERO));
    assert_eq!(asked(b" 12 "), Some(Duration::from_secs(12)));
    assert_eq!(asked(b"99999999999999999999999999"), Some(Duration::MAX));
    let date = httpdate::fmt_http_date(now + Duration::from_secs(90));
    assert_eq!(asked(date.as_bytes()), Some(Duration::from_secs(90)));
    assert_eq!(asked(b"Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
    assert_eq!(asked(b"Sunday, 06-Nov-94 08:49:37 GMT"), Some(Duration::ZERO));
    for garbage in [&b"soon"[..], b"-1", b"1.5", b"1e3", b"", b"12 s", b"0x10", b"\xff", b"tomorrow, 12:00"] {
        assert_eq!(asked(garbage), None, "{garbage:?}");
    }
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let in_two_seconds = || httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
    let values: [(&dyn Fn() -> String, u64); 3] =
        [(&|| "1".to_owned(), 1000), (&in_two_seconds, 900), (&|| "soon".to_owned(), 0)];
    for (value, least) in values {
        let value = value();
        let server = Server::new(then_ok(status(429, &format!("Retry-After: {value}\r\n")))).await;
        let mut request = server.get("/");
        request.limits.retries = 1;
        let end = end(&request).await;
        assert_eq!((end.status, end.attempts), (200, 2), "{value}");
        assert!(end.duration >= Duration::from_millis(least), "{value}: {:?}", end.duration);
    }
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(86_400));
    for (value, timeout) in [
        ("31", Some(Duration::from_secs(30))),
        ("99999999999999999999999", Some(Duration::from_secs(30))),
        (date.as_str(), Some(Duration::from_secs(30))),
        ("86400", None),
        ("99999999999999999999999", None),
    ] {
        let server = Server::new(then_ok(status(503, &format!("Retry-After: {value}\r\n")))).await;
        let mut request = server.get("/");
        request.limits.retries = 3;
        request.limits.timeout = timeout;
        let end = end(&request).await;
        assert_eq!((end.status, end.attempts, end.header("retry-after")), (503, 1, Some(value)));
        assert!(end.duration < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn the_deadline_is_one_for_all_attempts() {
    let server = Server::new(vec![status(500, ""), status(500, ""), Answer::Silence]).await;
    let mut request = server.get("/");
    request.limits.retries = 9;
    request.limits.timeout = Some(Duration::from_secs(1));
    let started = Instant::now();
    let outcome = super::exchange(&request).await;
    assert!(started.elapsed() < Duration::from_secs(5));
    // The pauses are left to chance; when they do not fit any more, the last answer is the end.
    match outcome {
        Err(HttpError::TimedOut { limit }) => assert_eq!(limit, Duration::from_secs(1)),
        Ok(end) => assert_eq!(end.status, 500),
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn pauses_are_anything_up_to_a_bound_that_doubles() {
    let mut longest = [Duration::ZERO; 10];
    let mut shortest = [Duration::MAX; 10];
    for seed in 1..2000_u64 {
        let mut backoff = Backoff::seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for index in 0..10 {
            let pause = backoff.pause();
            longest[index] = longest[index].max(pause);
            shortest[index] = shortest[index].min(pause);
        }
    }
    for index in 0..10 {
        let bound = Duration::from_millis(100 << index).min(Duration::from_secs(10));
        assert!(longest[index] <= bound && longest[index] > bound * 95 / 100, "{index}: {longest:?}");
        assert!(shortest[index] < bound * 5 / 100, "{index}: {shortest:?}");
    }
    let two: Vec<_> = (0..2).map(|_| Backoff::new().pause()).collect();
    assert!(two.iter().all(|pause| *pause <= Duration::from_millis(100)));
}

#[tokio::test]
async fn a_broken_host_has_a_budget_over_all_exchanges() {
    let server = Server::new(vec![status(500, "Retry-After: 0\r\n")]).await;
    let client = HttpClient::new(lookup(&[]));
    let mut request = server.get("/");
    request.limits.retries = 1;
    let mut attempts = 0;
    let started = Instant::now();
    for _ in 0..60 {
        attempts += within(client.exchange(&request)).await.unwrap().attempts;
    }
    // 60 first attempts, 20 retries at once, and two more for each second this took.
    let refilled = 2 * (u32::try_from(started.elapsed().as_secs()).unwrap() + 1);
    assert!((80..=80 + refilled).contains(&attempts), "{attempts}");
}

#[tokio::test]
async fn an_unknown_host_is_told_as_such() {
    let mut request = HttpRequest::new("GET", "http://nobody.test/p?token=secret");
    request.limits.retries = 1;
    let error = error(&request).await;
    assert_eq!(error.to_string(), "host `nobody.test` cannot be resolved: it has no address");
}
