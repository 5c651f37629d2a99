//! The clock of the machine that keeps the deadlines jumps two hours ahead and two hours back (libfaketime), while
//! deadlines of seconds pass: none is recorded early, and when the clock is right again all that is due is recorded.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use redress_contract::Event;
use redress_contract::subject::{self, name::COMPLAINTS};
use redress_testkit::{Broker, SmtpSink, Sync, eventually_within};
use redress_tests::house;
use redress_tests::program::{Running, ask};
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results, say};

use crate::dial::Dial;

/// Complaints with deadlines of a few seconds, and as many with deadlines of an hour.
const EACH: usize = 10;
/// When the quick ones are due.
const QUICK: SignedDuration = SignedDuration::from_secs(8);
/// How long each jump lasts.
const JUMPED: Duration = Duration::from_secs(6);
/// How late a deadline may be once the clock is right.
const LATE_MAX: Duration = Duration::from_mins(1);

pub(crate) async fn run(results: &mut Results) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("redress-soak-").tempdir()?;
    let broker = Broker::start_with(Sync::Default).await;
    let sink = SmtpSink::start().await;
    let config = settings(folder.path(), &broker, &sink)?;
    ask(&config, &["provision"])?;
    let records = Records::open(&broker.url(), &folder.path().join("data/identity.key")).await?;
    let router = Running::start(&config, &folder.path().join("router.log"), &["run", "router"])?;
    let Some(dial) = Dial::make(folder.path().join("dial"))? else {
        say("SKIPPED: core.clock: there is no libfaketime here (apt-get install libfaketime)");
        return Ok(());
    };
    let log = folder.path().join("sla.log");
    let sla = Running::start_with(&config, &log, &["run", "sla"], &dial.variables())?;

    let contacts = complain(&records).await?;
    eventually_within(Duration::from_secs(30), "every complaint is registered", async || {
        (records.events().await.ok()?.len() >= contacts).then_some(())
    })
    .await;
    for jump in ["+2h", "-2h", "+2h"] {
        dial.set(jump)?;
        tokio::time::sleep(JUMPED).await;
    }
    dial.set("+0")?;
    eventually_within(LATE_MAX, "everything due is recorded once the clock is right", async || {
        (breaches(&records).await.ok()?.0 >= EACH).then_some(())
    })
    .await;
    let (fired, early) = breaches(&records).await?;
    #[expect(clippy::cast_precision_loss, reason = "ten")]
    results.count("core.clock_fired", fired, "deadlines", Bar::Exactly(EACH as f64));
    results.count("core.clock_early", early, "deadlines", Bar::Exactly(0.0));
    for mut running in [router, sla] {
        running.stop()?;
    }
    Ok(())
}

/// Milestones breached on record, and what was recorded of any deadline before its time by the broker's clock.
async fn breaches(records: &Records) -> anyhow::Result<(usize, usize)> {
    let (mut fired, mut early) = (0, 0);
    for complaint in records.ledger.complaints().await? {
        let Some(due) = complaint.clocks.iter().flat_map(|clock| &clock.milestones).map(|it| it.due_at).min()
        else {
            continue;
        };
        let stored = records.bus().all_on(COMPLAINTS, &subject::complaint(&complaint.id)).await?;
        let history = records.ledger.history(&complaint.id).await?;
        for (entry, stored) in history.iter().zip(stored) {
            for recorded in &entry.commit.events {
                match &recorded.event {
                    Event::MilestoneBreached(_) => {
                        fired += 1;
                        early += usize::from(stored.stored_at < due);
                    }
                    // The first of these is due after half the time.
                    Event::WarningReached(_) | Event::Escalated(_) => {
                        let half = complaint.received_at + due.duration_since(complaint.received_at) / 2;
                        early += usize::from(stored.stored_at < half);
                    }
                    _ => {}
                }
            }
        }
    }
    Ok((fired, early))
}

async fn complain(records: &Records) -> anyhow::Result<usize> {
    let vault = records.ledger.vault();
    let intake = redress_intake::Intake::new(vault.clone(), records.ledger.clock().clone());
    let mut contacts = 0;
    for n in 0..EACH {
        for word in ["quick", "slow"] {
            let mail = format!(
                "From: {word}-{n}@example.com\r\nTo: help@example.org\r\nSubject: {word} matter {n}\r\n\
                 Message-ID: <{word}-{n}@mail.example.com>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\n\
                 The {word} delivery never came.\r\n"
            );
            let now = records.ledger.clock().now();
            let contact = house::normalised(vault.keys(), "help", mail.as_bytes(), now);
            intake.record(contact, mail.into()).await?;
            contacts += 1;
        }
    }
    Ok(contacts)
}

fn settings(folder: &Path, broker: &Broker, sink: &SmtpSink) -> anyhow::Result<PathBuf> {
    house::write_keys(&folder.join("data"))?;
    let rules = format!(
        r#"
[sla]
sweep_seconds = 5
[rules.calendars.always]
zone = "UTC"
hours = {{ mon = ["00:00-24:00"], tue = ["00:00-24:00"], wed = ["00:00-24:00"], thu = ["00:00-24:00"], fri = ["00:00-24:00"], sat = ["00:00-24:00"], sun = ["00:00-24:00"] }}
[[rules.rules]]
id = "quick"
when = {{ text = ["quick"] }}
category = "quick"
[[rules.policies]]
id = "quick"
calendar = "always"
applies_when = {{ category = ["quick"] }}
[[rules.policies.milestones]]
id = "final_response"
anchor = "received"
span = {{ elapsed = "PT{}S" }}
[[rules.policies]]
id = "slow"
calendar = "always"
[[rules.policies.milestones]]
id = "final_response"
anchor = "received"
span = {{ elapsed = "PT1H" }}
"#,
        QUICK.as_secs()
    );
    let file = folder.join("redress.toml");
    std::fs::write(&file, house::settings(folder, &broker.url(), sink.address(), &rules))?;
    Ok(file)
}
