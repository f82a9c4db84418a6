//! https with a certificate authority of our own, which signed `secure.test` and `other.test`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{Server, head, lookup, ok, within};
use crate::http::{HttpClient, HttpError, HttpRequest, HttpRoots};

const AUTHORITY: &[u8] = include_bytes!("authority.der");
const CERTIFICATE: &[u8] = include_bytes!("server.der");
const KEY: &[u8] = include_bytes!("server.key.der");

/// Gives this answer to every request, and its port.
async fn secure_server(answer: Vec<u8>) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(KEY.to_vec()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(CERTIFICATE)], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let (mut stream, mut head) = (BufReader::new(stream), String::new());
            while !head.ends_with("\r\n\r\n")
                && stream.read_line(&mut head).await.is_ok_and(|length| length > 0)
            {}
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

fn trusting(roots: Vec<Vec<u8>>) -> HttpClient {
    let hosts: &[(&str, &[&str])] = &[("secure.test", &["127.0.0.1"]), ("wrong.test", &["127.0.0.1"])];
    HttpClient::with_roots(lookup(hosts), HttpRoots::Fixed(roots))
}

fn get(host: &str, port: u16) -> HttpRequest {
    let mut request = HttpRequest::new("GET", format!("https://{host}:{port}/p?token=secret"));
    request.allow_hosts = vec![host.to_owned(), "127.0.0.1".to_owned()];
    request
}

#[tokio::test]
async fn a_trusted_server_is_heard() {
    let port = secure_server(ok("sealed").into()).await;
    let end = within(trusting(vec![AUTHORITY.to_vec()]).exchange(&get("secure.test", port))).await.unwrap();
    assert_eq!((end.status, end.body.as_slice()), (200, &b"sealed"[..]));
    assert_eq!(end.url, format!("https://secure.test:{port}/p"));
}

#[tokio::test]
async fn strangers_and_wrong_names_are_not() {
    let port = secure_server(ok("sealed").into()).await;
    for (roots, host) in [(vec![], "secure.test"), (vec![AUTHORITY.to_vec()], "wrong.test")] {
        let error = within(trusting(roots).exchange(&get(host, port))).await.unwrap_err();
        assert!(matches!(error, HttpError::Connect { .. }), "{error:?}");
        assert!(error.to_string().contains("certificate"), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    let error = within(trusting(vec![b"no certificate".to_vec()]).exchange(&get("secure.test", port))).await;
    assert!(matches!(error, Err(HttpError::Roots { .. })), "{error:?}");
}

#[tokio::test]
async fn a_failed_connection_is_tried_again_when_the_request_may_be_repeated() {
    for (method, attempts) in [("GET", 3), ("PUT", 3), ("POST", 1)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut request = get("secure.test", listener.local_addr().unwrap().port());
        request.method = method.to_owned();
        request.limits.retries = 2;
        let accepted = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&accepted);
        let server = tokio::spawn(async move {
            loop {
                // Closed at once: a TLS handshake that fails.
                let _ = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        let error = within(trusting(vec![AUTHORITY.to_vec()]).exchange(&request)).await.unwrap_err();
        assert!(matches!(error, HttpError::Connect { .. }), "{error:?}");
        assert_eq!(accepted.load(Ordering::Relaxed), attempts, "{method}");
        server.abort();
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told() {
    // It never sees the end of a request line, so it says nothing and waits.
    let server = Server::sending(&ok("plain")).await;
    let mut request = get("secure.test", server.port());
    request.limits.timeout = Some(Duration::from_millis(500));
    let error = within(trusting(vec![AUTHORITY.to_vec()]).exchange(&request)).await.unwrap_err();
    assert!(matches!(error, HttpError::TimedOut { .. } | HttpError::Connect { .. }), "{error:?}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_redirect_from_https_to_http_is_refused() {
    let plain = Server::sending(&ok("plain")).await;
    let mut answer = head(&format!("Location: {}\r\nContent-Length: 0\r\n", plain.url("/x?secret")));
    answer.splice(9..15, *b"302 No");
    let port = secure_server(answer).await;
    let error =
        within(trusting(vec![AUTHORITY.to_vec()]).exchange(&get("secure.test", port))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("redirect to `http://{}` is refused: it leads from https to http", plain.address)
    );
    assert!(plain.received().is_empty());
}

#[tokio::test]
async fn plain_http_needs_no_roots() {
    let server = Server::sending(&ok("plain")).await;
    // Roots that cannot be loaded: nobody tries to.
    let client = trusting(vec![b"no certificate".to_vec()]);
    assert_eq!(within(client.exchange(&server.get("/"))).await.unwrap().body, b"plain");
}
