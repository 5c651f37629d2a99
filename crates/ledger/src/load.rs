//! One complaint as it is now: the last message on its subject.

use redress_bus::{ReadError, Stored};
use redress_contract::subject::{self, name};
use redress_contract::{Commit, ComplaintId, StateCache};
use redress_domain::{Complaint, STATE_VERSION, replay};
use serde::Deserialize;

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

/// Which copy of the log to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Any replica: quick, perhaps one behind.
    Anyone,
    /// The leader: never behind.
    Leader,
}

impl Ledger {
    /// Loads a complaint; none when there is none (yet: another replica of the broker may know more).
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load(&self, complaint: &ComplaintId) -> Result<Option<Loaded>, LoadError> {
        self.load_from(complaint, Ask::Anyone).await
    }

    /// Loads a complaint from the stream's leader: never behind.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load_at_leader(&self, complaint: &ComplaintId) -> Result<Option<Loaded>, LoadError> {
        self.load_from(complaint, Ask::Leader).await
    }

    /// Loads a complaint from the stream's leader when it was committed to after `stream_seq`.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load_newer(
        &self,
        complaint: &ComplaintId,
        stream_seq: u64,
    ) -> Result<Option<Loaded>, LoadError> {
        let subject = subject::complaint(complaint);
        if self.vault().bus().next_at_leader(name::COMPLAINTS, &subject, stream_seq + 1).await?.is_none() {
            return Ok(None);
        }
        self.load_from(complaint, Ask::Leader).await
    }

    pub(crate) async fn load_from(
        &self,
        complaint: &ComplaintId,
        ask: Ask,
    ) -> Result<Option<Loaded>, LoadError> {
        let subject = subject::complaint(complaint);
        let bus = self.vault().bus();
        let stored = match ask {
            Ask::Anyone => bus.last(name::COMPLAINTS, &subject).await?,
            Ask::Leader => bus.last_at_leader(name::COMPLAINTS, &subject).await?,
        };
        match stored {
            Some(stored) => self.loaded(complaint, stored).await.map(Some),
            None => Ok(None),
        }
    }

    /// Reads a commit from the body of a COMPLAINTS message, with the state after it (from its cache, or none when a
    /// newer or older version wrote it: then [`load`](Self::load) replays).
    ///
    /// # Errors
    /// [`LoadError::Broken`] when it is no commit.
    pub fn open(&self, stream_seq: u64, body: &[u8]) -> Result<(Commit, Option<Complaint>), LoadError> {
        let commit = parse(stream_seq, body)?;
        let state = cached(commit.state.as_ref());
        Ok((commit, state))
    }

    /// Remembers, for a few seconds, what a delivered commit says of its complaint: the next command to it, if it comes
    /// soon, spares the load. `body` is the commit as it lies at `stream_seq`.
    pub fn remember(&self, stream_seq: u64, body: &[u8], commit: &Commit, complaint: &Complaint) {
        let sha256 = Commit::hash(body);
        let loaded = Loaded { complaint: complaint.clone(), stream_seq, number: commit.number, sha256 };
        self.recent.keep(commit.complaint_id.clone(), loaded);
    }

    async fn loaded(&self, complaint: &ComplaintId, stored: Stored) -> Result<Loaded, LoadError> {
        let head: Head = serde_json::from_slice(&stored.body).map_err(|e| broken(stored.seq, &e))?;
        let state = match cached(head.state.as_ref()) {
            Some(state) => state,
            None => self.replayed(complaint, stored.seq).await?,
        };
        Ok(Loaded {
            complaint: state,
            stream_seq: stored.seq,
            number: head.number,
            sha256: Commit::hash(&stored.body),
        })
    }

    async fn replayed(&self, complaint: &ComplaintId, upto: u64) -> Result<Complaint, LoadError> {
        let history = self.history(complaint).await?;
        let events = history.iter().filter(|e| e.stream_seq <= upto).flat_map(|entry| &entry.commit.events);
        replay(events).ok_or_else(|| LoadError::Broken {
            stream_seq: upto,
            problem: "the history does not begin with Registered".to_owned(),
        })
    }
}

pub(crate) fn parse(stream_seq: u64, body: &[u8]) -> Result<Commit, LoadError> {
    serde_json::from_slice(body).map_err(|e| broken(stream_seq, &e))
}

fn broken(stream_seq: u64, problem: &serde_json::Error) -> LoadError {
    LoadError::Broken { stream_seq, problem: format!("it is no commit: {problem}") }
}

/// What loading needs of a commit: its events are passed over unread.
#[derive(Deserialize)]
struct Head {
    number: u32,
    state: Option<StateCache>,
}

/// The state in a commit's cache, when this version of the domain wrote it.
fn cached(cache: Option<&StateCache>) -> Option<Complaint> {
    let cache = cache.filter(|cache| cache.version == STATE_VERSION)?;
    serde_json::from_str(cache.body.as_ref()?.get()).ok()
}
