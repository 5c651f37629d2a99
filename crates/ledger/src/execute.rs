//! Load, decide, append; on a conflict again.
//!
//! A conflict is either somebody else's commit or our own from a try whose answer was lost. The two are told apart by
//! the hash of what lies there now; when it is neither, the command is decided anew on what is there, and a command
//! whose effect stands already decides to do nothing.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use redress_bus::{AppendError, Headers};
use redress_contract::commit::COMMIT_VERSION;
use redress_contract::{Actor, Cause, Commit, CommitEvent, ComplaintId, Event, StateCache, subject};
use redress_domain::{Command, Complaint, Refusal, STATE_VERSION, decide, evolve};
use serde_json::value::to_raw_value;

use crate::load::{Ask, Loaded};
use crate::{Ledger, LoadError};

/// Rounds of load, decide, append before the caller is told.
const ROUNDS_MAX: u32 = 10;

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
    /// Executes a command: at most ten rounds of load, decide, append. `Register` supposes that there is no such
    /// complaint and loads only when there is.
    ///
    /// # Errors
    /// [`ExecuteError`]; after anything but a refusal the command may be executed again.
    pub async fn execute(
        &self,
        complaint: &ComplaintId,
        command: &Command,
        actor: Actor,
        cause: Cause,
    ) -> Result<Executed, ExecuteError> {
        let mut loaded = match command {
            Command::Register(_) => None,
            _ => self.load_from(complaint, Ask::Anyone).await?,
        };
        let mut tried: Option<Prepared> = None;
        for round in 0..ROUNDS_MAX {
            if let (Some(tried), Some(there)) = (&tried, &loaded)
                && tried.sha256 == there.sha256
            {
                // Ours after all: the answer to an earlier try was lost.
                return Ok(tried.clone().executed(there.stream_seq));
            }
            let now = self.clock().now();
            let state = loaded.as_ref().map(|loaded| &loaded.complaint);
            let events = match decide(state, command, self.rules(), now) {
                // A replica that is behind may not know the complaint yet: ask the leader before refusing.
                Err(Refusal::NoSuchComplaint) if round == 0 => {
                    loaded = self.load_from(complaint, Ask::Leader).await?;
                    continue;
                }
                decided => decided?,
            };
            if let (true, Some(there)) = (events.is_empty(), &loaded) {
                let complaint = there.complaint.clone();
                return Ok(Executed { complaint, events: Vec::new(), stream_seq: there.stream_seq });
            }
            let prepared = prepare(complaint, loaded.as_ref(), events, now, (&actor, &cause));
            let prepared = prepared.map_err(|problem| append_error(complaint, problem))?;
            let expected = loaded.as_ref().map_or(0, |loaded| loaded.stream_seq);
            match self.append(complaint, &prepared, expected, &cause).await {
                Ok(stream_seq) => return Ok(prepared.executed(stream_seq)),
                Err(AppendError::Conflict(_)) => {
                    metrics::counter!("redress_ledger_conflicts_total").increment(1);
                    pause(round).await;
                    loaded = self.load_from(complaint, Ask::Leader).await?;
                    tried = Some(prepared);
                }
                Err(AppendError::Publish(problem)) => {
                    return Err(append_error(complaint, problem.to_string()));
                }
            }
        }
        Err(append_error(complaint, format!("others were first {ROUNDS_MAX} times")))
    }

    async fn append(
        &self,
        complaint: &ComplaintId,
        prepared: &Prepared,
        expected: u64,
        cause: &Cause,
    ) -> Result<u64, AppendError> {
        let mut headers = Headers::new();
        if !cause.traceparent.is_empty() {
            headers.push(("traceparent".to_owned(), cause.traceparent.clone()));
        }
        let subject = subject::complaint(complaint);
        self.vault().bus().append(&subject, expected, headers, prepared.bytes.clone()).await
    }
}

/// A commit ready to append.
#[derive(Clone)]
struct Prepared {
    bytes: Bytes,
    sha256: String,
    events: Vec<CommitEvent>,
    complaint: Complaint,
}

impl Prepared {
    fn executed(self, stream_seq: u64) -> Executed {
        Executed { complaint: self.complaint, events: self.events, stream_seq }
    }
}

fn prepare(
    id: &ComplaintId,
    loaded: Option<&Loaded>,
    events: Vec<Event>,
    now: Timestamp,
    (actor, cause): (&Actor, &Cause),
) -> Result<Prepared, String> {
    let first = loaded.map_or(0, |loaded| loaded.complaint.seq);
    let events: Vec<CommitEvent> =
        (first + 1..).zip(events).map(|(seq, event)| CommitEvent { seq, occurred_at: now, event }).collect();
    let state = events.iter().fold(loaded.map(|loaded| loaded.complaint.clone()), |state, e| {
        evolve(state, e.seq, e.occurred_at, &e.event)
    });
    let complaint = state.ok_or("the rules opened a complaint without Registered")?;
    let body = to_raw_value(&complaint).map_err(|e| e.to_string())?;
    let commit = Commit {
        version: COMMIT_VERSION,
        complaint_id: id.clone(),
        number: loaded.map_or(0, |loaded| loaded.number) + 1,
        previous_sha256: loaded.map(|loaded| loaded.sha256.clone()).unwrap_or_default(),
        recorded_at: now,
        actor: actor.clone(),
        cause: cause.clone(),
        events,
        state: Some(StateCache { version: STATE_VERSION, body: Some(body) }),
    };
    let bytes = Bytes::from(serde_json::to_vec(&commit).map_err(|e| e.to_string())?);
    Ok(Prepared { sha256: Commit::hash(&bytes), bytes, events: commit.events, complaint })
}

fn append_error(complaint: &ComplaintId, problem: String) -> ExecuteError {
    ExecuteError::Append { complaint: complaint.clone(), problem }
}

/// 2, 4, … 128 ms: an immediate second read may meet a replica that lags.
async fn pause(round: u32) {
    tokio::time::sleep(Duration::from_millis(2 << round.min(6))).await;
}
