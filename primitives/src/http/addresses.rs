//! Which addresses a request may not reach unless it names the host: all that are not plain public unicast.
//! An address that carries another one inside (mapped, translated, tunnelled) is refused whatever it carries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Network, length of its prefix, what it is.
const V4: &[([u8; 4], u32, &str)] = &[
    ([0, 0, 0, 0], 8, "is an unspecified address"),
    ([10, 0, 0, 0], 8, "is a private address"),
    ([100, 64, 0, 0], 10, "is a carrier's shared address"),
    ([127, 0, 0, 0], 8, "is a loopback address"),
    ([169, 254, 0, 0], 16, "is a link-local address"),
    ([172, 16, 0, 0], 12, "is a private address"),
    ([192, 0, 0, 0], 24, "is reserved for protocols"),
    ([192, 0, 2, 0], 24, "is reserved for documentation"),
    ([192, 31, 196, 0], 24, "is reserved for protocols"),
    ([192, 52, 193, 0], 24, "is reserved for protocols"),
    ([192, 88, 99, 0], 24, "is a 6to4 relay"),
    ([192, 168, 0, 0], 16, "is a private address"),
    ([192, 175, 48, 0], 24, "is reserved for protocols"),
    ([198, 18, 0, 0], 15, "is reserved for benchmarks"),
    ([198, 51, 100, 0], 24, "is reserved for documentation"),
    ([203, 0, 113, 0], 24, "is reserved for documentation"),
    ([224, 0, 0, 0], 4, "is a multicast address"),
    ([255, 255, 255, 255], 32, "is the broadcast address"),
    ([240, 0, 0, 0], 4, "is a reserved address"),
];

/// The first that fits counts.
const V6: &[([u16; 8], u32, &str)] = &[
    ([0, 0, 0, 0, 0, 0, 0, 0], 128, "is the unspecified address"),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, "is a loopback address"),
    ([0, 0, 0, 0, 0, 0, 0, 0], 96, "is an IPv4-compatible address"),
    ([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, "is an IPv4-mapped address"),
    ([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, "is an IPv4-translated address"),
    ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "is a NAT64 address"),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "is a NAT64 address"),
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "is a discard address"),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "is a private address"),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "is a link-local address"),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "is a site-local address"),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "is a multicast address"),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "is a Teredo address"),
    ([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, "is reserved for benchmarks"),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "is reserved for protocols"),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "is reserved for documentation"),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "is a 6to4 address"),
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "is reserved for protocols"),
    ([0x3ffe, 0, 0, 0, 0, 0, 0, 0], 16, "is a reserved address"),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "is reserved for documentation"),
];

/// Why a request may not reach this address unless it names the host; `None` for a public one.
pub fn address_refusal(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Option<&'static str> {
    let fits = |network: &[u8; 4], length: &u32| {
        let differing = u32::from(address) ^ u32::from_be_bytes(*network);
        differing.leading_zeros() >= *length
    };
    V4.iter().find(|(network, length, _)| fits(network, length)).map(|(_, _, reason)| *reason)
}

fn v6(address: Ipv6Addr) -> Option<&'static str> {
    let fits = |network: &[u16; 8], length: &u32| {
        let differing = u128::from(address) ^ u128::from(Ipv6Addr::from(*network));
        differing.leading_zeros() >= *length
    };
    if let Some((_, _, reason)) = V6.iter().find(|(network, length, _)| fits(network, length)) {
        return Some(reason);
    }
    let segments = address.segments();
    if segments[0] & 0xe000 != 0x2000 {
        return Some("is a reserved address");
    }
    // `…:0:5efe:a.b.c.d`, with the universal bit or without.
    if segments[4] & !0x200 == 0 && segments[5] == 0x5efe { Some("is an ISATAP address") } else { None }
}
