//! A TCP proxy that does what networks do: cut at a byte, delay, fall silent, refuse, heal.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From whoever connected.
    ToServer,
    /// To whoever connected.
    ToClient,
}

/// A proxy on a port of its own before one address. All faults hold for every connection until [`heal`](Self::heal).
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    faults: watch::Sender<Faults>,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    cut: Option<(Way, u64)>,
    delay: Duration,
    silent: bool,
    refuse: bool,
    /// Connections of an older generation are gone.
    generation: u64,
}

/// Both ends are dropped at once; what was under way is lost.
struct Cut;

impl Proxy {
    /// Starts one that passes everything on to `target`.
    pub async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("the loopback interface has ports");
        let address = listener.local_addr().expect("it is bound");
        let (faults, watched) = watch::channel(Faults::default());
        let connections = Arc::new(AtomicUsize::new(0));
        let accepting = tokio::spawn(accept(listener, target, watched, Arc::clone(&connections)));
        Self { address, faults, connections, accepting }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were made to it: one more than were cut, when whoever is cut comes back.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Every connection made from now on is cut after this many bytes one way.
    pub fn cut_at(&self, way: Way, bytes: u64) {
        self.faults.send_modify(|faults| faults.cut = Some((way, bytes)));
    }

    /// Cuts every connection that stands; new ones may come.
    pub fn cut_now(&self) {
        self.faults.send_modify(|faults| faults.generation += 1);
    }

    /// Holds everything back for this long, each way.
    pub fn delay(&self, by: Duration) {
        self.faults.send_modify(|faults| faults.delay = by);
    }

    /// Half-open: connections stand and can be made, but nothing passes, and nobody is told.
    pub fn fall_silent(&self) {
        self.faults.send_modify(|faults| faults.silent = true);
    }

    /// Resets every connection, those that stand and those that come.
    pub fn refuse(&self) {
        self.faults.send_modify(|faults| {
            faults.refuse = true;
            faults.generation += 1;
        });
    }

    /// Ends all faults; what was held back in silence goes on.
    pub fn heal(&self) {
        self.faults
            .send_modify(|faults| *faults = Faults { generation: faults.generation, ..Faults::default() });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut_now();
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    faults: watch::Receiver<Faults>,
    connections: Arc<AtomicUsize>,
) {
    while let Ok((client, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::Relaxed);
        let faults = faults.clone();
        tokio::spawn(async move {
            let now = *faults.borrow();
            if now.refuse {
                return reset(&client);
            }
            let Ok(server) = TcpStream::connect(target).await else { return reset(&client) };
            join(client, server, now, faults).await;
        });
    }
}

async fn join(client: TcpStream, server: TcpStream, born: Faults, faults: watch::Receiver<Faults>) {
    let (from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let up = pass(from_client, &mut to_server, limit(born, Way::ToServer), (born.generation, faults.clone()));
    let down = pass(from_server, &mut to_client, limit(born, Way::ToClient), (born.generation, faults));
    if tokio::try_join!(up, down).is_err() {
        reset(to_client.as_ref());
        reset(to_server.as_ref());
    }
}

fn limit(born: Faults, way: Way) -> u64 {
    born.cut.filter(|(cut, _)| *cut == way).map_or(u64::MAX, |(_, bytes)| bytes)
}

/// Passes bytes on until their end (the other way may go on), or until the connection is cut.
async fn pass(
    mut from: OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    mut left: u64,
    (generation, mut faults): (u64, watch::Receiver<Faults>),
) -> Result<(), Cut> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let now = *faults.borrow_and_update();
        if now.generation != generation {
            return Err(Cut);
        }
        if now.silent {
            // The proxy itself went away: so does the connection.
            faults.changed().await.map_err(|_| Cut)?;
            continue;
        }
        let read = tokio::select! {
            changed = faults.changed() => {
                changed.map_err(|_| Cut)?;
                continue;
            }
            read = from.read(&mut buffer) => read.map_err(|_| Cut)?,
        };
        if read == 0 {
            return to.shutdown().await.map_err(|_| Cut);
        }
        tokio::time::sleep(now.delay).await;
        let passed = read.min(usize::try_from(left).unwrap_or(usize::MAX));
        to.write_all(&buffer[..passed]).await.map_err(|_| Cut)?;
        left -= passed as u64;
        if left == 0 {
            return Err(Cut);
        }
    }
}

/// What is dropped next is reset instead of closed.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}
