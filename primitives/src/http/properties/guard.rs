//! The guard of addresses: what is refused is refused in every spelling, and a redirect leads nowhere else than a
//! request may go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use url::{Host, Url};

use crate::http::addresses::address_refusal;
use crate::http::allowed::{AllowedHosts, parse_host};
use crate::http::client::check_name;
use crate::http::hop::Hop;
use crate::http::{HttpError, redirect, target};

/// Four bytes that choose a spelling, sixteen of an address, and a text that is a host, a URL and a `Location`.
pub fn url(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first_chunk::<4>() else { return };
    let Some((address, text)) = rest.split_first_chunk::<16>() else { return };
    let [a, b, c, d, ..] = *address;
    spelled_v4(Ipv4Addr::new(a, b, c, d), *choice);
    spelled_v6(Ipv6Addr::from(*address), *choice);
    let Ok(text) = std::str::from_utf8(text) else { return };
    for url in [format!("http://{text}/"), format!("https://user:secret@{text}?secret"), text.to_owned()] {
        any(&url);
    }
    redirected(text);
}

fn judge(url: &str, has_proxy: bool) -> Result<Url, HttpError> {
    let url = target::parse(url, &[])?;
    check_name(&url, has_proxy).map(|()| url)
}

/// What passes has no special address, however it was written, and reads the same again.
fn any(text: &str) {
    let url = match judge(text, true) {
        Ok(url) => url,
        Err(refused) => {
            assert!(!refused.to_string().contains("secret@"), "{refused}");
            return;
        }
    };
    assert!(target::is_http(&url));
    match url.host().unwrap() {
        Host::Ipv4(address) => assert!(!is_special(address.into()), "{text:?}"),
        Host::Ipv6(address) => assert!(!is_special(address.into()), "{text:?}"),
        // The system's resolver knows more spellings than a URL does: none of them may be left for it.
        Host::Domain(name) => {
            let numeric = inet_aton(name);
            assert!(numeric.is_none_or(|address| !is_special(address.into())), "{text:?}: {name}");
            assert!(!name.contains(|c: char| c.is_control() || " @/\\:?#".contains(c)), "{name:?}");
        }
    }
    assert_eq!(judge(url.as_str(), true).as_ref(), Ok(&url), "{text:?}");
    for shown in [target::host(&url), target::scheme_and_host(&url), target::without_query(&url)] {
        let authority = shown.split_once("://").map_or(&*shown, |(_, rest)| rest);
        let authority = authority.split('/').next().unwrap();
        assert!(!authority.contains('@') && !shown.contains('?'), "{shown}");
    }
    is_named_by_its_spellings(&url);
}

/// Whoever allows a host allows it in every spelling and on the port that was meant.
fn is_named_by_its_spellings(url: &Url) {
    let host = url.host_str().unwrap();
    let port = url.port_or_known_default().unwrap();
    let dotted =
        if host.starts_with('[') || host.ends_with('.') { host.to_owned() } else { format!("{host}.") };
    for entry in [host.to_owned(), host.to_ascii_uppercase(), dotted, format!("{host}:{port}")] {
        let Ok(allowed) = AllowedHosts::parse(std::slice::from_ref(&entry)) else {
            // A name that escapes may hold anything: it is refused where hosts are listed.
            assert!(parse_host(host).is_none() && !host.starts_with('['), "{entry}");
            continue;
        };
        assert!(allowed.names(url), "{entry} and {url}");
        let elsewhere = AllowedHosts::parse(&[format!("{host}:{}", port ^ 1)]);
        assert!(elsewhere.is_ok_and(|elsewhere| !elsewhere.names(url)), "{url}");
    }
}

/// What must never be reached unasked, by the words of the standard library and of RFC 6890.
fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_unspecified()
                || v4.is_multicast()
                || matches!((a, b), (0 | 240..=255, _) | (100, 64..=127) | (198, 18 | 19))
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.to_ipv4().is_some()
                || v6.segments()[0] == 0x2002
                || v6.segments()[..2] == [0x2001, 0]
                || v6.segments()[..2] == [0x64, 0xff9b]
                || v6.segments()[0] & 0xe000 != 0x2000
        }
    }
}

/// The C library's reading of an address: up to four numbers in three bases, the last of which fills the rest.
fn inet_aton(text: &str) -> Option<Ipv4Addr> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let parts: Vec<&str> = text.split('.').collect();
    let number = |part: &&str| {
        let lower = part.to_ascii_lowercase();
        // It knows no sign, which Rust's reading of a number does.
        if lower.contains('+') {
            return None;
        }
        match lower.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None if lower.len() > 1 && lower.starts_with('0') => u64::from_str_radix(&lower[1..], 8).ok(),
            None => lower.parse().ok(),
        }
    };
    let numbers: Vec<u64> = parts.iter().map(number).collect::<Option<_>>()?;
    let (last, first) = numbers.split_last().filter(|(_, first)| first.len() < 4)?;
    let room = 8 * (4 - first.len() as u32);
    if first.iter().any(|number| *number > 255) || (room < 64 && *last >> room != 0) {
        return None;
    }
    let high = first.iter().enumerate().fold(0, |sum, (at, number)| sum | (number << (24 - 8 * at)));
    Some(Ipv4Addr::from(u32::try_from(high | last).ok()?))
}

