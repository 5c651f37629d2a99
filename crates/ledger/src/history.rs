//! All commits of one complaint; all complaints.

use std::collections::HashMap;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use redress_contract::subject::{self, name};
use redress_contract::{Commit, ComplaintId};
use redress_domain::{Complaint, replay};

use crate::load::parse;
use crate::{Ledger, LoadError};

/// One commit as it lies in the log.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its sequence in COMPLAINTS.
    pub stream_seq: u64,
    /// The subject it lies on.
    pub subject: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// What they say.
    pub commit: Commit,
}

impl Ledger {
    /// All commits of a complaint, first to last.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn history(&self, complaint: &ComplaintId) -> Result<Vec<Entry>, LoadError> {
        let stored = self.vault().bus().all_on(name::COMPLAINTS, &subject::complaint(complaint)).await?;
        stored.into_iter().map(entry).collect()
    }

    /// All commits of all complaints in the order of the log, from a stream sequence on, up to the present end.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn entries(
        &self,
        from_seq: u64,
    ) -> Result<BoxStream<'static, Result<Entry, LoadError>>, LoadError> {
        let stream = self.vault().bus().scan(name::COMPLAINTS, ">", from_seq).await?;
        Ok(stream.map(|stored| entry(stored?)).boxed())
    }

    /// As [`entries`](Self::entries), but goes on with what is written later, until it is dropped.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn follow(
        &self,
        from_seq: u64,
    ) -> Result<BoxStream<'static, Result<Entry, LoadError>>, LoadError> {
        let stream = self.vault().bus().follow(name::COMPLAINTS, ">", from_seq).await?;
        Ok(stream.map(|stored| entry(stored?)).boxed())
    }

    /// Every complaint as it is now.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn complaints(&self) -> Result<Vec<Complaint>, LoadError> {
        let mut entries = self.entries(1).await?;
        let mut last: HashMap<ComplaintId, Entry> = HashMap::new();
        while let Some(entry) = entries.next().await {
            let entry = entry?;
            last.insert(entry.commit.complaint_id.clone(), entry);
        }
        let mut complaints = Vec::with_capacity(last.len());
        for entry in last.into_values() {
            if let Some(state) = self.open(entry.stream_seq, &entry.bytes)?.1 {
                complaints.push(state);
            } else {
                let history = self.history(&entry.commit.complaint_id).await?;
                complaints.extend(replay(history.iter().flat_map(|entry| &entry.commit.events)));
            }
        }
        Ok(complaints)
    }
}

fn entry(stored: redress_bus::Stored) -> Result<Entry, LoadError> {
    let commit = parse(stored.seq, &stored.body)?;
    Ok(Entry { stream_seq: stored.seq, subject: stored.subject, bytes: stored.body, commit })
}
