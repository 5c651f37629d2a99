//! What is stored is stored once, in order, and found again.

use std::collections::HashMap;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use redress_bus::config::Settings;
use redress_bus::provision::Act;
use redress_bus::{AppendError, Blobs, Created, KvError};
use redress_contract::subject::name;
use redress_testkit::Broker;
use tokio::io::AsyncReadExt as _;

#[tokio::test]
async fn preparing_twice_changes_nothing_and_a_drifted_setting_is_named() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    bus.prepare().await.expect("a second time finds everything as it must be");

    assert!(bus.plan().await.unwrap().steps().all(|step| step.act == Act::Keep));
}

#[tokio::test]
async fn a_harmless_change_is_planned_and_made_and_a_dangerous_one_refused_by_name() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let bodies = (0..3).map(|n| {
        bus.publish_once(["intake.email.a", "intake.email.b", "intake.email.c"][n], Vec::new(), "x".into())
    });
    futures::future::join_all(bodies).await;
    let other = Settings {
        events_days: 30,
        ack_wait_seconds: 9,
        store_mebibytes_max: Some(256),
        ..broker.settings()
    };
    let changed = broker.bus_with(&other, "test").await;
    let plan = changed.plan().await.unwrap();
    let acts: HashMap<_, _> = plan.steps().map(|step| (step.name.clone(), step.act)).collect();
    assert_eq!(acts["EVENTS"], Act::Change);
    assert_eq!(acts["INTAKE > router"], Act::Change);
    assert_eq!(acts["INTAKE"], Act::Change);
    assert_eq!(acts["TIMERS"], Act::Keep);
    changed.apply(plan).await.unwrap();
    assert!(changed.plan().await.unwrap().steps().all(|step| step.act == Act::Keep));
    assert_eq!(bus.last_seq(name::INTAKE).await.unwrap(), 3);

    let copies = Settings { replicas: 3, ..other };
    let refused = broker.bus_with(&copies, "test").await;
    let problem = refused.prepare().await.unwrap_err().to_string();
    assert!(problem.contains("EVENTS") && problem.contains("persist_mode"), "{problem}");
}

#[tokio::test]
async fn what_a_later_release_puts_into_a_stream_is_added_and_nothing_is_left_out() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let js = async_nats::jetstream::new(async_nats::connect(broker.url()).await.unwrap());
    let current = js.get_stream(name::TIMERS).await.unwrap().cached_info().config.clone();
    let with = |subjects: Vec<String>| async_nats::jetstream::stream::Config { subjects, ..current.clone() };
    let fewer = current.subjects.iter().filter(|it| *it != "timer.acknowledged.>").cloned().collect();
    js.delete_consumer_from_stream("sla-acknowledged", name::TIMERS).await.unwrap();
    js.update_stream(&with(fewer)).await.unwrap();
    let plan = bus.plan().await.unwrap();
    let acts: HashMap<_, _> = plan.steps().map(|step| (step.name.clone(), step.act)).collect();
    assert_eq!(acts["TIMERS"], Act::Change);
    bus.apply(plan).await.unwrap();
    assert!(bus.plan().await.unwrap().steps().all(|step| step.act == Act::Keep));

    let more = [current.subjects.clone(), vec!["bell.>".to_owned()]].concat();
    js.update_stream(&with(more)).await.unwrap();
    let problem = bus.prepare().await.unwrap_err().to_string();
    assert!(problem.contains("TIMERS") && problem.contains("subjects"), "{problem}");
}

#[tokio::test]
async fn a_broker_whose_store_got_smaller_goes_on_with_the_shares_it_has() {
    let mut broker = Broker::start().await;
    broker.bus("test").await;
    broker.limit_store(64 << 20);
    broker.restart().await;
    let smaller = Settings { store_mebibytes_max: Some(32), ..broker.settings() };
    let bus = broker.bus_with(&smaller, "test").await;
    bus.prepare().await.expect("the store's own limit guards the disk");
    bus.publish_once("intake.email.a", Vec::new(), "x".into()).await.unwrap();

    let larger = Settings { store_mebibytes_max: Some(1024), ..broker.settings() };
    let problem = broker.bus_with(&larger, "test").await.prepare().await.unwrap_err().to_string();
    assert!(problem.contains("insufficient storage"), "{problem}");
}

#[tokio::test]
async fn who_reads_what_nobody_prepared_is_told_what_to_run() {
    let broker = Broker::start().await;
    let settings = Settings { publish_patience_seconds: 1, ..broker.settings() };
    let bus = broker.bus_with(&settings, "test").await;
    let problem = bus.expect_stream(name::INTAKE, "intake.email.x").await.unwrap_err().to_string();
    assert!(problem.contains("INTAKE") && problem.contains("redress provision"), "{problem}");
    bus.prepare().await.unwrap();
    bus.expect_stream(name::INTAKE, "intake.email.x").await.unwrap();
}

