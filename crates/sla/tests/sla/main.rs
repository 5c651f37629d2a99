//! Deadlines on a real broker: through its schedules, without them, and across outages.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod outages;
mod schedules;
mod stage;
mod sweep;
