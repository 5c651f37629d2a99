//! All commits of one complaint; all complaints.

use bytes::Bytes;
use futures::stream::BoxStream;
use redress_contract::{Commit, ComplaintId};
use redress_domain::Complaint;

use crate::{Ledger, LoadError};

/// One commit as it lies in the log.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its sequence in COMPLAINTS.
    pub stream_seq: u64,
    /// Its bytes.
    pub bytes: Bytes,
    /// What they say.
    pub commit: Commit,
}

impl Ledger {
    /// All commits of a complaint, first to last.
    pub async fn history(&self, complaint: &ComplaintId) -> Result<Vec<Entry>, LoadError> {
        let _ = complaint;
        todo!()
    }

    /// All commits of all complaints in the order of the log, from a stream sequence on, up to the present end.
    pub async fn entries(&self, from_seq: u64) -> Result<BoxStream<'static, Result<Entry, LoadError>>, LoadError> {
        let _ = from_seq;
        todo!()
    }

    /// Every complaint as it is now.
    pub async fn complaints(&self) -> Result<Vec<Complaint>, LoadError> {
        todo!()
    }
}
