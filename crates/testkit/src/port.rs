//! Ports that stay a server's own over all its lives.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that systems give to outgoing connections and to whoever listens on port 0: one of those would be
/// taken between two lives of a server, by a client that knocks while nobody listens.
const RANGE: std::ops::Range<u16> = 10_000..32_000;

/// A TCP port of the loopback interface that no other test on this machine takes while this is held.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// The same number's UDP port, which nobody needs: whoever holds it may use the TCP port.
    _claim: UdpSocket,
}

impl Port {
    /// A free one; panics when none is left.
    pub fn claim() -> Self {
        let count = RANGE.end - RANGE.start;
        let claimed = (0..count).find_map(|_| Self::at(RANGE.start + next() % count));
        claimed.expect("the loopback interface has free ports")
    }

    fn at(number: u16) -> Option<Self> {
        let claim = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        Some(Self { number, _claim: claim })
    }

    /// Whether nobody listens on it now.
    pub fn is_free(&self) -> bool {
        TcpListener::bind((Ipv4Addr::LOCALHOST, self.number)).is_ok()
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

/// Counts up, in each process from another place.
fn next() -> u16 {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let own = (std::process::id() % 1000) as u16 * 61;
    own.wrapping_add(COUNT.fetch_add(1, Ordering::SeqCst))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_port_can_be_listened_on_and_is_given_to_nobody_else() {
        let first = Port::claim();
        assert!(Port::at(first.number()).is_none());
        TcpListener::bind((Ipv4Addr::LOCALHOST, first.number())).unwrap();
    }
}
