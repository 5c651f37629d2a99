//! Key-value buckets. On three replicas a read may show the past: the write is the check.

use bytes::Bytes;

use crate::Bus;

/// One bucket. Keys are made of `A-Z a-z 0-9 - / _ = .`
#[derive(Clone, Debug)]
pub struct Kv {
    pub(crate) bucket: String,
    pub(crate) bus: Bus,
}

/// What `create` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// The key was free; it holds our value now.
    New,
    /// The key held this value (perhaps ours, from an earlier try).
    Exists(Bytes),
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

impl Bus {
    /// A bucket by its name ([`redress_contract::subject::name`]).
    pub fn kv(&self, bucket: &str) -> Kv {
        Kv { bucket: bucket.to_owned(), bus: self.clone() }
    }
}

impl Kv {
    /// The value and its revision, possibly a little old on three replicas.
    pub async fn get(&self, key: &str) -> Result<Option<(Bytes, u64)>, KvError> {
        let _ = key;
        todo!()
    }

    /// Writes a key that must be free.
    pub async fn create(&self, key: &str, value: Bytes) -> Result<Created, KvError> {
        let _ = (key, value);
        todo!()
    }

    /// Writes a key that must have this revision (0: be free); answers the new revision.
    pub async fn update(&self, key: &str, value: Bytes, revision: u64) -> Result<u64, KvError> {
        let _ = (key, value, revision);
        todo!()
    }

    /// Writes a key, whatever it holds.
    pub async fn put(&self, key: &str, value: Bytes) -> Result<u64, KvError> {
        let _ = (key, value);
        todo!()
    }

    /// Deletes a key.
    pub async fn delete(&self, key: &str) -> Result<(), KvError> {
        let _ = key;
        todo!()
    }

    /// All keys that begin with `prefix` followed by a dot (or all keys for an empty prefix), with their values.
    pub async fn entries(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, KvError> {
        let _ = prefix;
        todo!()
    }
}
