//! Three nodes, each with a network of its own, parted at random by dropping packets while writers publish from each
//! side: nothing is lost, nothing is there twice, and the side with one node refuses.

use std::time::Duration;

use anyhow::Context as _;
use redress_bus::Bus;
use redress_bus::config::Settings;
use redress_testkit::cluster::{Host, NODES};
use redress_testkit::{Cluster, Sync};
use redress_tests::mails::Dice;
use redress_tests::results::{Bar, Results, say};

use crate::Form;
use crate::room::shell;
use crate::writers::{self, Load};

/// How long a partition lasts, before the node that is alone is asked: once shorter than an election, once longer.
const PARTED: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(6)];

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let hosts = match networks() {
        Ok(hosts) => hosts,
        Err(problem) => {
            say(&format!("SKIPPED: core.partitions: this machine cannot make networks: {problem:#}"));
            return Ok(());
        }
    };
    let cuts = form.pick(10, 100);
    let mut dice = Dice::new(form.seed ^ 0xA);
    let mut cluster = Cluster::start_on(&hosts, Sync::Always).await;
    cluster.set_streams_mebibytes_max(form.pick(512, 8192));
    // Each writes through one node only, so that every side of every partition has a writer.
    let mut buses = Vec::new();
    cluster.bus("prepare").await;
    for url in cluster.urls() {
        let one = Settings {
            servers: vec![url],
            ack_timeout_seconds: 2,
            publish_patience_seconds: 60,
            ..cluster.settings()
        };
        buses.push(cluster.bus_with(&one, "load").await);
    }
    let load = Load::start(&buses);
    load.goes_on().await?;
    let mut refused = 0;
    for cut in 0..cuts {
        let alone = dice.below(NODES);
        part(alone)?;
        tokio::time::sleep(PARTED[cut % PARTED.len()]).await;
        refused += usize::from(refuses(&cluster, alone, cut).await);
        heal(alone)?;
        load.goes_on().await?;
        cluster.ready().await;
    }
    let told = load.stop().await;
    results.count("core.partitions_cuts", cuts, "partitions", Bar::None);
    #[expect(clippy::cast_precision_loss, reason = "a hundred at most")]
    results.count("core.partitions_refused_alone", refused, "partitions", Bar::Exactly(cuts as f64));
    let compared = writers::compare(&buses[0], &told).await?;
    writers::tell("partitions", &told, &compared, results);
    Ok(())
}

/// True when the node that is alone takes no contact. A subject of its own each time: a leader that is alone keeps what
/// it was offered and stores it once it is back among the others, and would then say with right that it has it.
async fn refuses(cluster: &Cluster, alone: usize, cut: usize) -> bool {
    let servers = vec![cluster.urls()[alone].clone()];
    let settings =
        Settings { servers, ack_timeout_seconds: 1, publish_patience_seconds: 2, ..cluster.settings() };
    let bus: Bus = cluster.bus_with(&settings, "alone").await;
    let subject = format!("intake.web.alone-{cut}");
    bus.publish_once(&subject, Vec::new(), "nobody else hears this".into()).await.is_err()
}

/// A bridge and three networks behind it, all inside this process's own namespace.
fn networks() -> anyhow::Result<[Host; NODES]> {
    shell(
        "ip link add bridge type bridge && ip addr add 10.99.0.254/24 dev bridge && ip link set bridge up \
         && mkdir -p /run/netns && iptables -V",
    )
    .context("make a bridge")?;
    for n in 0..NODES {
        shell(&format!(
            "ip netns add node-{n} && ip link add link-{n} type veth peer name eth0 netns node-{n} \
             && ip link set link-{n} master bridge up && ip -n node-{n} link set lo up \
             && ip -n node-{n} addr add {}/24 dev eth0 && ip -n node-{n} link set eth0 up",
            address(n)
        ))
        .with_context(|| format!("make network {n}"))?;
    }
    Ok(std::array::from_fn(|n| Host {
        address: address(n),
        before: ["ip", "netns", "exec", &format!("node-{n}")].map(str::to_owned).to_vec(),
    }))
}

fn address(node: usize) -> String {
    format!("10.99.0.{}", node + 1)
}

/// Packets between one node and the other two are dropped, both ways; clients still reach each.
fn part(alone: usize) -> anyhow::Result<()> {
    for other in (0..NODES).filter(|other| *other != alone) {
        let other = address(other);
        shell(&format!(
            "ip netns exec node-{alone} iptables -A INPUT -s {other} -j DROP \
             && ip netns exec node-{alone} iptables -A OUTPUT -d {other} -j DROP"
        ))?;
    }
    Ok(())
}

fn heal(alone: usize) -> anyhow::Result<()> {
    shell(&format!("ip netns exec node-{alone} iptables -F"))
}
