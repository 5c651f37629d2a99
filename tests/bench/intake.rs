//! Contacts accepted per second, as a ratio to a bare loop that publishes the same messages (wrapped keys and contacts) on the
//! same connection, and as a ratio to the same door without a seal.

use std::time::{Duration, Instant};

use async_nats::jetstream;
use futures::StreamExt as _;
use redress_bus::Bus;
use redress_contract::subject::name;
use redress_testkit::{Broker, Sync};
use redress_tests::house;
use redress_tests::results::{Bar, Results};
use redress_vault::Seals;

use crate::load::{self, Ready, median, rate};

const CONTACTS: usize = 20_000;
const AT_ONCE: usize = 256;
const ROUNDS: u64 = 5;

/// A stored message as a plain publisher would send it.
pub(crate) struct Plain {
    subject: String,
    headers: async_nats::HeaderMap,
    body: bytes::Bytes,
}

pub(crate) async fn run(results: &mut Results) -> anyhow::Result<()> {
    let (mut ratios, mut rates, mut sealing) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let contacts = load::contacts(round, CONTACTS);
        let (ours, plain) = recorded(contacts.clone(), Sync::Default, house::seals()).await?;
        let bare = published(plain, 2048, AT_ONCE).await?;
        let (open, _) = recorded(contacts, Sync::Default, Seals::unsealed_for_measuring()).await?;
        ratios.push(rate(CONTACTS, ours) / rate(CONTACTS, bare));
        sealing.push(rate(CONTACTS, ours) / rate(CONTACTS, open));
        rates.push(rate(CONTACTS, ours));
    }
    results.tell("core.intake", median(ratios), "of-bare-loop", Bar::AtLeast(0.6));
    results.tell("core.intake_sealing_ratio", median(sealing), "of-unsealed", Bar::None);
    results.tell("core.intake_rate", median(rates), "contacts/s", Bar::None);
    let (always, _) = recorded(load::contacts(99, CONTACTS / 10), Sync::Always, house::seals()).await?;
    results.tell("core.intake_rate_always", rate(CONTACTS / 10, always), "contacts/s", Bar::None);
    Ok(())
}

/// Records through the door; gives the time and the messages that lie in INTAKE and in the bucket of keys then.
async fn recorded(contacts: Vec<Ready>, sync: Sync, seals: Seals) -> anyhow::Result<(Duration, Vec<Plain>)> {
    let broker = Broker::start_with(sync).await;
    let bus = load::bus(&broker, "load").await?;
    let intake = load::sealed_with(&bus, seals);
    let started = Instant::now();
    load::record_all(&intake, contacts, AT_ONCE).await?;
    let took = started.elapsed();
    let plain = stored(&bus).await?;
    Ok((took, plain))
}

/// The messages that lie in INTAKE and in the bucket of keys.
pub(crate) async fn stored(bus: &Bus) -> anyhow::Result<Vec<Plain>> {
    let mut plain = Vec::new();
    let keys = bus.scan("KV_keys", ">", 1).await?;
    let mut stored = keys.chain(bus.scan(name::INTAKE, "intake.>", 1).await?);
    while let Some(stored) = stored.next().await {
        let stored = stored?;
        let mut headers = async_nats::HeaderMap::new();
        for (name, value) in &stored.headers {
            headers.insert(name.as_str(), value.as_str());
        }
        plain.push(Plain { subject: stored.subject, headers, body: stored.body });
    }
    Ok(plain)
}

/// Publishes the same messages, headers included, in a bare loop against a broker of its own.
pub(crate) async fn published(
    plain: Vec<Plain>,
    mebibytes_max: u32,
    at_once: usize,
) -> anyhow::Result<Duration> {
    let broker = Broker::start().await;
    load::bus_with_room(&broker, "prepare", mebibytes_max).await?;
    let js = jetstream::new(async_nats::connect(broker.url()).await?);
    let count = plain.len();
    let started = Instant::now();
    let mut acks = futures::stream::iter(plain)
        .map(|message| async {
            let ack = js.publish_with_headers(message.subject, message.headers, message.body).await?;
            ack.await
        })
        .buffer_unordered(at_once);
    let mut stored = 0;
    while let Some(ack) = acks.next().await {
        ack?;
        stored += 1;
    }
    anyhow::ensure!(stored == count, "the bare loop stored {stored} of {count}");
    Ok(started.elapsed())
}
