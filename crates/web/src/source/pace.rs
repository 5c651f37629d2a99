//! How often one sender may try something.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;
use redress_runtime::client::{Proxies, block};

use crate::config::Client;

/// After so many tries, senders who were quiet for long are forgotten.
pub(super) const SWEEP_EVERY: u32 = 4096;

/// Counts the tries of each sender.
#[derive(Debug)]
pub(super) struct Pace {
    proxies: Proxies,
    limiter: DefaultKeyedRateLimiter<IpNet>,
    tries: AtomicU32,
}

impl Pace {
    /// So many a minute, all of them at once if need be.
    pub(super) fn new(per_minute: NonZeroU32, proxies: Proxies) -> Self {
        Self::of(Quota::per_minute(per_minute), proxies)
    }

    /// So many an hour, all of them at once if need be.
    pub(super) fn per_hour(per_hour: NonZeroU32, proxies: Proxies) -> Self {
        Self::of(Quota::per_hour(per_hour), proxies)
    }

    fn of(quota: Quota, proxies: Proxies) -> Self {
        Self { proxies, limiter: RateLimiter::keyed(quota), tries: AtomicU32::new(0) }
    }

    /// Counts a try of whoever sends this. The house's own machines, which are trusted to say who asks, are not limited when
    /// they ask for themselves.
    ///
    /// # Errors
    /// How long they have to wait, when it is one too many.
    pub(super) fn admit(&self, request: &Parts) -> Result<(), Duration> {
        self.admit_many(request, 1)
    }

    /// As [`admit`](Self::admit), of so many tries at once; one at least is counted.
    ///
    /// # Errors
    /// How long they have to wait; the longest time there is when it is more than they may ever have at once.
    pub(super) fn admit_many(&self, request: &Parts, tries: usize) -> Result<(), Duration> {
        if self.tries.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
        }
        let Some(sender) = sender(&self.proxies, request) else { return Ok(()) };
        let tries = NonZeroU32::new(u32::try_from(tries).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN);
        let counted = self.limiter.check_key_n(&sender, tries).map_err(|_| Duration::MAX)?;
        counted.map_err(|refusal| refusal.wait_time_from(DefaultClock::default().now()))
    }
}

/// Counts the requests of each client.
#[derive(Debug)]
pub(super) struct ClientPace(Vec<(String, DefaultDirectRateLimiter)>);

impl ClientPace {
    /// So many a minute as each may send, all of them at once if need be.
    pub(super) fn new(clients: &[Client]) -> Self {
        let limiter = |client: &Client| RateLimiter::direct(Quota::per_minute(client.requests_per_minute));
        Self(clients.iter().map(|client| (client.name.clone(), limiter(client))).collect())
    }

    /// Counts a request of this client.
    ///
    /// # Errors
    /// How long it has to wait, when it is one too many.
    pub(super) fn admit(&self, client: &Client) -> Result<(), Duration> {
        let Some((_, limiter)) = self.0.iter().find(|(name, _)| *name == client.name) else { return Ok(()) };
        limiter.check().map_err(|refusal| refusal.wait_time_from(DefaultClock::default().now()))
    }
}

/// The block of addresses that a request comes from; none for the house's own machines.
pub(super) fn sender(proxies: &Proxies, request: &Parts) -> Option<IpNet> {
    // Whoever serves these pages says who asks; should nobody, all are one.
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), |ConnectInfo(address)| address.ip());
    proxies.client(peer, &request.headers).map(block)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn from(address: &str) -> Parts {
        let peer = ConnectInfo(SocketAddr::new(address.parse().unwrap(), 4711));
        Request::builder().extension(peer).body(()).unwrap().into_parts().0
    }

    #[test]
    fn one_sender_too_many_times_holds_up_nobody_else() {
        let pace = Pace::new(NonZeroU32::new(2).unwrap(), Proxies::default());
        let eve = from("2001:db8::1");
        assert_eq!((pace.admit(&eve), pace.admit(&eve)), (Ok(()), Ok(())));
        let wait = pace.admit(&from("2001:db8::2")).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(30), "{wait:?}");
        pace.admit(&from("2001:db8:0:1::1")).unwrap();
        assert_eq!(pace.admit_many(&from("2001:db8:0:2::1"), 3), Err(Duration::MAX));
        assert_eq!(pace.admit_many(&from("2001:db8:0:2::1"), 2), Ok(()));
        let trusting = Pace::new(NonZeroU32::MIN, Proxies::new(vec!["2001:db8::1/128".parse().unwrap()]));
        assert_eq!((trusting.admit(&eve), trusting.admit(&eve)), (Ok(()), Ok(())));
    }
}
