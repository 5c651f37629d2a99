//! Contacts accepted per second, as a ratio to a bare loop that publishes the same messages on the same connection.

use std::time::{Duration, Instant};

use async_nats::jetstream;
use futures::StreamExt as _;
use redress_contract::subject::name;
use redress_testkit::{Broker, Sync};
use redress_tests::results::{Bar, Results};

use crate::load::{self, Ready, median, rate};

const CONTACTS: usize = 20_000;
const AT_ONCE: usize = 256;
const ROUNDS: u64 = 5;

/// A stored message as a plain publisher would send it.
struct Plain {
    subject: String,
    headers: async_nats::HeaderMap,
    body: bytes::Bytes,
}

pub(crate) async fn run(results: &mut Results) -> anyhow::Result<()> {
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let contacts = load::contacts(round, CONTACTS);
        let (ours, plain) = recorded(contacts, Sync::Default).await?;
        let bare = published(plain).await?;
        ratios.push(rate(CONTACTS, ours) / rate(CONTACTS, bare));
        rates.push(rate(CONTACTS, ours));
    }
    results.tell("core.intake", median(ratios), "of-bare-loop", Bar::AtLeast(0.6));
    results.tell("core.intake_rate", median(rates), "contacts/s", Bar::None);
    let (always, _) = recorded(load::contacts(99, CONTACTS / 10), Sync::Always).await?;
    results.tell("core.intake_rate_always", rate(CONTACTS / 10, always), "contacts/s", Bar::None);
    Ok(())
}

/// Records through the door; gives the time and the messages that lie in INTAKE then.
async fn recorded(contacts: Vec<Ready>, sync: Sync) -> anyhow::Result<(Duration, Vec<Plain>)> {
    let broker = Broker::start_with(sync).await;
    let bus = load::bus(&broker, "load").await?;
    let intake = load::intake(&bus);
    let started = Instant::now();
    load::record_all(&intake, contacts, AT_ONCE).await?;
    let took = started.elapsed();
    let mut plain = Vec::new();
    let mut stored = bus.scan(name::INTAKE, "intake.>", 1).await?;
    while let Some(stored) = stored.next().await {
        let stored = stored?;
        let mut headers = async_nats::HeaderMap::new();
        for (name, value) in &stored.headers {
            headers.insert(name.as_str(), value.as_str());
        }
        plain.push(Plain { subject: stored.subject, headers, body: stored.body });
    }
    Ok((took, plain))
}

/// Publishes the same messages, headers included, in a bare loop against a broker of its own.
async fn published(plain: Vec<Plain>) -> anyhow::Result<Duration> {
    let broker = Broker::start().await;
    load::bus(&broker, "prepare").await?;
    let js = jetstream::new(async_nats::connect(broker.url()).await?);
    let count = plain.len();
    let started = Instant::now();
    let mut acks = futures::stream::iter(plain)
        .map(|message| async {
            let ack = js.publish_with_headers(message.subject, message.headers, message.body).await?;
            ack.await
        })
        .buffer_unordered(AT_ONCE);
    let mut stored = 0;
    while let Some(ack) = acks.next().await {
        ack?;
        stored += 1;
    }
    anyhow::ensure!(stored == count, "the bare loop stored {stored} of {count}");
    Ok(started.elapsed())
}
