//! The program as people meet it: its answers, its exit codes, and `up` from a mail to an acknowledgement.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod help;
mod keys;
#[cfg(feature = "failpoints")]
mod policies;
mod reparse;
mod restore;
mod run;
mod staff;
mod up;
