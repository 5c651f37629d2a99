//! Blobs: bytes too large for a message, written before the message that names them, and taken off the disk by chunk.
//!
//! Laid out as NATS object stores are, so that its own tools read them: chunks on `$O.blobs.C.<attempt>`, then what
//! describes them on `$O.blobs.M.<name>`. Written here and not by the client, which rolls subjects up and reads
//! through a consumer: the first could wipe the bucket, the second deliver it anywhere. Both ways hold a few chunks
//! at a time, and writing reads its source once, so that a blob can be written from what comes over a connection.

use std::collections::HashSet;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use redress_contract::subject::name;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio_util::io::StreamReader;

use crate::layout::blobs_stream;
use crate::{Bus, PublishError, ReadError, Stored};

/// Bytes per message.
const CHUNK_BYTES: usize = 512 * 1024;
/// Chunks that are read at once.
const CHUNKS_AT_ONCE: usize = 4;

/// The bucket `blobs`.
#[derive(Clone, Debug)]
pub struct Blobs {
    bus: Bus,
}

/// One object of the bucket, or what is left of one.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its name; none for chunks that no object names (a write that was broken off).
    pub name: Option<String>,
    /// Under which name its chunks lie.
    nuid: String,
    /// When it was written.
    pub stored_at: Timestamp,
}

/// An object that was not written. What was written of it names no object and is swept after a day.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Its bytes could not be read to their end: the source is at fault, not the broker.
    #[error("read what goes into blob {name}")]
    Source {
        /// Its name.
        name: String,
        /// What reading met, as it was met.
        source: io::Error,
    },
    /// The broker does not take it.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// What describes an object.
#[derive(Serialize, Deserialize)]
struct Description {
    name: String,
    #[serde(default)]
    bucket: String,
    /// Under which name its chunks lie.
    nuid: String,
    #[serde(default)]
    size: usize,
    #[serde(default)]
    mtime: String,
    #[serde(default)]
    chunks: usize,
    #[serde(default)]
    digest: String,
}

/// The chunks of an attempt, as far as they were written.
#[derive(Default)]
struct Written {
    size: usize,
    chunks: usize,
    digest: Sha256,
}

impl Bus {
    /// The bucket `blobs`.
    pub fn blobs(&self) -> Blobs {
        Blobs { bus: self.clone() }
    }
}

impl Blobs {
    /// Writes an object as it is read, once and never further ahead than one chunk of what the broker has acknowledged;
    /// done when it has acknowledged all of it. Writing the same name again replaces it.
    ///
    /// # Errors
    /// [`WriteError`] says whose fault it is. There is no such object then, or still the one before.
    pub async fn put(&self, name: &str, bytes: impl AsyncRead + Unpin) -> Result<(), WriteError> {
        let nuid = self.attempt();
        let written = self.put_chunks(name, &nuid, bytes).await?;
        let description = Description {
            name: name.to_owned(),
            bucket: name::BLOBS.to_owned(),
            nuid,
            size: written.size,
            // The stream keeps the time; a clock of ours would say another.
            mtime: "0001-01-01T00:00:00Z".to_owned(),
            chunks: written.chunks,
            digest: format!("SHA-256={}", URL_SAFE.encode(written.digest.finalize())),
        };
        let body = serde_json::to_vec(&description).expect("plain data always becomes JSON");
        self.bus.publish(&meta_subject(name), Vec::new(), body.into()).await?;
        Ok(())
    }

    /// Opens an object for reading, with its size; none when there is none. That its bytes are those that were written
    /// is for the seal to say.
    ///
    /// # Errors
    /// [`ReadError`] when the broker does not answer.
    pub async fn open(&self, name: &str) -> Result<Option<(impl AsyncRead + Unpin, usize)>, ReadError> {
        let failed = |problem: String| ReadError::new(format!("blobs/{name}"), problem);
        let Some(meta) = self.bus.last(&blobs_stream(), &meta_subject(name)).await? else { return Ok(None) };
        let described: Description = serde_json::from_slice(&meta.body).map_err(|e| failed(e.to_string()))?;
        Ok(Some((StreamReader::new(self.chunks(&described)), described.size)))
    }

    /// Takes an object off the disk: each chunk, then what names them. False when there was nothing of it.
    ///
    /// # Errors
    /// [`ReadError`] when the broker does not answer; erasing it again goes on where this ended.
    pub async fn erase(&self, name: &str) -> Result<bool, ReadError> {
        let subject = meta_subject(name);
        let mut erased = false;
        while let Some(meta) = self.bus.last_at_leader(&blobs_stream(), &subject).await? {
            if let Ok(described) = serde_json::from_slice::<Description>(&meta.body) {
                self.erase_chunks(&described.nuid).await?;
            }
            erased |= self.bus.erase(&blobs_stream(), meta.seq).await?;
        }
        Ok(erased)
    }

