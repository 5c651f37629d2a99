//! What an event makes of a complaint. Never fails: what the log holds has happened.

use jiff::Timestamp;
use redress_contract::{CommitEvent, Event};

use crate::Complaint;

/// The state after one more event with its number; `None` stays `None` until `Registered`.
/// `at` is when the event was recorded.
pub fn evolve(state: Option<Complaint>, seq: u32, at: Timestamp, event: &Event) -> Option<Complaint> {
    let _ = (state, seq, at, event);
    todo!("evolve")
}

/// The state after a whole history.
pub fn replay<'a>(events: impl IntoIterator<Item = &'a CommitEvent>) -> Option<Complaint> {
    events.into_iter().fold(None, |state, e| evolve(state, e.seq, e.occurred_at, &e.event))
}
