//! The service on a real broker, reading real mailboxes.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test by panicking")]

mod account;
mod folder;
mod hooks;
mod imap;
mod maildir;
mod oauth;
#[cfg(feature = "failpoints")]
mod poison;
mod reconcile;
mod reparse;
mod sizes;
mod world;
