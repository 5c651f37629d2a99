//! Taking a copy: into a folder beside, which gets its name when everything is on disk.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use data_encoding::HEXLOWER;
use redress_bus::snapshot::Position;
use redress_ledger::verify::{Checkpoint, Fault};
use sha2::{Digest as _, Sha256};

use super::manifest::{FILE, FileNote, Manifest, StreamNote};
use super::{LOG, ORDER};
use crate::house::House;

const CHECKPOINT: &str = "checkpoint.json";

/// What was copied.
#[derive(Debug)]
pub struct Taken {
    /// What the folder holds.
    pub manifest: Manifest,
    /// What is wrong with the log; it was copied all the same.
    pub faults: Vec<Fault>,
}

/// Copies everything into a folder that must not exist. `passed` hears of each stream and of the bytes that came.
///
/// # Errors
/// When the folder exists, the broker breaks off, or the disk is full; then the folder does not exist.
pub async fn take(house: &House, folder: &Path, passed: impl FnMut(&str, u64)) -> anyhow::Result<Taken> {
    if folder.try_exists().unwrap_or(true) {
        bail!("make {}: it is there already", folder.display());
    }
    let unfinished = folder.with_added_extension("unfinished");
    DirBuilder::new().mode(0o700).create(&unfinished).map_err(|error| {
        let left = error.kind() == std::io::ErrorKind::AlreadyExists;
        let hint = if left { " (left over from a backup that was killed? then delete it)" } else { "" };
        anyhow::Error::new(error).context(format!("make {}{hint}", unfinished.display()))
    })?;
    let mut copy = Copy { house, folder: unfinished.clone(), passed };
    let taken = match copy.everything().await {
        Ok(taken) => taken,
        Err(error) => {
            // Half a backup is none; what cannot be deleted says so by its name.
            let _ = std::fs::remove_dir_all(&unfinished);
            return Err(error);
        }
    };
    let name = || -> std::io::Result<()> {
        File::open(&unfinished)?.sync_all()?;
        std::fs::rename(&unfinished, folder)?;
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
        File::open(above.unwrap_or(Path::new(".")))?.sync_all()
    };
    name().with_context(|| format!("make {}", folder.display()))?;
    Ok(taken)
}

struct Copy<'a, P> {
    house: &'a House,
    folder: PathBuf,
    passed: P,
}

impl<P: FnMut(&str, u64)> Copy<'_, P> {
    async fn everything(&mut self) -> anyhow::Result<Taken> {
        let bus = self.house.bus();
        let began_at = self.house.clock.now();
        // Before anything is copied: what is acknowledged here has left its traces in every copy.
        let mut consumers: BTreeMap<&str, Vec<Position>> = BTreeMap::new();
        for stream in ORDER {
            consumers.insert(stream, bus.positions(stream).await?);
        }
        let (mut streams, mut verified) = (Vec::new(), None);
        for stream in ORDER {
            if stream == LOG {
                verified = Some(self.checkpoint().await?);
            }
            let consumers = consumers.remove(stream).unwrap_or_default();
            streams.push(self.stream(stream, consumers).await?);
        }
        let (checkpoint, faults) = verified.context("take a checkpoint of the log")?;
        let identity = self.house.vault.keys().name("backup", &["identity"]);
        let mut manifest = Manifest::new(began_at, identity, checkpoint);
        manifest.streams = streams;
        manifest.ended_at = self.house.clock.now();
        self.whole_file(FILE, &serde_json::to_vec_pretty(&manifest)?)?;
        Ok(Taken { manifest, faults })
    }

    /// The chains as they are right before the log is copied: whatever the copy holds reaches at least as far.
    async fn checkpoint(&mut self) -> anyhow::Result<(FileNote, Vec<Fault>)> {
        let taken_at = self.house.clock.now();
        let report = self.house.ledger.verify(None).await?;
        let text = serde_json::to_vec_pretty(&Checkpoint { taken_at, heads: report.heads })?;
        Ok((self.whole_file(CHECKPOINT, &text)?, report.faults))
    }

    async fn stream(&mut self, name: &str, consumers: Vec<Position>) -> anyhow::Result<StreamNote> {
        let mut archive = self.house.bus().archive(name).await?;
        let mut file = Written::create(&self.folder, format!("{name}.archive"))?;
        (self.passed)(name, 0);
        while let Some(chunk) = archive.next().await? {
            file.write(&chunk)?;
            (self.passed)(name, chunk.len() as u64);
        }
        let head = archive.head().clone();
        Ok(StreamNote { name: name.to_owned(), archive: file.finish()?, head, consumers })
    }

    fn whole_file(&self, name: &str, bytes: &[u8]) -> anyhow::Result<FileNote> {
        let mut file = Written::create(&self.folder, name.to_owned())?;
        file.write(bytes)?;
        file.finish()
    }
}

/// A file being written.
struct Written {
    path: PathBuf,
    name: String,
    file: File,
    bytes: u64,
    hash: Sha256,
}

impl Written {
    fn create(folder: &Path, name: String) -> anyhow::Result<Self> {
        let path = folder.join(&name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = file.with_context(|| format!("write {}", path.display()))?;
        Ok(Self { path, name, file, bytes: 0, hash: Sha256::new() })
    }

    fn write(&mut self, part: &[u8]) -> anyhow::Result<()> {
        self.file.write_all(part).with_context(|| format!("write {}", self.path.display()))?;
        self.bytes += part.len() as u64;
        self.hash.update(part);
        Ok(())
    }

    /// On disk before this returns.
    fn finish(self) -> anyhow::Result<FileNote> {
        self.file.sync_all().with_context(|| format!("write {}", self.path.display()))?;
        let sha256 = HEXLOWER.encode(&self.hash.finalize());
        Ok(FileNote { name: self.name, bytes: self.bytes, sha256 })
    }
}
