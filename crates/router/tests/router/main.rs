//! What the router promises: every contact on exactly one complaint, whoever routes it and however often.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod acts;
mod belonging;
mod clues;
mod crashes;
mod service;
mod stage;
