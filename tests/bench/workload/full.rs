//! What a mail costs when there are a hundred thousand complaints already, beside what it costs when there is none: in
//! turns, so that the machine's moods meet both.

use redress_testkit::Sync;
use redress_tests::manifest::Expected;
use redress_tests::results::{Bar, Results, say};

use super::house::House;
use crate::load::{self, median};

const EXISTING: usize = 100_000;
const ROUNDS: usize = 3;

pub(super) async fn run(mails: &[Expected], results: &mut Results) -> anyhow::Result<()> {
    let Some(empty) = House::start(Sync::Default, 8192).await? else { return Ok(()) };
    let Some(full) = House::start(Sync::Default, 8192).await? else { return Ok(()) };
    fill(&full).await?;
    let (mut at_none, mut at_many) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let again: Vec<Expected> = mails.iter().map(|mail| mail.told_again(&format!("r{round}."))).collect();
        at_none.push(empty.take(&again).await?.cpu_ms);
        at_many.push(full.take(&again).await?.cpu_ms);
        say(&format!("round {round}: {:.2} ms at none, {:.2} ms at many", at_none[round], at_many[round]));
    }
    let (none, many) = (median(at_none), median(at_many));
    results.count("workload.existing", EXISTING, "complaints", Bar::None);
    results.tell("workload.cpu_at_none", none, "ms/mail", Bar::None);
    results.tell("workload.cpu_at_many", many, "ms/mail", Bar::None);
    results.tell("workload.many_to_none", many / none, "of-none", Bar::AtMost(1.25));
    empty.stop()?;
    full.stop()
}

/// By the door, as the channels do.
async fn fill(house: &House) -> anyhow::Result<()> {
    const BATCH: usize = 10_000;
    let intake = load::intake(house.bus());
    for batch in 0..EXISTING / BATCH {
        let contacts = load::contacts(77_000 + batch as u64, BATCH);
        load::record_all(&intake, contacts, 128).await?;
        house.acknowledged((batch + 1) * BATCH).await;
        say(&format!("{} complaints are there", (batch + 1) * BATCH));
    }
    house.quiet().await;
    Ok(())
}