    /// Takes what was listed off the disk.
    ///
    /// # Errors
    /// [`ReadError`] when the broker does not answer.
    pub async fn erase_listed(&self, listed: &Listed) -> Result<(), ReadError> {
        match &listed.name {
            Some(name) => self.erase(name).await.map(drop),
            None => self.erase_chunks(&listed.nuid).await,
        }
    }

    /// Every object, and the chunks that no object names.
    ///
    /// # Errors
    /// [`ReadError`] when the broker does not answer.
    pub async fn list(&self) -> Result<Vec<Listed>, ReadError> {
        let stream = blobs_stream();
        // Chunks first: an object is named after its last chunk, so none that is whole by now looks nameless.
        let chunks = self.bus.subjects(&stream, &chunk_subject(">")).await?;
        let mut listed: Vec<Listed> = Vec::new();
        let mut scan = self.bus.scan(&stream, &format!("$O.{}.M.>", name::BLOBS), 1).await?;
        while let Some(stored) = scan.try_next().await? {
            listed.extend(object(&stored));
        }
        let named: HashSet<String> = listed.iter().map(|object| chunk_subject(&object.nuid)).collect();
        for subject in chunks.into_iter().filter(|subject| !named.contains(subject)) {
            if let Some(chunk) = self.bus.last_at_leader(&stream, &subject).await? {
                let nuid = subject.strip_prefix(&chunk_subject("")).unwrap_or_default().to_owned();
                listed.push(Listed { name: None, nuid, stored_at: chunk.stored_at });
            }
        }
        Ok(listed)
    }

    /// Writes the chunks in order, each when the one before is acknowledged. Only who writes here knows the subject.
    async fn put_chunks(
        &self,
        name: &str,
        nuid: &str,
        mut bytes: impl AsyncRead + Unpin,
    ) -> Result<Written, WriteError> {
        let (subject, mut last_seq) = (chunk_subject(nuid), 0);
        let mut written = Written::default();
        loop {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            let read = (&mut bytes).take(CHUNK_BYTES as u64).read_to_end(&mut chunk).await;
            if read.map_err(|source| WriteError::Source { name: name.to_owned(), source })? == 0 {
                return Ok(written);
            }
            written.size += chunk.len();
            written.chunks += 1;
            written.digest.update(&chunk);
            last_seq = self.bus.append_alone(&subject, last_seq, chunk.into()).await?;
        }
    }

    /// The chunks of an object, in order.
    fn chunks(&self, described: &Description) -> BoxStream<'static, io::Result<Bytes>> {
        let (bus, subject) = (self.bus.clone(), chunk_subject(&described.nuid));
        let begin = (bus, subject, 1_u64, described.chunks);
        let pages = futures::stream::try_unfold(begin, |(bus, subject, from, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let question = serde_json::json!({
                "seq": from, "next_by_subj": subject, "batch": CHUNKS_AT_ONCE.min(left),
            });
            let page = bus.batch(&blobs_stream(), question.to_string().into()).await;
            let page = page.map_err(io::Error::other)?.map(|page| page.messages).unwrap_or_default();
            let Some(last) = page.last() else {
                return Err(io::Error::other("not all of it is there, or not yet"));
            };
            let next = (bus, subject, last.seq + 1, left.saturating_sub(page.len()));
            Ok(Some((futures::stream::iter(page.into_iter().map(|chunk| Ok(chunk.body))), next)))
        });
        pages.try_flatten().boxed()
    }

    async fn erase_chunks(&self, nuid: &str) -> Result<(), ReadError> {
        if nuid.is_empty() {
            return Ok(());
        }
        while let Some(chunk) = self.bus.last_at_leader(&blobs_stream(), &chunk_subject(nuid)).await? {
            self.bus.erase(&blobs_stream(), chunk.seq).await?;
        }
        Ok(())
    }

    /// A name that nobody else has: what the client draws for its inboxes.
    fn attempt(&self) -> String {
        let inbox = self.bus.client.new_inbox();
        inbox.rsplit('.').next().unwrap_or_default().to_owned()
    }
}

fn chunk_subject(nuid: &str) -> String {
    format!("$O.{}.C.{nuid}", name::BLOBS)
}

fn meta_subject(name: &str) -> String {
    format!("$O.{}.M.{}", name::BLOBS, URL_SAFE.encode(name))
}

fn object(meta: &Stored) -> Option<Listed> {
    let described: Description = serde_json::from_slice(&meta.body).ok()?;
    Some(Listed { name: Some(described.name), nuid: described.nuid, stored_at: meta.stored_at })
}
