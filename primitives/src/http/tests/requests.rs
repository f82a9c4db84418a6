//! What is sent, what is refused before anything is sent, and what is never shown.

use super::{Answer, Server, end, error, ok, status};
use crate::http::{HttpAuth, HttpBody, HttpError, HttpRequest};

#[tokio::test]
async fn bodies_bring_their_content_types() {
    let json = HttpBody::Json(b"{\"a\":1}".to_vec());
    let form = HttpBody::Form(vec![("a b".into(), "c&d=e".into()), ("ü".into(), "+".into())]);
    let text = HttpBody::Text("grüße".into());
    for (body, kind, bytes) in [
        (json.clone(), "application/json", "{\"a\":1}"),
        (form, "application/x-www-form-urlencoded", "a+b=c%26d%3De&%C3%BC=%2B"),
        (text, "text/plain; charset=utf-8", "grüße"),
    ] {
        let server = Server::sending(&ok("")).await;
        let mut request = server.request("post", "/");
        request.body = body;
        end(&request).await;
        let received = &server.received()[0];
        assert_eq!(received.line(), "POST / HTTP/1.1");
        assert_eq!(
            (received.header("content-type"), received.body.as_slice()),
            (Some(kind), bytes.as_bytes())
        );
    }
    let server = Server::sending(&ok("")).await;
    let mut request = server.request("POST", "/");
    request.body = json;
    request.headers.push(("content-type".into(), "application/vnd.api+json".into()));
    end(&request).await;
    request.body = HttpBody::Empty;
    request.headers.clear();
    end(&request).await;
    let received = server.received();
    assert_eq!(received[0].header("content-type"), Some("application/vnd.api+json"));
    assert_eq!((received[1].header("content-type"), received[1].body.len()), (None, 0));
    // Some servers refuse a POST that does not say how long it is.
    assert_eq!(received[1].header("content-length"), Some("0"));
}

#[tokio::test]
async fn the_query_is_appended_and_the_fragment_stays_here() {
    let server = Server::sending(&ok("")).await;
    let mut request = server.get("/p%20q?x=1#fragment");
    request.query = vec![("a b".into(), "c&d#e".into()), ("x".into(), String::new())];
    let end_url = end(&request).await.url;
    assert_eq!(server.received()[0].line(), "GET /p%20q?x=1&a+b=c%26d%23e&x= HTTP/1.1");
    assert_eq!(end_url, server.url("/p%20q"));
    request.query.clear();
    request.url = server.url("");
    end(&request).await;
    assert_eq!(server.received()[1].line(), "GET / HTTP/1.1");
}

