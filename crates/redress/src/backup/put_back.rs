//! Putting a copy back into a broker that holds nothing, and setting the consumers where they stood.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use redress_bus::Bus;
use redress_bus::snapshot::CHUNK_BYTES;
use redress_ledger::Ledger;
use redress_ledger::verify::{Checkpoint, Report};

use super::manifest::{Manifest, StreamNote};

/// Refuses a broker that holds anything, by name; clears away streams that were made and never used.
///
/// # Errors
/// Names what is there.
pub async fn make_room(bus: &Bus) -> anyhow::Result<()> {
    let there = bus.streams_there().await?;
    let used: Vec<String> = there
        .iter()
        .filter(|stream| stream.last_seq > 0)
        .map(|stream| format!("{} ({} messages)", stream.name, stream.messages))
        .collect();
    if !used.is_empty() {
        bail!("use this broker: it holds {}; a backup is put back into an empty one only", used.join(", "));
    }
    for stream in &there {
        bus.remove_stream(&stream.name).await?;
    }
    Ok(())
}

/// Puts every stream back, then every consumer behind what it had acknowledged. `passed` hears of each stream and of
/// the bytes that went.
///
/// # Errors
/// When the broker does not take something; what was put back until then is taken away again.
pub async fn put_back(
    bus: &Bus,
    folder: &Path,
    manifest: &Manifest,
    mut passed: impl FnMut(&str, u64),
) -> anyhow::Result<()> {
    let mut done = Vec::new();
    let result = everything(bus, folder, manifest, &mut passed, &mut done).await;
    if result.is_err() {
        for name in done {
            // The first failure is the one to tell; what stays is named by the next try.
            let _ = bus.remove_stream(name).await;
        }
    }
    result
}

async fn everything<'a>(
    bus: &Bus,
    folder: &Path,
    manifest: &'a Manifest,
    passed: &mut impl FnMut(&str, u64),
    done: &mut Vec<&'a str>,
) -> anyhow::Result<()> {
    for note in &manifest.streams {
        stream(bus, folder, note, passed).await?;
        done.push(&note.name);
    }
    for note in &manifest.streams {
        for position in &note.consumers {
            bus.put_at(&note.name, position).await?;
        }
    }
    Ok(())
}

async fn stream(
    bus: &Bus,
    folder: &Path,
    note: &StreamNote,
    passed: &mut impl FnMut(&str, u64),
) -> anyhow::Result<()> {
    let path = folder.join(&note.archive.name);
    let doing = || format!("read {}", path.display());
    let mut file = File::open(&path).with_context(doing)?;
    let giving = bus.begin_to_give_back(&note.name, &note.head).await?;
    passed(&note.name, 0);
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let read = Read::by_ref(&mut file).take(CHUNK_BYTES as u64).read_to_end(&mut chunk);
        let read = read.with_context(doing)? as u64;
        if read == 0 {
            break;
        }
        giving.chunk(chunk.into()).await?;
        passed(&note.name, read);
    }
    let last_seq = giving.finish().await?;
    ensure!(
        last_seq >= note.head.last_seq(),
        "restore {}: it ends at {last_seq}, but was copied up to {} at least",
        note.name,
        note.head.last_seq()
    );
    Ok(())
}

/// Verifies the log that was put back against the checkpoint of the copy.
///
/// # Errors
/// When the log cannot be read; what is wrong in it is in the report.
pub async fn verify(ledger: &Ledger, folder: &Path, manifest: &Manifest) -> anyhow::Result<Report> {
    let path = folder.join(&manifest.checkpoint.name);
    let doing = || format!("read {}", path.display());
    let checkpoint: Checkpoint =
        serde_json::from_slice(&std::fs::read(&path).with_context(doing)?).with_context(doing)?;
    Ok(ledger.verify(Some(&checkpoint)).await?)
}
