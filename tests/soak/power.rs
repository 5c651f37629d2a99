//! The power is cut while writers publish: with the settings as shipped nothing acknowledged is lost; with the broker's
//! own defaults it is, which shows that the cut bites.

use std::time::Duration;

use redress_testkit::broker::Options;
use redress_testkit::{Broker, Power, Sync};
use redress_tests::mails::Dice;
use redress_tests::results::{Bar, Results, say};

use crate::Form;
use crate::writers::{self, Load};

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let mut power = match Power::on() {
        Ok(power) => power,
        Err(problem) => {
            say(&format!("SKIPPED: core.power: this machine cannot mount a FUSE file system: {problem}"));
            return Ok(());
        }
    };
    as_shipped(&mut power, form, results).await?;
    drop(power);
    control(&mut Power::on()?, results).await
}

async fn broker_on(power: &Power, sync: Sync) -> Broker {
    let store = Some(power.path().join("store"));
    Broker::start_as(Options { sync, store, ..Options::default() }).await
}

async fn as_shipped(power: &mut Power, form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let cuts = form.pick(3, 100);
    let mut dice = Dice::new(form.seed ^ 0xF);
    let mut broker = broker_on(power, Sync::Always).await;
    broker.set_streams_mebibytes_max(form.pick(512, 4096));
    let bus = broker.bus("load").await;
    let load = Load::start(std::slice::from_ref(&bus));
    for _ in 0..cuts {
        tokio::time::sleep(Duration::from_millis(500 + dice.below(500) as u64)).await;
        broker.kill();
        power.cut()?;
        broker.restart().await;
        load.goes_on().await?;
    }
    let told = load.stop().await;
    results.count("core.power_cuts", cuts, "cuts", Bar::None);
    let compared = writers::compare(&bus, &told).await?;
    writers::tell("power", &told, &compared, results);
    Ok(())
}

/// The broker's default: it syncs every two minutes.
async fn control(power: &mut Power, results: &mut Results) -> anyhow::Result<()> {
    let mut broker = broker_on(power, Sync::Default).await;
    let bus = broker.bus("load").await;
    let load = Load::start(std::slice::from_ref(&bus));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let told = load.stop().await;
    broker.kill();
    power.cut()?;
    broker.restart().await;
    bus.prepare().await?;
    let compared = writers::compare(&bus, &told).await?;
    results.count("core.power_control_acknowledged", told.acknowledged.len(), "publishes", Bar::None);
    results.count("core.power_control_lost", compared.lost, "publishes", Bar::AtLeast(1.0));
    Ok(())
}
