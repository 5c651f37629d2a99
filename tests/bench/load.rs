//! What every bench needs: contacts, a house, connections, medians.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use redress_bus::{Bus, config::Settings};
use redress_contract::Contact;
use redress_identity::Keys;
use redress_intake::Intake;
use redress_runtime::Clock;
use redress_testkit::{Broker, SmtpSink};
use redress_tests::mails::{self, Made};
use redress_vault::{Seals, Vault};

/// A mail as the email service would hand it over: normalised, with its raw bytes.
#[derive(Clone)]
pub(crate) struct Ready {
    pub(crate) contact: Contact,
    pub(crate) raw: Bytes,
}

/// `count` fresh small mails, each the first of its thread and of its sender, normalised by the email service's own reader.
pub(crate) fn contacts(seed: u64, count: usize) -> Vec<Ready> {
    let keys = redress_tests::house::keys();
    // Small mails: the shapes with attachments are left out, as the figures are for a small mail.
    let made = mails::make_small(seed, count);
    made.into_iter().map(|mail| ready(&keys, mail)).collect()
}

fn ready(keys: &Keys, mail: Made) -> Ready {
    let received_at = Clock::system().now();
    let contact = redress_tests::house::normalised(keys, "help", &mail.raw, received_at);
    Ready { contact, raw: mail.raw.into() }
}

/// A connection for a load generator: patient, everything prepared.
pub(crate) async fn bus(broker: &Broker, name: &str) -> anyhow::Result<Bus> {
    // As the houses have it.
    bus_with_room(broker, name, 2048).await
}

/// As [`bus`], with so much room for all streams together.
pub(crate) async fn bus_with_room(broker: &Broker, name: &str, mebibytes_max: u32) -> anyhow::Result<Bus> {
    let settings = Settings {
        publish_patience_seconds: 60,
        store_mebibytes_max: Some(mebibytes_max),
        ..broker.settings()
    };
    let bus = broker.bus_with(&settings, name).await;
    bus.prepare().await?;
    Ok(bus)
}

/// The door.
pub(crate) fn intake(bus: &Bus) -> Intake {
    sealed_with(bus, redress_tests::house::seals())
}

/// The door with these seals.
pub(crate) fn sealed_with(bus: &Bus, seals: Seals) -> Intake {
    Intake::new(Vault::new(bus.clone(), Arc::new(redress_tests::house::keys()), seals), Clock::system())
}

/// Records all, so many at a time.
pub(crate) async fn record_all(intake: &Intake, contacts: Vec<Ready>, at_once: usize) -> anyhow::Result<()> {
    let mut running = futures::stream::iter(contacts)
        .map(|ready| intake.record(ready.contact, ready.raw))
        .buffer_unordered(at_once);
    while let Some(receipt) = running.next().await {
        receipt?;
    }
    Ok(())
}

/// Settings of a house on this broker and sink, in `folder`, for load: no limit per address, no breaker.
pub(crate) fn settings(
    folder: &Path,
    broker: &Broker,
    sink: &SmtpSink,
    more: &str,
) -> anyhow::Result<PathBuf> {
    redress_tests::house::write_keys(&folder.join("data"))?;
    let text = redress_tests::house::settings(folder, &broker.url(), sink.address(), more);
    let file = folder.join("redress.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}

/// The middle one.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}

/// The figure that `share` (0 to 1) of all stay at or below.
pub(crate) fn percentile(mut figures: Vec<f64>, share: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small counts"
    )]
    let index = ((figures.len() as f64 * share).ceil() as usize).saturating_sub(1);
    figures.get(index).copied().unwrap_or(0.0)
}

/// So many a second.
pub(crate) fn rate(count: usize, took: Duration) -> f64 {
    float(count) / took.as_secs_f64().max(1e-9)
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn float(count: usize) -> f64 {
    count as f64
}
