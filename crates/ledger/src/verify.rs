//! The hash chain: each commit holds the SHA-256 of the one before, commits and events count without gaps.
//!
//! A [`Checkpoint`] kept elsewhere also finds what a chain alone cannot: a cut tail, or a whole complaint gone.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use jiff::Timestamp;
use redress_contract::{Commit, ComplaintId, subject};
use serde::{Deserialize, Serialize};

use crate::history::Entry;
use crate::{Ledger, LoadError};

/// The heads of all chains at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Complaint → number and hash of its last commit.
    pub heads: BTreeMap<ComplaintId, Head>,
}

/// The last commit of a complaint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number.
    pub number: u32,
    /// SHA-256 (hex) of its bytes.
    pub sha256: String,
    /// Number of its last event.
    pub seq: u32,
}

/// What was found wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A commit does not follow the one before.
    #[error("complaint {complaint}, commit at {stream_seq}: {problem}")]
    Broken {
        /// The complaint.
        complaint: ComplaintId,
        /// Where.
        stream_seq: u64,
        /// What does not fit.
        problem: String,
    },
    /// The checkpoint knows more than the log.
    #[error("complaint {complaint}: the checkpoint holds commit {expected}, the log {found}")]
    Missing {
        /// The complaint.
        complaint: ComplaintId,
        /// Number in the checkpoint.
        expected: u32,
        /// Last number in the log; 0 when the complaint is gone.
        found: u32,
    },
    /// The log holds other bytes than the checkpoint saw.
    #[error("complaint {complaint}: commit {number} is not the one the checkpoint saw")]
    Changed {
        /// The complaint.
        complaint: ComplaintId,
        /// Which commit.
        number: u32,
    },
}

/// What a verification found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Commits read.
    pub commits: u64,
    /// Events read.
    pub events: u64,
    /// The heads as they are now.
    pub heads: BTreeMap<ComplaintId, Head>,
    /// What is wrong; empty when all is well.
    pub faults: Vec<Fault>,
}

/// Checks chains commit by commit; commits of different complaints may come mixed, each complaint's in order.
#[derive(Debug, Default)]
pub struct Verifier<'a> {
    checkpoint: Option<&'a Checkpoint>,
    report: Report,
}

impl<'a> Verifier<'a> {
    /// Checks against a checkpoint too, when there is one.
    pub fn new(checkpoint: Option<&'a Checkpoint>) -> Self {
        Self { checkpoint, report: Report::default() }
    }

    /// One more commit.
    pub fn check(&mut self, entry: &Entry) {
        let commit = &entry.commit;
        let id = commit.complaint_id.clone();
        let head = self.report.heads.get(&id).cloned().unwrap_or_default();
        let mut problems = link_problems(&head, commit);
        if entry.subject != subject::complaint(&id) {
            problems.push("it lies on the subject of another complaint".to_owned());
        }
        for problem in problems {
            let fault = Fault::Broken { complaint: id.clone(), stream_seq: entry.stream_seq, problem };
            self.report.faults.push(fault);
        }
        let sha256 = Commit::hash(&entry.bytes);
        let seen = self.checkpoint.and_then(|checkpoint| checkpoint.heads.get(&id));
        if seen.is_some_and(|seen| seen.number == commit.number && seen.sha256 != sha256) {
            self.report.faults.push(Fault::Changed { complaint: id.clone(), number: commit.number });
        }
        self.report.commits += 1;
        self.report.events += commit.events.len() as u64;
        let seq = commit.events.last().map_or(head.seq, |event| event.seq);
        self.report.heads.insert(id, Head { number: commit.number, sha256, seq });
    }

    /// What was found.
    pub fn finish(mut self) -> Report {
        for (id, seen) in self.checkpoint.iter().flat_map(|checkpoint| &checkpoint.heads) {
            let found = self.report.heads.get(id).map_or(0, |head| head.number);
            if found < seen.number {
                let fault = Fault::Missing { complaint: id.clone(), expected: seen.number, found };
                self.report.faults.push(fault);
            }
        }
        self.report
    }
}

/// What does not fit between the chain so far and the next commit.
fn link_problems(head: &Head, commit: &Commit) -> Vec<String> {
    let mut problems = Vec::new();
    if commit.number != head.number + 1 {
        problems.push(format!("it is number {} after number {}", commit.number, head.number));
    }
    if commit.previous_sha256 != head.sha256 {
        problems.push("it names another predecessor than the one before it".to_owned());
    }
    if commit.events.is_empty() {
        problems.push("it holds no event".to_owned());
    }
    for (expected, event) in (head.seq + 1..).zip(&commit.events) {
        if event.seq != expected {
            problems.push(format!("event {} stands where {expected} belongs", event.seq));
        }
    }
    problems
}

impl Ledger {
    /// Verifies every chain in the log, against a checkpoint when there is one.
    ///
    /// # Errors
    /// [`LoadError`] when the log cannot be read; what is wrong *in* it is in the report.
    pub async fn verify(&self, checkpoint: Option<&Checkpoint>) -> Result<Report, LoadError> {
        let mut verifier = Verifier::new(checkpoint);
        let mut entries = self.entries(1).await?;
        while let Some(entry) = entries.next().await {
            verifier.check(&entry?);
        }
        Ok(verifier.finish())
    }
}
