//! Each message is handled until its outcome is noted, or kept as a dead letter.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use redress_bus::consume::Surroundings;
use redress_bus::{Bus, Consumer, Delivery, Failure};
use redress_contract::subject::name;
use redress_runtime::{Clock, Health, Shutdown};
use redress_testkit::{Broker, eventually, eventually_within};

fn consumer() -> Consumer {
    Consumer {
        service: "router".to_owned(),
        name: "router".to_owned(),
        stream: name::INTAKE.to_owned(),
        filters: Vec::new(),
        parallel: 8,
        handler_timeout: Duration::from_secs(2),
    }
}

fn surroundings(shutdown: &Shutdown) -> Surroundings {
    Surroundings { clock: Clock::system(), part: Health::new().part("router"), shutdown: shutdown.clone() }
}

async fn fill(bus: &Bus, count: usize) {
    for n in 0..count {
        bus.publish_once(&format!("intake.email.c{n}"), Vec::new(), Bytes::from(n.to_string()))
            .await
            .unwrap();
    }
}

/// Counts how often each body was handled.
#[derive(Clone, Default)]
struct Tally(Arc<Mutex<HashMap<Bytes, usize>>>);

impl Tally {
    fn note(&self, delivery: &Delivery) -> usize {
        let mut counts = self.0.lock().unwrap();
        let count = counts.entry(delivery.body.clone()).or_default();
        *count += 1;
        *count
    }

    fn distinct(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn of(&self, body: &'static str) -> usize {
        self.0.lock().unwrap().get(body.as_bytes()).copied().unwrap_or_default()
    }
}

#[tokio::test]
async fn two_replicas_share_the_work_and_stop_when_asked() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    fill(&bus, 200).await;
    let (tally, shutdown) = (Tally::default(), Shutdown::new());
    let replicas = [(); 2].map(|()| {
        let (bus, tally, shutdown) = (bus.clone(), tally.clone(), shutdown.clone());
        tokio::spawn(async move {
            let handler = move |delivery: Delivery| {
                tally.note(&delivery);
                async { Ok(()) }
            };
            bus.consume(consumer(), surroundings(&shutdown), handler).await
        })
    });
    eventually("all are handled", || async { (tally.distinct() == 200).then_some(()) }).await;
    shutdown.ask();
    for replica in replicas {
        replica.await.unwrap().unwrap();
    }
    assert_eq!(tally.0.lock().unwrap().values().max(), Some(&1), "nothing is handled twice");
}

