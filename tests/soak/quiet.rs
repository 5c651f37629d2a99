//! Waiting until a house has nothing left to do, and the verdict then.

use std::time::{Duration, Instant};

use redress_testkit::SmtpSink;
use redress_tests::checker::{Seen, Verdicts, sort};
use redress_tests::promises::Promises;
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results};

use crate::processes::Place;

/// Messages that the notifier hands over at once: the most that one death, its own or a broker's, can send twice.
pub(crate) const IN_FLIGHT: usize = 16;

/// How long nothing may change before what is missing counts as lost: longer than a message waits for its next try while
/// everything fails.
const STANDSTILL: Duration = Duration::from_mins(1);

/// The verdict over all contacts: as soon as all of them are ok, else when nothing has changed for a minute.
pub(crate) async fn verdicts(
    records: &Records,
    promises: &Promises,
    sink: &SmtpSink,
) -> anyhow::Result<Verdicts> {
    let (mut last, mut changed_at) = (Verdicts::default(), Instant::now());
    loop {
        let looked_at = Instant::now();
        let seen = Seen::look(records, &sink.mails()).await?;
        let verdicts = sort(promises, &seen, true);
        if verdicts.ok == promises.contacts() {
            return Ok(verdicts);
        }
        if verdicts != last {
            changed_at = Instant::now();
        } else if changed_at.elapsed() >= STANDSTILL {
            return Ok(verdicts);
        }
        last = verdicts;
        // Reading everything is work; the house needs the machine more.
        tokio::time::sleep(looked_at.elapsed().max(Duration::from_secs(1))).await;
    }
}

/// What else must hold after a fault that no code is guilty of: [`tell_log`], and no panics.
pub(crate) async fn tell_record(
    name: &str,
    records: &Records,
    place: &Place,
    results: &mut Results,
) -> anyhow::Result<()> {
    tell_log(name, records, results).await?;
    results.count(&format!("{name}_panics"), place.panics()?, "panics", Bar::exactly(0));
    Ok(())
}

/// Whole chains, no dead letters.
pub(crate) async fn tell_log(name: &str, records: &Records, results: &mut Results) -> anyhow::Result<()> {
    let report = records.ledger.verify(None).await?;
    let zero = Bar::exactly(0);
    results.count(&format!("{name}_chain_faults"), report.faults.len(), "faults", zero);
    let dead = records.bus().dead_letters().await?.len();
    results.count(&format!("{name}_dead_letters"), dead, "letters", zero);
    Ok(())
}
