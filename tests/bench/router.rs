//! Complaints per second of one router replica, with correlation on and every other service stopped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redress_contract::subject::name;
use redress_domain::{Rules, RulesSettings};
use redress_ledger::Ledger;
use redress_runtime::{Clock, Health, Shutdown};
use redress_testkit::{Broker, SmtpSink, Sync, eventually_within};
use redress_tests::house;
use redress_tests::program::Running;
use redress_tests::results::{Bar, Results};
use redress_vault::{Seals, Vault};

use crate::load::{self, median, rate};

const CONTACTS: usize = 20_000;

pub(crate) async fn run(results: &mut Results) -> anyhow::Result<()> {
    let mut rates = Vec::new();
    for round in 0..3 {
        rates.push(one(round, CONTACTS, Sync::Default).await?);
    }
    results.tell("core.router", median(rates), "complaints/s", Bar::AtLeast(2500.0));
    let mut sealing = Vec::new();
    for round in 0..3 {
        let sealed = within(round, CONTACTS / 2, house::seals()).await?;
        let open = within(round, CONTACTS / 2, Seals::unsealed_for_measuring()).await?;
        sealing.push(sealed / open);
    }
    results.tell("core.router_sealing_ratio", median(sealing), "of-unsealed", Bar::None);
    let always = one(9, CONTACTS / 10, Sync::Always).await?;
    results.tell("core.router_always", always, "complaints/s", Bar::None);
    Ok(())
}

async fn one(seed: u64, count: usize, sync: Sync) -> anyhow::Result<f64> {
    let broker = Broker::start_with(sync).await;
    let bus = load::bus(&broker, "load").await?;
    load::record_all(&load::intake(&bus), load::contacts(seed, count), 256).await?;
    let sink = SmtpSink::start().await;
    let folder = tempfile::Builder::new().prefix("redress-bench-").tempdir()?;
    let config = load::settings(folder.path(), &broker, &sink, "")?;
    let running = Running::start(&config, &folder.path().join("router.log"), &["run", "router"])?;
    // From its first commit on, so that starting the process does not count.
    let first = committed(&bus, 1).await;
    let started = Instant::now();
    let last = committed(&bus, count as u64).await;
    let took = started.elapsed();
    drop(running);
    Ok(rate(usize::try_from(last - first)?, took))
}

/// The same in this process, where the seal can be left out.
async fn within(seed: u64, count: usize, seals: Seals) -> anyhow::Result<f64> {
    let broker = Broker::start().await;
    let bus = load::bus(&broker, "load").await?;
    load::record_all(&load::sealed_with(&bus, seals.clone()), load::contacts(seed, count), 256).await?;
    let rules =
        Rules::compile(&RulesSettings::default()).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let vault = Vault::new(bus.clone(), Arc::new(house::keys()), seals);
    let ledger = Ledger::new(vault, Arc::new(rules), Clock::system());
    let deps = redress_router::Deps { ledger, clock: Clock::system(), health: Health::new() };
    let shutdown = Shutdown::new();
    let config = redress_router::Config::check(&redress_router::Settings::default())?;
    let running = tokio::spawn(redress_router::run(config, deps, shutdown.clone()));
    let first = committed(&bus, 1).await;
    let started = Instant::now();
    let last = committed(&bus, count as u64).await;
    let took = started.elapsed();
    shutdown.ask();
    running.await??;
    Ok(rate(usize::try_from(last - first)?, took))
}

async fn committed(bus: &redress_bus::Bus, at_least: u64) -> u64 {
    eventually_within(Duration::from_mins(5), "the router commits", || async {
        let seq = bus.last_seq(name::COMPLAINTS).await.ok()?;
        (seq >= at_least).then_some(seq)
    })
    .await
}