#[tokio::test]
async fn a_failure_comes_again_and_a_rejection_becomes_a_dead_letter_that_can_be_replayed() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    fill(&bus, 3).await;
    let (tally, shutdown, healed) = (Tally::default(), Shutdown::new(), Arc::new(AtomicUsize::new(0)));
    let running = tokio::spawn({
        let (bus, tally, shutdown, healed) = (bus.clone(), tally.clone(), shutdown.clone(), healed.clone());
        async move {
            let handler = move |delivery: Delivery| {
                let count = tally.note(&delivery);
                let healed = healed.load(Ordering::Relaxed) > 0;
                async move {
                    match (delivery.body.as_ref(), count) {
                        (b"0", 1) => Err(Failure::retry("away for a moment")),
                        (b"1", _) if !healed => Err(Failure::reject("cannot be read")),
                        _ => Ok(()),
                    }
                }
            };
            bus.consume(consumer(), surroundings(&shutdown), handler).await
        }
    });
    eventually("the first came again", || async { (tally.of("0") == 2).then_some(()) }).await;
    let letters = eventually("a dead letter", || async {
        let letters = bus.dead_letters().await.unwrap();
        (!letters.is_empty()).then_some(letters)
    })
    .await;
    let letter = letters[0].letter.as_ref().unwrap();
    assert_eq!((letter.reason.as_str(), letter.subject.as_str()), ("cannot be read", "intake.email.c1"));

    healed.store(1, Ordering::Relaxed);
    bus.replay_dead_letter(letters[0].number).await.unwrap();
    eventually("it is handled again", || async { (tally.of("1") == 2).then_some(()) }).await;
    eventually("no letter is left", || async { bus.dead_letters().await.unwrap().is_empty().then_some(()) })
        .await;
    shutdown.ask();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_panics_or_hangs_becomes_a_dead_letter_and_blocks_nobody() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    fill(&bus, 20).await;
    let (tally, shutdown) = (Tally::default(), Shutdown::new());
    let running = tokio::spawn({
        let (bus, tally, shutdown) = (bus.clone(), tally.clone(), shutdown.clone());
        async move {
            let handler = move |delivery: Delivery| {
                tally.note(&delivery);
                async move {
                    assert_ne!(delivery.body, "3", "poison");
                    Ok(())
                }
            };
            bus.consume(consumer(), surroundings(&shutdown), handler).await
        }
    });
    eventually("the others are handled", || async { (tally.distinct() == 20).then_some(()) }).await;
    eventually("the poison is a dead letter", || async {
        let letters = bus.dead_letters().await.unwrap();
        letters
            .iter()
            .any(|l| l.letter.as_ref().is_some_and(|l| l.subject == "intake.email.c3"))
            .then_some(())
    })
    .await;
    assert_eq!(tally.of("3"), 4, "the fifth delivery does not reach the handler");
    shutdown.ask();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_broker_killed_in_the_middle_loses_no_message() {
    let mut broker = Broker::start().await;
    let bus = broker.bus("test").await;
    fill(&bus, 300).await;
    let (tally, shutdown) = (Tally::default(), Shutdown::new());
    let running = tokio::spawn({
        let (bus, tally, shutdown) = (bus.clone(), tally.clone(), shutdown.clone());
        async move {
            let handler = move |delivery: Delivery| {
                tally.note(&delivery);
                async move {
                    tokio::task::yield_now().await;
                    Ok(())
                }
            };
            bus.consume(consumer(), surroundings(&shutdown), handler).await
        }
    });
    eventually("some are handled", || async { (tally.distinct() > 20).then_some(()) }).await;
    broker.kill();
    broker.restart().await;
    eventually("all are handled", || async { (tally.distinct() == 300).then_some(()) }).await;
    shutdown.ask();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_our_settings_are_to_blame_for_waits_for_them_and_is_never_a_dead_letter() {
    let broker = Broker::start().await;
    let bus = broker.bus("test").await;
    fill(&bus, 40).await;
    let (tally, shutdown, mended) = (Tally::default(), Shutdown::new(), Arc::new(AtomicUsize::new(0)));
    // So late that whatever may only be tried for a time would be given up at once.
    let clock = Clock::manual("2100-01-01T00:00:00Z".parse().unwrap());
    let part = Health::new().part("router");
    let surroundings = Surroundings { clock: clock.clone(), part, shutdown: shutdown.clone() };
    let consuming = {
        let (bus, tally, mended, clock) = (bus.clone(), tally.clone(), mended.clone(), clock.clone());
        tokio::spawn(async move {
            let handler = move |delivery: Delivery| {
                let mended = mended.load(Ordering::Relaxed) == 1;
                if mended {
                    tally.note(&delivery);
                } else {
                    clock.advance(jiff::SignedDuration::from_hours(100));
                }
                async move { if mended { Ok(()) } else { Err(Failure::blocked("the key is not here")) } }
            };
            bus.consume(consumer(), surroundings, handler).await
        })
    };
    eventually("some are tried twice", || async {
        let attempts = bus.kv(name::ATTEMPTS).entries("router").await.ok()?;
        attempts.iter().any(|(_, noted)| noted.starts_with(b"{\"noted\":2")).then_some(())
    })
    .await;
    mended.store(1, Ordering::Relaxed);
    eventually_within(Duration::from_mins(2), "all are handled", || async {
        (tally.distinct() == 40).then_some(())
    })
    .await;
    assert!(bus.dead_letters().await.unwrap().is_empty());
    shutdown.ask();
    consuming.await.unwrap().unwrap();
}