/// One address in one of some thousand spellings is judged as the address is.
fn spelled_v4(address: Ipv4Addr, [parts, bases, marks, look]: [u8; 4]) {
    let octets = address.octets().map(u32::from);
    let whole = u32::from(address);
    let numbers: Vec<u32> = match parts % 4 {
        0 => octets.to_vec(),
        1 => vec![octets[0], octets[1], whole & 0xffff],
        2 => vec![octets[0], whole & 0xff_ffff],
        _ => vec![whole],
    };
    let number = |(at, number): (usize, &u32)| {
        let text = match (bases >> (2 * at)) % 4 {
            0 => number.to_string(),
            1 => format!("0{number:o}"),
            2 => format!("0x{number:x}"),
            _ => format!("0X{number:0>8X}"),
        };
        let look = |c: char| match look % 3 {
            1 if c.is_ascii_digit() => wide(c).to_string(),
            2 if c.is_ascii_digit() => format!("%{:02x}", u32::from(c)),
            _ => c.to_string(),
        };
        text.chars().map(look).collect::<String>()
    };
    let dot = [".", "\u{3002}", "\u{ff0e}", "%2e"][usize::from(marks % 4)];
    let mut host = numbers.iter().enumerate().map(number).collect::<Vec<_>>().join(dot);
    if marks & 4 != 0 {
        host.push('.');
    }
    spelled(&host, address.into(), marks);
}

fn wide(digit: char) -> char {
    char::from_u32(u32::from(digit) + 0xff10 - 0x30).unwrap()
}

fn spelled_v6(address: Ipv6Addr, [form, _, marks, _]: [u8; 4]) {
    let segments = address.segments();
    let long = segments.map(|segment| format!("{segment:04x}")).join(":");
    let mixed = {
        let [.., a, b, c, d] = address.octets();
        format!(
            "{}:{a}.{b}.{c}.{d}",
            segments[..6].iter().map(|s| format!("{s:x}")).collect::<Vec<_>>().join(":")
        )
    };
    let host = match form % 4 {
        0 => address.to_string(),
        1 => long,
        2 => mixed,
        _ => address.to_string().to_ascii_uppercase(),
    };
    spelled(&format!("[{host}]"), address.into(), marks);
}

fn spelled(host: &str, address: IpAddr, marks: u8) {
    let user = if marks & 8 != 0 { "example.com@" } else { "" };
    let port = if marks & 16 != 0 { ":8080" } else { "" };
    let scheme = if marks & 32 != 0 { "https://" } else { "HTTP:\\\\" };
    let text = format!("{scheme}{user}{host}{port}/x@example.com");
    let refusal = address_refusal(address);
    assert!(refusal.is_some() || !is_special(address), "{address}");
    match judge(&text, false) {
        Ok(url) => {
            assert_eq!(refusal, None, "{text} passes and is {address}");
            let found = match url.host().unwrap() {
                Host::Ipv4(found) => IpAddr::V4(found),
                Host::Ipv6(found) => IpAddr::V6(found),
                Host::Domain(name) => panic!("{text} is a name: {name}"),
            };
            assert_eq!(found, address, "{text}");
        }
        Err(HttpError::AddressRefused { address: found, reason, .. }) => {
            assert_eq!((found, Some(&*reason)), (Some(address), refusal), "{text}");
        }
        Err(other) => panic!("{text}: {other}"),
    }
}

/// Wherever an answer points: to http(s), never down from https, with nobody's password, and another origin gets
/// nothing of ours.
fn redirected(location: &str) {
    let Ok(location) = HeaderValue::from_bytes(location.as_bytes()) else { return };
    for from in ["https://a.example/p?q", "http://a.example:8080/p"] {
        let headers = HeaderMap::from_iter([
            ("x-api-key".parse().unwrap(), HeaderValue::from_static("secret")),
            (ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        ]);
        let body = Some(Bytes::from_static(b"secret"));
        let hop =
            Hop { method: Method::POST, url: Url::parse(from).unwrap(), headers, body, repeatable: false };
        for status in [200, 301, 302, 303, 304, 307, 308] {
            let status = StatusCode::from_u16(status).unwrap();
            let Ok(Some(next)) = redirect::next(&hop, status, Some(&location)) else { continue };
            assert!(status.is_redirection() && target::is_http(&next.url), "{}", next.url);
            assert!(next.url.scheme() == "https" || hop.url.scheme() == "http");
            assert!(next.url.username().is_empty() && next.url.password().is_none());
            assert!(next.url.fragment().is_none());
            let is_ours = next.url.origin() == hop.url.origin();
            assert!(is_ours || (next.body.is_none() && !next.headers.contains_key("x-api-key")));
            assert_eq!(next.body.is_some(), is_ours && matches!(status.as_u16(), 307 | 308));
        }
    }
}
