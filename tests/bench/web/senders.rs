//! Connections that are kept, each of which sends the next complaint when the last was answered.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redress_tests::wire::{Wire, complain, complaint};
use tokio::task::JoinSet;

const CONNECTIONS: usize = 64;

/// What all of them heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Until each answer.
    pub(super) waits_ms: Vec<f64>,
    /// Answers other than 202.
    pub(super) refused: usize,
    pub(super) took: Duration,
}

/// Sends so many, each with a key of its own that `run` makes; on one thread of its own.
pub(super) async fn send(
    server: SocketAddr,
    run: (&'static str, usize),
    count: usize,
) -> anyhow::Result<Heard> {
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(all(server, run, count))
    })
    .await?
}

async fn all(server: SocketAddr, run: (&'static str, usize), count: usize) -> anyhow::Result<Heard> {
    let mut wires = Vec::new();
    for _ in 0..CONNECTIONS {
        wires.push(Wire::open(server, Ipv4Addr::LOCALHOST).await?);
    }
    let (next, started) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut senders = JoinSet::new();
    for wire in wires {
        senders.spawn(one(wire, run, next.clone(), count));
    }
    let mut heard = Heard::default();
    while let Some(sender) = senders.join_next().await {
        let (waits_ms, refused) = sender??;
        heard.waits_ms.extend(waits_ms);
        heard.refused += refused;
    }
    heard.took = started.elapsed();
    Ok(heard)
}

async fn one(
    mut wire: Wire,
    (word, round): (&'static str, usize),
    next: Arc<AtomicUsize>,
    count: usize,
) -> anyhow::Result<(Vec<f64>, usize)> {
    let (mut waits_ms, mut refused) = (Vec::new(), 0);
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= count {
            return Ok((waits_ms, refused));
        }
        let request = complain(&format!("bench-{word}-{round}-{n:08}"), &complaint(n));
        let sent_at = Instant::now();
        let reply = wire.ask(&request).await?;
        waits_ms.push(sent_at.elapsed().as_secs_f64() * 1_000.0);
        refused += usize::from(reply.status != 202);
    }
}
