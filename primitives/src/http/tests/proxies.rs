//! Proxies: the one that is asked for, and none else.

use std::process::{Command, Stdio};

use super::{Server, end, error, lookup, ok, within};
use crate::http::{HttpClient, HttpError, HttpRequest, HttpRoots};

#[tokio::test]
async fn without_a_proxy_the_server_is_asked_itself() {
    let server = Server::sending(&ok("direct")).await;
    assert_eq!(end(&server.get("/")).await.body, b"direct");
    assert_eq!(server.lines(), ["GET / HTTP/1.1"]);
}

/// The test above, in a process whose environment names a proxy for everything.
#[test]
fn the_environment_names_no_proxy() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "http::tests::proxies::without_a_proxy_the_server_is_asked_itself"]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, &closed);
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy").env_remove("REQUEST_METHOD");
    assert!(child.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap().success());
}

fn through(proxy: &Server, url: &str) -> HttpRequest {
    let mut request = HttpRequest::new("GET", url);
    request.proxy = Some(format!("http://user:pass%20word@{}", proxy.address));
    request
}

#[tokio::test]
async fn a_proxy_is_given_the_name_and_its_own_credentials() {
    let proxy = Server::sending(&ok("through")).await;
    let request = through(&proxy, "http://nobody.test/p?q=1");
    assert_eq!(end(&request).await.body, b"through");
    let received = &proxy.received()[0];
    assert_eq!(received.line(), "GET http://nobody.test/p?q=1 HTTP/1.1");
    assert_eq!(received.header("host"), Some("nobody.test"));
    assert_eq!(received.header("proxy-authorization"), Some("Basic dXNlcjpwYXNzIHdvcmQ="));
}

#[tokio::test]
async fn a_proxy_may_have_a_name_and_any_address() {
    let proxy = Server::sending(&ok("through")).await;
    let client = HttpClient::new(lookup(&[("proxy.test", &["127.0.0.1"])]));
    let mut request = HttpRequest::new("GET", "http://nobody.test/");
    request.proxy = Some(format!("http://proxy.test:{}", proxy.port()));
    assert_eq!(within(client.exchange(&request)).await.unwrap().body, b"through");
}

#[tokio::test]
async fn with_a_proxy_the_name_is_still_checked() {
    let proxy = Server::sending(&ok("through")).await;
    for host in
        ["127.0.0.1", "2130706433", "[::1]", "169.254.169.254", "localhost", "LOCALHOST.", "a.localhost"]
    {
        let refused = error(&through(&proxy, &format!("http://{host}/"))).await;
        assert!(matches!(refused, HttpError::AddressRefused { .. }), "{host}: {refused:?}");
    }
    assert!(proxy.received().is_empty());
    let mut request = through(&proxy, "http://localhost:81/");
    request.allow_hosts = vec!["localhost:81".into()];
    end(&request).await;
    assert_eq!(proxy.lines(), ["GET http://localhost:81/ HTTP/1.1"]);
}

#[tokio::test]
async fn a_proxy_that_refuses_a_tunnel_is_told_without_its_credentials() {
    let proxy = Server::sending("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n").await;
    let client = HttpClient::with_roots(lookup(&[]), HttpRoots::Fixed(Vec::new()));
    let request = through(&proxy, "https://nobody.test/?q=secret");
    let refused = within(client.exchange(&request)).await.unwrap_err();
    assert!(matches!(refused, HttpError::Connect { .. }), "{refused:?}");
    assert_eq!(proxy.lines(), ["CONNECT nobody.test:443 HTTP/1.1"]);
    assert!(!format!("{refused:?}").contains("pass") && !format!("{refused:?}").contains("secret"));
}