#[tokio::test]
async fn one_header_cannot_wipe_a_stream() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    for subject in [
        "intake.email.a",
        "complaint.a",
        "$KV.keys.a",
        "$KV.references.a",
        "$O.blobs.M.a",
        "dead.router.letter.router.1",
    ] {
        let rollup = vec![("Nats-Rollup".to_owned(), "all".to_owned())];
        assert!(bus.publish(subject, rollup, "x".into()).await.is_err(), "{subject}");
    }
}

#[tokio::test]
async fn racers_store_one_message_per_subject() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let racers = (0..8).map(|racer| {
        let bus = bus.clone();
        tokio::spawn(async move {
            let mut new = 0;
            for n in 0..100 {
                let body = Bytes::from(format!("{racer}"));
                let published =
                    bus.publish_once(&format!("intake.email.c{n}"), Vec::new(), body).await.unwrap();
                new += u32::from(published.new);
            }
            new
        })
    });
    let won: u32 = futures::future::join_all(racers).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(won, 100);
    assert_eq!(bus.last_seq(name::INTAKE).await.unwrap(), 100);
}

#[tokio::test]
async fn an_append_with_an_old_expectation_conflicts() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let first = bus.append("complaint.a", 0, Vec::new(), "one".into()).await.unwrap();
    let second = bus.append("complaint.a", first, Vec::new(), "two".into()).await.unwrap();
    let late = bus.append("complaint.a", first, Vec::new(), "three".into()).await;
    assert!(matches!(late, Err(AppendError::Conflict(_))), "{late:?}");
    let last = bus.last(name::COMPLAINTS, "complaint.a").await.unwrap().unwrap();
    assert_eq!((last.seq, last.body.as_ref()), (second, &b"two"[..]));
    let leader = bus.last_at_leader(name::COMPLAINTS, "complaint.a").await.unwrap().unwrap();
    assert_eq!((leader.seq, leader.body), (last.seq, last.body));
    assert!(bus.last(name::COMPLAINTS, "complaint.b").await.unwrap().is_none());
    assert!(bus.last_at_leader(name::COMPLAINTS, "complaint.b").await.unwrap().is_none());
}

#[tokio::test]
async fn a_window_is_appended_in_order_whatever_its_size() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let mut end = 0;
    for window in 0..5 {
        let messages =
            (0..500).map(|n| (format!("event.Noted.c{window}-{n}"), Vec::new(), Bytes::from(n.to_string())));
        end = bus.append_all(name::EVENTS, end, messages.collect()).await.expect("nobody else appends");
    }
    assert_eq!(end, 2_500);
}

#[tokio::test]
async fn buckets_claim_update_list_and_forget() {
    let broker = Broker::start().await;
    let kv = broker.bus("test").await.kv(name::CORRELATION);
    assert_eq!(kv.create("thread.a", "1".into()).await.unwrap(), Created::New);
    assert_eq!(kv.create("thread.a", "2".into()).await.unwrap(), Created::Exists("1".into()));
    let (value, revision) = kv.get("thread.a").await.unwrap().unwrap();
    assert_eq!(value, "1");
    kv.update("thread.a", "3".into(), revision).await.unwrap();
    let late = kv.update("thread.a", "4".into(), revision).await;
    assert!(matches!(late, Err(KvError::Conflict { .. })), "{late:?}");
    kv.put("party.x.1", "p".into()).await.unwrap();
    kv.put("party.x.2", "q".into()).await.unwrap();
    assert_eq!(kv.entries("party.x").await.unwrap().len(), 2);
    kv.delete("thread.a").await.unwrap();
    assert_eq!(kv.get("thread.a").await.unwrap(), None);
    assert_eq!(kv.create("thread.a", "5".into()).await.unwrap(), Created::New, "a deleted key is free again");
    let refused = kv.get("somebody@example.org").await;
    assert!(
        refused.is_err_and(|e| !e.to_string().contains("somebody")),
        "a bad key is refused and not repeated"
    );
}

#[tokio::test]
async fn blobs_come_back_whole_and_missing_ones_are_none() {
    let broker = Broker::start().await;
    let blobs = broker.bus("test").await.blobs();
    let bytes = Bytes::from((0..3_000_000u32).map(|n| (n % 251) as u8).collect::<Vec<_>>());
    blobs.put("a/0", bytes.as_ref()).await.unwrap();
    assert_eq!(whole(&blobs, "a/0").await.unwrap(), bytes);
    blobs.put("a/1", [].as_slice()).await.unwrap();
    assert_eq!(whole(&blobs, "a/1").await.unwrap(), Bytes::new());
    assert_eq!(whole(&blobs, "b/0").await, None);
}

