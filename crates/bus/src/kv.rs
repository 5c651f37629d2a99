//! Key-value buckets. On three replicas a read may show the past: the write is the check.
//!
//! A bucket is a stream `KV_<bucket>` with one message per key `$KV.<bucket>.<key>`; writing with an expectation goes
//! through the same door as every other publish, so the same rules about time-outs hold.

use bytes::Bytes;
use futures::TryStreamExt as _;
use futures::stream::BoxStream;

use crate::publish::{AppendError, PublishError};
use crate::{Bus, ReadError, Stored};

/// One bucket. Keys are made of `A-Z a-z 0-9 - / _ = .`
#[derive(Clone, Debug)]
pub struct Kv {
    bucket: String,
    bus: Bus,
}

/// What `create` found. `Debug` does not show the value.
#[derive(Clone, PartialEq, Eq)]
pub enum Created {
    /// The key was free; it holds our value now.
    New,
    /// The key held this value (perhaps ours, from an earlier try).
    Exists(Bytes),
}

impl std::fmt::Debug for Created {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New => f.write_str("New"),
            Self::Exists(value) => write!(f, "Exists({} bytes)", value.len()),
        }
    }
}

/// A bucket operation that failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KvError {
    /// Somebody else wrote the key since it was read.
    #[error("update {bucket}/{key}: somebody else wrote it")]
    Conflict {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// The broker did not answer, or refused.
    #[error("{act} {bucket}/{key}: {problem}")]
    Failed {
        /// What was being done.
        act: &'static str,
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// What happened.
        problem: String,
    },
}

const OPERATION: &str = "KV-Operation";

impl Bus {
    /// A bucket by its name ([`redress_contract::subject::name`]).
    pub fn kv(&self, bucket: &str) -> Kv {
        Kv { bucket: bucket.to_owned(), bus: self.clone() }
    }
}

impl Kv {
    /// The value and its revision, possibly a little old on three replicas.
    ///
    /// # Errors
    /// [`KvError::Failed`] when the broker does not answer.
    pub async fn get(&self, key: &str) -> Result<Option<(Bytes, u64)>, KvError> {
        let subject = self.subject("get", key)?;
        let stored =
            self.bus.last(&self.stream(), &subject).await.map_err(|e| self.failed("get", key, &e))?;
        Ok(stored.filter(is_value).map(|stored| (stored.body, stored.seq)))
    }

    /// The value and its revision as the leader knows them: never old.
    ///
    /// # Errors
    /// [`KvError::Failed`] when the broker does not answer.
    pub async fn get_at_leader(&self, key: &str) -> Result<Option<(Bytes, u64)>, KvError> {
        let subject = self.subject("get", key)?;
        let stored = self.bus.last_at_leader(&self.stream(), &subject).await;
        let stored = stored.map_err(|e| self.failed("get", key, &e))?;
        Ok(stored.filter(is_value).map(|stored| (stored.body, stored.seq)))
    }

    /// Writes a key that must be free.
    ///
    /// # Errors
    /// [`KvError::Failed`] when the broker does not answer.
    pub async fn create(&self, key: &str, value: Bytes) -> Result<Created, KvError> {
        let subject = self.subject("create", key)?;
        let mut expected = 0;
        loop {
            match self.bus.append(&subject, expected, Vec::new(), value.clone()).await {
                Ok(_) => return Ok(Created::New),
                Err(AppendError::Publish(e)) => return Err(self.failed("create", key, &e)),
                Err(AppendError::Conflict(_)) => {
                    // The leader knows what the refusal was about; a follower may not yet.
                    let there = self.bus.last_at_leader(&self.stream(), &subject).await;
                    match there.map_err(|e| self.failed("create", key, &e))? {
                        Some(stored) if is_value(&stored) => return Ok(Created::Exists(stored.body)),
                        Some(marker) => expected = marker.seq,
                        None => expected = 0,
                    }
                }
            }
        }
    }

    /// Writes a key that must have this revision (0: be free); answers the new revision.
    ///
    /// # Errors
    /// [`KvError::Conflict`] when it has another.
    pub async fn update(&self, key: &str, value: Bytes, revision: u64) -> Result<u64, KvError> {
        let subject = self.subject("update", key)?;
        match self.bus.append(&subject, revision, Vec::new(), value).await {
            Ok(seq) => Ok(seq),
            Err(AppendError::Conflict(_)) => {
                Err(KvError::Conflict { bucket: self.bucket.clone(), key: key.to_owned() })
            }
            Err(AppendError::Publish(e)) => Err(self.failed("update", key, &e)),
        }
    }

