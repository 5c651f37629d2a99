//! A gibibyte is refused early, whether its length is said or not; and senders who take their time stop nobody else.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use redress_testkit::eventually;
use redress_tests::results::{Bar, Results, say};
use redress_tests::wire::{Wire, complain, complaint};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::house::{House, post};
use crate::Form;

const GIBIBYTE: usize = 1024 * 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;
/// Of each gibibyte at most so much may be taken: what the server reads on so that its answer is heard (4 MiB), and what the
/// kernel holds on the way.
const TAKEN_MIB_MAX: usize = 16;
/// Uploads of each kind.
const TIMES: usize = 5;
const MEMORY_MIB_MAX: usize = 256;
const SLOW: usize = 200;
const BEAT: Duration = Duration::from_secs(1);
const NORMAL: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const SLOW_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Kinds of uploads: what it is called, the head, whether the body comes in chunks.
const KINDS: [(&str, &str, Framing); 4] = [
    (
        "api_length",
        "POST /v1/complaints HTTP/1.1\r\ncontent-type: application/json",
        Framing::Length(GIBIBYTE),
    ),
    ("api_chunked", "POST /v1/complaints HTTP/1.1\r\ncontent-type: application/json", Framing::Chunked),
    // More than a complaint may have, less than the listener refuses by itself.
    (
        "api_fifty_mib",
        "POST /v1/complaints HTTP/1.1\r\ncontent-type: application/json",
        Framing::Length(GIBIBYTE / 20),
    ),
    ("form_chunked", "POST / HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded", Framing::Chunked),
];

#[derive(Debug, Clone, Copy)]
enum Framing {
    Length(usize),
    Chunked,
}

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let mut house = House::start("").await?;
    let server = house.address()?;
    for kind in KINDS {
        uploads(server, kind, results).await?;
    }
    slow(server, Duration::from_secs(form.pick(10, 60)), results).await?;
    results.count("web.large_upload_memory", house.memory_mib()?, "MiB", Bar::at_most(MEMORY_MIB_MAX));
    results.count("web.large_upload_panics", house.place.panics()?, "panics", Bar::exactly(0));
    house.web.stop()
}

/// Several uploads of one kind: how many heard 413, and how much of each was taken.
async fn uploads(
    server: SocketAddr,
    (name, request, framing): (&str, &str, Framing),
    results: &mut Results,
) -> anyhow::Result<()> {
    let (mut refused, mut taken_max, mut waited) = (0, 0, Duration::ZERO);
    for _ in 0..TIMES {
        let started = Instant::now();
        let (taken, status) = upload(server, request, framing).await?;
        refused += usize::from(status == Some(413));
        taken_max = taken_max.max(taken);
        waited = waited.max(started.elapsed());
    }
    say(&format!("{name}: at most {taken_max} bytes were taken, each ended within {waited:?}"));
    results.count(&format!("web.large_upload_{name}"), refused, "answers-413", Bar::exactly(TIMES));
    let mib = taken_max.div_ceil(1024 * 1024);
    results.count(&format!("web.large_upload_{name}_taken"), mib, "MiB", Bar::at_most(TAKEN_MIB_MAX));
    Ok(())
}

/// Sends until it is answered or broken off; the bytes of the body that were taken, and the status.
async fn upload(server: SocketAddr, request: &str, framing: Framing) -> anyhow::Result<(usize, Option<u16>)> {
    let stream = Wire::open(server, NORMAL).await.context("connect")?.into_stream();
    let (mut from_server, mut to_server) = stream.into_split();
    let length = match framing {
        Framing::Length(bytes) => format!("content-length: {bytes}"),
        Framing::Chunked => "transfer-encoding: chunked".to_owned(),
    };
    to_server.write_all(format!("{request}\r\nhost: localhost\r\n{length}\r\n\r\n").as_bytes()).await?;
    let (mut taken, whole) = (0, if let Framing::Length(bytes) = framing { bytes } else { GIBIBYTE });
    let pour = async {
        let chunk = vec![b'x'; CHUNK_BYTES];
        let frame = format!("{CHUNK_BYTES:x}\r\n");
        while taken < whole {
            // Counted before, so that what was taken of the last chunk counts too.
            taken += CHUNK_BYTES;
            if matches!(framing, Framing::Chunked) {
                to_server.write_all(frame.as_bytes()).await?;
                to_server.write_all(&chunk).await?;
                to_server.write_all(b"\r\n").await?;
            } else {
                to_server.write_all(&chunk).await?;
            }
        }
        std::io::Result::Ok(())
    };
    let mut answer = [0; 512];
    let mut hearing = std::pin::pin!(from_server.read(&mut answer));
    let read = tokio::select! {
        read = &mut hearing => read,
        // Broken off: the answer may lie there.
        _ = pour => hearing.await,
    };
    let heard = String::from_utf8_lossy(&answer[..read.unwrap_or(0)]).into_owned();
    Ok((taken, heard.split(' ').nth(1).and_then(|status| status.parse().ok())))
}

