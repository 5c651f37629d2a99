//! Three nodes: what one holds the others hold, whoever leads and whoever is gone.

use redress_contract::subject::name;
use redress_testkit::{Cluster, Sync, eventually};

#[tokio::test]
async fn what_was_acknowledged_outlives_its_leader_and_the_node_comes_back() {
    let mut cluster = Cluster::start(Sync::Default).await;
    let bus = cluster.bus("test").await;
    assert!(bus.publish_once("intake.email.one", Vec::new(), "one".into()).await.unwrap().new);
    let leader = eventually("INTAKE has a leader", async || cluster.leader_of(name::INTAKE).await).await;

    cluster.kill(leader);
    assert!(bus.publish_once("intake.email.two", Vec::new(), "two".into()).await.unwrap().new);
    assert!(!bus.publish_once("intake.email.one", Vec::new(), "one".into()).await.unwrap().new);
    let next = eventually("another leads", async || {
        cluster.leader_of(name::INTAKE).await.filter(|next| *next != leader)
    })
    .await;

    cluster.spawn(leader);
    cluster.ready().await;
    cluster.lame_duck(next).await;
    assert!(bus.publish_once("intake.email.three", Vec::new(), "three".into()).await.unwrap().new);
    cluster.spawn(next);
    cluster.ready().await;
    assert_eq!(bus.last_seq(name::INTAKE).await.unwrap(), 3);
}

#[tokio::test]
async fn streams_are_made_as_soon_as_every_node_is_there() {
    let mut cluster = Cluster::start(Sync::Default).await;
    let bus = cluster.bus_with(&cluster.settings(), "test").await;
    cluster.stop(2).await;
    let (prepared, ()) = tokio::join!(bus.prepare(), async { cluster.spawn(2) });
    prepared.unwrap();
}
