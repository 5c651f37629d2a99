//! Fifty times more than `web` can do, and one sender who behaves.
//!
//! What it can do is measured first: accepted complaints a second over 64 connections, from an address that is not
//! limited. Then five other addresses offer fifty times as many a second, over 800 connections (more than
//! `concurrency_max`, fewer than `connections_max`), each of which sends on without waiting for answers. Offered is what
//! they would send: a server that reads no faster makes them wait, and what they could not send is not sent later.
//! Meanwhile a sender from an address of its own complains within its limit, each time on a new connection. All of it, the
//! load included, shares this machine's processors.
//!
//! Few addresses, because each may send 60 at once (`[web.rates]`). Nine at once could fill `concurrency_max`, and then it
//! is by chance who hears 503; the unoptimised program of the short form needs longer than a sender is made to wait for the
//! 300 of five, so there are three, and fewer need be accepted at the first try, since CI has other work beside.

mod flood;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use redress_tests::results::{Bar, Results, say};
use redress_tests::wire::{Wire, complain, complaint, header};
use tokio::task::JoinSet;

use super::house::{House, post};
use crate::Form;
use flood::Flood;

/// The address that `[public] trusted_proxies` names in this house, so that it is not limited.
const TRUSTED: Ipv4Addr = Ipv4Addr::LOCALHOST;
const WELL_BEHAVED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const TIMES: usize = 50;
const CAPACITY_CONNECTIONS: usize = 64;
const MEMORY_MIB_MAX: usize = 256;

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let lasts = Duration::from_secs(form.pick(8, 60));
    // 60 at once and one a second more: below its limit all the time.
    let pause = Duration::from_millis(form.pick(150, 550));
    let mut house = House::start(&format!("trusted_proxies = [\"{TRUSTED}\"]\n")).await?;
    let capacity = capacity(house.address()?, Duration::from_secs(form.pick(2, 5))).await?;
    results.count("web.overload_capacity", capacity, "complaints/s", Bar::None);
    let flood = Flood::start(house.address()?, capacity * TIMES, form.pick(3, 5))?;
    let heard = behave(house.address()?, lasts, pause).await?;
    let told = flood.stop();
    say(&format!("the flood: {told}"));
    results.count("web.overload_offered", told.offered, "posts/s", Bar::None);
    results.count("web.overload_answered", told.answered, "posts/s", Bar::None);
    heard.tell(form.pick(90.0, 99.0), results);
    let contacts = house.records.contacts().await?;
    let lost = heard.promised.iter().filter(|contact| !contacts.contains(*contact)).count();
    results.count("web.overload_lost", lost, "contacts", Bar::exactly(0));
    results.count("web.overload_memory", house.memory_mib()?, "MiB", Bar::at_most(MEMORY_MIB_MAX));
    results.count("web.overload_panics", house.place.panics()?, "panics", Bar::exactly(0));
    house.web.stop()
}

/// Complaints a second when nobody else asks.
async fn capacity(server: SocketAddr, lasts: Duration) -> anyhow::Result<usize> {
    let (accepted, started) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut senders = JoinSet::new();
    for sender in 0..CAPACITY_CONNECTIONS {
        let accepted = accepted.clone();
        senders.spawn(async move {
            let mut wire = Wire::open(server, TRUSTED).await?;
            for n in 0.. {
                if started.elapsed() >= lasts {
                    break;
                }
                let request = complain(&format!("capacity-{sender:04}-{n:08}"), &complaint(n));
                let reply = wire.ask(&request).await?;
                accepted.fetch_add(usize::from(reply.status == 202), Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    Ok(accepted.load(Ordering::Relaxed) / usize::try_from(lasts.as_secs())?.max(1))
}

/// What the one who behaves heard.
#[derive(Debug, Default)]
struct Heard {
    sent: usize,
    at_once: usize,
    /// Ids of contacts that were promised, at once or after having come again as told.
    promised: Vec<String>,
    waits: Vec<Duration>,
}

/// Complains at each beat, whether or not the one before was answered.
async fn behave(server: SocketAddr, lasts: Duration, pause: Duration) -> anyhow::Result<Heard> {
    let (mut heard, until) = (Heard::default(), Instant::now() + lasts);
    let (mut beat, mut complaining) = (tokio::time::interval(pause), JoinSet::new());
    while Instant::now() < until {
        beat.tick().await;
        let request = complain(&format!("well-behaved-{:08}", heard.sent), &complaint(heard.sent));
        complaining.spawn(async move { one(server, &request).await });
        heard.sent += 1;
    }
    while let Some(one) = complaining.join_next().await {
        let (at_once, promised, wait) = one??;
        heard.at_once += usize::from(at_once);
        heard.promised.extend(promised);
        heard.waits.push(wait);
    }
    Ok(heard)
}

/// Sends one, and once more when it was refused; was it accepted at once, the contact, and how long the first answer took.
async fn one(server: SocketAddr, request: &[u8]) -> anyhow::Result<(bool, Option<String>, Duration)> {
    let sent_at = Instant::now();
    let mut reply = post(server, WELL_BEHAVED, request).await;
    let wait = sent_at.elapsed();
    let at_once = reply.as_ref().is_some_and(|reply| reply.status == 202);
    if !at_once {
        let status = reply.as_ref().map(|reply| reply.status);
        say(&format!("the one who behaves heard {status:?} after {wait:?}"));
        let after = reply.as_ref().and_then(|it| header(&it.head, "retry-after")?.parse().ok()).unwrap_or(1);
        tokio::time::sleep(Duration::from_secs(after)).await;
        reply = post(server, WELL_BEHAVED, request).await;
    }
    let Some(reply) = reply.filter(|reply| reply.status == 202) else { return Ok((false, None, wait)) };
    let told: serde_json::Value = serde_json::from_str(&reply.body)?;
    let contact = told["contactId"].as_str().context("read a contact")?.to_owned();
    Ok((at_once, Some(contact), wait))
}

impl Heard {
    /// The least share of a hundred at the first try; all in the end.
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn tell(&self, least: f64, results: &mut Results) {
        let share = |part: usize| 100.0 * part as f64 / self.sent.max(1) as f64;
        results.count("web.overload_sent", self.sent, "complaints", Bar::None);
        results.tell("web.overload_accepted", share(self.at_once), "percent", Bar::AtLeast(least));
        results.tell(
            "web.overload_accepted_in_the_end",
            share(self.promised.len()),
            "percent",
            Bar::Exactly(100.0),
        );
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let at = |hundredths: usize| waits.get((waits.len() * hundredths).div_ceil(100).saturating_sub(1));
        for (name, hundredths) in [("p50", 50), ("p99", 99)] {
            let ms = at(hundredths).map_or(0.0, |wait| wait.as_secs_f64() * 1_000.0);
            results.tell(&format!("web.overload_{name}"), ms, "ms", Bar::None);
        }
    }
}
