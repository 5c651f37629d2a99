//! Who a request comes from: the client's address, behind the proxies that the settings trust, and the block of
//! addresses that is held to be one sender.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// Each proxy adds, at the end, whom it was asked by. Anybody may have written what stands before.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Bits of an IPv6 address that are one sender's: a site gets at least so much to itself (RFC 6177 §2).
const IPV6_BLOCK_BITS: u8 = 64;

/// Proxies whose word on a client's address is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// These networks; an address alone is a network of one.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// The address of the client: `peer`, who opened the connection, unless that is a trusted proxy; then whom it names,
    /// and so on to the first who is not trusted. None: a trusted machine that names nobody asks for itself. Where it names
    /// somebody who cannot be read, it answers for them.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer.to_canonical();
        if self.trusts(client) && !headers.contains_key(FORWARDED_FOR) {
            return None;
        }
        let values = headers.get_all(FORWARDED_FOR).iter();
        let stated: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        for hop in stated.iter().flat_map(|value| value.split(',')).rev() {
            match address(hop) {
                Some(before) if self.trusts(client) => client = before,
                _ => break,
            }
        }
        Some(client)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The addresses that are held to be one sender: an IPv4 address, a /64 of IPv6.
pub fn block(client: IpAddr) -> IpNet {
    let network = match client {
        IpAddr::V4(_) => IpNet::from(client),
        IpAddr::V6(_) => {
            IpNet::new(client, IPV6_BLOCK_BITS).expect("an IPv6 address has more bits than that")
        }
    };
    network.trunc()
}

/// An address, alone or with a port behind it.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.parse::<IpAddr>().ok().or_else(with_port).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(peer: &str, forwarded_for: &[&str]) -> String {
        let proxies = Proxies::new(["10.0.0.0/8", "::1/128"].map(|text| text.parse().unwrap()).to_vec());
        let mut headers = HeaderMap::new();
        for value in forwarded_for {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let client = proxies.client(peer.parse().unwrap(), &headers);
        client.map(|client| client.to_string()).unwrap_or_default()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_what_it_added() {
        for (peer, forwarded_for, expect) in [
            ("203.0.113.7", &["198.51.100.1"][..], "203.0.113.7"),
            ("10.0.0.1", &[], ""),
            ("10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["1.2.3.4, 203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["1.2.3.4", "203.0.113.7, 10.0.0.2"], "203.0.113.7"),
            ("::ffff:10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7"),
            ("::1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &["1.2.3.4, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.3,10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["\u{ff}, 203.0.113.7"], "203.0.113.7"),
        ] {
            assert_eq!(client(peer, forwarded_for), expect, "{peer} {forwarded_for:?}");
        }
    }

    #[test]
    fn a_block_is_an_address_or_a_sixty_fourth() {
        let block = |text: &str| block(text.parse().unwrap()).to_string();
        assert_eq!(block("203.0.113.7"), "203.0.113.7/32");
        assert_eq!(block("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    }
}
