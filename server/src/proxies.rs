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

    /// The address of the client of a request, if it is known who sent that.
    pub(crate) fn client(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        peer(extensions).map(|peer| self.client_behind(peer, headers))
    }

    /// The address of the client: the peer's, or behind trusted proxies the last address of
    /// `X-Forwarded-For` that is not one of them. What stands before that was written by strangers; where
    /// something after it cannot be read, nobody knows who the client is, and the peer counts.
    pub(crate) fn client_behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let lists = headers.get_all("x-forwarded-for").iter().rev();
        let entries = lists.flat_map(|list| list.as_bytes().rsplit(|byte| *byte == b','));
        let mut addresses =
            entries.map(<[u8]>::trim_ascii).filter(|entry| !entry.is_empty()).map(address);
        let client = addresses.find(|found| found.is_none_or(|address| !self.trusts(address)));
        client.flatten().unwrap_or(peer)
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

/// An entry of `X-Forwarded-For`: an address, by some proxies with a port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry).ok()?;
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    Some(bare.parse::<IpAddr>().or_else(|_| with_port()).ok()?.to_canonical())
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
    use axum::http::HeaderValue;

    use super::*;

    /// Who is calling, where `10.0.0.0/8` is trusted and these are the headers, one after another.
    fn client(peer: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies::new(&["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for list in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(list.as_bytes()).unwrap());
        }
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        proxies.client(&headers, &extensions).unwrap().to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let forwarded = ["203.0.113.9, 192.0.2.1, 10.0.0.2"];
        assert_eq!(client("198.51.100.7", &forwarded), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &forwarded), "192.0.2.1");
        assert_eq!(client("::ffff:10.0.0.1", &forwarded), "192.0.2.1");
        assert_eq!(caller("2001:db8:1:2:3::4".parse().unwrap()).to_string(), "2001:db8:1:2::");
    }

    #[test]
    fn the_last_address_that_no_trusted_proxy_has_is_the_client() {
        let of = |forwarded: &[&str]| client("10.0.0.1", forwarded);
        assert_eq!(of(&[]), "10.0.0.1");
        assert_eq!(of(&["10.0.0.3, 10.0.0.2"]), "10.0.0.1");
        assert_eq!(of(&["192.0.2.1", "203.0.113.9, ,10.0.0.2,"]), "203.0.113.9");
        assert_eq!(of(&["192.0.2.1:4711"]), "192.0.2.1");
        assert_eq!(of(&["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(of(&["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(of(&["::ffff:192.0.2.1"]), "192.0.2.1");
        assert_eq!(of(&["192.0.2.1, ::ffff:10.0.0.2"]), "192.0.2.1", "a trusted one either way");
    }

    #[test]
    fn what_cannot_be_read_hides_what_strangers_wrote_before_it() {
        let of = |forwarded: &[&str]| client("10.0.0.1", forwarded);
        for odd in ["unknown", "_hidden", "192.0.2.1:port", "192.0.2", "ü"] {
            assert_eq!(of(&[&format!("203.0.113.9, {odd}, 10.0.0.2")]), "10.0.0.1", "{odd}");
            assert_eq!(of(&["203.0.113.9", odd]), "10.0.0.1", "{odd}");
            assert_eq!(of(&[&format!("{odd}, 203.0.113.9")]), "203.0.113.9", "{odd}");
        }
    }
}
