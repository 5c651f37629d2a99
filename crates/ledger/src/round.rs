//! Pure: one round of a command. A complaint as it was loaded comes in, what to append comes out.
//!
//! Apart from `execute`, which talks to the broker, so that the simulator decides exactly as the services do.

use bytes::Bytes;
use jiff::Timestamp;
use redress_contract::commit::COMMIT_VERSION;
use redress_contract::{Actor, Cause, Commit, CommitEvent, ComplaintId, Event, StateCache};
use redress_domain::{Command, Complaint, Rules, STATE_VERSION, decide, evolve};
use serde_json::value::to_raw_value;

use crate::{ExecuteError, Executed, Loaded};

/// Who wishes what of which complaint, and why.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// The complaint.
    pub complaint: &'a ComplaintId,
    /// What is wished.
    pub command: &'a Command,
    /// By whom.
    pub actor: &'a Actor,
    /// Because of what.
    pub cause: &'a Cause,
}

/// What a round comes to.
#[derive(Debug, Clone)]
pub enum Round {
    /// Nothing is left to do: the effect stands already, or an earlier try was stored although its answer was lost.
    Done(Executed),
    /// This is to be appended, right after what was loaded.
    Append(Prepared),
}

/// A commit ready to append.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// As it is to lie in the log.
    pub bytes: Bytes,
    /// SHA-256 (hex) of the bytes.
    pub sha256: String,
    /// Its events.
    pub events: Vec<CommitEvent>,
    /// The complaint after them.
    pub complaint: Complaint,
}

impl Prepared {
    /// What it did, once it lies in the log.
    pub fn executed(self, stream_seq: u64) -> Executed {
        Executed { complaint: self.complaint, events: self.events, stream_seq }
    }
}

impl Wish<'_> {
    /// Decides on what was loaded. `tried` is what the round before wanted to append and could not.
    ///
    /// # Errors
    /// [`ExecuteError::Refused`] when the rules say no, [`ExecuteError::Append`] when no commit can be made.
    pub fn round(
        &self,
        loaded: Option<&Loaded>,
        tried: Option<&Prepared>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Round, ExecuteError> {
        if let (Some(tried), Some(there)) = (tried, loaded)
            && tried.sha256 == there.sha256
        {
            return Ok(Round::Done(tried.clone().executed(there.stream_seq)));
        }
        let events = decide(loaded.map(|loaded| &loaded.complaint), self.command, rules, now)?;
        if let (true, Some(there)) = (events.is_empty(), loaded) {
            let complaint = there.complaint.clone();
            return Ok(Round::Done(Executed { complaint, events: Vec::new(), stream_seq: there.stream_seq }));
        }
        self.prepare(loaded, events, now).map(Round::Append)
    }

    fn prepare(
        &self,
        loaded: Option<&Loaded>,
        events: Vec<Event>,
        now: Timestamp,
    ) -> Result<Prepared, ExecuteError> {
        let failed = |problem| ExecuteError::Append { complaint: self.complaint.clone(), problem };
        let first = loaded.map_or(0, |loaded| loaded.complaint.seq);
        let events: Vec<CommitEvent> = (first + 1..)
            .zip(events)
            .map(|(seq, event)| CommitEvent { seq, occurred_at: now, event })
            .collect();
        let state = events.iter().fold(loaded.map(|loaded| loaded.complaint.clone()), |state, e| {
            evolve(state, e.seq, e.occurred_at, &e.event)
        });
        let complaint =
            state.ok_or_else(|| failed("the rules opened a complaint without Registered".to_owned()))?;
        let body = to_raw_value(&complaint).map_err(|e| failed(e.to_string()))?;
        let commit = Commit {
            version: COMMIT_VERSION,
            complaint_id: self.complaint.clone(),
            number: loaded.map_or(0, |loaded| loaded.number) + 1,
            previous_sha256: loaded.map(|loaded| loaded.sha256.clone()).unwrap_or_default(),
            recorded_at: now,
            actor: self.actor.clone(),
            cause: self.cause.clone(),
            events,
            state: Some(StateCache { version: STATE_VERSION, body: Some(body) }),
        };
        let bytes = Bytes::from(serde_json::to_vec(&commit).map_err(|e| failed(e.to_string()))?);
        Ok(Prepared { sha256: Commit::hash(&bytes), bytes, events: commit.events, complaint })
    }
}
