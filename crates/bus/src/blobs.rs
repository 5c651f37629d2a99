//! Blobs: bytes too large for a message, written before the message that names them.
//!
//! Laid out as NATS object stores are, so that its own tools read them: chunks on `$O.blobs.C.<attempt>`, then what
//! describes them on `$O.blobs.M.<name>`. Written here and not by the client, which rolls subjects up and reads
//! through a consumer: the first could wipe the bucket, the second deliver it anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;
use redress_contract::subject::name;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::layout::blobs_stream;
use crate::{AppendError, Bus, PublishError, ReadError};

/// Bytes per message.
const CHUNK_BYTES: usize = 512 * 1024;
/// Times a blob is begun anew because one of its chunks was stored and the answer got lost.
const ATTEMPTS: usize = 8;

/// The bucket `blobs`.
#[derive(Clone, Debug)]
pub struct Blobs {
    bus: Bus,
}

/// What describes an object.
#[derive(Serialize, Deserialize)]
struct Description {
    name: String,
    bucket: String,
    /// Under which name its chunks lie.
    nuid: String,
    size: usize,
    mtime: String,
    chunks: usize,
    digest: String,
}

impl Bus {
    /// The bucket `blobs`.
    pub fn blobs(&self) -> Blobs {
        Blobs { bus: self.clone() }
    }
}

impl Blobs {
    /// Writes an object; done when the broker has acknowledged all of it. Writing the same name again replaces it.
    ///
    /// # Errors
    /// [`PublishError`] when the broker does not take it.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), PublishError> {
        let failed =
            |problem: &str| PublishError { subject: format!("blobs/{name}"), problem: problem.into() };
        for _ in 0..ATTEMPTS {
            let nuid = self.attempt();
            if !self.put_chunks(&nuid, &bytes).await? {
                continue;
            }
            let description = Description {
                name: name.to_owned(),
                bucket: name::BLOBS.to_owned(),
                nuid,
                size: bytes.len(),
                // The stream keeps the time; a clock of ours would say another.
                mtime: "0001-01-01T00:00:00Z".to_owned(),
                chunks: bytes.len().div_ceil(CHUNK_BYTES),
                digest: digest(&bytes),
            };
            let body = serde_json::to_vec(&description).expect("plain data always becomes JSON");
            return self.bus.publish(&meta_subject(name), Vec::new(), body.into()).await.map(drop);
        }
        Err(failed("the broker's answers get lost again and again"))
    }

    /// Reads an object whole; none when there is none.
    ///
    /// # Errors
    /// [`ReadError`] when the broker does not answer or the digest does not fit.
    pub async fn get(&self, name: &str) -> Result<Option<Bytes>, ReadError> {
        let failed = |problem: String| ReadError::new(format!("blobs/{name}"), problem);
        let Some(meta) = self.bus.last(&blobs_stream(), &meta_subject(name)).await? else { return Ok(None) };
        let described: Description = serde_json::from_slice(&meta.body).map_err(|e| failed(e.to_string()))?;
        let mut bytes = Vec::with_capacity(described.size);
        if described.size > 0 {
            for chunk in self.bus.all_on(&blobs_stream(), &chunk_subject(&described.nuid)).await? {
                bytes.extend_from_slice(&chunk.body);
            }
        }
        if bytes.len() != described.size || digest(&bytes) != described.digest {
            return Err(failed("its bytes are not those that were written".to_owned()));
        }
        Ok(Some(bytes.into()))
    }

    /// Writes the chunks in order; false when one of them was stored by an earlier try whose answer got lost, which
    /// cannot be told from here without reading.
    async fn put_chunks(&self, nuid: &str, bytes: &Bytes) -> Result<bool, PublishError> {
        let subject = chunk_subject(nuid);
        let mut last_seq = 0;
        for start in (0..bytes.len()).step_by(CHUNK_BYTES) {
            let chunk = bytes.slice(start..bytes.len().min(start + CHUNK_BYTES));
            match self.bus.append(&subject, last_seq, Vec::new(), chunk).await {
                Ok(seq) => last_seq = seq,
                Err(AppendError::Conflict(_)) => return Ok(false),
                Err(AppendError::Publish(problem)) => return Err(problem),
            }
        }
        Ok(true)
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

fn digest(bytes: &[u8]) -> String {
    format!("SHA-256={}", URL_SAFE.encode(Sha256::digest(bytes)))
}
