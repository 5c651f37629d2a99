//! The web channel as the public meets it: real HTTP in front, a real broker behind.

#![expect(clippy::unwrap_used, reason = "in a test, what does not hold fails it")]

mod api;
mod clients;
mod form;
mod forms;
mod normalize;
mod outage;
mod scans;
mod staff;
mod stage;
mod status;
mod uploads;
