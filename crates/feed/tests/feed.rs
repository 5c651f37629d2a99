//! What the feed promises: each event once, in the order of the log, whoever publishes and however often it dies.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use redress_bus::{Bus, Stored};
use redress_contract::subject::name;
use redress_contract::{
    Actor, Cause, Channel, CloudEvent, ComplaintId, ContactId, HandlerId, PartyStanding, TeamId,
};
use redress_domain::{Assignment, Classification, Command, Link, Register, Rules, RulesSettings};
use redress_feed::{Config, Deps, Position, Settings, Start, Until, derive};
use redress_identity::Keys;
use redress_ledger::Ledger;
use redress_runtime::{Clock, Health, Shutdown};
use redress_testkit::{Broker, eventually};
use redress_vault::{PrivateKey, Seals, Vault};

struct Stage {
    broker: Broker,
    bus: Bus,
    ledger: Ledger,
    clock: Clock,
}

impl Stage {
    async fn start() -> Self {
        Self::keeping_events(Duration::from_hours(24)).await
    }

    async fn keeping_events(events_max_age: Duration) -> Self {
        let broker = Broker::start().await;
        let config = redress_bus::Config::check(&broker.settings()).unwrap();
        let config = redress_bus::Config { events_max_age, ..config };
        let bus = Bus::connect(&config, "feed").await.unwrap();
        bus.prepare().await.unwrap();
        let clock = Clock::manual("2026-03-02T09:00:00Z".parse().unwrap());
        let vault = Vault::new(bus.clone(), Arc::new(keys()), Seals::with(&PrivateKey::of([7; 32])));
        let rules = Arc::new(Rules::compile(&RulesSettings::default()).unwrap());
        let ledger = Ledger::new(vault, rules, clock.clone());
        Self { broker, bus, ledger, clock }
    }

    fn run(&self) -> (Shutdown, tokio::task::JoinHandle<()>) {
        let deps = Deps { ledger: self.ledger.clone(), clock: self.clock.clone(), health: Health::new() };
        let shutdown = Shutdown::new();
        let running = redress_feed::run(config(), deps, shutdown.clone());
        (shutdown, tokio::spawn(async move { running.await.unwrap() }))
    }

    /// Opens a complaint and lets a handler accept it: two commits of several events and one.
    async fn complain(&self, n: usize) {
        let (complaint, register) = registration(n);
        let cause = || Cause { causation_id: format!("c{n}"), traceparent: "00-a-b-01".to_owned() };
        let accept = Command::Accept { handler: HandlerId::new("h1").unwrap() };
        for command in [Command::Register(register), accept] {
            self.ledger.execute(&complaint, &command, Actor::service("test"), cause()).await.unwrap();
        }
    }

    /// All events that the log holds, in order, with their places.
    async fn expected(&self) -> Vec<(Position, CloudEvent)> {
        let mut entries = self.ledger.entries(1).await.unwrap();
        let mut expected = Vec::new();
        while let Some(entry) = entries.next().await {
            let entry = entry.unwrap();
            for (index, event) in (0..).zip(derive(&entry.commit, "/redress")) {
                expected.push((Position { commit_seq: entry.stream_seq, index }, event));
            }
        }
        expected
    }

    async fn published(&self) -> Vec<Stored> {
        let scan = self.bus.scan(name::EVENTS, ">", 1).await.unwrap();
        scan.map(|stored| stored.unwrap()).collect().await
    }

    /// Waits until the last event of the log is published, then compares everything.
    async fn all_is_published_once_in_order(&self) {
        let expected = self.expected().await;
        let last = expected.last().unwrap().0;
        eventually("the last event is published", || async {
            let end = self.bus.last_at_leader(name::EVENTS, ">").await.unwrap()?;
            (Position::of(&end)? >= last).then_some(())
        })
        .await;
        let published: Vec<_> = self.published().await.iter().map(place_and_event).collect();
        assert_eq!(published, expected);
    }

    async fn read(&self, start: Start) -> Vec<CloudEvent> {
        let events = redress_feed::read(&self.ledger, "/redress", start, Until::Present).await.unwrap();
        events.map(|event| event.unwrap()).collect().await
    }
}

fn place_and_event(stored: &Stored) -> (Position, CloudEvent) {
    (Position::of(stored).unwrap(), serde_json::from_slice(&stored.body).unwrap())
}

