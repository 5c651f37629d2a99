//! One complaint as it is now: the last message on its subject.

use redress_bus::ReadError;
use redress_contract::{Commit, ComplaintId};
use redress_domain::Complaint;

use crate::Ledger;

/// A complaint with its place in the log.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The state.
    pub complaint: Complaint,
    /// Sequence of its last commit in COMPLAINTS (what an append expects).
    pub stream_seq: u64,
    /// Number of its last commit.
    pub number: u32,
    /// SHA-256 (hex) of its last commit's bytes.
    pub sha256: String,
}

/// A complaint that could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The broker did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A commit is not what it should be.
    #[error("read the commit at {stream_seq}: {problem}")]
    Broken {
        /// Where it lies.
        stream_seq: u64,
        /// What is wrong.
        problem: String,
    },
}

impl Ledger {
    /// Loads a complaint; none when there is none (yet: another replica of the broker may know more).
    pub async fn load(&self, complaint: &ComplaintId) -> Result<Option<Loaded>, LoadError> {
        let _ = complaint;
        todo!()
    }

    /// Reads a commit from the body of a COMPLAINTS message, with the state after it (from its cache, or none when a
    /// newer or older version wrote it: then [`load`](Self::load) replays).
    pub fn open(&self, stream_seq: u64, body: &[u8]) -> Result<(Commit, Option<Complaint>), LoadError> {
        let _ = (stream_seq, body);
        todo!()
    }
}
