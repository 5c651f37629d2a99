//! Publishing: once per subject, or next in line.

use bytes::Bytes;

use crate::Bus;

/// Headers of a message, lower-case names.
pub type Headers = Vec<(String, String)>;

/// What became of a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Its sequence in the stream (of the message that was there before, when it was).
    pub seq: u64,
    /// False when the subject held a message already.
    pub new: bool,
}

/// The broker did not take a message in the time given.
#[derive(Debug, Clone, thiserror::Error)]
#[error("publish on {subject}: {problem}")]
pub struct PublishError {
    pub(crate) subject: String,
    pub(crate) problem: String,
}

/// An append that was not made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// Somebody else appended first (or this very message was appended by an earlier try: read and compare).
    #[error("append to {0}: somebody else was first")]
    Conflict(String),
    /// The broker did not answer in the time given.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl Bus {
    /// Publishes on a subject that must be empty; retries through elections. When the subject holds a message
    /// already, answers `new: false`: whether that one is ours is the caller's to compare.
    ///
    /// # Errors
    /// [`PublishError`] when the broker did not take it within the patience of the settings. The message may still
    /// have been stored; publishing again is safe.
    pub async fn publish_once(&self, subject: &str, headers: Headers, body: Bytes) -> Result<Published, PublishError> {
        let _ = (subject, headers, body);
        todo!()
    }

    /// Publishes without any expectation (replaces on subjects that keep one message); retries through elections.
    ///
    /// # Errors
    /// [`PublishError`] as above.
    pub async fn publish(&self, subject: &str, headers: Headers, body: Bytes) -> Result<u64, PublishError> {
        let _ = (subject, headers, body);
        todo!()
    }

    /// Appends to a subject whose last message must have the stream sequence `expected` (0: none).
    ///
    /// # Errors
    /// [`AppendError::Conflict`] when it has not.
    pub async fn append(&self, subject: &str, expected: u64, headers: Headers, body: Bytes) -> Result<u64, AppendError> {
        let _ = (subject, expected, headers, body);
        todo!()
    }
}
