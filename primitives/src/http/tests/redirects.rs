//! Where an answer leads, and what goes along.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue};
use url::Url;

use super::{Answer, Server, end, error, head, ok, redirect, status};
use crate::http::hop::Hop;
use crate::http::redirect::next;
use crate::http::{HttpAuth, HttpBody, HttpError};

fn then_ok(answer: Answer) -> Vec<Answer> {
    vec![answer, Answer::Send(ok("there").into())]
}

#[tokio::test]
async fn methods_and_bodies_change_as_in_browsers() {
    for (method, code, second) in [
        ("GET", 301, "GET"),
        ("GET", 302, "GET"),
        ("GET", 303, "GET"),
        ("GET", 307, "GET"),
        ("GET", 308, "GET"),
        ("HEAD", 303, "HEAD"),
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("PUT", 303, "GET"),
        ("DELETE", 303, "GET"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("PUT", 301, "PUT"),
        ("PATCH", 302, "PATCH"),
    ] {
        let answer = if method == "HEAD" { Answer::Send(head("")) } else { Answer::Send(ok("there").into()) };
        let server = Server::new(vec![redirect(code, "../b?c=1#d"), answer]).await;
        let mut request = server.request(method, "/x/y/z");
        if method == "POST" {
            request.body = HttpBody::Text("the body".to_owned());
        }
        let end = end(&request).await;
        assert_eq!((end.status, end.redirects, end.attempts), (200, 1, 2));
        assert_eq!(end.url, server.url("/x/b"));
        let received = server.received();
        assert_eq!(received[1].line(), format!("{second} /x/b?c=1 HTTP/1.1"), "{method} {code}");
        let body: &[u8] = if second == "POST" { b"the body" } else { b"" };
        assert_eq!(received[1].body, body, "{method} {code}");
        assert_eq!(received[1].header("content-type").is_some(), second == "POST", "{method} {code}");
        assert_eq!(received[0].socket, received[1].socket);
    }
}

#[tokio::test]
async fn another_origin_receives_nothing_of_ours() {
    for code in [301, 302, 303, 307, 308] {
        let other = Server::sending(&ok("there")).await;
        let server = Server::new(vec![redirect(code, &other.url("/else"))]).await;
        let mut request = server.request("POST", "/start?token=secret-query");
        request.allow_hosts.push(other.address.to_string());
        request.auth = Some(HttpAuth::ApiKey { header: "X-Api-Key".into(), value: "secret-key".into() });
        request.headers = vec![
            ("Authorization".into(), "Bearer secret-token".into()),
            ("Cookie".into(), "session=secret-cookie".into()),
            ("Referer".into(), "http://secret-referer/".into()),
            ("X-Custom".into(), "secret-custom".into()),
            ("Idempotency-Key".into(), "secret-idempotency".into()),
            ("User-Agent".into(), "secret-agent".into()),
        ];
        request.body = HttpBody::Json(b"{\"secret\": \"secret-body\"}".to_vec());
        let end = end(&request).await;
        assert_eq!((end.status, end.url), (200, other.url("/else")));

        assert!(server.received()[0].head.contains("secret-key"));
        let received = &other.received()[0];
        assert!(!received.head.contains("secret"), "{code}: {}", received.head);
        assert!(received.body.is_empty(), "{code}");
        for name in ["authorization", "x-api-key", "cookie", "referer", "origin", "content-type", "x-custom"]
        {
            assert_eq!(received.header(name), None, "{code}");
        }
    }
}

#[tokio::test]
async fn the_way_back_brings_nothing_back() {
    let server = Server::new(Vec::new()).await;
    let other = Server::new(vec![redirect(307, &server.url("/back"))]).await;
    server.answer(then_ok(redirect(307, &other.url("/else"))));
    let mut request = server.request("POST", "/");
    request.allow_hosts.push("127.0.0.1".into());
    request.auth = Some(HttpAuth::Bearer { token: "secret-token".into() });
    request.body = HttpBody::Text("secret-body".into());
    assert_eq!(end(&request).await.redirects, 2);
    let last = &server.received()[1];
    assert_eq!((last.line(), last.body.len()), ("POST /back HTTP/1.1", 0));
    assert!(!last.head.contains("secret"), "{}", last.head);
}

#[tokio::test]
async fn same_origin_keeps_what_was_given() {
    let server = Server::new(then_ok(redirect(307, "/b"))).await;
    let mut request = server.request("POST", "/a");
    request.auth = Some(HttpAuth::Bearer { token: "abc".into() });
    request.headers = vec![("X-Custom".into(), "kept".into())];
    request.body = HttpBody::Json(b"[1]".to_vec());
    end(&request).await;
    let second = &server.received()[1];
    assert_eq!(second.header("authorization"), Some("Bearer abc"));
    assert_eq!(second.header("x-custom"), Some("kept"));
    assert_eq!(second.header("referer"), None);
    assert_eq!(second.body, b"[1]");
}

#[tokio::test]
async fn other_schemes_are_refused() {
    let to = [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x?secret",
        "gopher://x/",
        "data:text/plain,x",
        "javascript:1",
        "ws://127.0.0.1/",
        "mailto:a@b",
    ];
    for location in to {
        let server = Server::new(vec![redirect(302, location)]).await;
        let error = error(&server.get("/")).await;
        assert!(matches!(error, HttpError::RedirectRefused { .. }), "{location}: {error:?}");
        assert!(!error.to_string().contains("secret") && !error.to_string().contains("passwd"), "{error}");
    }
}

#[tokio::test]
async fn a_location_that_is_none_is_an_end() {
    for answer in [
        status(302, ""),
        redirect(302, ""),
        redirect(301, "http://"),
        redirect(307, "http://[::1"),
        redirect(302, "http://exa mple/"),
        redirect(302, "http://256.1.1.1/"),
        Answer::Send(b"HTTP/1.1 302 F\r\nContent-Length: 0\r\nLocation: /\xff\xfe\r\n\r\n".to_vec()),
        status(304, "Location: /x\r\n"),
        status(300, "Location: /x\r\n"),
        status(305, "Location: /x\r\n"),
        status(201, "Location: /x\r\n"),
    ] {
        let server = Server::new(vec![answer]).await;
        let end = end(&server.get("/")).await;
        assert_eq!((end.redirects, server.received().len()), (0, 1));
        assert!(end.status < 400);
    }
}

#[tokio::test]
async fn redirects_are_followed_only_when_asked_and_five_at_most() {
    let chain = |length: usize| -> Vec<Answer> {
        let hops = (1..=length).map(|hop| redirect(302, &format!("/{hop}")));
        hops.chain([Answer::Send(ok("there").into())]).collect()
    };
    let server = Server::new(chain(1)).await;
    let mut request = server.get("/");
    request.follow_redirects = false;
    let end_of_one = end(&request).await;
    assert_eq!((end_of_one.status, end_of_one.header("Location")), (302, Some("/1")));

    let server = Server::new(chain(5)).await;
    assert_eq!(end(&server.get("/")).await.redirects, 5);

    let server = Server::new(chain(6)).await;
    let error_of_six = error(&server.get("/")).await;
    assert_eq!(
        error_of_six.to_string(),
        format!("redirect to `http://{}` is refused: it is one more than the limit of 5", server.address)
    );
    assert_eq!(server.received().len(), 6);
}

#[tokio::test]
async fn a_loop_is_refused() {
    let server = Server::new(vec![redirect(302, "/a"), redirect(302, "/b"), redirect(302, "/a")]).await;
    let error = error(&server.get("/")).await;
    assert!(error.to_string().ends_with("it leads back to where it came from"), "{error}");
    assert_eq!(server.lines(), ["GET / HTTP/1.1", "GET /a HTTP/1.1", "GET /b HTTP/1.1"]);
}

#[test]
fn https_never_leads_to_http() {
    let hop = |url: &str| Hop {
        repeatable: false,
        method: reqwest::Method::GET,
        url: Url::parse(url).unwrap(),
        headers: HeaderMap::new(),
        body: None,
    };
    let follow = |from: &str, to: &'static str| {
        next(&hop(from), StatusCode::FOUND, Some(&HeaderValue::from_static(to)))
    };
    let refused = follow("https://a.test/x?secret", "http://u:secret@a.test/y?secret").unwrap_err();
    assert_eq!(refused.to_string(), "redirect to `http://a.test` is refused: it leads from https to http");
    let up = follow("http://a.test/", "https://u:p@a.test/y#z").unwrap().unwrap();
    assert_eq!(up.url.as_str(), "https://a.test/y");
}
