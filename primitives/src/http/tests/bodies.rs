//! Bodies: what is decoded, and what is too much.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::{Compression, write::GzEncoder};

use super::{Answer, Server, end, error, head, ok};
use crate::http::HttpError;

const BROTLI: &[u8] = &[11, 6, 128, 104, 101, 108, 108, 111, 44, 32, 98, 114, 111, 116, 108, 105, 3];
const ZSTD: &[u8] = &[
    40, 181, 47, 253, 4, 88, 89, 0, 0, 104, 101, 108, 108, 111, 44, 32, 122, 115, 116, 100, 120, 150, 33, 60,
];
/// 64 MiB of zeros.
const BROTLI_BOMB: &[u8] = &[
    203, 255, 255, 63, 248, 39, 0, 226, 177, 64, 32, 247, 254, 143, 255, 255, 127, 240, 79, 0, 196, 97, 17,
    128, 238, 253, 31, 255, 255, 255, 224, 159, 0, 136, 195, 2, 0, 221, 251, 63, 254, 255, 255, 193, 63, 1,
    16, 135, 5, 0, 186, 247, 127, 252, 255, 255, 131, 127, 2, 32, 14, 11, 0, 116, 239, 255, 248, 255, 255, 7,
    255, 4, 64, 28, 22, 0, 232, 222, 255, 241, 255, 255, 15, 254, 9, 128, 56, 44, 0, 208, 189, 255, 203, 255,
    255, 63, 252, 19, 0, 113, 88, 0, 160, 123, 255, 7,
];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One frame of blocks that each repeat one byte 128 KiB long.
fn zstd_bomb(blocks: usize, window: u8) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, window];
    for block in 1..=blocks {
        let header = (128_u32 << 10) << 3 | 1 << 1 | u32::from(block == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

const TWO_MIB: u8 = 11 << 3;

fn encoded(coding: &str, body: &[u8]) -> Answer {
    let headers = format!("Content-Length: {}\r\nContent-Encoding: {coding}\r\nX-Kept: yes\r\n", body.len());
    Answer::Send([head(&headers), body.to_vec()].concat())
}

#[tokio::test]
async fn what_was_asked_for_is_decoded() {
    let two_members = [gzip(b"hello, "), gzip(b"twice")].concat();
    let skippable = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3], ZSTD, ZSTD].concat();
    for (coding, body, text) in [
        ("gzip", gzip(b"hello, gzip"), "hello, gzip"),
        ("x-gzip", gzip(b"hello, gzip"), "hello, gzip"),
        (" GZip ", gzip(b"hello, gzip"), "hello, gzip"),
        ("gzip", two_members, "hello, twice"),
        ("br", BROTLI.to_vec(), "hello, brotli"),
        ("zstd", ZSTD.to_vec(), "hello, zstd"),
        ("zstd", skippable, "hello, zstdhello, zstd"),
        ("gzip", Vec::new(), ""),
    ] {
        let server = Server::new(vec![encoded(coding, &body)]).await;
        let end = end(&server.get("/")).await;
        assert_eq!(String::from_utf8(end.body.clone()).unwrap(), text, "{coding}");
        assert_eq!(end.header("content-encoding").is_none(), !body.is_empty(), "{coding}");
        assert_eq!(end.header("x-kept"), Some("yes"));
        assert_eq!(server.received()[0].header("accept-encoding"), Some("gzip, br, zstd"));
    }
}

#[tokio::test]
async fn other_codings_and_parts_are_left_as_they_are() {
    for (coding, code) in [("identity", 200), ("deflate", 200), ("gzip, br", 200), ("x", 200), ("gzip", 206)]
    {
        let answer =
            format!("HTTP/1.1 {code} S\r\nContent-Encoding: {coding}\r\nContent-Length: 3\r\n\r\nabc");
        let server = Server::sending(&answer).await;
        let mut request = server.get("/");
        request.headers.push(("Range".into(), "bytes=0-2".into()));
        let end = end(&request).await;
        assert_eq!((end.body.as_slice(), end.header("content-encoding")), (&b"abc"[..], Some(coding)));
        assert_eq!(server.received()[0].header("accept-encoding"), None);
    }
}

#[tokio::test]
async fn a_broken_encoding_is_told() {
    let short = |bytes: &[u8]| bytes[..bytes.len() - 5].to_vec();
    let mut flipped = gzip(b"hello, gzip");
    let at = flipped.len() - 6;
    flipped[at] ^= 1;
    for (coding, body) in [
        ("gzip", b"not gzip at all".to_vec()),
        ("gzip", short(&gzip(b"hello, gzip"))),
        ("gzip", flipped),
        ("gzip", [gzip(b"hello"), b"and more".to_vec()].concat()),
        ("br", short(BROTLI)),
        ("br", vec![0xff; 64]),
        ("zstd", b"not zstd at all".to_vec()),
        ("zstd", short(ZSTD)[..14].to_vec()),
        ("zstd", vec![0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, 1]),
        ("zstd", vec![0x28]),
        // A window of 2 GiB.
        ("zstd", zstd_bomb(1, 21 << 3)),
    ] {
        let server = Server::new(vec![encoded(coding, &body)]).await;
        let error = error(&server.get("/")).await;
        assert!(matches!(error, HttpError::InvalidBody { .. }), "{coding} {body:?}: {error:?}");
    }
}

