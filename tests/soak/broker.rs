//! Brokers are killed while writers publish: what was acknowledged is stored, once. On three nodes the log also tells for
//! how long nobody heard a yes, after a kill and in a restart by lame duck.

use std::time::Duration;

use redress_bus::Bus;
use redress_contract::subject::name;
use redress_testkit::cluster::NODES;
use redress_testkit::{Broker, Cluster, Sync, eventually};
use redress_tests::mails::Dice;
use redress_tests::results::{Bar, Results, say};

use crate::Form;
use crate::writers::{self, Load};

/// Connections that publish at the same time.
const CONNECTIONS: usize = 3;
/// How long each writer rests between two messages to three nodes.
const REST: Duration = Duration::from_millis(50);

pub(crate) async fn one_node(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let (kills, publishes) = form.pick((15, 20_000), (500, 1_000_000));
    let mut dice = Dice::new(form.seed);
    let mut broker = Broker::start_with(Sync::Always).await;
    broker.set_streams_mebibytes_max(form.pick(512, 8192));
    let mut buses = Vec::new();
    for _ in 0..CONNECTIONS {
        buses.push(broker.bus("load").await);
    }
    let load = Load::start(&buses);
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(100 + dice.below(400) as u64)).await;
        broker.restart().await;
        load.goes_on().await?;
    }
    enough(&load, publishes).await;
    let told = load.stop().await;
    results.count("core.broker_kills", kills, "kills", Bar::None);
    let compared = writers::compare(&buses[0], &told).await?;
    writers::tell("broker", &told, &compared, results);
    Ok(())
}

async fn enough(load: &Load, publishes: usize) {
    while load.acknowledged() < publishes {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) async fn three_nodes(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let kills = form.pick(10, 300);
    let mut dice = Dice::new(form.seed ^ 0x3);
    let mut cluster = Cluster::start(Sync::Always).await;
    cluster.set_streams_mebibytes_max(form.pick(512, 8192));
    let buses = connections(&cluster).await;
    let load = Load::start_paced(&buses, REST);
    load.goes_on().await?;
    let mut gaps = Vec::new();
    for _ in 0..kills {
        let node = dice.below(NODES);
        load.longest_gap();
        cluster.kill(node);
        load.goes_on().await?;
        gaps.push(load.longest_gap());
        cluster.spawn(node);
        cluster.ready().await;
        gaps.push(load.longest_gap());
    }
    tell_gaps(gaps, form, results);
    let lame = rolling_restart(&mut cluster, &load).await?;
    results.tell("core.lame_duck_gap", lame.as_secs_f64(), "s", Bar::AtMost(0.5));
    let told = load.stop().await;
    results.count("core.cluster_kills", kills, "kills", Bar::None);
    let compared = writers::compare(&buses[0], &told).await?;
    writers::tell("cluster", &told, &compared, results);
    Ok(())
}

/// As many services as nodes, wherever each happens to be connected.
async fn connections(cluster: &Cluster) -> Vec<Bus> {
    let mut buses = Vec::new();
    for _ in 0..CONNECTIONS {
        buses.push(cluster.bus("load").await);
    }
    buses
}

/// The gaps after kills: printed in the short form, judged in the long one.
fn tell_gaps(mut gaps: Vec<Duration>, form: &Form, results: &mut Results) {
    gaps.sort();
    let at =
        |share: usize| gaps.get((gaps.len() * share / 100).min(gaps.len() - 1)).copied().unwrap_or_default();
    let bar = |most: f64| form.pick(Bar::None, Bar::AtMost(most));
    results.tell("core.cluster_gap_p95", at(95).as_secs_f64(), "s", bar(10.0));
    results.tell("core.cluster_gap_max", at(100).as_secs_f64(), "s", bar(20.0));
}

/// Each node goes as a lame duck and comes back, the leader of INTAKE first; answers the longest gap.
async fn rolling_restart(cluster: &mut Cluster, load: &Load) -> anyhow::Result<Duration> {
    let leader = eventually("INTAKE has a leader", async || cluster.leader_of(name::INTAKE).await).await;
    let mut longest = Duration::ZERO;
    for n in 0..NODES {
        let node = (leader + n) % NODES;
        load.goes_on().await?;
        load.longest_gap();
        cluster.lame_duck(node).await;
        load.goes_on().await?;
        let gap = load.longest_gap();
        say(&format!("node {node} went as a lame duck: no yes for {gap:?}"));
        longest = longest.max(gap);
        cluster.spawn(node);
        cluster.ready().await;
    }
    Ok(longest)
}