fn keys() -> Keys {
    Keys::from_master(&[9; 32])
}

fn config() -> Config {
    Config::check(&Settings { window: 16, ..Settings::default() }).unwrap()
}

fn registration(n: usize) -> (ComplaintId, Register) {
    let contact_id = ContactId::new(format!("c{n}")).unwrap();
    let complaint_id = keys().complaint_id(&contact_id);
    let at = "2026-03-02T09:00:00Z".parse().unwrap();
    let link = Link {
        contact_id: contact_id.clone(),
        channel: Channel::Email,
        account: "help".to_owned(),
        received_at: at,
        standing: PartyStanding::Party,
        party: "ab".to_owned(),
        machine: redress_contract::MachineKind::Unspecified,
        confidence_percent: 100,
        reasons: vec!["opened".to_owned()],
        possible_duplicate_of: None,
    };
    let classification = Classification {
        jurisdiction: String::new(),
        needs: Vec::new(),
        evidence: Vec::new(),
        disposition: redress_contract::Disposition::Complaint,
        category: "general".to_owned(),
        product: String::new(),
        severity: redress_contract::Severity::S3,
        rule: "default".to_owned(),
    };
    let assignment =
        Assignment { team: TeamId::new("complaints").unwrap(), handler: None, rule: "default".to_owned() };
    let register = Register {
        complaint_id: complaint_id.clone(),
        reference: keys().reference(&contact_id, 0),
        link,
        recorded_at: at,
        language: String::new(),
        classification,
        assignment,
    };
    (complaint_id, register)
}

async fn stop((shutdown, running): (Shutdown, tokio::task::JoinHandle<()>)) {
    shutdown.ask();
    running.await.unwrap();
}

