//! Who a request is from, behind proxies too.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Knows which proxies to believe.
pub(crate) struct ClientAddresses {
    trusted: Vec<IpNet>,
}

impl ClientAddresses {
    pub(crate) fn new(trusted: Vec<IpNet>) -> Self {
        Self { trusted }
    }

    /// The rightmost address that is no trusted proxy: the connection's own unless that is one, then
    /// through `X-Forwarded-For` from the right. What stands further left anyone can have written.
    pub(crate) fn of(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.ip().to_canonical();
        let forwarded = headers.get_all("x-forwarded-for").into_iter();
        let forwarded: Vec<&str> = forwarded
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .map(str::trim)
            .collect();
        for entry in forwarded.into_iter().rev() {
            if !self.trusted.iter().any(|net| net.contains(&client)) {
                break;
            }
            match parse(entry) {
                Some(address) => client = address,
                None => break,
            }
        }
        client
    }
}

/// An address, with or without a port.
fn parse(entry: &str) -> Option<IpAddr> {
    let bare = entry.trim_matches(|c| c == '[' || c == ']').parse::<IpAddr>().ok();
    bare.or_else(|| entry.parse::<SocketAddr>().ok().map(|s| s.ip())).map(|a| a.to_canonical())
}

/// What a limit counts by: an IPv4 address, or the /64 that an IPv6 client has for itself.
pub(crate) fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let network = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let addresses = ClientAddresses::new(trusted.iter().map(|t| t.parse().unwrap()).collect());
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        addresses.of(SocketAddr::new(peer.parse().unwrap(), 1), &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client("192.0.2.9", &["198.51.100.1"], &[]), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(
            client("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"], &["10.0.0.0/8"]),
            "198.51.100.1"
        );
        assert_eq!(
            client("10.0.0.1", &["1.1.1.1", "198.51.100.1"], &["10.0.0.0/8"]),
            "198.51.100.1"
        );
        assert_eq!(client("10.0.0.1", &["garbage"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.1:5"], &["10.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let of = |a: &str| counted(a.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
    }
}
