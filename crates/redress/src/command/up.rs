//! `redress up`: every service in one process, next to a nats-server of its own.

use std::collections::BTreeMap;

use anyhow::bail;
use redress_bus::Bus;
use redress_bus::users::PROVISION;
use redress_runtime::settings::Problems;
use redress_runtime::signal::Signals;

use crate::broker::{Broker, find};
use crate::data::{DataFolder, make_keys};
use crate::out::Out;
use crate::services;
use crate::settings::Config;

pub(super) async fn run(
    mut config: Config,
    environment: &BTreeMap<String, String>,
    out: Out,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    if !config.bus.servers.is_empty() {
        let mut problems = Problems::none();
        problems.note(
            "bus.servers",
            "names brokers, but `redress up` runs its own; use `redress run` with those",
        );
        return Err(problems.into());
    }
    let found = find(&config.broker, environment)?;
    let mut data = config.data.clone();
    data.make()?;
    let _lock = data.lock()?;
    make_identity(&config, &data)?;
    make_sealing(&config, &data)?;
    let broker = tokio::select! {
        started = Broker::start(&data, &config.broker, &found) => started?,
        signal = signals.next() => bail!("start the nats-server: {signal} ended it"),
    };
    config.bus.servers = vec![broker.record().url.clone()];
    config.bus.users_folder = Some(data.users());
    config.bus.store_bytes_max = config.bus.store_bytes_max.or(Some(broker.record().streams_bytes_max));
    services::tell(out, "broker", broker.record().url.clone())?;
    let served = serve(&config, signals, out).await;
    broker.stop().await;
    served
}

async fn serve(config: &Config, signals: Signals, out: Out) -> anyhow::Result<()> {
    Bus::connect(&config.bus, PROVISION).await?.prepare().await?;
    services::run(config, &services::ALL.into(), signals, out).await
}

/// At first use only: a new key beside old data would recognise nothing of it.
fn make_identity(config: &Config, data: &DataFolder) -> anyhow::Result<()> {
    if config.key_file.exists() {
        return Ok(());
    }
    if data.broker().join("store").exists() {
        bail!(
            "find the identity key {}: {} holds data that was written with it; restore the key from your backup",
            config.key_file.display(),
            data.path().display()
        );
    }
    if make_keys(&config.key_file)? {
        tracing::info!("Made the identity key of this installation; back it up with the data folder");
    }
    Ok(())
}

/// At first use only, too: what old data is sealed with is not among new keys.
fn make_sealing(config: &Config, data: &DataFolder) -> anyhow::Result<()> {
    let files = &config.sealing;
    if data.broker().join("store").exists() && !files.private.exists() {
        bail!(
            "find the sealing key {}: {} holds data that was sealed with it; restore the key from your backup",
            files.private.display(),
            data.path().display()
        );
    }
    for file in files.make()? {
        tracing::info!("Made {}: back it up, but apart from the data folder", file.display());
    }
    Ok(())
}