#[tokio::test]
async fn credentials_of_each_kind_are_sent() {
    let basic = |user: &str, password: &str| HttpAuth::Basic { user: user.into(), password: password.into() };
    for (auth, name, value) in [
        (HttpAuth::Bearer { token: "t0k".into() }, "authorization", "Bearer t0k"),
        (HttpAuth::ApiKey { header: "X-Api-Key".into(), value: "k".into() }, "x-api-key", "k"),
        (basic("Aladdin", "open sesame"), "authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        (basic("u", ""), "authorization", "Basic dTo="),
    ] {
        let server = Server::sending(&ok("")).await;
        let mut request = server.get("/");
        request.auth = Some(auth);
        end(&request).await;
        assert_eq!(server.received()[0].header(name), Some(value));
    }
    let server = Server::sending(&ok("")).await;
    let mut request = server.get("/");
    request.url = format!("http://Aladdin:open%20sesame@{}/", server.address);
    assert_eq!(end(&request).await.url, server.url("/"));
    assert_eq!(server.received()[0].header("authorization"), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
}

#[tokio::test]
async fn headers_are_sent_as_given() {
    let server = Server::sending(&ok("")).await;
    let mut request = server.get("/");
    request.headers = vec![
        ("X-Two".into(), "a".into()),
        ("x-two".into(), "b".into()),
        ("User-Agent".into(), "me".into()),
        ("Accept".into(), "text/x".into()),
        ("Accept-Encoding".into(), "identity".into()),
        ("X-Empty".into(), String::new()),
        ("X-Wide".into(), "grüße".into()),
    ];
    end(&request).await;
    end(&server.get("/")).await;
    let received = server.received();
    assert_eq!(received[0].head.matches("x-two: ").count(), 2);
    assert_eq!(received[0].header("user-agent"), Some("me"));
    assert_eq!(received[0].header("accept"), Some("text/x"));
    assert_eq!(received[0].header("accept-encoding"), Some("identity"));
    assert_eq!(received[0].header("x-empty"), Some(""));
    assert_eq!(received[0].header("x-wide"), Some("grüße"));
    assert!(received[1].header("user-agent").unwrap().starts_with("rye/"));
    assert_eq!(received[1].header("accept"), Some("*/*"));
}

type Change = fn(&mut HttpRequest);

#[tokio::test]
async fn what_would_break_out_of_its_place_is_refused_before_anything_is_sent() {
    let header: fn(&mut HttpRequest, &str, &str) = |request, name, value| {
        request.headers.push((name.to_owned(), value.to_owned()));
    };
    let server = Server::sending(&ok("")).await;
    let mut requests = Vec::new();
    for name in [
        "",
        "a b",
        "a\r\nb",
        "a\nb",
        "a\0",
        "a:b",
        "ü",
        "a\r",
        "(x)",
        "Content-Length",
        "transfer-encoding",
        "Host",
        "CONNECTION",
        "te",
        "Trailer",
        "upgrade",
        "Keep-Alive",
        "Proxy-Connection",
        "expect",
    ] {
        let mut request = server.get("/");
        header(&mut request, name, "secret");
        requests.push((format!("name {name:?}"), request));
    }
    for value in ["secret\r\nX: y", "secret\n", "\rsecret", "a\0secret", "secret\u{7f}", "secret\u{1}"] {
        let mut request = server.get("/");
        header(&mut request, "x-secret-header", value);
        requests.push((format!("value {value:?}"), request));
    }
    for method in [
        "",
        " ",
        "GET ",
        "G ET",
        "GET\r\n",
        "GET / HTTP/1.1\r\nX: y\r\n\r\n",
        "G\0",
        "GÜT",
        "CONNECT",
        "connect",
        "(GET)",
    ] {
        requests
            .push((format!("method {method:?}"), HttpRequest { method: method.into(), ..server.get("/") }));
    }
    for path in ["/a\r\nb", "/a\nb", "/\tb", "/\0", "/x ", "/x\u{85}", "/x\r"] {
        requests.push((format!("path {path:?}"), server.get(path)));
    }
    let changes: [(&str, Change); 11] = [
        ("bearer", |request| request.auth = Some(HttpAuth::Bearer { token: "secret\r\nX: y".into() })),
        ("key's header", |request| {
            request.auth = Some(HttpAuth::ApiKey { header: "a\r\nb".into(), value: "secret".into() });
        }),
        ("key's own header", |request| {
            request.auth = Some(HttpAuth::ApiKey { header: "Host".into(), value: "secret".into() });
        }),
        ("key", |request| {
            request.auth = Some(HttpAuth::ApiKey { header: "a".into(), value: "secret\n".into() });
        }),
        ("user", |request| {
            request.auth = Some(HttpAuth::Basic { user: "secret:x".into(), password: String::new() });
        }),
        ("password", |request| {
            request.auth = Some(HttpAuth::Basic { user: String::new(), password: "secret\0".into() });
        }),
        ("two credentials", |request| {
            request.auth = Some(HttpAuth::Bearer { token: "secret".into() });
            request.headers.push(("authorization".into(), "secret".into()));
        }),
        ("two users", |request| {
            request.auth = Some(HttpAuth::Bearer { token: "secret".into() });
            request.url = request.url.replace("http://", "http://secret:secret@");
        }),
        ("a user that is not UTF-8", |request| {
            request.url = request.url.replace("http://", "http://%ff:secret@");
        }),
        ("a proxy of another kind", |request| request.proxy = Some("socks5://secret@127.0.0.1:1".into())),
        ("a proxy that is none", |request| request.proxy = Some("secret".into())),
    ];
    for (what, change) in changes {
        let mut request = server.get("/");
        change(&mut request);
        requests.push((what.to_owned(), request));
    }
    for (what, request) in requests {
        let error = error(&request).await;
        assert!(matches!(error, HttpError::InvalidRequest { .. }), "{what}: {error:?}");
        let shown = format!("{error} {error:?}").replace("x-secret-header", "");
        assert!(!shown.contains("secret"), "{what}: {shown}");
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn line_ends_in_a_query_or_form_are_encoded() {
    let server = Server::sending(&ok("")).await;
    let mut request = server.request("POST", "/");
    request.query = vec![("a\r\nb".into(), "c\0d".into())];
    request.body = HttpBody::Form(vec![("a\r\nb".into(), "c\0d".into())]);
    end(&request).await;
    let received = &server.received()[0];
    assert_eq!(received.line(), "POST /?a%0D%0Ab=c%00d HTTP/1.1");
    assert_eq!(received.body, b"a%0D%0Ab=c%00d");
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let mut request = HttpRequest::new("POST", "http://secret:secret@example.com/path?token=secret#secret");
    request.headers = vec![("X-Token".into(), "secret".into())];
    request.query = vec![("key".into(), "secret".into())];
    request.proxy = Some("http://secret:secret@proxy.test:8080/?secret".into());
    let auths = [
        HttpAuth::Bearer { token: "secret".into() },
        HttpAuth::ApiKey { header: "X-Api-Key".into(), value: "secret".into() },
        HttpAuth::Basic { user: "secret".into(), password: "secret".into() },
    ];
    let bodies = [
        HttpBody::Json(b"secret".to_vec()),
        HttpBody::Form(vec![("name".into(), "secret".into())]),
        HttpBody::Text("secret".into()),
    ];
    for (auth, body) in auths.into_iter().zip(bodies) {
        (request.auth, request.body) = (Some(auth), body);
        let shown = format!("{request:?} {request:#?}");
        assert!(!shown.contains("secret") && shown.contains("http://example.com/path"), "{shown}");
    }
    request.url = "secret".into();
    assert!(!format!("{request:?}").contains("secret"));

    let server = Server::new(vec![status(200, "Set-Cookie: secret\r\n"), Answer::Close(Vec::new())]).await;
    let mut request = server.get("/?token=secret");
    request.url = request.url.replace("http://", "http://secret:secret@");
    let client = super::client();
    let end = super::within(client.exchange(&request)).await.unwrap();
    assert!(!format!("{end:?} {client:?}").contains("secret"));
    let error = super::within(client.exchange(&request)).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
}
