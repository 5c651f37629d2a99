//! What a command does to a complaint: events, or a refusal.

use jiff::Timestamp;
use redress_contract::Event;

use crate::{Command, Complaint, Refusal, Rules};

/// Decides a command. An effect that already stands yields no events.
///
/// # Errors
/// A [`Refusal`]: the rules say no.
pub fn decide(
    state: Option<&Complaint>,
    command: &Command,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let _ = (state, command, rules, now);
    todo!("decide")
}
