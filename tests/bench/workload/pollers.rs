//! Four pollers on one mailbox. Again and again all of them are killed at a moment when mails are stored and not marked,
//! and started again; then every mail is delivered a second time.

use std::time::Duration;

use redress_testkit::Sync;
use redress_tests::manifest::Expected;
use redress_tests::program::{Running, ask};
use redress_tests::results::{Bar, Results};

use super::compare::Compared;
use super::house::{self, House};
use super::opening;

const POLLERS: usize = 4;
const KILLS: usize = 6;

pub(super) async fn run(mails: &[Expected], results: &mut Results) -> anyhow::Result<()> {
    let Some(house) =
        House::start_with(Sync::Default, 2048, &["run", "router", "sla", "notifier", "feed"]).await?
    else {
        return Ok(());
    };
    let mut pollers = start(&house)?;
    house.dovecot.deliver_all(mails.iter().map(|mail| mail.raw.as_slice()));
    let mut unmarked = 0;
    for kill in 1..=KILLS {
        let due = mails.len() * kill / (KILLS + 1);
        while house.recorded().await? < due {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        pollers.iter_mut().for_each(Running::kill);
        // Nobody marks any more, so what is stored and not marked now was so at the kill.
        if house.recorded().await? > house::marked(&house.dovecot) {
            unmarked += 1;
        }
        pollers = start(&house)?;
    }
    house.acknowledged(opening(mails)).await;
    house.deliver_again(mails).await?;
    results.count("workload.pollers_kills", KILLS * POLLERS, "kills", Bar::None);
    results.count(
        "workload.pollers_unmarked",
        unmarked,
        "kills with stored, unmarked mails",
        Bar::at_least(1),
    );
    Compared::of(&house, mails).await?.tell("workload.pollers", mails, results);
    results.count("workload.pollers_mails", house.sink.count(), "mails sent", Bar::exactly(opening(mails)));
    let said = ask(&house.folder.path().join("redress.toml"), &["reconcile", "help", "--gaps"])?;
    let summary: serde_json::Value = serde_json::from_str(said.lines().last().unwrap_or_default())?;
    let gaps = usize::try_from(summary["gaps"].as_u64().unwrap_or(u64::MAX))?;
    results.count("workload.pollers_gaps", gaps, "mails", Bar::exactly(0));
    for mut poller in pollers {
        poller.stop()?;
    }
    house.stop()
}

fn start(house: &House) -> anyhow::Result<Vec<Running>> {
    let config = house.folder.path().join("redress.toml");
    let start = |n: usize| {
        Running::start(&config, &house.folder.path().join(format!("email-{n}.log")), &["run", "email"])
    };
    (0..POLLERS).map(start).collect()
}
