//! A dead letter: a message that could not be handled, kept with the reason, never lost.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Body of a `dead.<service>.<kind>` message (proto `redress.intake.v1.DeadLetter`). It names the original by
/// position; the original stays where it is, so this holds no personal data.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeadLetter {
    /// The service that gave up.
    pub service: String,
    /// Its consumer.
    pub consumer: String,
    /// The stream the message lies in.
    pub stream: String,
    /// Its sequence there, as decimal digits (no 64-bit integers on the wire).
    pub stream_seq: String,
    /// The subject it was published on.
    pub subject: String,
    /// Why: the error chain, without personal data.
    pub reason: String,
    /// How often it was delivered.
    pub attempts: u32,
    /// When it was given up.
    pub at: Timestamp,
    /// The message itself where it would otherwise vanish; empty when `stream_seq` still finds it.
    #[serde(with = "crate::bytes64", skip_serializing_if = "Bytes::is_empty")]
    pub payload: Bytes,
}

impl fmt::Debug for DeadLetter {
    /// Without the payload: it is whatever somebody sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("service", &self.service)
            .field("stream", &self.stream)
            .field("stream_seq", &self.stream_seq)
            .field("reason", &self.reason)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}
