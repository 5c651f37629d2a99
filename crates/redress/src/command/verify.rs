//! `redress verify`: the hash chain of every complaint, against a checkpoint too.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use futures::StreamExt as _;
use redress_ledger::verify::{Checkpoint, Report, Verifier};
use serde_json::json;

use crate::cli::Verify;
use crate::house::House;
use crate::out::Out;

pub(super) async fn run(house: &House, asked: &Verify, out: Out) -> anyhow::Result<ExitCode> {
    let taken_at = house.clock.now();
    let checkpoint = asked.checkpoint.as_deref().map(read_checkpoint).transpose()?.flatten();
    let report = check(house, checkpoint.as_ref(), asked.export.as_deref()).await?;
    tell(&report, out)?;
    if !report.faults.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    if let Some(file) = &asked.checkpoint {
        write_checkpoint(file, &Checkpoint { taken_at, heads: report.heads })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the log once: each commit is checked, and written as it lies there, one a line. A line's SHA-256 is what the
/// complaint's next commit names as its predecessor.
async fn check(
    house: &House,
    checkpoint: Option<&Checkpoint>,
    export: Option<&Path>,
) -> anyhow::Result<Report> {
    let mut export = export.map(create).transpose()?;
    let mut verifier = Verifier::new(checkpoint);
    let mut entries = house.ledger.entries(1).await?;
    while let Some(entry) = entries.next().await {
        let entry = entry?;
        verifier.check(&entry);
        if let Some(file) = &mut export {
            file.write_all(&entry.bytes).and_then(|()| file.write_all(b"\n")).context("write the export")?;
        }
    }
    if let Some(file) = export {
        file.into_inner()
            .map_err(std::io::IntoInnerError::into_error)?
            .sync_all()
            .context("write the export")?;
    }
    Ok(verifier.finish())
}

fn tell(report: &Report, out: Out) -> anyhow::Result<()> {
    let summary = json!({
        "complaints": report.heads.len(), "commits": report.commits, "events": report.events,
        "faults": report.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    let text = || {
        let found = format!(
            "{} complaints, {} commits, {} events: ",
            report.heads.len(),
            report.commits,
            report.events
        );
        if report.faults.is_empty() {
            return format!("{found}every chain is whole.");
        }
        let faults: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
        format!("{found}{} faults\n  {}", faults.len(), faults.join("\n  "))
    };
    Ok(out.either(&summary, text)?)
}

fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    File::create(path).map(BufWriter::new).with_context(|| format!("write {}", path.display()))
}

fn read_checkpoint(path: &Path) -> anyhow::Result<Option<Checkpoint>> {
    if !path.exists() {
        return Ok(None);
    }
    let doing = || format!("read the checkpoint {}", path.display());
    let text = std::fs::read(path).with_context(doing)?;
    serde_json::from_slice(&text).map(Some).with_context(doing)
}

/// Beside, then in place: an earlier checkpoint is never half overwritten.
fn write_checkpoint(path: &Path, checkpoint: &Checkpoint) -> anyhow::Result<()> {
    let new = path.with_added_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&new)?;
        serde_json::to_writer_pretty(&mut file, checkpoint)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().with_context(|| format!("write the checkpoint {}", path.display()))
}
