//! `redress restore`: a backup, put back into a broker that holds nothing.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use redress_bus::users::BACKUP;
use redress_ledger::verify::Report;
use serde_json::json;

use crate::backup::manifest::Manifest;
use crate::backup::{keys_file, put_back};
use crate::broker::{Broker, find};
use crate::cli::Restore;
use crate::data::read_keys;
use crate::house::House;
use crate::out::Out;
use crate::sealing::Need;
use crate::settings::Config;

pub(super) async fn run(
    mut config: Config,
    asked: &Restore,
    environment: &BTreeMap<String, String>,
    out: Out,
) -> anyhow::Result<ExitCode> {
    let manifest = check(asked, out)?;
    if asked.check {
        return Ok(ExitCode::SUCCESS);
    }
    let found = keys(&config, asked, &manifest)?;
    if found > 0 {
        out.complain(&format!("redress: keys put back where they were missing: {found}"));
    }
    if !config.bus.servers.is_empty() {
        return restore(&config, asked, &manifest, out).await;
    }
    // Nobody else may run on the folder meanwhile, `redress up` least of all.
    let program = find(&config.broker, environment)?;
    let mut data = config.data.clone();
    data.make()?;
    let _lock = data.lock()?;
    let broker = Broker::start(&data, &config.broker, &program).await?;
    config.bus.servers = vec![broker.record().url.clone()];
    config.bus.users_folder = Some(data.users());
    config.bus.store_bytes_max = config.bus.store_bytes_max.or(Some(broker.record().streams_bytes_max));
    let restored = restore(&config, asked, &manifest, out).await;
    broker.stop().await;
    restored
}

/// Reads the whole backup and compares it with its manifest.
fn check(asked: &Restore, out: Out) -> anyhow::Result<Manifest> {
    let manifest = Manifest::read(&asked.folder)?;
    let progress = out.progress(manifest.bytes());
    let checked = manifest.files().try_for_each(|file| {
        file.check(&asked.folder, |bytes| progress.passed("checking the backup", bytes))
    });
    progress.done();
    checked?;
    if asked.check {
        let (streams, began_at) = (manifest.streams.len(), manifest.began_at);
        let summary = json!({ "whole": true, "streams": streams, "began_at": began_at });
        out.either(&summary, || {
            format!("The backup is whole: {streams} streams; what was recorded before {began_at} is in it.")
        })?;
    }
    Ok(manifest)
}

/// Puts missing keys back, and sees that the identity key is the one the backup was taken with.
fn keys(config: &Config, asked: &Restore, manifest: &Manifest) -> anyhow::Result<usize> {
    let found = asked.keys.as_deref().map(|file| keys_file::put_back(config, file)).transpose()?;
    let keys =
        read_keys(&config.key_file).context("find the key that belongs to the backup (--keys FILE)")?;
    let identity = keys.name("backup", &["identity"]);
    ensure!(
        identity == manifest.identity,
        "use the identity key {}: the backup was taken with another one",
        config.key_file.display()
    );
    Ok(found.unwrap_or_default())
}

async fn restore(
    config: &Config,
    asked: &Restore,
    manifest: &Manifest,
    out: Out,
) -> anyhow::Result<ExitCode> {
    let house = House::open(config, BACKUP, Need::NOTHING).await?;
    put_back::make_room(house.bus()).await?;
    let progress = out.progress(manifest.bytes());
    let passed = |stream: &str, bytes| progress.passed(stream, bytes);
    let put = put_back::put_back(house.bus(), &asked.folder, manifest, passed).await;
    progress.done();
    put.with_context(|| format!("restore {}", asked.folder.display()))?;
    if !asked.send_again {
        let stopped_at = asked.stopped_at.unwrap_or_else(|| house.clock.now());
        redress_notifier::restored::note(house.bus(), stopped_at).await?;
    }
    // What a backup leaves out is made anew.
    house.bus().prepare().await?;
    let report = put_back::verify(&house.ledger, &asked.folder, manifest).await?;
    tell(asked, manifest, &report, out)?;
    Ok(if report.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(asked: &Restore, manifest: &Manifest, report: &Report, out: Out) -> anyhow::Result<()> {
    let messages: u64 = manifest.streams.iter().map(|stream| stream.head.messages()).sum();
    let faults: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
    let summary = json!({
        "messages": messages, "complaints": report.heads.len(), "commits": report.commits,
        "began_at": manifest.began_at, "kept_back": !asked.send_again, "faults": faults,
    });
    out.either(&summary, || {
        let chains = if faults.is_empty() {
            "every chain is whole and reaches as far as it did.".to_owned()
        } else {
            format!("{} faults\n  {}", faults.len(), faults.join("\n  "))
        };
        format!(
            "Restored {messages} messages; {} complaints with {} commits, {chains}\n\
             What was recorded after {} may not be in it: start the services, and mail that is still in its mailbox\n\
             comes in again (move back what was moved since). Then: redress doctor",
            report.heads.len(),
            report.commits,
            manifest.began_at
        )
    })?;
    Ok(())
}
