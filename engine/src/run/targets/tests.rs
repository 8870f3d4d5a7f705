//! Addresses at home in every spelling, and what is left of the world.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// IANA's special-purpose registries for IPv4 and IPv6, as far as they are not globally reachable, with
/// multicast and what is not assigned to anyone: the first and the last address of each.
const SPECIAL: [&str; 31] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::/128",
    "::1/128",
    "::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

fn ends(network: &str) -> [IpAddr; 2] {
    let network: IpNet = network.parse().unwrap();
    [network.network(), network.broadcast()]
}

/// The ways in which an IPv4 address can be written in a URL.
fn spellings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let number = u32::from(address);
    let [high, low] = [(number >> 16) as u16, number as u16];
    vec![
        format!("{a}.{b}.{c}.{d}"),
        format!("{a}.{b}.{c}.{d}."),
        format!("{number}"),
        format!("{number:#x}"),
        format!("0{number:o}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("{a}.{}", number & 0x00ff_ffff),
        format!("{a}.{b}.{}", number & 0xffff),
        format!("[::ffff:{a}.{b}.{c}.{d}]"),
        format!("[::ffff:{high:x}:{low:x}]"),
        format!("[::{a}.{b}.{c}.{d}]"),
        format!("[64:ff9b::{a}.{b}.{c}.{d}]"),
        format!("[2002:{high:x}:{low:x}::1]"),
        format!("[2001:0:4136:e378:8000:63bf:{:x}:{:x}]", !high, !low),
        format!("user:pass@{a}.{b}.{c}.{d}"),
        format!("8.8.8.8@{number}"),
        format!("{a}%2e{b}.{c}.{d}"),
        format!("{a}。{b}。{c}。{d}"),
    ]
}

#[test]
fn every_special_range_is_refused_in_every_spelling() {
    let targets = Targets::default();
    for address in SPECIAL.into_iter().flat_map(ends) {
        assert!(!targets.permit(address), "{address}");
        let IpAddr::V4(v4) = address else { continue };
        for host in spellings(v4) {
            let url: reqwest::Url = format!("http://{host}:8080/x").parse().unwrap();
            assert!(targets.check(&url).is_err(), "{url} written as {host}");
        }
    }
}

#[test]
fn what_is_public_is_reached() {
    for url in [
        "http://8.8.8.8/",
        "http://[2606:4700::1]/",
        "http://[64:ff9b::8.8.8.8]/",
        "http://1.1/",
        "http://[2620:4f:8000::1]/",
        "http://192.31.196.1/",
        "http://shop.example/",
    ] {
        assert!(Targets::default().check(&url.parse().unwrap()).is_ok(), "{url}");
    }
    for refused in ["http://[fe80::1%25eth0]/", "http://1.2.3.4.5/", "http://0x1ffffffff/"] {
        assert!(refused.parse::<reqwest::Url>().is_err(), "{refused}");
    }
}

#[test]
fn the_operator_may_allow_a_network() {
    let targets = Targets::allowing(["127.0.0.0/8".parse().unwrap()]);
    assert!(targets.permit("127.1.2.3".parse().unwrap()));
    assert!(targets.permit("::ffff:127.0.0.1".parse().unwrap()));
    assert!(!targets.permit("10.0.0.1".parse().unwrap()));
}

/// A name is resolved by the guard alone, and what it lets through is what is connected to: a name that
/// leads home is refused although someone listens there.
#[tokio::test]
async fn a_name_that_leads_home_is_never_connected_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connects = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connects);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let caller = crate::run::http::Caller::new(Targets::default()).unwrap();
    for name in ["localhost", "localhost.", "LOCALHOST", "no-such-host.invalid"] {
        let answer = caller.get(&format!("http://{name}:{port}/")).await;
        assert!(answer.is_err(), "{name}");
    }
    assert_eq!(connects.load(Ordering::SeqCst), 0);
    let open = Targets::allowing(["127.0.0.0/8".parse().unwrap()]);
    let caller = crate::run::http::Caller::new(open).unwrap();
    let _no_answer = tokio::time::timeout(
        std::time::Duration::from_millis(500),
        caller.get(&format!("http://localhost:{port}/")),
    )
    .await;
    assert!(connects.load(Ordering::SeqCst) > 0, "the listener would have seen it");
}
