//! Where an event stands in the log: its commit, and its place in it.

use redress_bus::Stored;
use serde::{Deserialize, Serialize};

/// Header that names the sequence of the commit in COMPLAINTS.
pub const COMMIT_SEQ: &str = "redress-commit-seq";
/// Header that names the place of the event in its commit, from 0.
pub const EVENT_INDEX: &str = "redress-event-index";

/// The place of an event. Ordered as the log is; the default stands before everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// Sequence of its commit in COMPLAINTS, from 1.
    pub commit_seq: u64,
    /// Its place in the commit, from 0.
    pub index: u32,
}

impl Position {
    /// The place that a message of EVENTS says it has.
    pub fn of(stored: &Stored) -> Option<Self> {
        let commit_seq = stored.header(COMMIT_SEQ)?.parse().ok()?;
        let index = stored.header(EVENT_INDEX)?.parse().ok()?;
        Some(Self { commit_seq, index })
    }
}
