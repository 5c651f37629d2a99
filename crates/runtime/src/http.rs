//! The one HTTP client, with time-outs and limits, and the TLS set-up of the process; another for addresses that strangers
//! named, which reaches public addresses only.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, Url};

/// Chooses the cryptography of TLS (ring) for the whole process; call it first thing. Harmless when called again.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client with time-outs (10 s to connect, 30 s whole), no redirects, no proxy from the environment.
///
/// # Errors
/// When the platform's certificate store cannot be read.
pub fn client() -> Result<Client, reqwest::Error> {
    builder().build()
}

/// As [`client`], for addresses that strangers named: a name that leads to a private address leads nowhere, whatever it led to
/// when it was looked up before. Hosts (`name:port`, or `name` for the port of the scheme) that are `trusted` may lie
/// anywhere. Ask [`may_be_asked`] first: addresses written as numbers are not looked up.
///
/// # Errors
/// When the platform's certificate store cannot be read.
pub fn guarded_client(trusted: &[String]) -> Result<Client, reqwest::Error> {
    let names = trusted.iter().map(|host| host.split(':').next().unwrap_or(host).to_lowercase()).collect();
    builder().dns_resolver(Arc::new(PublicOnly { trusted: names })).build()
}

/// True for an address that may be asked on a stranger's word: `https`, no name or password in it, and no number of a private
/// address; or a trusted host, by either scheme.
pub fn may_be_asked(url: &Url, trusted: &[String]) -> bool {
    let Some(host) = url.host_str() else { return false };
    let with_port = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    if matches!(url.scheme(), "https" | "http")
        && trusted.iter().any(|known| known.eq_ignore_ascii_case(&with_port))
    {
        return true;
    }
    let by_name = match url.host() {
        Some(url::Host::Ipv4(address)) => is_public(address.into()),
        Some(url::Host::Ipv6(address)) => is_public(address.into()),
        Some(url::Host::Domain(_)) => true,
        None => false,
    };
    by_name
        && url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && url.port().is_none_or(|port| port == 443)
}

/// True for an address of the public internet (IANA's registries of special-purpose addresses). What stands for another
/// address (mapped, translated, tunnelled) is judged by that one.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let benchmark = a == 198 && (18..20).contains(&b);
    let relay = a == 192 && b == 88 && c == 99;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || shared
        || protocol
        || benchmark
        || relay)
}

/// Only what was ever given out: `2000::/3`, without documentation and protocols.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let given_out = segments[0] & 0xe000 == 0x2000;
    let special = segments[0] == 0x2001 && segments[1] < 0x200;
    let documentation =
        segments[0] == 0x2001 && segments[1] == 0xdb8 || segments[0] == 0x3fff && segments[1] < 0x1000;
    given_out && !special && !documentation
}

/// The IPv4 address that an IPv6 address stands for: mapped (`::ffff:0:0/96`), translated (`64:ff9b::/96`, `64:ff9b:1::/48`), 6to4
/// (`2002::/16`).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let last = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    if segments[0] == 0x2002 {
        return Some(last(segments[1], segments[2]));
    }
    let translated = segments[0] == 0x64 && segments[1] == 0xff9b;
    let mapped = segments[..5] == [0; 5] && matches!(segments[5], 0 | 0xffff);
    (translated || mapped).then(|| last(segments[6], segments[7]))
}

fn builder() -> ClientBuilder {
    install_tls();
    Client::builder()
        .connect_timeout(std::time::Duration::from_secs(10))
        .timeout(std::time::Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
}

/// Looks names up, and forgets what is not public.
#[derive(Debug)]
struct PublicOnly {
    trusted: Vec<String>,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let trusted = self.trusted.iter().any(|known| known.eq_ignore_ascii_case(name.as_str()));
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> =
                found.filter(|address| trusted || is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_however_they_are_written() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["93.184.215.14", "2606:2800:21f::1", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn strangers_cannot_name_what_lies_inside() {
        let trusted = ["media.example:8443".to_owned(), "127.0.0.1:3000".to_owned()];
        for url in [
            "http://media.example/a",
            "https://127.0.0.1/a",
            "https://2130706433/a",
            "https://0x7f.1/a",
            "https://[::1]/a",
            "https://[::ffff:127.0.0.1]/a",
            "https://user@example.org/a",
            "https://example.org:8443/a",
            "file:///etc/passwd",
            "https://0177.0.0.1/",
            "http://127.0.0.1:3001/a",
        ] {
            assert!(!may_be_asked(&url.parse().unwrap(), &trusted), "{url}");
        }
        for url in ["https://example.org/a.jpg", "https://media.example:8443/a", "http://127.0.0.1:3000/a"] {
            assert!(may_be_asked(&url.parse().unwrap(), &trusted), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_leads_nowhere() {
        let refused = guarded_client(&[]).unwrap().get("https://localhost/").send().await;
        assert!(refused.is_err_and(|error| error.is_connect()));
    }
}
