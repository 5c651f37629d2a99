//! What the broker's traffic alone costs: the messages of a run of the house once more, published and consumed by a
//! program that does nothing else. It tells how quick the machine is, and how much of the cost is the house's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use async_nats::jetstream::{self, consumer::pull};
use futures::{StreamExt as _, TryStreamExt as _};
use redress_bus::Bus;
use redress_contract::subject::name;
use redress_testkit::{Broker, Sync};
use redress_tests::program::cpu_seconds;

use crate::load::{self, float, rate};
use crate::workload::Sending;

/// Streams that the house writes while it acknowledges a mail, in the order in which a mail meets them.
const STREAMS: [&str; 7] = [
    name::INTAKE,
    "KV_correlation",
    "KV_references",
    name::COMPLAINTS,
    "KV_limits",
    name::OUTBOX,
    name::EVENTS,
];

/// Who reads which of them, message by message.
const READERS: [(&str, &str); 5] = [
    (name::INTAKE, "router"),
    (name::COMPLAINTS, "sla"),
    (name::COMPLAINTS, "notifier"),
    (name::COMPLAINTS, "feed"),
    (name::OUTBOX, "outbox"),
];

const AT_ONCE: usize = 128;

/// One message as it lies in a stream.
struct Message {
    stream: usize,
    subject: String,
    body: bytes::Bytes,
}

/// What the traffic costs without the house.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// CPU milliseconds per complaint of broker and program.
    pub(crate) cpu_ms: f64,
    /// Complaints a second.
    pub(crate) per_second: f64,
}

/// Publishes and consumes the traffic that lies in `bus` once more, on a broker of its own, and sends these mails.
pub(crate) async fn measure(
    bus: &Bus,
    complaints: usize,
    sync: Sync,
    mails: Option<&Sending>,
) -> anyhow::Result<Cost> {
    let messages = traffic(bus).await?;
    let broker = Broker::start_with(sync).await;
    load::bus(&broker, "prepare").await?;
    let js = jetstream::new(async_nats::connect(broker.url()).await?);
    let cpu = || cpu_seconds(std::process::id()) + cpu_seconds(broker.pid());
    let (before, started) = (cpu(), Instant::now());
    let read = Arc::new(AtomicUsize::new(0));
    let mut readers = tokio::task::JoinSet::new();
    for (stream, reader) in READERS {
        let expected = messages.iter().filter(|message| STREAMS[message.stream] == stream).count();
        readers.spawn(consume(js.clone(), stream, reader, expected, read.clone()));
    }
    let send = async { if let Some(mails) = mails { mails.send().await } else { Ok(()) } };
    tokio::try_join!(publish(&js, &messages), send)?;
    while let Some(done) = readers.join_next().await {
        done??;
    }
    anyhow::ensure!(read.load(Ordering::Relaxed) > 0, "the bare program read nothing");
    let cpu_ms = (cpu() - before) * 1000.0 / float(complaints);
    Ok(Cost { cpu_ms, per_second: rate(complaints, started.elapsed()) })
}

/// All messages, dealt out so that the streams grow side by side, as they do in a house at work.
async fn traffic(bus: &Bus) -> anyhow::Result<Vec<Message>> {
    let mut placed = Vec::new();
    for (index, stream) in STREAMS.iter().enumerate() {
        let stored: Vec<_> = bus.scan(stream, ">", 1).await?.try_collect().await?;
        let count = stored.len().max(1);
        placed.extend(stored.into_iter().enumerate().map(|(n, stored)| {
            let message = Message { stream: index, subject: stored.subject, body: stored.body };
            (float(n) / float(count), message)
        }));
    }
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(placed.into_iter().map(|(_, message)| message).collect())
}

async fn publish(js: &jetstream::Context, messages: &[Message]) -> anyhow::Result<()> {
    let mut acks = futures::stream::iter(messages)
        .map(|message| async {
            let ack = js.publish(message.subject.clone(), message.body.clone()).await?;
            ack.await
        })
        .buffer_unordered(AT_ONCE);
    while let Some(ack) = acks.next().await {
        ack?;
    }
    Ok(())
}

async fn consume(
    js: jetstream::Context,
    stream: &'static str,
    reader: &'static str,
    expected: usize,
    read: Arc<AtomicUsize>,
) -> anyhow::Result<()> {
    let config = pull::Config { durable_name: Some(format!("bare-{reader}")), ..pull::Config::default() };
    let consumer = js.create_consumer_on_stream(config, stream).await?;
    let mut messages = consumer.stream().max_messages_per_batch(32).messages().await?;
    for _ in 0..expected {
        let Some(message) = messages.next().await else { break };
        message?.ack().await.map_err(anyhow::Error::from_boxed)?;
        read.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