#[tokio::test]
async fn bombs_end_at_the_limit() {
    let gzip_bomb = gzip(&vec![0; 64 << 20]);
    for (coding, bomb) in
        [("gzip", gzip_bomb), ("br", BROTLI_BOMB.to_vec()), ("zstd", zstd_bomb(512, TWO_MIB))]
    {
        assert!(bomb.len() < 400 << 10);
        let server = Server::new(vec![encoded(coding, &bomb)]).await;
        let mut request = server.get("/");
        let error = error(&request).await;
        assert_eq!(error, HttpError::BodyTooLarge { status: 200, limit: 10 << 20 }, "{coding}");
        // It was a good body of 64 MiB, and no more.
        request.limits.max_body = 64 << 20;
        assert_eq!(end(&request).await.body.len(), 64 << 20, "{coding}");
        request.limits.max_body -= 1;
        assert_eq!(
            super::error(&request).await,
            HttpError::BodyTooLarge { status: 200, limit: (64 << 20) - 1 },
            "{coding}"
        );
    }
}

#[tokio::test]
async fn parts_without_content_meet_the_deadline() {
    // Half a second of work for a fast machine.
    let gzip_members = gzip(b"").repeat(200_000);
    let zstd_frames = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0].repeat(1_000_000);
    for (coding, body) in [("gzip", gzip_members), ("zstd", zstd_frames)] {
        let server = Server::new(vec![encoded(coding, &body)]).await;
        let mut request = server.get("/");
        let limit = Duration::from_millis(100);
        request.limits.timeout = Some(limit);
        assert_eq!(error(&request).await, HttpError::TimedOut { limit }, "{coding}");
        // They are good bodies.
        let few = encoded(coding, &body[..body.len() / 10_000]);
        let server = Server::new(vec![few]).await;
        assert_eq!(end(&server.get("/")).await.body, b"", "{coding}");
    }
}

#[tokio::test]
async fn the_limit_holds_for_what_is_sent_too() {
    let chunk = format!("{:x}\r\n{}\r\n", 8192, "x".repeat(8192));
    let empty_gzip = gzip(b"");
    let empty_chunk = [format!("{:x}\r\n", empty_gzip.len()).as_bytes(), &empty_gzip, b"\r\n"].concat();
    for answer in [
        Answer::Send(head("Content-Length: 99999999999\r\n")),
        Answer::Flood(head(""), vec![b'x'; 8192]),
        Answer::Flood(head("Transfer-Encoding: chunked\r\n"), chunk.into()),
        // Members that decode to nothing, for ever.
        Answer::Flood(head("Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"), empty_chunk),
    ] {
        let server = Server::new(vec![answer]).await;
        let mut request = server.get("/");
        request.limits.max_body = 100_000;
        assert_eq!(error(&request).await, HttpError::BodyTooLarge { status: 200, limit: 100_000 });
    }
}

#[tokio::test]
async fn the_limit_itself_is_not_too_much() {
    let server = Server::sending(&ok("12345")).await;
    let mut request = server.get("/");
    request.limits.max_body = 5;
    assert_eq!(end(&request).await.body, b"12345");
    request.limits.max_body = 4;
    assert_eq!(error(&request).await, HttpError::BodyTooLarge { status: 200, limit: 4 });
    // The same when nobody says beforehand how long it is.
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n123\r\n2\r\n45\r\n0\r\n\r\n";
    let server = Server::sending(chunked).await;
    let mut unsized_request = server.get("/");
    unsized_request.limits.max_body = 5;
    assert_eq!(end(&unsized_request).await.body, b"12345");
    unsized_request.limits.max_body = 4;
    assert_eq!(error(&unsized_request).await, HttpError::BodyTooLarge { status: 200, limit: 4 });

    request.method = "HEAD".into();
    let server = Server::new(vec![Answer::Send(head("Content-Length: 99999999999\r\n"))]).await;
    request.url = server.url("/");
    request.allow_hosts = vec!["127.0.0.1".into()];
    assert_eq!(end(&request).await.header("content-length"), Some("99999999999"));
}

#[tokio::test]
async fn a_dripping_body_meets_the_deadline() {
    for headers in ["", "Content-Length: 1000000\r\n"] {
        let server = Server::new(vec![Answer::Drip(head(headers))]).await;
        let mut request = server.get("/");
        request.limits.timeout = Some(Duration::from_millis(700));
        let started = Instant::now();
        let error = error(&request).await;
        assert_eq!(error.to_string(), "exchange took longer than its limit of 700ms");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