pub(crate) async fn whole(blobs: &Blobs, name: &str) -> Option<Vec<u8>> {
    let (mut object, size) = blobs.open(name).await.unwrap()?;
    let mut bytes = Vec::new();
    object.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes.len(), size);
    Some(bytes)
}

#[tokio::test]
async fn an_erased_blob_leaves_no_chunk_and_broken_writes_are_listed() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    let (blobs, large) = (bus.blobs(), vec![7; 300_000]);
    for name in ["a/0", "a/1"] {
        blobs.put(name, large.as_slice()).await.unwrap();
    }
    bus.publish("$O.blobs.C.broken", Vec::new(), Bytes::from_static(b"half")).await.unwrap();
    let listed = blobs.list().await.unwrap();
    let mut names: Vec<_> = listed.iter().map(|listed| listed.name.as_deref()).collect();
    names.sort_unstable();
    assert_eq!(names, [None, Some("a/0"), Some("a/1")]);
    assert!(blobs.erase("a/0").await.unwrap());
    assert!(!blobs.erase("a/0").await.unwrap(), "it is gone already");
    assert_eq!(whole(&blobs, "a/0").await, None);
    assert_eq!(whole(&blobs, "a/1").await.unwrap().len(), 300_000);
    for listed in blobs.list().await.unwrap() {
        blobs.erase_listed(&listed).await.unwrap();
    }
    let left: Vec<_> = bus.scan("OBJ_blobs", ">", 1).await.unwrap().try_collect().await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_scan_ends_at_the_present_and_a_follow_goes_on() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    for n in 0..50 {
        bus.publish_once(&format!("intake.email.c{n}"), Vec::new(), Bytes::from(n.to_string()))
            .await
            .unwrap();
    }
    let all: Vec<_> = bus.scan(name::INTAKE, "intake.>", 1).await.unwrap().collect().await;
    assert_eq!(all.len(), 50);
    let tail: Vec<_> = bus.scan(name::INTAKE, "intake.>", 41).await.unwrap().collect().await;
    assert_eq!(tail.len(), 10);
    let none: Vec<_> = bus.scan(name::INTAKE, "intake.web.>", 1).await.unwrap().collect().await;
    assert!(none.is_empty());
    let mut follow = bus.follow(name::INTAKE, "intake.>", 50).await.unwrap();
    assert_eq!(follow.next().await.unwrap().unwrap().body, "49");
    bus.publish_once("intake.email.later", Vec::new(), "later".into()).await.unwrap();
    assert_eq!(follow.next().await.unwrap().unwrap().body, "later");
}

#[tokio::test]
async fn a_scan_ends_although_what_was_pending_vanishes() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    for n in 0..20 {
        bus.publish(&format!("timer.cancelled.c{n}"), Vec::new(), "x".into()).await.unwrap();
    }
    let mut scan = bus.scan(name::TIMERS, "timer.>", 1).await.unwrap();
    assert_eq!(scan.next().await.unwrap().unwrap().seq, 1);
    // Rolling up a subject replaces its older messages, as a schedule that is set again does.
    for n in 10..20 {
        let rollup = vec![("Nats-Rollup".to_owned(), "sub".to_owned())];
        bus.publish(&format!("timer.cancelled.c{n}"), rollup, "y".into()).await.unwrap();
    }
    let rest = scan.collect::<Vec<_>>();
    let rest = tokio::time::timeout(std::time::Duration::from_secs(20), rest).await.expect("the scan ends");
    assert!(rest.iter().all(Result::is_ok) && rest.len() >= 9);
}

#[tokio::test]
async fn a_publish_lives_through_a_broker_that_is_killed() {
    let mut broker = Broker::start().await;
    let bus = broker.bus("test").await;
    broker.kill();
    let publish = tokio::spawn({
        let bus = bus.clone();
        async move { bus.publish_once("intake.email.a", Vec::new(), "x".into()).await }
    });
    broker.restart().await;
    assert!(publish.await.unwrap().expect("the publish is tried until the broker is back").seq <= 1);
    assert_eq!(bus.last_seq(name::INTAKE).await.unwrap(), 1);
}

#[tokio::test]
async fn a_publish_gives_up_when_patience_is_over() {
    let mut broker = Broker::start().await;
    let settings = Settings { publish_patience_seconds: 1, ack_timeout_seconds: 1, ..broker.settings() };
    let bus = broker.bus_with(&settings, "test").await;
    bus.prepare().await.unwrap();
    broker.kill();
    let problem = bus.publish_once("intake.email.a", Vec::new(), "x".into()).await.unwrap_err();
    assert!(problem.to_string().contains("intake.email.a"), "{problem}");
}
