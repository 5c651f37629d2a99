//! Copies of everything a broker holds for us, and putting them back (`docs/adr`, "A backup is taken while everything
//! runs").
//!
//! A copy is taken while everything runs, so its streams are of different moments. Three rules make it one whole:
//! where the consumers stood is noted before anything is copied; what names other things is copied before what it
//! names; what was done after the consumers' positions were noted is done again after a restore, and finds itself done.
//!
//! Reading order: this file (the order), [`manifest`] (what a folder holds), [`take`], [`put_back`], [`keys_file`].

pub mod keys_file;
pub mod manifest;
pub mod put_back;
pub mod take;

/// The order in which streams are copied.
///
/// First what is waiting to be done: it must not have been done between its copy and the log's, or nobody would do it.
/// A cursor says that what lies before it is on record, a timer and a published event name a commit: older than the
/// log, they name nothing that is missing. Then the log. Then what the log names, each after what names it: what was
/// erased meanwhile is gone from the copy too, and the keys of everything come last.
pub const ORDER: [&str; 15] = [
    "KV_attempts",
    "KV_limits",
    "KV_cursors",
    "TIMERS",
    "DEAD",
    "EVENTS",
    LOG,
    "CONTENT",
    "OUTBOX",
    "KV_correlation",
    "INTAKE",
    "KV_references",
    "OBJ_blobs",
    "KV_policies",
    "KV_keys",
];

/// The stream whose chains a checkpoint is taken of, right before it is copied.
pub(crate) const LOG: &str = redress_contract::subject::name::COMPLAINTS;

/// Who does it now: worth nothing when everybody was stopped.
pub const LEFT_OUT: [&str; 1] = ["KV_leases"];

#[cfg(test)]
mod tests {
    use redress_testkit::Broker;

    use super::*;

    #[tokio::test]
    async fn every_stream_is_copied_or_left_out_on_purpose() {
        let broker = Broker::start().await;
        let mut there = broker.bus("backup").await.stream_names();
        let mut known: Vec<String> = ORDER.iter().chain(&LEFT_OUT).map(|&name| name.to_owned()).collect();
        there.sort();
        known.sort();
        assert_eq!(known, there, "say in ORDER where a new stream belongs");
    }
}