/// What the slow ones went through.
#[derive(Debug, Default)]
struct Patience {
    standing: AtomicUsize,
    /// Cut off or answered, and come again.
    ended: AtomicUsize,
}

/// Slow senders of heads and bodies, and a normal one who connects anew for each complaint.
async fn slow(server: SocketAddr, lasts: Duration, results: &mut Results) -> anyhow::Result<()> {
    let patience = Arc::new(Patience::default());
    let mut senders = JoinSet::new();
    for sender in 0..SLOW {
        senders.spawn(dawdle(server, sender, patience.clone()));
    }
    eventually("the slow ones stand", || async {
        (patience.standing.load(Ordering::Relaxed) == SLOW).then_some(())
    })
    .await;
    let (mut waits, mut accepted, until) = (Vec::new(), 0, Instant::now() + lasts);
    while Instant::now() < until {
        let request = complain(&format!("normal-sender-{:08}", waits.len()), &complaint(waits.len()));
        let sent_at = Instant::now();
        let reply = post(server, NORMAL, &request).await;
        accepted += usize::from(reply.is_some_and(|reply| reply.status == 202));
        waits.push(sent_at.elapsed());
    }
    waits.sort_unstable();
    let p99 = waits[(waits.len() * 99).div_ceil(100) - 1].as_secs_f64() * 1_000.0;
    let ended = patience.ended.load(Ordering::Relaxed);
    let standing = patience.standing.load(Ordering::Relaxed);
    results.count("web.slow_senders_standing", standing, "connections", Bar::at_least(SLOW * 9 / 10));
    results.count("web.slow_senders_ended", ended, "connections", Bar::None);
    results.count("web.slow_normal_sent", waits.len(), "complaints", Bar::None);
    results.count("web.slow_normal_refused", waits.len() - accepted, "complaints", Bar::exactly(0));
    results.tell("web.slow_normal_p99", p99, "ms", Bar::None);
    Ok(())
}

/// Sends a byte a second, of the head by every other sender and of the body by the others; comes again when cut off.
async fn dawdle(server: SocketAddr, sender: usize, patience: Arc<Patience>) {
    let request = complain(&format!("slow-sender-{sender:08}"), &complaint(sender));
    let body_at = request.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
    let at_once = if sender.is_multiple_of(2) { 0 } else { body_at };
    loop {
        let Ok(wire) = Wire::open(server, SLOW_ADDRESS).await else {
            tokio::time::sleep(BEAT).await;
            continue;
        };
        patience.standing.fetch_add(1, Ordering::Relaxed);
        drip(wire.into_stream(), &request, at_once).await;
        patience.standing.fetch_sub(1, Ordering::Relaxed);
        patience.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// Until the server says or does something.
async fn drip(stream: TcpStream, request: &[u8], at_once: usize) {
    let (mut from_server, mut to_server) = stream.into_split();
    let pour = async {
        to_server.write_all(&request[..at_once]).await?;
        let mut beat = tokio::time::interval(BEAT);
        for byte in &request[at_once..] {
            beat.tick().await;
            to_server.write_all(std::slice::from_ref(byte)).await?;
        }
        std::future::pending::<std::io::Result<()>>().await
    };
    let mut answer = [0; 512];
    tokio::select! {
        _ = pour => {}
        _ = from_server.read(&mut answer) => {}
    }
}
