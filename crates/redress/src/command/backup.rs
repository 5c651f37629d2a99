//! `redress backup`: everything the broker holds, into a new folder, while everything runs.

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

use crate::backup::{keys_file, take};
use crate::cli::Backup;
use crate::house::House;
use crate::out::Out;
use crate::settings::Config;

pub(super) async fn run(
    config: &Config,
    house: &House,
    asked: &Backup,
    out: Out,
) -> anyhow::Result<ExitCode> {
    // First, so that a place that cannot be written to is known before hours of copying.
    let keys = asked.keys.as_deref().map(|file| keys_file::write(config, file)).transpose()?;
    let expected: u64 = {
        let there = house.bus().streams_there().await?;
        there.iter().map(|stream| stream.bytes).sum()
    };
    let progress = out.progress(expected);
    let taken = take::take(house, &asked.folder, |stream, bytes| progress.passed(stream, bytes)).await;
    progress.done();
    let taken = taken.with_context(|| format!("back up to {}", asked.folder.display()))?;
    let manifest = &taken.manifest;
    let messages: u64 = manifest.streams.iter().map(|stream| stream.head.messages()).sum();
    let summary = json!({
        "folder": asked.folder, "began_at": manifest.began_at, "streams": manifest.streams.len(),
        "messages": messages, "bytes": manifest.bytes(), "keys": keys,
        "faults": taken.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    out.either(&summary, || {
        format!(
            "{}: {} streams, {messages} messages, {} KiB; what was recorded before {} is in it.",
            asked.folder.display(),
            manifest.streams.len(),
            manifest.bytes().div_ceil(1024),
            manifest.began_at
        )
    })?;
    if keys.is_none() {
        let files: Vec<String> =
            config.key_files().iter().map(|(role, path)| format!("  {role}: {}", path.display())).collect();
        out.complain(&format!(
            "redress: THE KEYS ARE NOT IN IT. Without them this backup cannot be used; keep a copy of them elsewhere\n\
             (redress backup --keys FILE makes one):\n{}",
            files.join("\n")
        ));
    }
    for fault in &taken.faults {
        out.complain(&format!("redress: the log is not whole, and was copied as it is: {fault}"));
    }
    Ok(if taken.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
