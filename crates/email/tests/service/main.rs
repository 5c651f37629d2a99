//! The service on a real broker, reading real mailboxes.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test by panicking")]

mod imap;
mod maildir;
#[cfg(feature = "failpoints")]
mod poison;
mod reparse;
mod world;
