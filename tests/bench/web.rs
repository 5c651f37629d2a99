//! Complaints accepted a second through `POST /v1/complaints` by 64 connections that are kept, as a ratio to a plain axum
//! handler in the same run, which publishes the same messages (as many for each complaint, of the same sizes) to a broker
//! of the same kind and does nothing else. Both are processes of their own; the load comes from a thread of this one, and
//! all of them share the processors.

mod handler;
mod senders;

use redress_bus::Bus;
use redress_testkit::{Broker, SmtpSink};
use redress_tests::program::{Running, cpu_seconds};
use redress_tests::results::{Bar, Results, say};

pub(crate) use handler::{BE_HANDLER, be_handler};

use crate::load::{self, float, median, percentile};
use crate::story::DURABLE;
use handler::{Handler, Message};
use senders::Heard;

const ROUNDS: usize = 3;
/// Of each round, after as many as [`WARM_UP`].
const COMPLAINTS: usize = 20_000;
const WARM_UP: usize = 2_000;

/// One round of the house or of the plain handler.
struct Measured {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    refused: usize,
    /// CPU milliseconds a complaint: of whoever answers, and of the broker.
    cpu_ms: (f64, f64),
}

pub(crate) async fn run(results: &mut Results) -> anyhow::Result<()> {
    let (mut ours, mut plain, mut writes) = (Vec::new(), Vec::new(), 0);
    for round in 0..ROUNDS {
        let (house, messages) = house(round).await?;
        let bare = bare(round, &messages).await?;
        writes = messages.len();
        tell_round("web", &house);
        tell_round("plain", &bare);
        ours.push(house);
        plain.push(bare);
    }
    let ratios = ours.iter().zip(&plain).map(|(ours, plain)| ours.per_second / plain.per_second).collect();
    let middle = |of: &[Measured], figure: fn(&Measured) -> f64| median(of.iter().map(figure).collect());
    results.count("web.accepted_writes", writes, "writes", Bar::None);
    results.tell("web.accepted_plain", middle(&plain, |it| it.per_second), "complaints/s", Bar::None);
    results.tell("web.accepted_plain_p99_ms", middle(&plain, |it| it.p99_ms), "ms", Bar::None);
    results.tell("web.accepted_plain_cpu", middle(&plain, |it| it.cpu_ms.0), "ms/complaint", Bar::None);
    results.tell("web.accepted_cpu", middle(&ours, |it| it.cpu_ms.0), "ms/complaint", Bar::None);
    results.tell("web.accepted_broker_cpu", middle(&ours, |it| it.cpu_ms.1), "ms/complaint", Bar::None);
    results.count("web.accepted_refused", ours.iter().map(|it| it.refused).sum(), "posts", Bar::exactly(0));
    results.tell("web.accepted_ratio", median(ratios), "of-plain-handler", Bar::AtLeast(0.5));
    let per_second = middle(&ours, |it| it.per_second);
    results.tell("web.accepted_per_second", per_second, "complaints/s", Bar::AtLeast(2_000.0));
    results.tell("web.accepted_p99_ms", middle(&ours, |it| it.p99_ms), "ms", Bar::AtMost(50.0));
    Ok(())
}

fn tell_round(who: &str, measured: &Measured) {
    let Measured { per_second, p50_ms, p99_ms, refused, cpu_ms: (own, broker) } = measured;
    say(&format!(
        "{who}: {per_second:.0}/s, p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, {refused} refused; CPU a complaint {own:.3} ms, \
         broker {broker:.3} ms"
    ));
}

/// `web` as shipped, but for the broker's sync interval, which is the default. What it published for one complaint.
async fn house(round: usize) -> anyhow::Result<(Measured, Vec<Message>)> {
    let broker = Broker::start().await;
    let bus = load::bus(&broker, "load").await?;
    let sink = SmtpSink::start().await;
    let folder = tempfile::Builder::new().prefix("redress-bench-").tempdir()?;
    let config = load::settings(folder.path(), &broker, &sink, "")?;
    let running = Running::start(&config, &folder.path().join("web.log"), &["run", "web"])?;
    let server = running.address("public")?.trim_start_matches("http://").trim_end_matches('/').parse()?;
    senders::send(server, ("warm", round), WARM_UP).await?;
    let before = counts(&bus).await?;
    let measured = measure(server, round, (running.pid(), broker.pid())).await?;
    let messages = messages(&bus, &before).await?;
    Ok((measured, messages))
}

/// The plain handler.
async fn bare(round: usize, messages: &[Message]) -> anyhow::Result<Measured> {
    let broker = Broker::start().await;
    load::bus(&broker, "prepare").await?;
    let handler = Handler::start(&broker, messages)?;
    senders::send(handler.address(), ("warm", round), WARM_UP).await?;
    measure(handler.address(), round, (handler.pid(), broker.pid())).await
}

async fn measure(
    server: std::net::SocketAddr,
    round: usize,
    (own, broker): (u32, u32),
) -> anyhow::Result<Measured> {
    let cpu = || (cpu_seconds(own), cpu_seconds(broker));
    let before = cpu();
    let Heard { waits_ms, refused, took } = senders::send(server, ("post", round), COMPLAINTS).await?;
    let after = cpu();
    let each = |seconds: f64| seconds * 1_000.0 / float(COMPLAINTS);
    Ok(Measured {
        per_second: load::rate(waits_ms.len() - refused, took),
        p50_ms: percentile(waits_ms.clone(), 0.5),
        p99_ms: percentile(waits_ms, 0.99),
        refused,
        cpu_ms: (each(after.0 - before.0), each(after.1 - before.1)),
    })
}

/// The last sequence of each stream.
async fn counts(bus: &Bus) -> anyhow::Result<Vec<u64>> {
    let mut counts = Vec::new();
    for stream in DURABLE {
        counts.push(bus.last_seq(stream).await?);
    }
    Ok(counts)
}

/// As many of the newest messages of each stream as it was given for one complaint.
async fn messages(bus: &Bus, before: &[u64]) -> anyhow::Result<Vec<Message>> {
    let mut found = Vec::new();
    for (stream, before) in DURABLE.iter().zip(before) {
        let last = bus.last_seq(stream).await?;
        let written = usize::try_from(last - before)?;
        // What comes once a minute or so rounds to none.
        let each = (written + COMPLAINTS / 2) / COMPLAINTS;
        if each > 0 {
            found.extend(handler::newest(bus, stream, last + 1 - u64::try_from(each)?).await?);
        }
    }
    anyhow::ensure!(!found.is_empty(), "web published nothing");
    Ok(found)
}
