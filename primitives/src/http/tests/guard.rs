//! Addresses that are refused, and the hosts that may have them all the same.

use std::net::IpAddr;
use std::sync::Arc;

use reqwest::dns::Resolve;
use url::Url;

use super::{Server, client, error, lookup, ok, redirect, within};
use crate::http::client::check_remote;
use crate::http::lookup::{CheckedLookup, check};
use crate::http::{HostLookup, HttpClient, HttpError, HttpRequest, address_refusal};

#[test]
fn special_addresses_are_refused_and_their_neighbours_are_not() {
    let refused = [
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "64:ff9b:1:ffff::1",
        "100::1",
        "2001::1",
        "2001:0:ffff::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3ffe::1",
        "3fff::1",
        "3fff:fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "2606:4700::5efe:7f00:1",
        "2606:4700::200:5efe:a00:1",
        "1::1",
        "8000::1",
    ];
    for text in refused {
        let address: IpAddr = text.parse().unwrap();
        assert!(address_refusal(address).is_some(), "{text}");
    }
    let public = [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "8.8.8.8",
        "2606:4700::1111",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2a00::1",
        "2400::1",
    ];
    for text in public {
        assert_eq!(address_refusal(text.parse().unwrap()), None, "{text}");
    }
}

#[test]
fn the_reason_says_which_kind_of_address_it_is() {
    let shown = |address: &str| {
        HttpError::from(check("inner.test", address.parse().unwrap()).unwrap_err()).to_string()
    };
    assert_eq!(shown("127.0.0.1"), "host `inner.test` is refused: `127.0.0.1` is a loopback address");
    assert_eq!(
        shown("169.254.169.254"),
        "host `inner.test` is refused: `169.254.169.254` is a link-local address"
    );
    assert_eq!(
        shown("::ffff:8.8.8.8"),
        "host `inner.test` is refused: `::ffff:8.8.8.8` is an IPv4-mapped address"
    );
}

#[test]
fn whoever_answered_is_judged_too() {
    let url = Url::parse("http://public.test/").unwrap();
    let judge = |remote: &str| check_remote(&url, Some(remote.parse().unwrap()));
    assert_eq!(judge("8.8.8.8:80"), Ok(()));
    for remote in ["127.0.0.1:80", "[::1]:80", "[::ffff:8.8.8.8]:80", "169.254.169.254:80"] {
        assert!(matches!(judge(remote), Err(HttpError::AddressRefused { address: Some(_), .. })), "{remote}");
    }
    assert!(matches!(check_remote(&url, None), Err(HttpError::AddressRefused { address: None, .. })));
}

/// A request for a host of this name, whatever it resolves to, at the port of the server.
fn named(server: &Server, host: &str) -> HttpRequest {
    HttpRequest::new("GET", format!("http://{host}:{}/", server.port()))
}