#[tokio::test]
async fn each_event_is_one_structured_cloud_event_on_its_own_subject() {
    let stage = Stage::start().await;
    stage.complain(1).await;
    let feed = stage.run();
    stage.all_is_published_once_in_order().await;
    stop(feed).await;
    let published = stage.published().await;
    let (complaint, _) = registration(1);
    for (stored, (position, event)) in published.iter().zip(stage.expected().await) {
        assert_eq!(stored.subject, format!("event.{}.{complaint}", event.r#type.rsplit('.').next().unwrap()));
        assert_eq!(stored.header("content-type"), Some("application/cloudevents+json"));
        assert_eq!(stored.header("traceparent"), Some("00-a-b-01"));
        assert_eq!(stored.header("ce-id"), Some(event.id.as_str()));
        assert_eq!(stored.header("redress-commit-seq"), Some(position.commit_seq.to_string().as_str()));
        assert_eq!(event.source, "/redress");
    }
    let seqs: Vec<u32> = published.iter().map(|stored| place_and_event(stored).1.seq).collect();
    let all: Vec<u32> = (1..=u32::try_from(published.len()).unwrap()).collect();
    assert_eq!(seqs, all, "per complaint without gaps");
}

#[tokio::test]
async fn two_replicas_publish_each_event_once() {
    let stage = Stage::start().await;
    let feeds = [stage.run(), stage.run()];
    for n in 0..100 {
        stage.complain(n).await;
    }
    stage.all_is_published_once_in_order().await;
    for feed in feeds {
        stop(feed).await;
    }
}

#[tokio::test]
async fn a_feed_that_is_killed_again_and_again_leaves_no_gap_and_repeats_nothing() {
    let stage = Stage::start().await;
    for n in 0..60 {
        stage.complain(n).await;
    }
    // Killed after ever so little more progress, wherever it happens to be.
    for wanted in (16..200).step_by(23) {
        let (_, running) = stage.run();
        eventually("some progress", || async {
            (stage.bus.last_seq(name::EVENTS).await.unwrap() >= wanted).then_some(())
        })
        .await;
        running.abort();
    }
    let feed = stage.run();
    stage.all_is_published_once_in_order().await;
    stop(feed).await;
}

#[tokio::test]
async fn after_an_absence_it_goes_on_where_it_ended() {
    let stage = Stage::start().await;
    for n in 0..3 {
        stage.complain(n).await;
        let feed = stage.run();
        stage.all_is_published_once_in_order().await;
        stop(feed).await;
        stage.complain(100 + n).await;
    }
    let feed = stage.run();
    stage.all_is_published_once_in_order().await;
    stop(feed).await;
}

#[tokio::test]
async fn a_broker_that_is_killed_costs_no_event() {
    let mut stage = Stage::start().await;
    let feed = stage.run();
    for n in 0..20 {
        stage.complain(n).await;
    }
    stage.broker.restart().await;
    for n in 20..30 {
        stage.complain(n).await;
    }
    stage.all_is_published_once_in_order().await;
    stop(feed).await;
}

#[tokio::test]
async fn when_everything_has_aged_out_the_cursor_knows_where_it_ended() {
    let stage = Stage::keeping_events(Duration::from_secs(1)).await;
    stage.complain(1).await;
    let feed = stage.run();
    let before = stage.expected().await.len();
    eventually("all is published", || async {
        (stage.bus.last_seq(name::EVENTS).await.unwrap() == before as u64).then_some(())
    })
    .await;
    stop(feed).await;
    eventually("all has aged out", || async { stage.published().await.is_empty().then_some(()) }).await;
    stage.complain(2).await;
    let feed = stage.run();
    let expected = stage.expected().await;
    // Sequences are never used again, so the last one counts everything that was ever published.
    let count = expected.len() as u64;
    eventually("the rest is published", || async {
        (stage.bus.last_seq(name::EVENTS).await.unwrap() >= count).then_some(())
    })
    .await;
    stop(feed).await;
    eventually("all has aged out", || async { stage.published().await.is_empty().then_some(()) }).await;
    assert_eq!(stage.bus.last_seq(name::EVENTS).await.unwrap(), count, "nothing is published twice");
    let all: Vec<_> = expected.into_iter().map(|(_, event)| event).collect();
    assert_eq!(stage.read(Start::Beginning).await, all, "what aged out is told from the log");
}

#[tokio::test]
async fn events_are_read_from_the_log_where_the_feed_has_none_yet() {
    let stage = Stage::start().await;
    stage.complain(1).await;
    let noon = "2026-03-02T12:00:00Z".parse().unwrap();
    stage.clock.advance(jiff::SignedDuration::from_hours(4));
    stage.complain(2).await;
    let all: Vec<_> = stage.expected().await.into_iter().map(|(_, event)| event).collect();
    assert_eq!(stage.read(Start::Beginning).await, all, "nothing was published yet");
    let late: Vec<_> = all.iter().filter(|event| event.recordedtime >= noon).cloned().collect();
    assert!(!late.is_empty() && late.len() < all.len());
    assert_eq!(stage.read(Start::At(noon)).await, late);
}

#[tokio::test]
async fn whoever_follows_gets_what_was_and_what_comes_each_once() {
    let stage = Stage::start().await;
    stage.complain(1).await;
    let mut events =
        redress_feed::read(&stage.ledger, "/redress", Start::Beginning, Until::Forever).await.unwrap();
    let feed = stage.run();
    stage.complain(2).await;
    let expected = stage.expected().await;
    for (_, expected) in expected {
        let next = tokio::time::timeout(Duration::from_secs(20), events.next()).await.expect("in time");
        assert_eq!(next.unwrap().unwrap(), expected);
    }
    stop(feed).await;
}

#[tokio::test]
async fn an_event_of_a_newer_version_is_published_as_it_is() {
    let stage = Stage::start().await;
    let data = serde_json::json!({"reviewer": "h9", "nested": {"list": [1, 2]}});
    let commit = serde_json::json!({
        "version": 1, "complaintId": "x1", "number": 1, "recordedAt": "2026-03-02T09:00:00Z",
        "events": [{
            "seq": 1, "occurredAt": "2026-03-02T09:00:00Z",
            "type": "redress.complaint.v1.ReviewRequested", "data": data,
        }],
    });
    let body = Bytes::from(serde_json::to_vec(&commit).unwrap());
    stage.bus.append("complaint.x1", 0, Vec::new(), body).await.unwrap();
    let feed = stage.run();
    let stored = eventually("it is published", || async {
        stage.bus.last("EVENTS", "event.ReviewRequested.x1").await.unwrap()
    })
    .await;
    stop(feed).await;
    let published = place_and_event(&stored).1;
    assert_eq!(published.data.get(), data.to_string());
}
