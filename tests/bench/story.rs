//! From accepted contact to acknowledgement taken by the mail server: complaints per second, CPU per complaint over the
//! services and the broker, durable writes per mail.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt as _;
use redress_bus::Bus;
use redress_contract::subject::name;
use redress_testkit::{Broker, SmtpSink, Sync, eventually_within};
use redress_tests::program::{Running, cpu_seconds};
use redress_tests::results::{Bar, Results};

use crate::bare;
use crate::load::{self, float, median, rate};

const CONTACTS: usize = 10_000;
const SERVICES: [&str; 5] = ["run", "router", "sla", "notifier", "feed"];

/// Streams that must be synced before they are acknowledged; EVENTS and TIMERS can be derived again.
pub(crate) const DURABLE: [&str; 13] = [
    name::INTAKE,
    name::COMPLAINTS,
    name::CONTENT,
    name::OUTBOX,
    name::DEAD,
    "KV_keys",
    "KV_references",
    "KV_correlation",
    "KV_cursors",
    "KV_leases",
    "KV_limits",
    "KV_attempts",
    "OBJ_blobs",
];

struct Measured {
    per_second: f64,
    cpu_ms: f64,
    writes: f64,
    derived: f64,
    /// What the same traffic costs a program which does nothing else.
    bare: bare::Cost,
}

pub(crate) async fn run(results: &mut Results) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for round in 0..3 {
        all.push(one(round, CONTACTS, Sync::Default).await?);
    }
    let middle = |figure: fn(&Measured) -> f64| median(all.iter().map(figure).collect());
    results.tell("core.story_bare_cpu", middle(|m| m.bare.cpu_ms), "ms/complaint", Bar::None);
    results.tell("core.story_bare", middle(|m| m.bare.per_second), "complaints/s", Bar::None);
    results.tell("core.story_cpu", middle(|m| m.cpu_ms), "ms/complaint", Bar::AtMost(1.5));
    results.tell("core.story", middle(|m| m.per_second), "complaints/s", Bar::AtLeast(800.0));
    results.tell("core.writes_per_mail", middle(|m| m.writes), "writes", Bar::AtMost(12.0));
    results.tell("core.derived_writes_per_mail", middle(|m| m.derived), "writes", Bar::None);

    let raw = raw_writes().await?;
    let always = one(9, CONTACTS / 2, Sync::Always).await?;
    results.tell("core.raw_writes_always", raw, "writes/s", Bar::None);
    results.tell("core.story_always", always.per_second, "complaints/s", Bar::None);
    results.tell("core.story_always_bare", always.bare.per_second, "complaints/s", Bar::None);
    let allowed = raw / always.writes;
    results.tell("core.story_always_share", always.per_second / allowed, "of-fsyncs", Bar::AtLeast(0.5));
    Ok(())
}

async fn one(seed: u64, count: usize, sync: Sync) -> anyhow::Result<Measured> {
    let broker = Broker::start_with(sync).await;
    let bus = load::bus(&broker, "load").await?;
    let sink = SmtpSink::start().await;
    let folder = tempfile::Builder::new().prefix("redress-bench-").tempdir()?;
    let config = load::settings(folder.path(), &broker, &sink, "")?;
    let running = Running::start(&config, &folder.path().join("house.log"), &SERVICES)?;
    running.address("health")?;
    let contacts = load::contacts(seed, count);
    let before = written(&bus).await?;
    let cpu = || cpu_seconds(running.pid()) + cpu_seconds(broker.pid());
    let (cpu_before, started) = (cpu(), Instant::now());
    load::record_all(&load::intake(&bus), contacts, 128).await?;
    eventually_within(Duration::from_mins(5), "every acknowledgement is taken", || async {
        (sink.count() >= count).then_some(())
    })
    .await;
    let took = started.elapsed();
    // What is still owed to these complaints (commits, events, timers) counts too.
    eventually_within(Duration::from_mins(5), "the house is quiet", || quiet(&bus)).await;
    let after = written(&bus).await?;
    let cpu_ms = (cpu() - cpu_before) * 1000.0 / float(count);
    drop(running);
    let bare = bare::measure(&bus, count, sync, None).await?;
    Ok(Measured {
        per_second: rate(count, took),
        cpu_ms,
        bare,
        writes: (after.0 - before.0) / float(count),
        derived: (after.1 - before.1) / float(count),
    })
}

/// Messages written so far: durable ones, derived ones.
async fn written(bus: &Bus) -> anyhow::Result<(f64, f64)> {
    let mut durable = 0;
    for stream in DURABLE {
        durable += bus.last_seq(stream).await?;
    }
    let derived = bus.last_seq(name::EVENTS).await? + bus.last_seq(name::TIMERS).await?;
    Ok((float(usize::try_from(durable)?), float(usize::try_from(derived)?)))
}

/// Nothing was written for a second.
pub(crate) async fn quiet(bus: &Bus) -> Option<()> {
    let before = written(bus).await.ok()?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    (written(bus).await.ok()? == before).then_some(())
}

/// What the broker can write a second at `sync_interval: always`: the same number of streams, plain messages.
async fn raw_writes() -> anyhow::Result<f64> {
    const WRITES: usize = 6_000;
    let broker = Broker::start_with(Sync::Always).await;
    let bus = load::bus(&broker, "load").await?;
    let body = Bytes::from(vec![b'x'; 1_500]);
    let started = Instant::now();
    let mut writes = futures::stream::iter(0..WRITES)
        .map(|n| {
            let subject = match n % 4 {
                0 => format!("intake.email.c{n}"),
                1 => format!("complaint.c{n}"),
                2 => format!("outbox.email.c{n}"),
                _ => format!("$KV.correlation.c{n}"),
            };
            let (bus, body) = (bus.clone(), body.clone());
            async move { bus.publish_once(&subject, Vec::new(), body).await }
        })
        .buffer_unordered(128);
    while let Some(written) = writes.next().await {
        written?;
    }
    Ok(rate(WRITES, started.elapsed()))
}
