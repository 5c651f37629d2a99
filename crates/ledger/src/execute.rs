//! Load, decide, append; on a conflict again.

use redress_contract::{Actor, Cause, CommitEvent, ComplaintId};
use redress_domain::{Command, Complaint, Refusal};

use crate::{Ledger, LoadError};

/// What a command did.
#[derive(Debug, Clone)]
pub struct Executed {
    /// The state after it.
    pub complaint: Complaint,
    /// What it wrote; empty when its effect stood already.
    pub events: Vec<CommitEvent>,
    /// Sequence of the complaint's last commit in COMPLAINTS.
    pub stream_seq: u64,
}

/// A command that did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The rules say no.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// The complaint could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The broker did not take the commit, or others were first ten times over.
    #[error("append to {complaint}: {problem}")]
    Append {
        /// The complaint.
        complaint: ComplaintId,
        /// What happened.
        problem: String,
    },
}

impl Ledger {
    /// Executes a command: at most ten rounds of load, decide, append.
    pub async fn execute(
        &self,
        complaint: &ComplaintId,
        command: &Command,
        actor: Actor,
        cause: Cause,
    ) -> Result<Executed, ExecuteError> {
        let _ = (complaint, command, actor, cause);
        todo!()
    }
}
