//! The mail server is away for an hour: nothing becomes a dead letter, and when it is back everybody is written to, once.
//!
//! In the short form the hour passes on the notifier's own clock, which is set forward from life to life, each ended by
//! SIGKILL; in the long form it is an hour.

use std::time::Duration;

use anyhow::Context as _;
use redress_identity::Keys;
use redress_intake::Intake;
use redress_runtime::Clock;
use redress_testkit::smtp::Options;
use redress_testkit::{Broker, SmtpSink};
use redress_tests::house;
use redress_tests::mails::make_small;
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results};

use crate::load::Load;
use crate::processes::{KEY, Place, Service};
use crate::workload::Mail;
use crate::{Form, quiet};

const CONTACTS: usize = 200;
/// Minutes by which the notifier's clock is ahead in each of its lives.
const LIVES: [u64; 4] = [0, 20, 40, 61];
/// How long each of them is.
const LIFE: Duration = Duration::from_secs(4);
/// An hour, and a little more.
const HOUR: Duration = Duration::from_mins(61);

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let broker = Broker::start().await;
    let sink = SmtpSink::start().await;
    let address = sink.address();
    let place = Place::make(&broker, &sink, "", "")?;
    drop(sink);
    let records = Records::open(&broker.url(), &place.key()).await?;
    place.provision()?;
    let load = Load::new(place.web())?;
    send(&load, &records, form.seed).await?;
    let mut services =
        ["router", "feed"].into_iter().map(|it| place.start(it)).collect::<Result<Vec<_>, _>>()?;
    let mut notifier = place.start("notifier")?;
    if form.pick(true, false) {
        for minutes in LIVES {
            notifier.running().kill();
            let ahead = (minutes * 60).to_string();
            notifier.start_again(&[("REDRESS_CLOCK_AHEAD_SECONDS", &ahead)])?;
            tokio::time::sleep(LIFE).await;
        }
    } else {
        tokio::time::sleep(HOUR).await;
    }
    let dead = records.bus().dead_letters().await?.len();
    results.count("core.outage_dead_letters", dead, "letters", Bar::exactly(0));
    let sink = SmtpSink::start_at(address, Options::default()).await;
    let verdicts = quiet::verdicts(&records, &load.promises, &sink).await.context("wait for quiet")?;
    verdicts.tell("core.outage", 0, results);
    quiet::tell_record("core.outage_after", &records, &place, results).await?;
    services.push(notifier);
    services.iter_mut().try_for_each(Service::stop)
}

async fn send(load: &Load, records: &Records, seed: u64) -> anyhow::Result<()> {
    let (keys, clock) = (Keys::from_master(&KEY), Clock::system());
    let intake = Intake::new(records.ledger.vault().clone(), clock.clone());
    for mail in make_small(seed, CONTACTS).iter().map(Mail::of) {
        let id = load.mailed("help", &mail);
        let contact = house::normalised(&keys, "help", &mail.raw, clock.now());
        intake.record(contact, mail.raw.into()).await?;
        load.promises.told_yes(&id, None);
    }
    Ok(())
}
