//! A person is erased, on one node and on three: what a thief of files, backup and key opens before and after.

use redress_testkit::broker::Options;
use redress_testkit::cluster::NODES;
use redress_testkit::{Broker, Cluster, Sync};
use redress_tests::erasing::{Figures, figures};
use redress_tests::results::{Bar, Results};

pub(crate) async fn run(results: &mut Results) -> anyhow::Result<()> {
    let store = tempfile::tempdir()?;
    let options = Options { store: Some(store.path().to_owned()), ..Options::default() };
    let broker = Broker::start_as(options).await;
    let one = figures(broker.bus("soak").await, vec![store.path().to_owned()]).await;
    tell("core.erasing", &one, results);
    let cluster = Cluster::start(Sync::Default).await;
    let files = (0..NODES).map(|node| cluster.folder(node)).collect();
    let three = figures(cluster.bus("soak").await, files).await;
    tell("core.erasing_on_three", &three, results);
    Ok(())
}

fn tell(name: &str, figures: &Figures, results: &mut Results) {
    results.count(&format!("{name}_control"), figures.before, "items-opened", Bar::exactly(figures.items));
    results.count(&format!("{name}_opened"), figures.after, "items-opened", Bar::exactly(0));
    results.count(
        &format!("{name}_others"),
        figures.others_after,
        "items-opened",
        Bar::exactly(figures.items),
    );
    results.count(&format!("{name}_came_back"), figures.came_back, "contacts", Bar::exactly(0));
}
