//! Ways to write a host that lead to an address nobody may reach; judged, never asked.

use crate::http::client::check_name;
use crate::http::{HttpError, target};

/// What is said of a URL before anything is looked up or connected.
fn judge(url: &str) -> Result<(), HttpError> {
    check_name(&target::parse(url, &[])?, false)
}

#[test]
fn every_spelling_of_a_special_address_is_refused() {
    let hosts = [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "127.255.255.254",
        "2130706433",
        "2130706433.",
        "0x7f000001",
        "0X7F000001",
        "0x7f.0.0.1",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "0177.0.0.01",
        "0177.0x0.0.1",
        "00000177.0.0.1",
        "127.0.0.0x1",
        "0",
        "0.0",
        "0.0.0.0",
        "0x0",
        "00",
        "%31%32%37.0.0.1",
        "127%2e0%2e0%2e1",
        "127。0。0。1",
        "\u{ff11}\u{ff12}\u{ff17}.\u{ff10}.\u{ff10}.\u{ff11}",
        "\u{ff10}\u{ff58}\u{ff17}\u{ff46}.1",
        "①②⑦.⓪.⓪.①",
        "127\u{ff61}0\u{ff61}0\u{ff61}1",
        "127.0.0.\u{200b}1",
        "127.0.0.\u{ad}1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "169.16689662",
        "10.0.0.1",
        "10.1",
        "167772161",
        "012.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "0xc0a80101",
        "3232235777",
        "100.64.0.1",
        "100.100.100.200",
        "198.18.0.1",
        "224.0.0.251",
        "255.255.255.255",
        "4294967295",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000:0000:0000:0000:0000:0000:0000:0001]",
        "[::ffff:127.0.0.1]",
        "[::FFFF:7F00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::1]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[FE80::A]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[2001:db8::1]",
        "user@127.0.0.1",
        "example.com@127.0.0.1",
        "a:b@[::1]",
    ];
    assert!(hosts.len() >= 40);
    for host in hosts {
        for url in
            [format!("http://{host}/"), format!("https://{host}:8080/x?y"), format!("HTTP:\\\\{host}\\")]
        {
            let judged = judge(&url);
            assert!(matches!(judged, Err(HttpError::AddressRefused { .. })), "{url}: {judged:?}");
        }
    }
}

#[test]
fn hosts_that_are_none_are_refused() {
    let hosts = [
        "",
        "256.0.0.1",
        "1.2.3.4.5",
        "0x100000000",
        "4294967296",
        "127.0.0.0x100",
        "127.0.0.09",
        "a..1",
        "[::1",
        "::1",
        "[::1%25eth0]",
        "[::g]",
        "[1:2:3]",
        "exa mple.com",
        "example.com:99999",
        "example.com:x",
        "a%00b",
        "a%0d%0ab",
        "a<b",
        "a|b",
        "%zz",
        "example.com\r\nX: y",
        "example.com\t",
        "exam\nple.com",
        "[127.0.0.1]",
        "127.0.0.1\u{0}",
        " 127.0.0.1 x",
    ];
    for host in hosts {
        let judged = judge(&format!("http://{host}/"));
        assert!(matches!(judged, Err(HttpError::InvalidRequest { .. })), "{host:?}: {judged:?}");
    }
}

#[test]
fn public_hosts_pass_to_the_lookup() {
    for host in [
        "example.com",
        "EXAMPLE.com.",
        "8.8.8.8",
        "134744072",
        "0x8.8.8.8",
        "[2606:4700::1111]",
        "bücher.example",
        "1.2.3.4.example",
        "127.0.0.1.nip.example",
        "localhost",
    ] {
        assert_eq!(judge(&format!("https://{host}/")), Ok(()), "{host}");
    }
}

#[test]
fn other_schemes_are_refused() {
    for url in [
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://x/",
        "data:,x",
        "unix:/run/x",
        "ws://x/",
        "//x/",
        "/x",
        "x",
        "",
        "javascript:1",
        "httpx://x/",
        "http:",
        "http://",
        "https:///",
    ] {
        let judged = judge(url);
        assert!(matches!(judged, Err(HttpError::InvalidRequest { .. })), "{url:?}: {judged:?}");
    }
}
