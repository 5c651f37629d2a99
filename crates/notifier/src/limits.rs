//! What was sent to whom lately, and what waits for its turn: both in the bucket `limits`, under keyed hashes.
//!
//! A message counts from the moment it is put into OUTBOX, under its own id, so that a second try does not count
//! twice.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use redress_bus::{Created, Kv, KvError};
use redress_contract::{CommunicationId, ComplaintId, EventId};
use redress_domain::guard::Verdict;
use serde::{Deserialize, Serialize};

/// Longest time any limit looks back.
const LOOKS_BACK: SignedDuration = SignedDuration::from_hours(24);

/// How often a write is tried against others.
const ROUNDS: usize = 10;

/// The bucket `limits`.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    kv: Kv,
}

/// One message that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sent {
    id: CommunicationId,
    at: Timestamp,
}

/// One message that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    /// Its id.
    pub(crate) id: CommunicationId,
    /// About which complaint.
    pub(crate) complaint: ComplaintId,
    /// The event that wants it.
    pub(crate) event: EventId,
    /// Keyed hash of the address it goes to.
    pub(crate) party: String,
    /// True when a person let it go after it was kept back.
    pub(crate) released: bool,
    /// When it was first kept waiting.
    pub(crate) since: Timestamp,
    /// When it may go at the earliest.
    pub(crate) not_before: Timestamp,
}

/// One message to staff that waits until quiet hours are over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Its id.
    pub(crate) id: CommunicationId,
    /// About which complaint.
    pub(crate) complaint: ComplaintId,
    /// The event that wants it.
    pub(crate) event: EventId,
    /// When they are over.
    pub(crate) until: Timestamp,
}

impl Limits {
    pub(crate) fn new(kv: Kv) -> Self {
        Self { kv }
    }

    /// Asks whether a message may go to a party, given when others went, and counts it when it may.
    pub(crate) async fn claim(
        &self,
        party: &str,
        id: &CommunicationId,
        now: Timestamp,
        ask: impl Fn(Vec<Timestamp>) -> Verdict,
    ) -> Result<Verdict, KvError> {
        let verdict = ask(Vec::new());
        if verdict != Verdict::Go {
            return Ok(verdict);
        }
        let key = format!("sent.{party}");
        let own = Sent { id: id.clone(), at: now };
        // Most people are written to for the first time: one write, no read.
        if self.kv.create(&key, json(std::slice::from_ref(&own))).await? == Created::New {
            return Ok(Verdict::Go);
        }
        let mut conflict = None;
        for _ in 0..ROUNDS {
            let (mut sent, revision) = self.sent(&key, now).await?;
            if sent.iter().any(|other| other.id == *id) {
                return Ok(Verdict::Go);
            }
            let verdict = ask(sent.iter().map(|other| other.at).collect());
            if verdict != Verdict::Go {
                return Ok(verdict);
            }
            sent.push(own.clone());
            match self.kv.update(&key, json(&sent), revision).await {
                Ok(_) => return Ok(Verdict::Go),
                Err(e @ KvError::Conflict { .. }) => conflict = Some(e),
                Err(e) => return Err(e),
            }
        }
        Err(conflict.expect("all rounds ended in a conflict"))
    }

    /// What was sent lately, with the revision to write against.
    async fn sent(&self, key: &str, now: Timestamp) -> Result<(Vec<Sent>, u64), KvError> {
        let Some((value, revision)) = self.kv.get(key).await? else { return Ok((Vec::new(), 0)) };
        // A value nobody can read limits nobody.
        let mut sent: Vec<Sent> = serde_json::from_slice(&value).unwrap_or_default();
        sent.retain(|other| now.duration_since(other.at) < LOOKS_BACK);
        Ok((sent, revision))
    }

    /// Remembers a message that waits; harmless when it is remembered already.
    pub(crate) async fn keep_waiting(&self, waiting: &Waiting) -> Result<(), KvError> {
        self.kv.create(&waiting_key(waiting), json(waiting)).await.map(drop)
    }

    /// Everything that waits, oldest first.
    pub(crate) async fn waiting(&self) -> Result<Vec<Waiting>, KvError> {
        let entries = self.kv.entries("waiting").await?;
        let mut waiting: Vec<Waiting> =
            entries.iter().filter_map(|(_, value)| serde_json::from_slice(value).ok()).collect();
        waiting.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
        Ok(waiting)
    }

    /// Remembers a message that waits until quiet hours are over; harmless when it is remembered already.
    pub(crate) async fn keep(&self, kept: &Kept) -> Result<(), KvError> {
        self.kv.create(&format!("quiet.{}", kept.id), json(kept)).await.map(drop)
    }

    /// Every message that waits until quiet hours are over, the first to be sent first.
    pub(crate) async fn kept(&self) -> Result<Vec<Kept>, KvError> {
        let entries = self.kv.entries("quiet").await?;
        let mut kept: Vec<Kept> =
            entries.iter().filter_map(|(_, value)| serde_json::from_slice(value).ok()).collect();
        kept.sort_by(|a, b| (a.until, &a.event).cmp(&(b.until, &b.event)));
        Ok(kept)
    }

    /// Forgets a message that is kept no longer.
    pub(crate) async fn let_go(&self, kept: &Kept) -> Result<(), KvError> {
        self.kv.delete(&format!("quiet.{}", kept.id)).await
    }

    /// Forgets a message that waits no longer.
    pub(crate) async fn forget(&self, waiting: &Waiting) -> Result<(), KvError> {
        self.kv.delete(&waiting_key(waiting)).await
    }
}

fn waiting_key(waiting: &Waiting) -> String {
    format!("waiting.{}.{}", waiting.party, waiting.id)
}

fn json<T: Serialize + ?Sized>(value: &T) -> Bytes {
    serde_json::to_vec(value).expect("ids and times always become JSON").into()
}
