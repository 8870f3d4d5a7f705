//! Where outgoing calls may go. Private, local and special addresses are refused unless the operator
//! allowed them, whatever name or spelling led there.
//!
//! Invariant: the address that is checked is the address that is connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The networks that outgoing calls may reach although they are private.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    allowed: Arc<[IpNet]>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is a private address: allow it with SLUICE_ALLOW_TARGETS if it is meant")]
pub struct Refused(pub String);

impl Targets {
    pub fn allowing(allowed: impl IntoIterator<Item = IpNet>) -> Self {
        Self { allowed: allowed.into_iter().collect() }
    }

    pub fn permit(&self, address: IpAddr) -> bool {
        let inner = unmapped(address);
        let allowed = |network: &IpNet| network.contains(&inner) || network.contains(&address);
        (is_public(inner) && !is_6to4(address)) || self.allowed.iter().any(allowed)
    }

    /// Refuses a URL whose host is itself a forbidden address; names are checked when resolved.
    pub fn check(&self, url: &reqwest::Url) -> Result<(), Refused> {
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) if !self.permit(address) => Err(Refused(address.to_string())),
            _ => Ok(()),
        }
    }
}

/// Resolves names and lets through only addresses that may be reached.
pub(super) struct GuardedResolver(pub(super) Targets);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let targets = self.0.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let (permitted, refused): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|address| targets.permit(address.ip()));
            match (permitted.is_empty(), refused.first()) {
                (true, Some(address)) => Err(Refused(format!("{host} ({})", address.ip())).into()),
                _ => Ok(Box::new(permitted.into_iter()) as Addrs),
            }
        })
    }
}

/// The IPv4 address inside an IPv6 one (mapped, NAT64, 6to4), or the address as it is.
fn unmapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let parts = v6.segments();
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => address,
    }
}

/// Where an IPv4 address is wrapped in an IPv6 one, a relay that nobody vouches for would unwrap it.
fn is_6to4(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.segments()[0] == 0x2002)
}

/// Not in any of IANA's special-purpose registries.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || a >= 224
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    let second = address.segments()[1];
    // Global unicast is 2000::/3; within it the protocol and documentation ranges are not public.
    (first & 0xe000) == 0x2000
        && !(first == 0x2001 && second < 0x0200)
        && !(first == 0x2001 && second == 0x0db8)
        && !(first == 0x3fff && second < 0x1000)
        && first != 0x2002
}

#[cfg(test)]
mod tests;
