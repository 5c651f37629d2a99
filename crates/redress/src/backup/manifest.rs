//! What a backup folder holds: each file with its length and SHA-256, written last.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use redress_bus::snapshot::{Head, Position};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Its name in the folder.
pub const FILE: &str = "manifest.json";

/// The only layout of a folder so far.
const VERSION: u32 = 1;

/// Everything that is known of a backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Layout of the folder.
    pub version: u32,
    /// Version of the program that took it.
    pub program: String,
    /// When it was begun: what was recorded before is in it.
    pub began_at: Timestamp,
    /// When it was done.
    pub ended_at: Timestamp,
    /// A keyed hash by which the identity key that belongs to it is recognised.
    pub identity: String,
    /// The heads of all chains, as `redress verify --checkpoint` keeps them.
    pub checkpoint: FileNote,
    /// The streams in the order they were copied.
    pub streams: Vec<StreamNote>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileNote {
    /// Its name in the folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of it, in hex.
    pub sha256: String,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamNote {
    /// Its name.
    pub name: String,
    /// Its archive.
    pub archive: FileNote,
    /// What the broker said of it when the copy was begun.
    pub head: Head,
    /// Its durable consumers, as they stood before anything was copied.
    pub consumers: Vec<Position>,
}

impl Manifest {
    /// A manifest of this program.
    pub fn new(began_at: Timestamp, identity: String, checkpoint: FileNote) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        let streams = Vec::new();
        Self { version: VERSION, program, began_at, ended_at: began_at, identity, checkpoint, streams }
    }

    /// Reads a folder's manifest.
    ///
    /// # Errors
    /// When there is none, or it is of another layout.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let doing = || format!("read {}", path.display());
        let text = std::fs::read(&path).with_context(doing)?;
        let manifest: Self = serde_json::from_slice(&text).with_context(doing)?;
        ensure!(
            manifest.version == VERSION,
            "use {}: its layout is {}, this program knows {VERSION}",
            path.display(),
            manifest.version
        );
        Ok(manifest)
    }

    /// Every file it names.
    pub fn files(&self) -> impl Iterator<Item = &FileNote> {
        std::iter::once(&self.checkpoint).chain(self.streams.iter().map(|stream| &stream.archive))
    }

    /// How many bytes its files have.
    pub fn bytes(&self) -> u64 {
        self.files().map(|file| file.bytes).sum()
    }
}

impl FileNote {
    /// Reads the file and compares; `passed` hears of each part that was read.
    ///
    /// # Errors
    /// When it is missing, or is not the one that was written.
    pub fn check(&self, folder: &Path, mut passed: impl FnMut(u64)) -> anyhow::Result<()> {
        let path = folder.join(&self.name);
        let doing = || format!("read {}", path.display());
        if Path::new(&self.name).file_name() != Some(self.name.as_ref()) {
            bail!("use the manifest: {:?} is no name of a file in its folder", self.name);
        }
        let mut file = File::open(&path).with_context(doing)?;
        let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
        let mut buffer = vec![0_u8; 256 * 1024];
        loop {
            let read = file.read(&mut buffer).with_context(doing)?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            bytes += read as u64;
            passed(read as u64);
        }
        ensure!(
            bytes == self.bytes && HEXLOWER.encode(&hash.finalize()) == self.sha256,
            "use {}: it is not as it was written; take another backup",
            path.display()
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_is_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), b"abc").unwrap();
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
        let note = FileNote { name: "a".to_owned(), bytes: 3, sha256 };
        note.check(folder.path(), |_| {}).unwrap();
        for changed in [&b"abd"[..], b"abcd", b""] {
            std::fs::write(folder.path().join("a"), changed).unwrap();
            assert!(note.check(folder.path(), |_| {}).is_err());
        }
        let outside = FileNote { name: "../a".to_owned(), ..note };
        assert!(outside.check(folder.path(), |_| {}).unwrap_err().to_string().contains("no name"));
    }
}
