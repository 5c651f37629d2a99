//! A folder of mails with a manifest of what each must become (`redress_tests::manifest`), put into a real mailbox: how
//! quickly they are acknowledged, at what cost, and whether each became what it must. Then the same with several pollers
//! that are killed, and over a hundred thousand complaints that are there already.

mod compare;
mod full;
mod house;
mod pollers;
mod sending;

use std::path::Path;

use redress_testkit::Sync;
use redress_tests::manifest::{self, Expected};
use redress_tests::results::{Bar, Results, say};

pub(crate) use sending::{SINK, Sending, be_sink};

use crate::bare;
use crate::load::float;
use compare::Compared;
use house::House;

/// The parts, each with what it does.
pub(crate) const PARTS: [(&str, &str); 3] = [
    (
        "speed",
        "a mailbox is emptied at the broker's default sync interval, and as shipped; then delivered again",
    ),
    ("pollers", "four pollers on one mailbox, all killed while mails are stored and not marked"),
    ("full", "the same at none and at 100,000 existing complaints, in turns"),
];

pub(crate) async fn run(folder: &Path, wanted: &[String], results: &mut Results) -> anyhow::Result<()> {
    let mails = manifest::read(folder)?;
    anyhow::ensure!(!mails.is_empty(), "{} names no mail", folder.display());
    say(&format!("{} mails, {} of them open a complaint", mails.len(), opening(&mails)));
    for (part, what) in PARTS {
        if !wanted.is_empty() && !wanted.iter().any(|it| it == part) {
            continue;
        }
        say(&format!("\nworkload.{part}: {what}"));
        match part {
            "speed" => speed(&mails, results).await?,
            "pollers" => pollers::run(&mails, results).await?,
            _ => full::run(&mails, results).await?,
        }
    }
    Ok(())
}

/// How many complaints are due.
fn opening(mails: &[Expected]) -> usize {
    mails.iter().filter(|mail| mail.opens).count()
}

async fn speed(mails: &[Expected], results: &mut Results) -> anyhow::Result<()> {
    let Some(house) = House::start(Sync::Default, 2048).await? else { return Ok(()) };
    let told = house.take(mails).await?;
    results.tell("workload.cpu", told.cpu_ms, "ms/mail", Bar::AtMost(2.0));
    results.tell("workload.rate", told.per_second, "mails/s", Bar::AtLeast(500.0));
    say("stretch: 1.2 ms/mail, 1000 mails/s");
    results.tell("workload.cpu_until_quiet", told.quiet_cpu_ms, "ms/mail", Bar::None);
    let compared = Compared::of(&house, mails).await?;
    compared.tell("workload", mails, results);
    let sent = house.sink.mails();

    house.deliver_again(mails).await?;
    Compared::of(&house, mails).await?.tell("workload.twice", mails, results);
    results.count("workload.twice_mails", house.sink.count(), "mails sent", Bar::exactly(sent.len()));

    let sending = Sending::start(&sent)?;
    let bare = bare::measure(house.bus(), mails.len(), Sync::Default, Some(&sending)).await?;
    house.stop()?;
    results.tell("workload.bare_cpu", bare.cpu_ms, "ms/mail", Bar::None);
    results.tell("workload.bare_rate", bare.per_second, "mails/s", Bar::None);
    results.tell("workload.times_bare", told.cpu_ms / bare.cpu_ms, "of-bare", Bar::AtMost(3.0));

    let Some(house) = House::start(Sync::Always, 2048).await? else { return Ok(()) };
    let told = house.take(mails).await?;
    results.tell("workload.always_rate", told.per_second, "mails/s", Bar::AtLeast(200.0));
    results.tell("workload.always_cpu", told.cpu_ms, "ms/mail", Bar::None);
    Compared::of(&house, mails).await?.tell("workload.always", mails, results);
    house.stop()
}

/// Mails a second and cost per mail.
#[derive(Debug, Clone, Copy)]
struct Told {
    per_second: f64,
    /// CPU milliseconds of the house and the broker until the last acknowledgement was taken.
    cpu_ms: f64,
    /// The same until nothing was left to do.
    quiet_cpu_ms: f64,
}

impl Told {
    fn of(mails: usize, took: std::time::Duration, cpu: f64, quiet_cpu: f64) -> Self {
        let each = |seconds: f64| seconds * 1000.0 / float(mails);
        Self {
            per_second: float(mails) / took.as_secs_f64(),
            cpu_ms: each(cpu),
            quiet_cpu_ms: each(quiet_cpu),
        }
    }
}
