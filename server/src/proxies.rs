//! Who is really calling. Only proxies that the operator named are believed.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    pub(crate) fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of the client: the peer's, or behind trusted proxies the last address of
    /// `X-Forwarded-For` that is not one of them.
    pub(crate) fn client(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let peer = peer(extensions)?;
        if !self.trusts(peer) {
            return Some(peer);
        }
        let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
        let addresses: Vec<IpAddr> = forwarded
            .flat_map(|list| list.split(','))
            .filter_map(|a| a.trim().parse().ok())
            .collect();
        Some(addresses.into_iter().rev().find(|address| !self.trusts(*address)).unwrap_or(peer))
    }

    /// Whether the client came by TLS, as a trusted proxy says.
    pub(crate) fn is_https(&self, headers: &HeaderMap, extensions: &Extensions) -> bool {
        peer(extensions).is_some_and(|peer| self.trusts(peer))
            && headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https")
    }
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let ConnectInfo(address) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(address.ip().to_canonical())
}

/// What counts as one caller: an IPv4 address, or the /64 network of an IPv6 one.
pub(crate) fn caller(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_not_believed() {
        let proxies = TrustedProxies::new(&["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9, 192.0.2.1, 10.0.0.2".parse().unwrap());
        let from = |peer: &str| {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
            proxies.client(&headers, &extensions).unwrap().to_string()
        };
        assert_eq!(from("198.51.100.7"), "198.51.100.7");
        assert_eq!(from("10.0.0.1"), "192.0.2.1");
        assert_eq!(caller("2001:db8:1:2:3::4".parse().unwrap()).to_string(), "2001:db8:1:2::");
    }
}