#[tokio::test]
async fn a_name_is_refused_after_its_lookup_and_before_any_connection() {
    let server = Server::sending(&ok("secret")).await;
    for addresses in [&["127.0.0.1"][..], &["::1", "127.0.0.1"], &["127.0.0.1", "127.0.0.2"]] {
        let client = HttpClient::new(lookup(&[("public.test", addresses)]));
        let error = within(client.exchange(&named(&server, "public.test"))).await.unwrap_err();
        let HttpError::AddressRefused { host, address, .. } = error else { panic!("{error:?}") };
        assert_eq!((host.as_str(), address), ("public.test", Some(addresses[0].parse().unwrap())));
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn one_refused_address_refuses_the_host() {
    for (addresses, refused) in [
        (&["8.8.8.8", "127.0.0.1"][..], true),
        (&["127.0.0.1", "8.8.8.8"], true),
        (&["2606:4700::1111", "8.8.8.8", "fe80::1"], true),
        (&["2606:4700::1111", "8.8.8.8"], false),
    ] {
        // The lookup alone: nothing connects.
        let lookup =
            |is_guarded| CheckedLookup { lookup: Arc::new(lookup(&[("mixed.test", addresses)])), is_guarded };
        let found = lookup(true).resolve("mixed.test".parse().unwrap()).await;
        assert_eq!(found.is_err(), refused, "{addresses:?}");
        // Unguarded, what was found is what reqwest is given, all of it and in order.
        let found = lookup(false).resolve("MIXED.test.".parse().unwrap()).await.unwrap();
        let found: Vec<String> = found.map(|address| address.ip().to_string()).collect();
        assert_eq!(found, addresses);
    }
}

#[tokio::test]
async fn the_lookup_of_this_machine_is_checked_too() {
    // Only where no name server is needed for it.
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    if !hosts.lines().any(|line| line.starts_with("127.0.0.1") && line.contains("localhost")) {
        return;
    }
    let server = Server::sending(&ok("inner")).await;
    let client = HttpClient::new(HostLookup::System);
    let mut request = named(&server, "localhost");
    let refused = within(client.exchange(&request)).await.unwrap_err();
    assert!(matches!(refused, HttpError::AddressRefused { address: Some(_), .. }), "{refused:?}");
    assert!(server.received().is_empty());
    request.allow_hosts = vec!["LocalHost.".into()];
    assert_eq!(within(client.exchange(&request)).await.unwrap().body, b"inner");
}

#[tokio::test]
async fn a_literal_is_refused_before_any_connection() {
    let server = Server::sending(&ok("secret")).await;
    let port = server.port();
    for host in
        ["127.0.0.1", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "[::1]", "0", "[::ffff:127.0.0.1]"]
    {
        let request = HttpRequest::new("GET", format!("http://{host}:{port}/"));
        let refused = error(&request).await;
        assert!(matches!(refused, HttpError::AddressRefused { address: Some(_), .. }), "{host}: {refused:?}");
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_redirect_is_checked_like_the_first_hop() {
    let inner = Server::sending(&ok("secret")).await;
    let targets = [
        inner.url("/"),
        format!("http://2130706433:{}/", inner.port()),
        format!("http://[::ffff:127.0.0.1]:{}/", inner.port()),
        format!("//inner.test:{}/", inner.port()),
    ];
    for target in targets {
        let server = Server::new(vec![redirect(302, &target)]).await;
        let client = HttpClient::new(lookup(&[("inner.test", &["127.0.0.1"])]));
        let refused = within(client.exchange(&server.get("/"))).await.unwrap_err();
        assert!(matches!(refused, HttpError::AddressRefused { .. }), "{target}: {refused:?}");
    }
    assert!(inner.received().is_empty());
}

/// Whether the request with this entry in `allow_hosts` reaches a loopback server.
async fn reaches(entry: &str, host: &str) -> bool {
    let server = Server::sending(&ok("inner")).await;
    let names =
        ["example.com", "evil-example.com", "example.com.evil.test", "xn--bcher-kva.test", "sub.example.com"];
    let all: Vec<(&str, &[&str])> = names.iter().map(|name| (*name, &["127.0.0.1"][..])).collect();
    let port = server.port().to_string();
    let mut request = HttpRequest::new("GET", format!("http://{}/", host.replace("PORT", &port)));
    request.allow_hosts = vec![entry.replace("PORT", &port)];
    match within(HttpClient::new(lookup(&all)).exchange(&request)).await {
        Ok(end) => {
            assert_eq!(end.body, b"inner");
            true
        }
        Err(HttpError::AddressRefused { .. }) => {
            assert!(server.received().is_empty());
            false
        }
        Err(error) => panic!("{entry} {host}: {error:?}"),
    }
}

#[tokio::test]
async fn hosts_are_compared_in_one_form() {
    let same = [
        ("example.com", "example.com:PORT"),
        ("EXAMPLE.com", "example.COM:PORT"),
        ("example.com.", "example.com:PORT"),
        ("example.com", "example.com.:PORT"),
        ("example.com:PORT", "example.com:PORT"),
        ("example.com", "user:password@example.com:PORT"),
        ("bücher.test", "xn--bcher-kva.test:PORT"),
        ("xn--bcher-kva.test", "BÜCHER.test:PORT"),
        ("\u{ff45}xample.com", "example.com:PORT"),
        ("127.0.0.1", "2130706433:PORT"),
        ("0x7f.1", "127.0.0.1:PORT"),
        ("127.0.0.1:PORT", "127.0.0.1:PORT"),
    ];
    for (entry, host) in same {
        assert!(reaches(entry, host).await, "{entry} should name {host}");
    }
    let other = [
        ("example.com", "evil-example.com:PORT"),
        ("example.com", "example.com.evil.test:PORT"),
        ("example.com", "sub.example.com:PORT"),
        ("sub.example.com", "example.com:PORT"),
        (".example.com", "sub.example.com:PORT"),
        ("example.com:1", "example.com:PORT"),
        ("example.com:80", "example.com:PORT"),
        ("example.com", "example.com@evil-example.com:PORT"),
        ("example.com", "127.0.0.1:PORT"),
        ("127.0.0.1", "example.com:PORT"),
        ("127.0.0.2", "127.0.0.1:PORT"),
        ("::1", "127.0.0.1:PORT"),
    ];
    for (entry, host) in other {
        assert!(!reaches(entry, host).await, "{entry} should not name {host}");
    }
}

#[tokio::test]
async fn an_entry_that_is_no_host_is_refused_whole() {
    for entry in [
        "",
        ".",
        "*",
        "*.example.com",
        "http://example.com",
        "user@example.com",
        "a b",
        "a:b",
        "a:99999",
        "a:1:2",
        "a/b",
        "[::1",
        "[::1]x",
        "%31",
        "a?b",
        "a:",
    ] {
        let mut request = HttpRequest::new("GET", "http://127.0.0.1:9/");
        request.allow_hosts = vec![entry.to_owned()];
        let refused = error(&request).await;
        assert!(matches!(refused, HttpError::InvalidRequest { .. }), "{entry:?}: {refused:?}");
    }
}

#[tokio::test]
async fn naming_a_host_limits_nothing_else() {
    // It fails for want of an address, not for want of a name in the list.
    let mut request = HttpRequest::new("GET", "http://unknown.test/");
    request.allow_hosts = vec!["example.com".to_owned()];
    let refused = within(client().exchange(&request)).await.unwrap_err();
    assert!(matches!(refused, HttpError::Unresolved { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_connection_made_for_a_named_host_serves_no_other_request() {
    let server = Server::sending(&ok("inner")).await;
    let client = HttpClient::new(lookup(&[("inner.test", &["127.0.0.1"])]));
    let mut request = named(&server, "inner.test");
    request.allow_hosts = vec![format!("inner.test:{}", server.port())];
    within(client.exchange(&request)).await.unwrap();
    request.allow_hosts.clear();
    let refused = within(client.exchange(&request)).await.unwrap_err();
    assert!(matches!(refused, HttpError::AddressRefused { .. }), "{refused:?}");
    assert_eq!(server.received().len(), 1);
}