    /// Writes a key, whatever it holds.
    ///
    /// # Errors
    /// [`KvError::Failed`] when the broker does not answer.
    pub async fn put(&self, key: &str, value: Bytes) -> Result<u64, KvError> {
        let subject = self.subject("put", key)?;
        let written: Result<u64, PublishError> = self.bus.publish(&subject, Vec::new(), value).await;
        written.map_err(|e| self.failed("put", key, &e))
    }

    /// Deletes a key.
    ///
    /// # Errors
    /// [`KvError::Failed`] when the broker does not answer.
    pub async fn delete(&self, key: &str) -> Result<(), KvError> {
        let subject = self.subject("delete", key)?;
        let marker = vec![(OPERATION.to_owned(), "DEL".to_owned())];
        self.bus.publish(&subject, marker, Bytes::new()).await.map_err(|e| self.failed("delete", key, &e))?;
        Ok(())
    }

    /// All keys that begin with `prefix` followed by a dot (or all keys for an empty prefix), with their values.
    ///
    /// # Errors
    /// [`KvError::Failed`] when the broker does not answer.
    pub async fn entries(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, KvError> {
        if let Some(few) = self.few_entries(prefix).await? {
            return Ok(few);
        }
        // More keys than the broker answers at once: read them in order.
        let failed = |e: ReadError| self.failed("list", prefix, &e);
        let scan = self.bus.scan(&self.stream(), &self.below(prefix), 1).await.map_err(failed)?;
        Ok(self.values(scan.try_collect().await.map_err(failed)?))
    }

    /// As [`entries`](Self::entries), but none when there are more than the broker answers at once (1024).
    ///
    /// # Errors
    /// [`KvError::Failed`] when the broker does not answer.
    pub async fn few_entries(&self, prefix: &str) -> Result<Option<Vec<(String, Bytes)>>, KvError> {
        let few = self.bus.last_of_each(&self.stream(), &self.below(prefix)).await;
        let few = few.map_err(|e| self.failed("list", prefix, &e))?;
        Ok(few.map(|few| self.values(few)))
    }

    /// What the few keys below `prefix` hold, with revision and time of each, as the leader knows it.
    ///
    /// # Errors
    /// [`ReadError`] when the broker does not answer.
    pub async fn stored_at_leader(&self, prefix: &str) -> Result<Vec<Stored>, ReadError> {
        let found = self.bus.all_at_leader(&self.stream(), &self.below(prefix)).await?;
        Ok(found.into_iter().filter(is_value).collect())
    }

    /// Every key that is there now, in the order of writing; [`key_of`](Self::key_of) names it.
    ///
    /// # Errors
    /// [`ReadError`] when the bucket cannot be read.
    pub async fn scan(&self) -> Result<BoxStream<'static, Result<Stored, ReadError>>, ReadError> {
        self.bus.scan(&self.stream(), &self.below(""), 1).await
    }

    /// The key that a stored message is about.
    pub fn key_of<'a>(&self, stored: &'a Stored) -> Option<&'a str> {
        stored.subject.strip_prefix(&format!("$KV.{}.", self.bucket))
    }

    /// Takes the message of this revision off the disk; false when it is gone already.
    ///
    /// # Errors
    /// [`ReadError`] when the broker does not answer or refuses.
    pub async fn erase(&self, revision: u64) -> Result<bool, ReadError> {
        self.bus.erase(&self.stream(), revision).await
    }

    fn below(&self, prefix: &str) -> String {
        if prefix.is_empty() {
            format!("$KV.{}.>", self.bucket)
        } else {
            format!("$KV.{}.{prefix}.>", self.bucket)
        }
    }

    fn values(&self, stored: Vec<Stored>) -> Vec<(String, Bytes)> {
        let root = format!("$KV.{}.", self.bucket);
        let key = |stored: &Stored| stored.subject.strip_prefix(&root).map(str::to_owned);
        stored.into_iter().filter(is_value).filter_map(|stored| Some((key(&stored)?, stored.body))).collect()
    }

    fn stream(&self) -> String {
        format!("KV_{}", self.bucket)
    }

    fn subject(&self, act: &'static str, key: &str) -> Result<String, KvError> {
        let good = |c: char| c.is_ascii_alphanumeric() || "-/_=.".contains(c);
        if key.is_empty() || !key.chars().all(good) || key.split('.').any(str::is_empty) {
            return Err(self.failed(act, "?", &"the key holds characters that a key may not have"));
        }
        Ok(format!("$KV.{}.{key}", self.bucket))
    }

    fn failed(&self, act: &'static str, key: &str, problem: &dyn std::fmt::Display) -> KvError {
        KvError::Failed {
            act,
            bucket: self.bucket.clone(),
            key: key.to_owned(),
            problem: problem.to_string(),
        }
    }
}

fn is_value(stored: &Stored) -> bool {
    stored.header(OPERATION).is_none() && stored.header("Nats-Marker-Reason").is_none()
}
