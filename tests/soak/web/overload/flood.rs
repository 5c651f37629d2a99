//! Senders who do not wait for answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redress_tests::wire::{Wire, complain, complaint};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

const CONNECTIONS: usize = 800;
/// What is due in so long is sent at once.
const BEAT: Duration = Duration::from_millis(200);
/// The answers that are told apart.
const STATUSES: [&[u8]; 3] = [b"HTTP/1.1 202", b"HTTP/1.1 429", b"HTTP/1.1 503"];

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicUsize,
    heard: [AtomicUsize; STATUSES.len()],
    /// Connections that ended and were made anew.
    ended: AtomicUsize,
}

/// A running flood, on a thread of its own, so that it takes no turns from the one who behaves.
#[derive(Debug)]
pub(crate) struct Flood {
    offered: usize,
    started: Instant,
    counts: Arc<Counts>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// What it came to, a second.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) offered: usize,
    pub(crate) answered: usize,
    sent: usize,
    heard: [usize; STATUSES.len()],
    ended: usize,
}

impl Flood {
    /// Offers so many posts a second, or a few more, from so many addresses, from now on.
    pub(crate) fn start(server: SocketAddr, per_second: usize, addresses: u8) -> anyhow::Result<Self> {
        let beats = usize::try_from(Duration::from_secs(1).as_millis() / BEAT.as_millis())?;
        let due = per_second.div_ceil(CONNECTIONS * beats);
        let (counts, (stop, stopped)) = (Arc::new(Counts::default()), oneshot::channel());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let counting = counts.clone();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let mut senders = JoinSet::new();
                for sender in 0..CONNECTIONS {
                    let from = Ipv4Addr::new(
                        127,
                        0,
                        1,
                        1 + u8::try_from(sender % usize::from(addresses)).unwrap_or(0),
                    );
                    senders.spawn(send((server, from), sender, due, counting.clone()));
                }
                let _ = stopped.await;
            });
        });
        Ok(Self { offered: due * CONNECTIONS * beats, started: Instant::now(), counts, stop, thread })
    }

    /// Ends it.
    pub(crate) fn stop(self) -> Told {
        let seconds = usize::try_from(self.started.elapsed().as_secs()).unwrap_or(1).max(1);
        let _ = self.stop.send(());
        let _ = self.thread.join();
        let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
        let heard = self.counts.heard.each_ref().map(count);
        Told {
            offered: self.offered,
            answered: heard.iter().sum::<usize>() / seconds,
            sent: count(&self.counts.sent) / seconds,
            heard,
            ended: count(&self.counts.ended),
        }
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { offered, answered, sent, heard: [yes, too_often, busy], ended } = self;
        write!(f, "{offered}/s offered, {sent}/s sent, {answered}/s answered: ")?;
        write!(f, "{yes} times 202, {too_often} times 429, {busy} times 503; {ended} connections ended")
    }
}

/// One sender, on one connection after the other.
async fn send((server, from): (SocketAddr, Ipv4Addr), sender: usize, due: usize, counts: Arc<Counts>) {
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut first = 0;
    loop {
        beat.tick().await;
        let Ok(wire) = Wire::open(server, from).await else { continue };
        let (from_server, to_server) = TcpStream::into_split(wire.into_stream());
        tokio::select! {
            () = hear(from_server, &counts) => {}
            () = pour(to_server, (sender, &mut first), (due, &mut beat), &counts) => {}
        }
        counts.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// Sends what is due at each beat, each post with a key of its own.
async fn pour(
    mut to_server: OwnedWriteHalf,
    (sender, first): (usize, &mut usize),
    (due, beat): (usize, &mut tokio::time::Interval),
    counts: &Counts,
) {
    loop {
        let posts =
            (0..due).map(|n| complain(&format!("flood-{sender:04}-{:010}", *first + n), &complaint(n)));
        let posts: Vec<u8> = posts.flatten().collect();
        *first += due;
        if to_server.write_all(&posts).await.is_err() {
            return;
        }
        counts.sent.fetch_add(due, Ordering::Relaxed);
        beat.tick().await;
    }
}

/// Counts answers until the connection ends.
async fn hear(mut from_server: OwnedReadHalf, counts: &Counts) {
    let mut read = Vec::with_capacity(64 * 1024);
    while matches!(from_server.read_buf(&mut read).await, Ok(1..)) {
        let mut seen = 0;
        while let Some(at) = read[seen..].iter().position(|byte| *byte == b'H') {
            let rest = &read[seen + at..];
            if rest.len() < STATUSES[0].len() {
                break;
            }
            if let Some(which) = STATUSES.iter().position(|status| rest.starts_with(status)) {
                counts.heard[which].fetch_add(1, Ordering::Relaxed);
            }
            seen += at + 1;
        }
        // The beginning of a status line may be all that came of it.
        let keep = read[seen..].iter().position(|byte| *byte == b'H').map_or(read.len(), |at| seen + at);
        read.drain(..keep);
    }
}
