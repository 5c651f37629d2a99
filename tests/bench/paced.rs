//! From accepted contact to `Registered` at 200 contacts a second, by the broker's own time stamps.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt as _;
use redress_contract::subject::name;
use redress_testkit::{Broker, SmtpSink, eventually_within};
use redress_tests::program::Running;
use redress_tests::results::{Bar, Results};

use crate::load::{self, percentile};

const CONTACTS: usize = 2_000;
const PACE: Duration = Duration::from_millis(5);

pub(crate) async fn run(results: &mut Results) -> anyhow::Result<()> {
    let broker = Broker::start().await;
    let bus = load::bus(&broker, "load").await?;
    let sink = SmtpSink::start().await;
    let folder = tempfile::Builder::new().prefix("redress-bench-").tempdir()?;
    let config = load::settings(folder.path(), &broker, &sink, "")?;
    let services = ["run", "router", "sla", "notifier", "feed"];
    let running = Running::start(&config, &folder.path().join("house.log"), &services)?;
    running.address("health")?;
    let intake = load::intake(&bus);
    let mut beat = tokio::time::interval(PACE);
    let mut recording = tokio::task::JoinSet::new();
    for ready in load::contacts(7, CONTACTS) {
        beat.tick().await;
        let intake = intake.clone();
        recording.spawn(async move { intake.record(ready.contact, ready.raw).await });
    }
    while let Some(recorded) = recording.join_next().await {
        recorded??;
    }
    eventually_within(Duration::from_mins(1), "every contact is registered", || async {
        (sink.count() >= CONTACTS).then_some(())
    })
    .await;
    let waits = waits(&bus).await?;
    results.tell("core.registered_p50", percentile(waits.clone(), 0.5), "ms", Bar::None);
    results.tell("core.registered_p99", percentile(waits, 0.99), "ms", Bar::AtMost(20.0));
    Ok(())
}

/// Milliseconds between INTAKE and the first commit, for each contact.
async fn waits(bus: &redress_bus::Bus) -> anyhow::Result<Vec<f64>> {
    let mut taken = HashMap::new();
    let mut contacts = bus.scan(name::INTAKE, "intake.>", 1).await?;
    while let Some(stored) = contacts.next().await {
        let stored = stored?;
        taken.insert(stored.subject.rsplit('.').next().unwrap_or_default().to_owned(), stored.stored_at);
    }
    let mut waits = Vec::new();
    let mut commits = bus.scan(name::COMPLAINTS, "complaint.*", 1).await?;
    while let Some(stored) = commits.next().await {
        let stored = stored?;
        let commit: redress_contract::Commit = serde_json::from_slice(&stored.body)?;
        let opened = commit.events.iter().find_map(|event| match &event.event {
            redress_contract::Event::Registered(registered) => Some(registered.contact_id.to_string()),
            _ => None,
        });
        if let Some(at) = opened.and_then(|contact| taken.get(&contact)) {
            waits.push(stored.stored_at.duration_since(*at).as_secs_f64() * 1000.0);
        }
    }
    anyhow::ensure!(waits.len() == CONTACTS, "{} of {CONTACTS} were registered", waits.len());
    Ok(waits)
}
