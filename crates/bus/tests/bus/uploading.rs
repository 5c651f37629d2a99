//! Blobs from sources that can be read once: what a bad network and a bad source do to them.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::TryStreamExt as _;
use redress_bus::config::Settings;
use redress_bus::{Bus, WriteError};
use redress_testkit::broker::Options;
use redress_testkit::proxy::Way;
use redress_testkit::{Broker, Proxy};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

const MIB: usize = 1024 * 1024;

async fn proxy(broker: &Broker) -> Proxy {
    Proxy::before(broker.url().trim_start_matches("nats://").parse().unwrap()).await
}

async fn through(broker: &Broker, proxy: &Proxy, user: &str) -> Bus {
    let servers = vec![format!("nats://{}", proxy.address())];
    let settings = Settings { servers, publish_patience_seconds: 2, ..broker.settings() };
    broker.bus_with(&settings, user).await
}

async fn chunks(bus: &Bus) -> usize {
    bus.scan("OBJ_blobs", "$O.blobs.C.>", 1).await.unwrap().try_collect::<Vec<_>>().await.unwrap().len()
}

/// With the rights of a channel, which may add to blobs and not read them.
#[tokio::test]
async fn a_chunk_whose_answer_was_lost_is_stored_once_and_the_next_one_follows_it() {
    let users = tempfile::tempdir().unwrap();
    let options = Options { users: Some(users.path().to_owned()), ..Options::default() };
    let broker = Broker::start_as(options).await;
    let operator = broker.bus_with(&broker.settings(), "operator").await;
    broker.bus("provision").await;
    let proxy = proxy(&broker).await;
    // Every connection lives for some answers; the last of them is cut in the middle.
    proxy.cut_at(Way::ToClient, 2000);
    let web = through(&broker, &proxy, "web").await;
    let bytes = Bytes::from((0..=250).cycle().take(40 * MIB).collect::<Vec<_>>());
    web.blobs().put("a/0", bytes.as_ref()).await.unwrap();
    assert!(proxy.connections() > 3, "{} connections", proxy.connections());
    assert_eq!(chunks(&operator).await, 80);
    assert!(crate::storing::whole(&operator.blobs(), "a/0").await.unwrap() == bytes);
    assert_eq!(operator.blobs().list().await.unwrap().len(), 1, "nothing was begun anew");
}

#[tokio::test]
async fn a_source_is_read_one_chunk_ahead_of_what_is_acknowledged() {
    let broker = Broker::start().await;
    broker.bus("test").await;
    let proxy = proxy(&broker).await;
    let bus = through(&broker, &proxy, "test").await;
    let read = AtomicUsize::new(0);
    let source = Watched { proxy: &proxy, read: &read, silent_at: 5 * MIB };
    let written = bus.blobs().put("a/0", source.take(30 * MIB as u64)).await;
    assert!(matches!(written, Err(WriteError::Publish(_))), "{written:?}");
    let read = read.into_inner();
    assert!((5 * MIB..=5 * MIB + 512 * 1024).contains(&read), "{read} bytes were read");
}

#[tokio::test]
async fn a_source_that_breaks_leaves_no_object_and_says_that_it_was_the_source() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let whole = vec![7; MIB];
    let written = bus.blobs().put("a/0", whole.as_slice().chain(Breaking)).await;
    let Err(WriteError::Source { source, .. }) = written else { panic!("{written:?}") };
    assert_eq!(source.to_string(), "the client went away");
    assert!(bus.blobs().open("a/0").await.unwrap().is_none());
    let left = bus.blobs().list().await.unwrap();
    assert!(left.len() == 1 && left[0].name.is_none(), "the sweep finds it: {left:?}");
}

/// What a client sends that went away.
struct Breaking;

impl AsyncRead for Breaking {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("the client went away")))
    }
}

/// Bytes without end; the broker falls silent when so many were read.
struct Watched<'a> {
    proxy: &'a Proxy,
    read: &'a AtomicUsize,
    silent_at: usize,
}

impl AsyncRead for Watched<'_> {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let length = into.remaining().min(1000);
        into.put_slice(&[7; 1000][..length]);
        let before = self.read.fetch_add(length, Ordering::Relaxed);
        if before < self.silent_at && before + length >= self.silent_at {
            self.proxy.fall_silent();
        }
        Poll::Ready(Ok(()))
    }
}
