//! Copies of whole streams: what is put back is what was there, byte for byte and place by place.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt as _;
use redress_bus::consume::Surroundings;
use redress_bus::snapshot::{CHUNK_BYTES, Head};
use redress_bus::{Bus, Consumer, Headers, Stored};
use redress_contract::subject::name;
use redress_runtime::{Clock, Health, Shutdown};
use redress_testkit::{Broker, Cluster, Sync, eventually};

/// A stream's archive, whole.
async fn copy(bus: &Bus, stream: &str) -> (Head, Vec<u8>) {
    let mut archive = bus.archive(stream).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(chunk) = archive.next().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    (archive.head().clone(), bytes)
}

async fn put_back(bus: &Bus, stream: &str, (head, bytes): &(Head, Vec<u8>)) -> u64 {
    let giving = bus.begin_to_give_back(stream, head).await.unwrap();
    for chunk in bytes.chunks(CHUNK_BYTES) {
        giving.chunk(Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    giving.finish().await.unwrap()
}

async fn all(bus: &Bus, stream: &str) -> Vec<Stored> {
    bus.scan(stream, ">", 1).await.unwrap().try_collect().await.unwrap()
}

/// The client does not keep the order of headers.
fn sorted(headers: &Headers) -> Headers {
    let mut headers = headers.clone();
    headers.sort();
    headers
}

/// A connection to a broker that holds nothing.
async fn empty(broker: &Broker) -> Bus {
    broker.bus_with(&broker.settings(), "restore").await
}

#[tokio::test]
async fn a_stream_that_is_put_back_is_the_same_stream() {
    let broker = Broker::start().await;
    let bus = broker.bus("backup").await;
    for n in 0..300_u32 {
        let headers = vec![("redress-key".to_owned(), format!("k{n}"))];
        let body = Bytes::from(vec![u8::try_from(n % 251).unwrap(); 5000]);
        bus.publish_once(&format!("intake.email.c{n}"), headers, body).await.unwrap();
    }
    let limits = bus.kv(name::LIMITS);
    for n in 0..20_u32 {
        limits.put("one", n.to_string().into()).await.unwrap();
    }
    limits.delete("one").await.unwrap();
    for stream in [name::INTAKE, "KV_limits"] {
        let copied = copy(&bus, stream).await;
        let (other, before) = (Broker::start().await, all(&bus, stream).await);
        let restored = empty(&other).await;
        assert_eq!(put_back(&restored, stream, &copied).await, before.last().unwrap().seq);
        let after = all(&restored, stream).await;
        assert_eq!(after.len(), before.len(), "{stream}");
        for (one, two) in before.iter().zip(&after) {
            assert_eq!((one.seq, &one.subject), (two.seq, &two.subject));
            assert_eq!(sorted(&one.headers), sorted(&two.headers));
            assert_eq!((&one.body, one.stored_at), (&two.body, two.stored_at));
        }
        // Nothing of its settings drifted, and what guards it guards it still.
        restored.prepare().await.unwrap();
        assert!(restored.begin_to_give_back(stream, &copied.0).await.is_err());
    }
}

#[tokio::test]
async fn a_damaged_archive_is_refused_and_leaves_nothing() {
    let broker = Broker::start().await;
    let bus = broker.bus("backup").await;
    bus.publish_once("intake.email.c1", Vec::new(), Bytes::from_static(b"words")).await.unwrap();
    let (head, bytes) = copy(&bus, name::INTAKE).await;
    let other = Broker::start().await;
    let restored = empty(&other).await;
    let giving = restored.begin_to_give_back(name::INTAKE, &head).await.unwrap();
    let cut = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
    let given = match giving.chunk(cut).await {
        Ok(()) => giving.finish().await.map(drop),
        refused => refused,
    };
    assert!(given.is_err());
    assert_eq!(restored.streams_there().await.unwrap(), []);
}

#[tokio::test]
async fn a_consumer_goes_on_behind_what_it_had_acknowledged() {
    let broker = Broker::start().await;
    let bus = broker.bus("backup").await;
    for n in 1..=6_u32 {
        bus.publish_once(&format!("intake.email.c{n}"), Vec::new(), n.to_string().into()).await.unwrap();
    }
    let seen = consume(&bus, 1, |n| n <= 4).await;
    assert_eq!(seen, BTreeSet::from([1, 2, 3, 4, 5, 6]));
    let positions = bus.positions(name::INTAKE).await.unwrap();
    assert_eq!(positions.len(), 1);
    assert_eq!((positions[0].name.as_str(), positions[0].acknowledged_seq), ("router", 4));
    let copied = copy(&bus, name::INTAKE).await;
    let other = Broker::start().await;
    let restored = empty(&other).await;
    put_back(&restored, name::INTAKE, &copied).await;
    restored.put_at(name::INTAKE, &positions[0]).await.unwrap();
    restored.prepare().await.unwrap();
    // The same consumer in every other respect: a service that starts with other waiting times may change them.
    assert_eq!(consume(&restored, 5, |_| true).await, BTreeSet::from([5, 6]));
}

/// Runs the consumer `router` until it has seen the messages from `first` to the last; answers all that it saw.
async fn consume(bus: &Bus, first: u64, done: fn(u64) -> bool) -> BTreeSet<u64> {
    let (seen, shutdown) = (Arc::new(Mutex::new(BTreeSet::new())), Shutdown::new());
    let surroundings = Surroundings {
        clock: Clock::system(),
        part: Health::new().part("router"),
        shutdown: shutdown.clone(),
    };
    let consumer = Consumer {
        service: "router".to_owned(),
        name: "router".to_owned(),
        stream: name::INTAKE.to_owned(),
        filters: Vec::new(),
        parallel: 1,
        handler_timeout: Duration::from_secs(5),
    };
    let noted = seen.clone();
    let running = bus.consume(consumer, surroundings, move |delivery| {
        noted.lock().unwrap().insert(delivery.stream_seq);
        let fine = done(delivery.stream_seq);
        async move {
            let not_now = std::io::Error::other("not now");
            if fine {
                Ok(())
            } else {
                Err(redress_bus::Failure::retry_after(not_now, Duration::from_mins(1)))
            }
        }
    });
    let watching = async {
        eventually("all of them are seen", || async {
            (first..=6).all(|seq| seen.lock().unwrap().contains(&seq)).then_some(())
        })
        .await;
        shutdown.ask();
    };
    let (ended, ()) = futures::join!(running, watching);
    ended.unwrap();
    std::mem::take(&mut *seen.lock().unwrap())
}

/// Everything of one broker into another.
async fn move_all(from: &Bus, to: &Bus) {
    for stream in from.stream_names() {
        let positions = from.positions(&stream).await.unwrap();
        put_back(to, &stream, &copy(from, &stream).await).await;
        for position in &positions {
            to.put_at(&stream, position).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_is_put_back_as_three_and_three_as_one() {
    let (one, three) = tokio::join!(Broker::start(), Cluster::start(Sync::Default));
    let bus = one.bus("backup").await;
    for n in 1..=6_u32 {
        bus.publish_once(&format!("intake.email.c{n}"), Vec::new(), n.to_string().into()).await.unwrap();
        bus.publish(&format!("event.Registered.x{n}"), Vec::new(), n.to_string().into()).await.unwrap();
    }
    let large = vec![7; 300_000];
    bus.blobs().put("key/1", large.as_slice()).await.unwrap();
    consume(&bus, 1, |n| n <= 4).await;

    let on_three = three.bus_with(&three.settings(), "restore").await;
    move_all(&bus, &on_three).await;
    on_three.prepare().await.unwrap();
    assert_eq!(consume(&on_three, 5, |n| n <= 5).await, BTreeSet::from([5, 6]));
    let other = Broker::start().await;
    let back = empty(&other).await;
    move_all(&on_three, &back).await;
    back.prepare().await.unwrap();
    for stream in [name::INTAKE, name::EVENTS] {
        let seqs: Vec<u64> = all(&back, stream).await.iter().map(|stored| stored.seq).collect();
        assert_eq!(seqs, [1, 2, 3, 4, 5, 6], "{stream}");
    }
    assert_eq!(crate::storing::whole(&back.blobs(), "key/1").await.unwrap(), vec![7; 300_000]);
    assert_eq!(consume(&back, 6, |_| true).await, BTreeSet::from([6]));
}
