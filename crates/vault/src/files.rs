//! Files of a contact that come over a connection: each goes into a sealed blob as it is read, never whole in memory,
//! before there is a contact that names it.
//!
//! Whoever gives up drops [`Files`]. What was written then lies there until the sweep takes it: a channel may add blobs and
//! not delete any, since one that was taken over could otherwise destroy what others sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use redress_bus::WriteError;
use redress_contract::BlobName;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, ReadBuf};

use crate::data_keys::Readers;
use crate::message::Attempt;
use crate::seal::KeyName;
use crate::sweep::UNDER_WAY_MAX;
use crate::{PutError, Vault};

/// The files of one contact on its way into the vault, sealed with the data key that its message will be sealed with.
#[derive(Debug)]
pub struct Files {
    vault: Vault,
    begun_at: Timestamp,
    attempt: Option<Attempt>,
    blobs: u32,
}

/// A file that lies in a blob: what an attachment says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Where it lies.
    pub blob: BlobName,
    /// Its size; the largest number there is when it is larger.
    pub size_bytes: u32,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
}

/// A file that does not lie in a blob. The others still do, and another one may follow.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Its bytes could not be read to their end: whoever sends them is at fault. The error is the reader's own.
    #[error("read the file")]
    Read(#[source] io::Error),
    /// It could not be stored.
    #[error(transparent)]
    Put(#[from] PutError),
}

impl Vault {
    /// Begins to take files in for one contact, at this time. Nothing is written before the first one.
    pub fn begin_files(&self, now: Timestamp) -> Files {
        Files { vault: self.clone(), begun_at: now, attempt: None, blobs: 0 }
    }
}

impl Files {
    /// Reads a file to its end and stores it; answers what the contact's attachment must name. How much may be read is
    /// for the reader to limit, and how long it may take.
    ///
    /// # Errors
    /// [`FileError`] says whether reading or storing failed.
    pub async fn put(&mut self, file: impl AsyncRead + Unpin) -> Result<StoredFile, FileError> {
        let key = self.attempt().await?.key().cloned();
        let folder = key.as_ref().map_or_else(|| KeyName::draw().to_string(), |key| key.name.to_string());
        let blob = BlobName::new(format!("{folder}/{}", self.blobs))
            .expect("hex digits, a slash and a number name a blob");
        self.blobs += 1;
        let mut counted = Counted { file, size: 0, digest: Sha256::new() };
        let store = self.vault.bus.blobs();
        let written = match key {
            Some(key) => store.put(blob.as_str(), key.seal_blob(blob.as_str(), &mut counted)).await,
            None => store.put(blob.as_str(), &mut counted).await,
        };
        if let Err(WriteError::Source { .. }) = &written {
            // It got no name, so the next one takes the number: erasing a contact looks for them up to the first gap.
            self.blobs -= 1;
        }
        written?;
        redress_runtime::fault::point("vault::blob_put");
        Ok(StoredFile {
            blob,
            size_bytes: u32::try_from(counted.size).unwrap_or(u32::MAX),
            sha256: HEXLOWER.encode(&counted.digest.finalize()),
        })
    }

    /// What the contact and its blobs are sealed with, drawn when it is first needed.
    pub(crate) async fn attempt(&mut self) -> Result<&Attempt, PutError> {
        let attempt = match self.attempt.take() {
            Some(attempt) => attempt,
            None => self.vault.attempt(Readers::Vault).await?,
        };
        Ok(self.attempt.insert(attempt))
    }

    /// Refuses what the sweep may have taken some of by now.
    pub(crate) fn still_there(&self, now: Timestamp) -> Result<(), PutError> {
        let age = Duration::try_from(now.duration_since(self.begun_at)).unwrap_or_default();
        if age > UNDER_WAY_MAX { Err(PutError::TooLate) } else { Ok(()) }
    }
}

impl From<WriteError> for FileError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Source { source, .. } => Self::Read(source),
            WriteError::Publish(error) => Self::Put(error.into()),
        }
    }
}

impl FileError {
    /// Of bytes that lie in memory.
    pub(crate) fn of_bytes(self) -> PutError {
        match self {
            Self::Put(error) => error,
            Self::Read(_) => unreachable!("bytes in memory can be read"),
        }
    }
}

/// Tells what went through it.
struct Counted<R> {
    file: R,
    size: u64,
    digest: Sha256,
}

impl<R: AsyncRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.file).poll_read(context, into))?;
        let read = &into.filled()[before..];
        self.size += read.len() as u64;
        self.digest.update(read);
        Poll::Ready(Ok(()))
    }
}
