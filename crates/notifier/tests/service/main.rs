//! The service on a real broker, before a mail server that refuses, drops and stalls.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod acknowledging;
mod failures;
mod guards;
mod staff;
mod stage;
mod transports;
