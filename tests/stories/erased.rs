//! A person is erased: nothing of theirs opens any more, from the broker's files, from backups taken before, with the private
//! key in force, once the keys were rotated; and reading the source again does not bring it back.

use redress_testkit::broker::Options;
use redress_testkit::cluster::NODES;
use redress_testkit::{Broker, Cluster, Sync};
use redress_tests::erasing::{Figures, figures};

#[tokio::test]
async fn an_erased_person_is_gone_from_files_and_backups_and_does_not_come_back() {
    let store = tempfile::tempdir().expect("a temporary folder");
    let options = Options { store: Some(store.path().to_owned()), ..Options::default() };
    let broker = Broker::start_as(options).await;
    assert_eq!(figures(broker.bus("test").await, vec![store.path().to_owned()]).await, Figures::right());
}

#[tokio::test]
async fn the_same_holds_on_three_nodes() {
    let cluster = Cluster::start(Sync::Default).await;
    let files = (0..NODES).map(|node| cluster.folder(node)).collect();
    assert_eq!(figures(cluster.bus("test").await, files).await, Figures::right());
}
